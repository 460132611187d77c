import numpy as np
import pytest
from symusic import Note, Tempo

from symbolic.notes.midi.reader import parse_midi
from symbolic.notes.symusic_lists import note_columns, states_are_known, tempo_columns

NOTES = ("time", "duration", "pitch", "velocity")
TEMPOS = ("time", "mspq")


@pytest.fixture(params=["states", "columns"])
def way(request, monkeypatch):
    """Both ways to columns: of the pickled state, and where symusic pickles otherwise."""
    if request.param == "columns":
        monkeypatch.setattr(
            "symbolic.notes.symusic_lists.states_are_known", lambda kind, layout: False
        )


@pytest.mark.parametrize("some", [slice(1), slice(1, 2), slice(None)])
def test_columns_of_notes_are_those_that_symusic_gives(way, midi_bytes, some):
    tracks = [[(i * 10, i, 60 + i % 7, 1 + i) for i in range(n)] for n in (5, 1, 90)]
    lists = [track.notes for track in parse_midi(midi_bytes(*tracks)).tracks][some]
    given = [np.concatenate([one.numpy()[name] for one in lists]) for name in NOTES]
    for column, expected in zip(note_columns(lists), given, strict=True):
        assert np.array_equal(column, expected)


def test_no_lists_have_no_notes():
    assert [len(column) for column in note_columns([])] == [0] * 4


@pytest.mark.parametrize("count", [0, 1, 40])
def test_columns_of_tempos_are_those_that_symusic_gives(way, count):
    ticks = np.arange(count, dtype=np.int32) * 480
    tempos = Tempo.from_numpy(ticks, 500_000 - ticks)
    for column, name in zip(tempo_columns(tempos), TEMPOS, strict=True):
        assert np.array_equal(column, tempos.numpy()[name])


def test_the_states_of_this_symusic_are_known():
    one = [np.ones(1, kind) for kind in (np.int32, np.int32, np.int8, np.int8)]
    note = np.dtype({"names": NOTES, "formats": ["<i4", "<i4", "i1", "i1"], "itemsize": 12})
    tempo = np.dtype([(name, "<i4") for name in TEMPOS])
    states_are_known.cache_clear()
    assert states_are_known(type(Note.from_numpy(*one)), note)
    assert states_are_known(type(Tempo.from_numpy(*one[:2])), tempo)
    assert not states_are_known(type(Note.from_numpy(*one)), np.dtype(note.descr[:-1]))
