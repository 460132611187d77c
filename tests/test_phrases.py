"""Phrase strings: what they say, where their phrases begin, and on which beat of a song."""

import numpy as np
import pytest

from symbolic.data.corpora.phrase_alignment import align_phrases, beat_numbers, beat_times
from symbolic.data.corpora.phrases import bar_edges, melodic_bars, parse_phrases
from symbolic.notes import read_notes

SONG = "i4A4A4B8b4A4x2B8o3"
QUARTER = 480
CHORDS = ((48, 52, 55), (45, 48, 52), (53, 57, 60), (43, 47, 50))


def played(midi_score, phrases, start=0, meter=4, upbeat=0):
    """The beats and the score of a song with melody in some phrases, and with a chord to a bar.

    `start` beats before the first phrase have no melody; it begins `upbeat` beats early wherever it
    was silent.
    """
    melody, piano, sings = [], [], melodic_bars(phrases)
    for beat in range(start):
        piano.append((beat * QUARTER, QUARTER, 60, 80))
    for bar, sung in enumerate(sings):
        begins = start + meter * bar
        for pitch in CHORDS[bar % len(CHORDS)]:
            piano.append((begins * QUARTER, meter * QUARTER, pitch, 80))
        if sung:
            for beat in range(meter):
                melody.append(((begins + beat) * QUARTER, QUARTER, 72 + beat, 90))
    for bar in np.flatnonzero(sings[1:] & ~sings[:-1]) + 1:
        for beat in range(1, upbeat + 1):
            melody.append(((start + meter * bar - beat) * QUARTER, QUARTER, 71, 90))
    beats = np.arange(start + meter * len(sings) + 1) * 0.5
    return beats, midi_score(melody, [], piano, tempos=[(0, 120)])


def heard(*arguments, **options):
    """Its beats, and its notes."""
    beats, score = played(*arguments, **options)
    return beats, read_notes(score)


def test_a_string_is_letters_and_bars():
    assert parse_phrases("i4A12x1\n") == [("i", 4), ("A", 12), ("x", 1)]
    assert [kind for kind, _ in parse_phrases(SONG)] == list("iAABbAxBo")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no phrase"),
        ("i4A", "character 3"),
        ("4A8", "character 1"),
        ("i4-8", "character 3"),
        ("i4A8 B4", "character 5"),
        ("i4A0B4", "no bars"),
        ("i4A٤", "character 3"),
    ],
)
def test_what_is_no_phrase_is_refused_with_its_place(text, why):
    with pytest.raises(ValueError, match=why):
        parse_phrases(text)


def test_capitals_have_a_melody():
    assert melodic_bars(parse_phrases("i2A1x1X1")).tolist() == [False, False, True, False, True]


def test_phrases_begin_on_bars_and_the_last_one_ends():
    assert bar_edges(parse_phrases("i2A4")).tolist() == [0, 2, 6]
    assert bar_edges(parse_phrases("i1A2B1")).tolist() == [0, 1, 3, 4]


def test_beats_have_numbers_and_go_on_evenly_before_and_after():
    beats = np.array([1.0, 2.0, 3.0, 5.0])
    numbers = np.array([-1.0, 0.0, 1.5, 2.5, 3.0, 4.0])
    assert beat_times(beats, numbers).tolist() == [0, 1, 2.5, 4, 5, 6]
    assert beat_numbers(beats, beat_times(beats, numbers)) == pytest.approx(numbers)


@pytest.mark.parametrize("start", [0, 1, 2, 3, 7, 16])
@pytest.mark.parametrize("upbeat", [0, 1])
def test_the_beat_is_found_on_which_the_first_phrase_begins(midi_score, start, upbeat):
    phrases = parse_phrases(SONG)
    beats, notes = heard(midi_score, phrases, start, upbeat=upbeat)
    found = align_phrases([phrases], beats, notes)
    assert (found.start, found.beats) == (start, 4)
    assert found.misfits[0] < 0.05


@pytest.mark.parametrize("silent", [0, 1, 2, 3])
def test_where_neither_melody_nor_harmony_tells_it_the_song_begins_with_a_bar(midi_score, silent):
    phrases = parse_phrases("i4A4b4A4o4")
    chord = [((silent + beat) * QUARTER, QUARTER, 60, 80) for beat in range(80)]
    # Of each bar the second beat alone: it might as well be the first or the last.
    melody = [
        ((silent + 4 * bar + 1) * QUARTER, QUARTER // 2, 72, 90)
        for bar in np.flatnonzero(melodic_bars(phrases))
    ]
    notes = read_notes(midi_score(melody, [], chord, tempos=[(0, 120)]))
    beats = np.arange(silent + 81) * 0.5
    assert align_phrases([phrases], beats, notes).start == silent


@pytest.mark.parametrize("meter", [2, 3])
def test_a_song_in_another_meter_has_other_bars(midi_score, meter):
    phrases = parse_phrases(SONG)
    beats, notes = heard(midi_score, phrases, 1, meter)
    found = align_phrases([phrases], beats, notes)
    assert (found.start, found.beats) == (1, meter)


def test_bars_are_as_long_as_their_beats(midi_score):
    phrases = parse_phrases(SONG)
    beats, notes = heard(midi_score, phrases, 2)
    lines = align_phrases([phrases], beats, notes).bar_lines(beats, 3)
    assert lines == pytest.approx([1, 3, 5, 7])


def test_phrases_of_another_song_misfit(midi_score):
    beats, notes = heard(midi_score, parse_phrases(SONG))
    own, other = parse_phrases(SONG), parse_phrases("A4i4b4x8B4a4X2o8A3")
    found = align_phrases([own, other], beats, notes)
    assert found.misfits[0] < 0.05
    assert found.misfits[1] > 0.5


def test_a_song_that_is_too_short_or_has_no_melody_has_no_place_for_phrases(midi_score):
    phrases = parse_phrases(SONG)
    beats, notes = heard(midi_score, phrases)
    assert align_phrases([parse_phrases("i4A200")], beats, notes) is None
    assert align_phrases([phrases], beats, notes.select(notes.track != 0)) is None
