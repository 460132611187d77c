"""Reasons in words of this package, whatever the library behind the reader prints."""

import io
import random
import zipfile

import numpy as np
import pytest

from symbolic.notes import ReadError, read_notes

XML = b"""<?xml version="1.0"?>
<score-partwise><part-list><score-part id="P1"><part-name>A</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>
</measure></part></score-partwise>"""

FOREIGN = ("MiniMidi", "iostream", "Cursor", "symusic", "status code")


def test_damaged_midi_is_described_in_our_words(midi_bytes, tune):
    content = midi_bytes(tune(40))
    chance = random.Random(3)
    reasons = set()
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 20)):
            damaged[chance.randrange(14, len(damaged))] = chance.randrange(256)
        try:
            read_notes(bytes(damaged))
        except ReadError as error:
            reasons.add(error.reason)
    assert len(reasons) > 2
    for reason in reasons:
        assert not any(word in reason for word in FOREIGN), reason


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (b"\x00\x40\x40", "an event has no status byte"),
        (b"\x00\x90\x40\x40\x10\xf5", "a track has an unknown event"),
        (b"\x00\x90\x40\x40\x10\x90\x40", "a track ends within an event"),
    ],
)
def test_each_damage_has_its_reason(events, reason):
    header = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(events).to_bytes(4, "big")
    with pytest.raises(ReadError, match=f"damaged MIDI file: {reason}"):
        read_notes(header + events)


def reason_of(read, content) -> str:
    """The reason in the error of a broken file, whose cause is the error of the library."""
    with pytest.raises(ReadError) as caught:
        read(content)
    assert caught.value.__cause__ is not None
    return caught.value.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (XML[:-60], "not well-formed XML: it ends within a tag (line 4, column 54)"),
        (XML[:30], "not XML: it ends within a tag (line 2, column 1)"),
        (XML[:119], "not well-formed XML: it ends before its root element (line 3, column 1)"),
        (XML + b"more", "not well-formed XML: more after its root element (line 5, column 35)"),
        (b"\xef\xbb\xbf\n \n<a>\n</b>", "not well-formed XML: an end tag of another name than its "
         "start tag (line 4, column 3)"),
        (b"\n\n< no XML", "not XML: a character that is not allowed here (line 3, column 2)"),
        (XML.replace(b">A<", b">\xe9<"),
         "not well-formed XML: a character that is not allowed here (line 2, column 59)"),
        (XML.replace(b">A<", b">&a;<"),
         "not well-formed XML: an entity that is not declared (line 2, column 59)"),
        (XML.decode().encode("utf-16")[:-1], "not well-formed XML: text that is not utf-16"),
        (XML.replace(b"<duration>4", b"<duration>four"),
         "part P1, bar 1: <duration> is 'four', no number"),
    ],
)  # fmt: skip
def test_broken_xml_is_described_with_its_place(content, reason):
    assert reason_of(read_notes, content) == reason


def test_broken_mxl_is_described():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", XML)
    content = buffer.getvalue()
    for length in (10, 60, len(content) - 5):
        expected = "broken .mxl archive: it is cut off or damaged"
        assert reason_of(read_notes, content[:length]) == expected
    damaged = bytearray(content)
    damaged[60:80] = bytes(20)
    assert reason_of(read_notes, bytes(damaged)) == "broken .mxl archive: it is damaged"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"**kern\n*M4/4\n4c\t4d\n*-\n",
         "this Humdrum cannot be parsed: line 3 has 2 instead of 1 columns"),
        (b'<mei xmlns="http://www.music-encoding.org/ns/mei"/>',
         "this MEI cannot be parsed: an attribute is missing or not valid"),
        (b'<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0">\n<music>',
         "not well-formed XML: it ends before its root element (line 2, column 8)"),
        (b"<mei>\n<x:music/></mei>",
         "not well-formed XML: a prefix without a namespace (line 2, column 1)"),
    ],
)  # fmt: skip
def test_broken_notation_is_described(content, reason):
    pytest.importorskip("converter21", reason="converter21 is not installed")
    assert reason_of(read_notes, content) == reason


@pytest.mark.parametrize(
    ("form", "part", "reason"),
    [
        ("WAV", 8, "not audio, or damaged: a format that is not known"),
        ("WAV", 30, "not audio, or damaged: its header cannot be read"),
        ("FLAC", 20, "not audio, or damaged: its header cannot be read"),
        ("FLAC", 20_000, "damaged: its samples cannot be decoded"),
        ("OGG", 20, "not audio, or damaged: its header cannot be read"),
    ],
)
def test_recordings_that_are_cut_off_are_described(form, part, reason, tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    from symbolic.audio.decode import audio_blocks, read_audio

    buffer = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 40_000)
    soundfile.write(buffer, noise, 22_050, format=form)
    content = buffer.getvalue()[:part]
    assert reason_of(read_audio, content) == reason
    assert reason_of(lambda data: list(audio_blocks(data, 8000)), content) == reason
    path = tmp_path / "song.raw"  # a suffix for which soundfile wants a sampling rate
    path.write_bytes(content)
    assert reason_of(read_audio, path).startswith(("not audio, or damaged: ", "damaged: "))


def test_scores_are_no_recordings():
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    from symbolic.audio.decode import read_audio

    assert reason_of(read_audio, XML) == "not audio, or damaged: a format that is not known"
