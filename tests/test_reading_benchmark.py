"""Readings are compared as the benchmark says: by notes that one would call the same."""

import importlib
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest


@pytest.fixture(scope="module")
def benchmark(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "benchmarks")
        return {name: importlib.import_module(f"reading_{name}") for name in ("notes", "files")}


@pytest.fixture
def notes(benchmark):
    """Notes from pairs of quarters and pitch."""

    def make(*pairs, velocity=80, tempos=()):
        onset, pitch = np.array(pairs, float).reshape(-1, 2).T
        loud = np.broadcast_to(velocity, pitch.shape)
        return benchmark["notes"].notes_of(onset, pitch, loud, list(tempos))

    return make


def test_a_note_is_the_same_within_a_twentieth_of_a_quarter(benchmark, notes):
    ours = notes((0, 60), (1, 60), (2, 64))
    assert benchmark["notes"].f1(ours, notes((0.04, 60), (0.96, 60), (2, 64))) == 1
    assert benchmark["notes"].f1(ours, notes((0.1, 60), (1, 60), (2, 65))) == pytest.approx(1 / 3)


def test_a_note_counts_for_one_other_only(benchmark, notes):
    matched = benchmark["notes"].matched(notes((0, 60)).rows, notes((0, 60), (0.04, 60)).rows)
    assert matched.tolist() == [[0, 0]]
    assert benchmark["notes"].f1(notes(), notes()) == 1


def test_a_pitch_of_two_voices_at_once_counts_once(notes):
    assert len(notes((0, 60), (0, 60), (0, 64)).rows) == 2


def test_seconds_follow_the_tempos_and_begin_at_120(notes):
    played = notes((0, 60), (2, 60), (4, 60), tempos=[(2, 60)])
    assert played.rows[:, 3].tolist() == [0, 1, 3]
    assert played.tempo == 120


def test_readers_decide_where_two_agree_and_no_two_on_something_else(benchmark, notes):
    one, other, third = notes((0, 60)), notes((0, 62)), notes((0, 64))
    agreeing = benchmark["notes"].agreeing
    read = {"verovio": one, "lytk": one, "partitura": other}
    assert agreeing(read) == ("verovio", "lytk")
    assert agreeing(read, left_out="lytk") == ()
    assert agreeing(read | {"musescore": other}) == ()
    assert agreeing({"verovio": one, "lytk": other, "partitura": third, "music21": one}) == ()
    assert benchmark["notes"].with_agreement(read, "symbolic") == 0


SCORE = """<score-partwise><part id="P1"><measure number="1"><attributes><divisions>2</divisions>
</attributes><direction><direction-type><words>D.C. al Fine</words></direction-type>
<sound dacapo="yes" tempo="90"/></direction><note><grace/><pitch><step>C</step><octave>4</octave>
</pitch></note><note><pitch><step>D</step><octave>4</octave></pitch><duration>3</duration></note>
<note><unpitched/><duration>2</duration><tie type="start"/></note><backup><duration>2</duration>
</backup></measure><measure number="2"><note><rest/><duration>8</duration></note>
<barline><repeat direction="backward"/></barline></measure></part></score-partwise>"""


@pytest.mark.parametrize("written", [False, True])
def test_what_is_played_in_a_way_of_its_own_is_taken_out(benchmark, written):
    root = ElementTree.fromstring(SCORE)
    benchmark["files"].make_ready(root, written=written)
    assert root.find(".//grace") is None
    assert root.find(".//unpitched") is None
    assert len(root.findall(".//rest")) == 2
    jumps = {} if written else {"dacapo": "yes"}
    assert root.find(".//sound").attrib == {"tempo": "90"} | jumps
    assert (root.find(".//repeat") is None) == written
    assert (root.find(".//words").text == "D.C. al Fine") == (not written)
    assert benchmark["files"].bar_starts(root) == [0, Fraction(5, 2)]
