"""Every kind of MIDI file, its bytes written by hand: the right notes, or the reason why not."""

import resource
import sys

import numpy as np
import pytest
from limits import HANGS, lines_run

from symbolic.features import FEATURE_NAMES, TONAL_NAMES
from symbolic.notes import ReadError, read_notes
from symbolic.notes.pool import MEMORY_BYTES, apply_many
from symbolic.scoring.notes import NotePreparation
from symbolic.tokenizers import CPTokenizer

C_ON, C_OFF = b"\x00\x90\x3c\x50", b"\x60\x80\x3c\x40"  # C4, velocity 80, for 96 ticks
E_ON, E_OFF = b"\x00\x91\x40\x5a", b"\x60\x81\x40\x00"  # E4, velocity 90, on another channel
END = b"\x00\xff\x2f\x00"
C, E = (0, 96, 60, 80), (0, 96, 64, 90)
G_AFTER_C = (96, 96, 67, 80)


def midi(*tracks: bytes, form: int = 1, division: int = 480) -> bytes:
    """A file of tracks as they are given: bytes that no library would write."""
    header = b"".join(field.to_bytes(2) for field in (form, len(tracks), division))
    chunks = (b"MThd", header), *((b"MTrk", track) for track in tracks)
    return b"".join(name + len(content).to_bytes(4) + content for name, content in chunks)


def riff(content: bytes) -> bytes:
    content = b"RMIDdata" + len(content).to_bytes(4, "little") + content
    return b"RIFF" + len(content).to_bytes(4, "little") + content


KINDS = {
    "format 0": (midi(C_ON + E_ON + C_OFF + b"\x00" + E_OFF[1:] + END, form=0), [C, E]),
    "format 1": (midi(END, C_ON + C_OFF + END, E_ON + E_OFF + END), [C, E]),
    "format 2, its songs in turn": (
        midi(C_ON + C_OFF + END, E_ON + E_OFF + END, form=2),
        [C, (96, 96, 64, 90)],
    ),
    "format 0 of two tracks": (midi(C_ON + C_OFF + END, E_ON + E_OFF + END, form=0), [C, E]),
    "no end of track": (midi(C_ON + C_OFF, E_ON + E_OFF), [C, E]),
    "something after the end of track": (midi(C_ON + C_OFF + END + E_ON + E_OFF), [C]),
    "running status": (
        midi(C_ON + b"\x60\x3c\x00" + b"\x00\x43\x50" + b"\x60\x43\x00" + END),
        [C, G_AFTER_C],
    ),
    "running status of note-offs": (
        midi(C_ON + b"\x00\x40\x5a" + C_OFF + b"\x00\x40\x40" + END),
        [C, E],
    ),
    "running status across a text": (
        midi(C_ON + b"\x00\xff\x01\x02hi" + b"\x00\x40\x5a" + C_OFF + b"\x00\x40\x40" + END),
        [C, E],
    ),
    "note-offs without notes": (
        midi(b"\x00\x80\x3c\x40\x00\x90\x3e\x00" + C_ON + C_OFF + b"\x00\x80\x3c\x40" + END),
        [C],
    ),
    "a note that is never closed beside one that is": (midi(C_ON + E_ON + C_OFF + END), [C, E]),
    "one pitch struck twice before it is let go": (
        midi(C_ON + b"\x60\x90\x3c\x32" + b"\x00\x80\x3c\x40" + C_OFF + END),
        [C, (96, 96, 60, 50)],
    ),
    "a pitch above 127": (midi(b"\x00\x90\xc8\x50\x60\x80\xc8\x40" + END), [(0, 96, 127, 80)]),
    "a velocity above 127": (midi(b"\x00\x90\x3c\xff" + C_OFF + END), [(0, 96, 60, 127)]),
    "a program above 127": (midi(b"\x00\xc0\xff" + C_ON + C_OFF + END), [C]),
    "a pedal above 127": (midi(b"\x00\xb0\x40\xff" + C_ON + C_OFF + END), [C]),
    "a system exclusive": (midi(b"\x00\xf0\x03\x01\x02\xf7" + C_ON + C_OFF + END), [C]),
    "a song position and a clock": (midi(b"\x00\xf2\x01\x02\x00\xf8" + C_ON + C_OFF + END), [C]),
    "a system exclusive in two packets": (
        midi(b"\x00\xf0\x02\x43\x12\x60\xf7\x03\x01\x02\xf7" + C_ON + C_OFF + END),
        [(96, 96, 60, 80)],
    ),
    "an escaped song position": (midi(b"\x00\xf7\x03\xf2\x01\x02" + C_ON + C_OFF + END), [C]),
    "a header of 8 bytes": (
        b"MThd\0\0\0\x08\0\1\0\1\x01\xe0\x12\x34" + midi(C_ON + C_OFF + END)[14:],
        [C],
    ),
    "more tracks in the header than there are": (
        midi(C_ON + C_OFF + END).replace(b"\0\1\0\1", b"\0\1\0\5"),
        [C],
    ),
    "fewer tracks in the header than there are": (
        midi(C_ON + C_OFF + END, E_ON + E_OFF + END).replace(b"\0\1\0\2", b"\0\1\0\1"),
        [C, E],
    ),
    "a foreign chunk between two tracks": (
        midi(C_ON + C_OFF + END) + b"XFIH\0\0\0\2ab" + midi(E_ON + E_OFF + END)[14:],
        [C, E],
    ),
    "a foreign chunk for a track that is announced": (
        midi(C_ON + C_OFF + END).replace(b"\0\1\0\1", b"\0\1\0\2") + b"XFIH\0\0\0\2ab",
        [C],
    ),
    "zeros up to the end of a block": (midi(C_ON + C_OFF + END) + bytes(128), [C]),
    "a foreign chunk": (midi(C_ON + C_OFF + END) + b"XFIH\x00\x00\x00\x02ab", [C]),
    "bytes after the last chunk": (midi(C_ON + C_OFF + END) + b"abc", [C]),
    "a text that is no text": (midi(b"\x00\xff\x03\x03\xff\xfe\x00" + C_ON + C_OFF + END), [C]),
    "a key signature of no key": (midi(b"\x00\xff\x59\x02\x80\xff" + C_ON + C_OFF + END), [C]),
    "a time signature of 0/1": (midi(b"\x00\xff\x58\x04\x00\x00\x18\x08" + C_ON + C_OFF), [C]),
    "a time signature of 255/2^255": (
        midi(b"\x00\xff\x58\x04\xff\xff\x18\x08" + C_ON + C_OFF),
        [C],
    ),
    "one tick a quarter": (midi(C_ON + C_OFF + END, division=1), [C]),
    "wrapped in RIFF": (riff(midi(C_ON + C_OFF + END)), [C]),
    "a note without length": (midi(C_ON + b"\x00\x80\x3c\x40" + END), [(0, 0, 60, 80)]),
    "a note far away": (
        midi(C_ON + C_OFF + b"\x87\xa6\x1f\x90\x43\x50" + b"\x60\x80\x43\x00" + END),
        [C, (96 + 7 * 2**14 + 0x26 * 2**7 + 0x1F, 96, 67, 80)],
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_notes_are_those_that_the_bytes_say(name):
    data, expected = KINDS[name]
    table = read_notes(data)
    columns = (table.onset_ticks, table.duration_ticks, table.pitch, table.velocity)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


def test_every_kind_is_scored(tiny_scorer):
    table = tiny_scorer.score([data for data, _ in KINDS.values()], workers=0)
    assert table["error"].tolist() == [""] * len(KINDS)
    assert table["notes"].tolist() == [len(notes) for _, notes in KINDS.values()]
    assert table[["q1", "q2", "q3", "q4"]].sum(axis=1).between(0.999, 1.001).all()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (midi(C_ON + C_OFF + END, division=0xE728), "SMPTE"),
        (midi(C_ON + C_OFF + END, division=0), "ticks per quarter"),
        (midi(b"\x00\xff\x51\x03\x00\x00\x00" + C_ON + C_OFF + END), "tempo is zero"),
        (midi(b"\x00\xff\x05\x03la \x60\xff\x01\x02la" + END), "no notes"),
        (midi(END), "no notes"),
        (midi(form=0), "no notes"),
        (midi(b"\x00\x99\x24\x50\x60\x89\x24\x40" + END), "only drums"),
        (midi(C_ON + C_OFF + END)[:-5], "damaged"),
        (midi(C_ON + E_ON + END), "no notes"),
        (midi(C_ON + C_OFF + END, form=3), "format 3"),
        (midi(C_ON + C_OFF + END).replace(b"\0\0\0\6", b"\0\0\0\4"), "header of 4 bytes"),
        (midi(C_ON + C_OFF + b"\x00\xff\x01\x0bbound" + END), "damaged"),
        (riff(midi(C_ON + C_OFF + END, division=0xE728)), "SMPTE"),
    ],
    ids=(
        *("SMPTE division", "no ticks in a quarter", "tempo 0", "karaoke without notes"),
        *("no events", "no tracks", "drums alone", "cut"),
        *("no note-off at all", "format 3", "a short header", "an event longer than its track"),
        "SMPTE division in RIFF",
    ),
)
def test_what_cannot_be_scored_is_refused_with_its_reason(data, reason, tiny_scorer):
    table = tiny_scorer.score([data], workers=0)
    assert reason in table["error"][0]
    assert table["q1"].isna().all()


def measured(sources: list[bytes]) -> list[tuple]:
    """What is heard of each source, all features and ids, with its lines of Python and bytes."""
    answers = []
    for source in sources:
        before, heard = memory(), []
        prepare = NotePreparation.of(CPTokenizer(), FEATURE_NAMES + TONAL_NAMES, True)
        lines = lines_run(lambda: heard.extend(prepare([source])))  # noqa: B023
        answers.append((*heard, lines, memory() - before))
    return answers


def memory() -> int:
    """The most bytes that this process has taken so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def a_million_notes() -> bytes:
    """Up and down a third, each note for ten ticks: more than five hours."""
    steps = [bytes([10, pitch, 80, 10, pitch, 0]) for pitch in (60, 62, 64, 62)]
    return midi(b"\x00\x90\x3c\x00" + b"".join(steps) * 250_000 + END)


def a_day() -> bytes:
    """A quarter every half second, all day long but for its last ten seconds."""
    return midi(b"\x00\x90\x3c\x00" + b"\x00\x3c\x50\x83\x60\x3c\x00" * (2 * 86_390) + END)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "notes", "seconds"),
    [(a_million_notes, 10**6, 20_833), (a_day, 172_780, 86_390)],
    ids=["a million notes", "a day"],
)
def test_the_longest_music_takes_no_loop_and_fits_a_worker(made, notes, seconds):
    (answer,) = apply_many(measured, [made()], workers=1, timeout=HANGS)
    assert not isinstance(answer, ReadError), answer
    heard, lines, grown = answer
    assert heard.notes == notes
    assert heard.seconds == pytest.approx(seconds, abs=1)
    assert len(heard.ids) == notes
    assert np.isfinite(heard.features).all()
    assert lines < notes / 10  # no loop over notes, which a worker would not end in time
    assert grown < MEMORY_BYTES / 2


def test_an_event_that_is_cut_says_the_same_every_time():
    # symusic reads on to the length it should have, even behind the end of the file.
    for event in (b"\x00\xff\x51\x01\x07", b"\x00\xff\x51\x00", b"\x00\xff\x58\x00"):
        data = midi(C_ON + C_OFF + event)
        assert len({told(bytes([*data])) for _ in range(300)}) == 1


def told(data: bytes) -> str:
    try:
        table = read_notes(data)
    except ReadError as error:
        return error.reason
    return str((table.tempo.tolist(), table.meter_numerator.tolist()))


def test_ticks_that_overflow_are_refused():
    far = b"\xff\xff\xff\x7f"  # eight of them are more than 32 bits with a sign hold
    tempos = (far + b"\xff\x51\x03\x07\xa1\x20") * 20
    for events in (tempos, (far + b"\x90\x3c\x50\x01\x3c\x00") * 20):
        with pytest.raises(ReadError, match="before 0"):
            read_notes(midi(C_ON + C_OFF, events, division=0x7FFF))
