"""Written key signatures of MIDI and MusicXML."""

import pytest
from musicxml_scores import note
from symusic import KeySignature, Note, Score, Track

from symbolic.notes import ReadError
from symbolic.notes.signatures import key_name, written_keys

PART = '<part id="P{0}"><measure number="1"><attributes>{1}</attributes>{2}</measure></part>'


def midi(*keys):
    score = Score(480)
    score.key_signatures.extend(KeySignature(tick, key, minor) for tick, key, minor in keys)
    score.tracks.append(Track(notes=[Note(0, 480, 60, 80)]))
    return score


def xml(*attributes):
    listed = "".join(
        f'<score-part id="P{number}"><part-name/></score-part>' for number in range(len(attributes))
    )
    parts = "".join(PART.format(n, text, note("C4")) for n, text in enumerate(attributes))
    return (
        f'<score-partwise version="3.1"><part-list>{listed}</part-list>{parts}</score-partwise>'
    ).encode()


def key(fifths, mode=""):
    mode = mode and f"<mode>{mode}</mode>"
    return f"<divisions>1</divisions><key><fifths>{fifths}</fifths>{mode}</key>"


def test_midi(tmp_path):
    score = midi((1920, -3, 1), (0, 2, 0), (3840, -3, 1))
    assert written_keys(score) == ["D major", "c minor"]
    score.dump_midi(tmp_path / "keys.mid")
    assert written_keys(tmp_path / "keys.mid") == ["D major", "c minor"]
    assert written_keys((tmp_path / "keys.mid").read_bytes()) == ["D major", "c minor"]
    assert written_keys(midi()) == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([key(4)], ["E major or c# minor"]),
        ([key(-1, "minor")], ["d minor"]),
        ([key(0, "dorian")], ["C major or a minor"]),
        (["<divisions>1</divisions>"], []),
        ([key(9)], []),
        ([key(2, "major") + "<transpose><chromatic>-2</chromatic></transpose>", key(0, "major")],
         ["C major"]),
        ([key(2, "major") + "<transpose><chromatic>-2</chromatic></transpose>"], ["D major"]),
    ],
)  # fmt: skip
def test_musicxml(attributes, expected):
    assert written_keys(xml(*attributes)) == expected


def test_names_of_signatures():
    assert key_name(7, "major") == "Db major"  # enharmonic keys are one
    assert key_name(-7, "minor") == "g# minor"
    assert key_name(0) == "C major or a minor"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ReadError, match=r"none\.mid: no such file"):
        written_keys(tmp_path / "none.mid")
