"""Markers, cue points, rehearsal marks, double bars and repeats, and the sections they give."""

import io
from pathlib import Path

import pytest
from marked_files import (
    DOUBLE,
    FINAL,
    REPEAT_SIGN,
    bar,
    bars,
    marked,
    midi,
    rehearsal,
    text,
    track,
)
from musicxml_scores import OPEN, REPEAT, ending, note, score, words

from symbolic.notes import NamedBytes, ReadError, read_notes
from symbolic.notes.marks import read_marks
from symbolic.notes.midi.markers import read_markers
from symbolic.notes.section_names import section_names
from symbolic.notes.sections import sections_of


def marks_of(*bars_of_part: str, **options):
    return read_marks(score(list(bars_of_part), **options).encode())


def sections(source) -> tuple[list[float], tuple[str, ...]]:
    found = sections_of(read_marks(source))
    return found.times.round(3).tolist(), found.labels


def test_marks_of_all_tracks_in_order_of_time():
    data = midi(
        track((960, text(6, "B")), (480, text(7, "flash")), (960, text(1, "hello"))),
        track((0, text(6, " A\0")), (0, b"\x90\x3c\x40"), (960, b"\x80\x3c\x00")),
    )
    marks = read_marks(data)
    assert list(zip(marks.ticks.tolist(), marks.kinds, marks.texts, strict=True)) == [
        (0, "marker", "A"),
        (480, "cue", "flash"),
        (960, "marker", "B"),
    ]
    assert marks.seconds.tolist() == [0.0, 0.5, 1.0]


def test_symusic_agrees_about_markers():
    import symusic

    data = marked((0, text(6, "Verse 1")), (4, text(6, "Chorus")), (8, text(7, "cue")))
    ours, theirs = read_marks(data), read_marks(symusic.Score.from_midi(data))
    assert ours.texts == (*theirs.texts, "cue")
    assert ours.seconds[:2].tolist() == theirs.seconds.tolist() == [0.0, 8.0]


def test_marks_follow_the_tempo_map_and_bars_the_meter():
    events = [(0, b"\xff\x51\x03\x0f\x42\x40"), (1920, b"\xff\x51\x03\x07\xa1\x20")]  # 60, 120
    events += [(1920, b"\xff\x58\x04\x03\x02\x18\x08"), (1920 + 1440, text(6, "B"))]  # 3/4
    marks = read_marks(midi(track(*events), bars(3)))
    assert marks.seconds.tolist() == [5.5]
    assert marks.bars.tolist() == [0.0, 4.0, 5.5, 7.0]
    assert marks.written.tolist() == [0, 1, 2]


def test_sequences_of_format_2_follow_one_another():
    one = track((0, text(6, "A")), (0, b"\x90\x3c\x40"), (1920, b"\x80\x3c\x00"))
    assert read_marks(midi(one, one, form=2)).seconds.tolist() == [0.0, 2.0]


def test_texts_in_other_encodings_and_sections_of_games():
    data = marked(
        (0, text(6, "Café".encode("latin-1"))),
        (2, text(6, "Café")),
        (4, text(1, "[section Guitar Solo]")),
        (6, text(1, "[prc_verse_2]")),
    )
    assert read_marks(data).texts == ("Café", "Café", "Guitar Solo", "verse 2")


def test_marks_before_the_damage_of_a_track_are_kept():
    broken = track((0, text(6, "A")), (1920, text(6, "B")))[:-4] + b"\x00\xff\x06\x7f"
    assert read_markers(midi(broken, bars(3))) == [(0, "marker", "A"), (1920, "marker", "B")]


def test_errors_are_those_of_notes_and_name_the_file(tmp_path):
    for content in (b"", b"nothing", midi(track((0, text(6, "A")))), score([""]).encode()):
        path = tmp_path / "song.mid"
        path.write_bytes(content)
        with pytest.raises(ReadError) as notes:
            read_notes(path)
        with pytest.raises(ReadError) as marks:
            read_marks(path)
        assert str(marks.value) == str(notes.value)
        assert str(path) in str(marks.value)
    with pytest.raises(ReadError, match="song"):
        read_marks(NamedBytes("song", b"nothing"))
    with pytest.raises(TypeError):
        read_marks(3)


def test_a_note_table_has_bars_and_no_marks():
    marks = read_marks(read_notes(bars_file := marked((0, text(6, "A")), (2, text(6, "B")))))
    assert len(marks) == 0
    assert marks.bars.tolist() == read_marks(bars_file).bars.tolist()


def test_rehearsal_marks_sound_at_each_playing():
    found = marks_of(
        bar(before=rehearsal("A")),
        bar(before=OPEN + rehearsal("B")),
        bar(after=REPEAT),
        bar(before=rehearsal("C")),
    )
    places = zip(found.seconds.tolist(), found.kinds, found.texts, strict=True)
    assert [(at, mark) for at, kind, mark in places if kind == "rehearsal"] == [
        (0.0, "A"),
        (2.0, "B"),
        (6.0, "B"),
        (10.0, "C"),
    ]
    assert found.written.tolist() == [0, 1, 2, 1, 2, 3]
    assert sections_of(found).labels == ("A", "B", "B", "C")


def test_rehearsal_marks_of_all_parts_are_one():
    part = [bar(before=rehearsal("A")), bar(), bar(before=rehearsal(" B\n"))]
    assert read_marks(score(part, part).encode()).texts == ("A", "B")


def test_rehearsal_marks_agree_with_music21():
    music21 = pytest.importorskip("music21")
    data = score([bar(before=rehearsal("A")), bar(after=DOUBLE), bar(before=rehearsal("B"))])
    stream = music21.converter.parseData(data, format="musicxml")
    ours, theirs = read_marks(data.encode()), read_marks(stream)
    assert ours.seconds.tolist() == theirs.seconds.tolist() == [0.0, 4.0, 4.0]
    assert sorted(zip(ours.kinds, ours.texts, strict=True)) == sorted(
        zip(theirs.kinds, theirs.texts, strict=True)
    )
    placed = [
        mark.getOffsetInHierarchy(stream)
        for mark in stream.recurse().getElementsByClass(music21.expressions.RehearsalMark)
    ]
    assert placed == [0.0, 8.0]  # quarters


def test_double_bars_are_at_the_end_of_their_bar():
    found = marks_of(bar(), bar(after=DOUBLE), bar(), bar(after=FINAL))
    assert found.seconds.tolist() == [4.0, 8.0]
    assert found.kinds == ("double bar", "double bar")
    assert sections(score([bar(), bar(after=DOUBLE), bar(), bar(after=FINAL)]).encode()) == (
        [0.0, 4.0, 8.0],
        ("A", "B"),
    )


def test_a_double_bar_in_the_middle_of_a_bar():
    middle = '<barline location="middle"><bar-style>light-light</bar-style></barline>'
    assert marks_of(bar(), note("C4", 3) + middle + note("D4", 1)).seconds.tolist() == [3.5]


def test_plain_and_dashed_barlines_are_no_marks():
    for style in ("regular", "dashed", "dotted", "heavy", "none", "tick"):
        line = f'<barline location="right"><bar-style>{style}</bar-style></barline>'
        assert len(marks_of(bar(after=line), bar())) == 0


def test_repeats_part_a_piece_with_one_letter_for_each_place():
    played = [bar(), bar(after=REPEAT), bar(before=OPEN), bar(after=REPEAT)]
    assert sections(score(played).encode()) == ([0.0, 4.0, 8.0, 12.0, 16.0], tuple("AABB"))


def test_a_last_ending_ends_a_section():
    played = [bar(), bar(before=ending(1, "start"), after=ending(1, "stop", REPEAT_SIGN))]
    played += [bar(before=ending(2, "start"), after=ending(2, "stop")), bar(), bar()]
    assert sections(score(played).encode()) == ([0.0, 4.0, 8.0, 12.0], tuple("AAB"))
    played[2] = bar(before=ending(2, "start"), after=ending(2, "discontinue"))  # an open bracket
    assert sections(score(played).encode()) == ([0.0, 4.0, 12.0], tuple("AA"))


def test_a_da_capo_begins_a_section():
    played = [bar(after=words("Fine")), bar(), bar(after=words("D.C. al Fine"))]
    assert sections(score(played).encode()) == ([0.0, 6.0, 8.0], ("A", "A"))


def test_an_upbeat_belongs_to_the_first_section():
    upbeat = note("G4", 1)
    played = [upbeat, bar(before=rehearsal("A")), bar(), bar(before=rehearsal("B"))]
    text = score(played).replace('number="1"', 'number="0" implicit="yes"', 1)
    assert sections(text.encode()) == ([0.0, 4.5, 6.5], ("A", "B"))


def test_a_mark_before_the_first_note_is_that_of_the_beginning():
    count_in = midi(track((1920, text(6, "Verse")), (3 * 1920, text(6, "Chorus"))), bars(6, 1))
    assert sections(count_in)[1] == ("Verse", "Chorus")
    assert sections(count_in)[0][:2] == [0.0, 6.0]


def test_a_whole_bar_before_the_first_mark_is_a_section():
    data = marked((1, text(6, "Verse")), (4, text(6, "Chorus")))
    assert sections(data) == ([0.0, 2.0, 8.0, 22.5], ("", "Verse", "Chorus"))


def test_a_mark_after_the_last_onset_is_that_of_the_end():
    data = marked((0, text(6, "A")), (4, text(6, "B")), (12, text(6, "End")))
    assert sections(data) == ([0.0, 8.0, 22.5], ("A", "B"))


def test_marks_of_one_time_are_one_and_the_first_text_is_the_label():
    data = midi(
        track((1920 * 4, text(6, "Chorus")), (1920 * 4, text(6, "Refrain"))),
        track((1920 * 4 + 20, text(6, "Chorus 1"))),
        bars(8),
    )
    assert sections(data) == ([0.0, 8.0, 14.5], ("", "Chorus"))


def test_cue_points_are_sections_where_no_marker_is():
    cues = (0, text(7, "Scene 1")), (4, text(7, "Scene 2"))
    assert sections(marked(*cues)) == ([0.0, 8.0, 22.5], ("Scene 1", "Scene 2"))
    assert sections(marked(*cues, (6, text(6, "Chorus"))))[0] == [0.0, 12.0, 22.5]
    assert sections(marked(*cues, (6, text(6, "a tempo"))))[0] == [0.0, 8.0, 22.5]


def test_rehearsal_marks_are_preferred_to_double_bars():
    played = [bar(before=rehearsal("A")), bar(after=DOUBLE), bar(), bar(before=rehearsal("B"))]
    assert sections(score(played).encode()) == ([0.0, 6.0, 8.0], ("A", "B"))
    played[3] = bar()  # without a boundary within the piece
    assert sections(score(played).encode()) == ([0.0, 4.0, 8.0], ("A", "B"))


def test_more_marks_than_bars_are_no_sections():
    beats = [(480 * beat, text(6, f"hit {beat}")) for beat in range(1, 40)]
    found = sections_of(read_marks(midi(track(*beats), bars(10))))
    assert len(found) == 1
    assert found.labels == ("",)
    assert found.kinds == ()


SECTIONS = (
    "A",
    "B2",
    "A'",
    "12",
    "IV",
    "Verse 1",
    "Pre-Chorus",
    "Teil 1 Wiederholung",
    "Presto - Teil 1",
    "Trio",
    "Var. II",
    "Coda",
    "D.C.",
    "Fine",
    "Guitar Solo",
    "Tempo di Minuetto",
    "Great Gate of Kiev",
    "In Slumberland",
)
NO_SECTIONS = (
    "",
    "Allegro con brio",
    "a tempo",
    "Tempo I",
    "sehr langsam",
    "un poco rit.",
    "120 bpm",
    "Tempo: 98.5",
    "♩ = 96",
    "loopStart",
    "loop_end",
    "Loop",
    "Bar 12",
    "m. 7",
    "1:23",
    "3/8",
    "To Coda",
    "SFF2",
    "fn:Main A",
    "word " * 20,
)


@pytest.mark.parametrize("name", SECTIONS)
def test_names_of_sections(name):
    assert section_names([name]) == [True]


@pytest.mark.parametrize("name", NO_SECTIONS)
def test_texts_that_are_no_sections(name):
    assert section_names([name]) == [False]


def test_letters_are_sections_unless_they_are_chords():
    assert section_names(["A", "B", "A1", "C"]) == [True] * 4
    assert section_names(["A", "F#m7", "D/F#", "G", "Chorus"]) == [False] * 4 + [True]


def test_pretty_midi_has_no_marks():
    pretty_midi = pytest.importorskip("pretty_midi")
    data = marked((0, text(6, "A")), (4, text(6, "B")))
    marks = read_marks(pretty_midi.PrettyMIDI(io.BytesIO(data)))
    assert len(marks) == 0
    assert len(marks.bars) == 13


def test_music21_agrees_about_the_bars_of_a_chorale():
    corpus = pytest.importorskip("music21.corpus")
    path = Path(corpus.getWork("bach/bwv260"))
    marks, found = read_marks(path), sections_of(read_marks(path))
    played = corpus.parse("bach/bwv260").parts[0].expandRepeats().getElementsByClass("Measure")
    assert marks.bars[:-1].tolist() == [float(measure.offset) / 2 for measure in played]
    assert found.labels == ("A", "A", "B")
    assert found.times.tolist() == [0.0, 8.0, 16.0, 28.0]
