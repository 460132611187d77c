"""Tempo and loudness of MusicXML."""

import pytest
from musicxml_scores import (
    ATTRIBUTES,
    OPEN,
    REPEAT,
    backup,
    direction,
    dynamic,
    meter,
    metronome,
    note,
    onsets,
    read,
    sound,
    wedge,
    words,
)

from symbolic.notes.playback.sounding import TICKS_PER_QUARTER
from symbolic.notes.playback.words import tempo_of_words


def test_a_repeat_brings_back_its_tempo_and_meter():
    waltz = meter(3, 4)
    table = read([note("C4", 4), OPEN + note("C4", 4), waltz + note("D4", 3) + REPEAT])
    assert (table.meter_ticks / TICKS_PER_QUARTER).tolist() == [0, 8, 11, 15]
    assert table.meter_numerator.tolist() == [4, 3, 4, 3]


def test_a_tempo_change_slows_the_seconds():
    table = read(
        [metronome("quarter", 60) + note("C4", 4), metronome("quarter", 30) + note("D4", 4)]
    )
    assert table.tempo.tolist() == [60, 30]
    assert table.onset.tolist() == [0, 4]
    assert table.seconds == pytest.approx(12)


def test_dotted_quarter_metronome_counts_in_quarters():
    dotted = "<beat-unit>quarter</beat-unit><beat-unit-dot/>"
    head = ATTRIBUTES.replace("<beats>4", "<beats>6").replace("<beat-type>4", "<beat-type>8")
    table = read([metronome(dotted, 60) + note("C4", 3)], head=head)
    assert table.tempo.tolist() == [90]
    assert (table.meter_numerator[0], table.meter_denominator[0]) == (6, 8)
    assert table.seconds == pytest.approx(2)


def test_the_tempo_for_playback_wins_over_a_mark_that_is_no_number():
    mark = metronome("quarter", 0).replace(">0<", ">circa 70<")
    mark = mark.replace("</direction>", '<sound tempo="72"/></direction>')
    assert read([mark + note("C4", 4)]).tempo.tolist() == [72]


def test_a_tempo_word_stands_for_its_usual_number():
    assert read([words("Adagio cantabile") + note("C4", 4)]).tempo.tolist() == [56]


def test_velocity_follows_the_dynamic_marks():
    table = read([note("C4", 4), dynamic("p") + note("D4", 2) + dynamic("ff") + note("E4", 2)])
    assert table.velocity.tolist() == [72, 40, 108]
    assert table.has_dynamics


def test_sforzando_strikes_one_note_only():
    table = read([dynamic("p") + note("C4") + dynamic("sfz") + note("D4") + note("E4", 2)])
    assert table.velocity.tolist() == [40, 104, 40]


def test_fortepiano_falls_back_to_piano():
    table = read([dynamic("f") + note("C4") + dynamic("fp") + note("D4") + note("E4", 2)])
    assert table.velocity.tolist() == [88, 88, 40]


def test_one_dynamic_throughout_carries_no_information():
    table = read([dynamic("f") + note("C4", 4)])
    assert table.velocity.tolist() == [88]
    assert not table.has_dynamics


def test_a_repeat_brings_back_its_dynamic():
    table = read([dynamic("p") + note("C4", 4), OPEN + note("D4", 4), dynamic("f") + note("E4", 4)
                  + REPEAT])  # fmt: skip
    assert table.velocity.tolist() == [40, 40, 88, 40, 88]


def test_both_staves_of_a_piano_follow_one_dynamic():
    upper = note("G4", 2, "<staff>1</staff>") + dynamic("p", "<staff>1</staff>")
    upper += note("A4", 2, "<staff>1</staff>")
    lower = note("C3", 2, "<staff>2</staff>") + note("D3", 2, "<staff>2</staff>")
    head = ATTRIBUTES.replace("</time>", "</time><staves>2</staves>")
    table = read([f"{upper}<backup><duration>48</duration></backup>{lower}"], head=head)
    assert table.pitch.tolist() == [48, 67, 50, 69]
    assert table.velocity.tolist() == [72, 72, 40, 40]


def test_a_velocity_on_the_note_itself_wins():
    louder = note("C4", 4).replace("<note>", '<note dynamics="120">')  # per cent of velocity 90
    table = read([dynamic("p") + louder, note("D4", 4)])
    assert table.velocity.tolist() == [108, 40]


def test_a_tempo_may_stand_in_the_measure_itself():
    table = read([sound('tempo="60"') + note("C4", 4), note("D4", 4)])
    assert table.onset.tolist() == [0, 4]


@pytest.mark.parametrize(
    ("mark", "tempo"),
    [
        ("c. 60", 60),
        ("ca. 60", 60),
        ("60-66", 60),
        ("\u2248 72,5", 72.5),
        ("92", 92),
    ],
)
def test_about_a_number_is_that_number(mark, tempo):
    assert read([metronome("quarter", mark) + note("C4", 4)]).tempo.tolist() == [tempo]


def test_each_dot_adds_half_of_the_one_before():
    unit = "<beat-unit>quarter</beat-unit>" + 2 * "<beat-unit-dot/>"
    assert read([metronome(unit, 40) + note("C4", 4)]).tempo.tolist() == [70]


def test_a_note_that_is_now_as_long_as_another_changes_the_tempo():
    equal = "<beat-unit>quarter</beat-unit><beat-unit>quarter</beat-unit><beat-unit-dot/>"
    bars = [metronome("quarter", 60) + note("C4", 4),
            direction(f"<metronome>{equal}</metronome>") + note("D4", 4)]  # fmt: skip
    assert read(bars).tempo.tolist() == [60, 90]


def test_of_two_tempos_at_one_place_the_later_holds():
    bar = words("Langsam", sound('tempo="60"')) + metronome("quarter", 43) + note("C4", 4)
    assert read([bar]).tempo.tolist() == [43]


def test_of_two_parts_the_first_sets_the_tempo():
    upper, lower = (sound(f'tempo="{tempo}"') + note("C4", 4) for tempo in (50, 80))
    assert read([upper], [lower]).tempo.tolist() == [50]


@pytest.mark.parametrize("attribute", ["", ' sound="yes"'])
def test_an_offset_moves_a_tempo(attribute):
    late = direction("<words>x</words>", extra=f'<offset{attribute}>24</offset><sound tempo="60"/>')
    assert read([late + note("C4", 4), note("D4", 4)]).onset.tolist() == [0, 3]


def test_words_are_no_tempo_where_a_number_stands():
    assert read([words("Adagio", sound('tempo="90"')) + note("C4", 4)]).tempo.tolist() == [90]


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("Allegro, ma non troppo", 132),
        ("Andante moderato con moto", 83),
        ("Tr\u00e8s lent", 46),
        ("M\u00e4\u00dfig schnell", 92),
        ("dolce", None),
        ("allegrone", None),
    ],
)
def test_the_longest_tempo_name_counts(text, tempo):
    assert tempo_of_words(text) == tempo


def marked_note(pitch: str, mark: str) -> str:
    return note(pitch, 1, f"<notations><dynamics><{mark}/></dynamics></notations>")


def test_a_mark_at_a_note_holds_as_one_above_the_staff():
    table = read([marked_note("C4", "pp") + note("D4") + marked_note("E4", "ff") + note("F4")])
    assert table.velocity.tolist() == [24, 24, 108, 108]


def test_a_loudness_for_playback_is_per_cent_of_90():
    table = read([sound('dynamics="40"') + note("C4", 4), sound('dynamics="110"') + note("D4", 4)])
    assert table.velocity.tolist() == [36, 99]
    assert table.has_dynamics


def test_a_mark_wins_over_the_loudness_for_playback_beside_it():
    table = read(
        [dynamic("p", sound('dynamics="99"')) + note("C4", 4), dynamic("f") + note("D4", 4)]
    )
    assert table.velocity.tolist() == [40, 88]


def test_a_mark_made_of_two_is_one():
    split = direction("<dynamics><f/><p/></dynamics>")
    table = read([dynamic("mf") + note("C4") + split + note("D4") + note("E4", 2)])
    assert table.velocity.tolist() == [72, 88, 40]


def four(*pitches: str) -> str:
    return "".join(map(note, pitches))


def test_a_crescendo_leads_evenly_to_the_mark_at_its_end():
    bars = [dynamic("p") + wedge("crescendo") + four("C4", "D4", "E4", "F4"),
            wedge("stop") + dynamic("f") + four("G4", "A4", "B4", "C5")]  # fmt: skip
    assert read(bars).velocity.tolist() == [40, 52, 64, 76, 88, 88, 88, 88]


def test_a_diminuendo_to_nowhere_is_a_step_softer():
    bar = dynamic("f") + wedge("diminuendo") + note("C4", 2) + wedge("stop") + note("D4", 2)
    assert read([bar]).velocity.tolist() == [88, 72]


def test_a_crescendo_before_a_softer_mark_is_a_step_louder():
    bars = [dynamic("mf") + wedge("crescendo") + four("C4", "D4", "E4", "F4"),
            wedge("stop") + dynamic("p") + note("G4", 4)]  # fmt: skip
    assert read(bars).velocity.tolist() == [72, 76, 80, 84, 40]


def test_swelling_and_fading_come_back_to_where_they_began():
    bar = wedge("crescendo") + note("C4") + note("D4") + wedge("stop")
    bar += wedge("diminuendo") + note("E4") + note("F4") + wedge("stop")
    table = read([dynamic("mp") + bar, note("G4", 4)])
    assert table.velocity.tolist() == [56, 64, 72, 64, 56]


def test_a_wedge_is_played_again_with_its_bars():
    bar = dynamic("p") + wedge("crescendo") + note("C4", 2) + note("D4", 2) + wedge("stop")
    assert read([bar + REPEAT]).velocity.tolist() == [40, 48, 40, 48]


def two_staves(upper: str, lower: str) -> list[str]:
    return [upper + backup(4) + lower]


STAVES = ATTRIBUTES.replace("</time>", "</time><staves>2</staves>")
UP, DOWN = "<staff>1</staff>", "<staff>2</staff>"


def test_a_mark_in_the_lower_staff_holds_for_both():
    upper = dynamic("ff", UP) + note("G4", 2, UP) + note("A4", 2, UP)
    lower = note("C3", 2, DOWN) + dynamic("p", DOWN) + note("D3", 2, DOWN)
    assert read(two_staves(upper, lower), head=STAVES).velocity.tolist() == [108, 108, 40, 40]


def test_of_two_marks_at_one_place_each_staff_follows_its_own():
    upper = dynamic("f", UP) + note("G4", 4, UP)
    lower = dynamic("p", DOWN) + note("C3", 4, DOWN)
    assert read(two_staves(upper, lower), head=STAVES).velocity.tolist() == [40, 88]


def test_a_sforzando_strikes_its_own_staff():
    upper = dynamic("sf", UP) + note("G4", 4, UP)
    lower = dynamic("p", DOWN) + note("C3", 4, DOWN)
    assert read(two_staves(upper, lower), head=STAVES).velocity.tolist() == [40, 104]


def test_a_slip_in_a_mark_costs_the_mark_alone():
    slips = sound('tempo="fast"') + sound('dynamics="loud"') + metronome("crotchet", 60)
    table = read([slips + note("C4", 4), note("D4", 4)])
    assert (table.tempo.tolist(), table.velocity.tolist()) == ([120], [64, 64])
    assert onsets(table) == [0, 4]


def test_an_offset_of_the_sound_counts_instead_of_its_directions():
    sounds = '<offset>36</offset><sound tempo="60"><offset>12</offset></sound>'
    late = direction("<words>x</words>", extra=sounds)
    assert read([late + note("C4", 4)]).tempo_ticks.tolist() == [TICKS_PER_QUARTER]


def test_a_repeat_from_before_the_first_mark_forgets_the_mark():
    bars = [note("C4", 4), dynamic("f") + metronome("quarter", 60) + note("D4", 4) + REPEAT]
    table = read(bars)
    assert table.velocity.tolist() == [72, 88, 72, 88]
    assert table.onset.tolist() == [0, 2, 6, 8]


@pytest.mark.parametrize("order", [("p", "sf"), ("sf", "p")])
def test_a_note_is_struck_within_the_mark_that_holds(order):
    marks = "".join(map(dynamic, order))
    table = read([dynamic("ff") + note("C4") + marks + note("D4") + note("E4", 2)])
    assert table.velocity.tolist() == [108, 104, 40]


def test_tied_beats_of_a_metronome_are_added_up():
    tied = "<beat-unit-tied><beat-unit>eighth</beat-unit></beat-unit-tied>"
    unit = f"<beat-unit>quarter</beat-unit>{tied}"
    assert read([metronome(unit, 40) + note("C4", 4)]).tempo.tolist() == [60]


def equation(left: str, right: str) -> str:
    """A metronome mark of notes; each side is the content of a note."""
    sides = (f"<metronome-note>{side}</metronome-note>" for side in (left, right))
    both = "<metronome-relation>equals</metronome-relation>".join(sides)
    return direction(f"<metronome>{both}</metronome>")


def test_notes_that_are_set_equal_change_the_tempo_but_not_for_swing():
    half = "<metronome-type>half</metronome-type>"
    quarter = "<metronome-type>quarter</metronome-type>"
    bars = [metronome("quarter", 50) + note("C4", 4), equation(quarter, half) + note("D4", 4)]
    assert read(bars).tempo.tolist() == [50, 100]
    triplet = half + "<metronome-tuplet type='start'/>"
    bars[1] = equation(quarter, triplet) + note("D4", 4)
    assert read(bars).tempo.tolist() == [50]


def test_a_number_beside_an_equation_is_the_tempo():
    both = ("<beat-unit>quarter</beat-unit><beat-unit>half</beat-unit>",
            "<beat-unit>half</beat-unit><per-minute>93</per-minute>")  # fmt: skip
    for first, second in (both, both[::-1]):
        mark = direction(f"<metronome>{first}</metronome>", f"<metronome>{second}</metronome>")
        assert read([mark + note("C4", 4)]).tempo.tolist() == [186]


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("Allegro (\u2669 = 120)", 120),
        ("\u2669. = c. 60", 90),
        ("\u266a = 90", 45),
        ("Andante (M.M. = 66)", 66),
        ("op. 3 no. 4", None),
    ],
)
def test_a_number_in_words_is_the_tempo(text, tempo):
    assert tempo_of_words(text) == tempo


def test_words_of_every_day_are_a_tempo_at_the_opening_or_by_themselves():
    assert tempo_of_words("Langsam und schmachtend") == 56
    assert tempo_of_words("langsam bewegen", opening=False) is None
    assert tempo_of_words("Schnell.", opening=False) == 132
    assert tempo_of_words("Adagio cantabile", opening=False) == 56


def test_tempo_primo_brings_the_first_tempo_back():
    bars = [metronome("quarter", 50) + note("C4", 4), metronome("quarter", 80) + note("D4", 4),
            words("Tempo I") + note("E4", 4)]  # fmt: skip
    assert read(bars).tempo.tolist() == [50, 80, 50]


def test_words_in_two_elements_are_read_together():
    both = direction("<words>Molto</words><words>Allegro</words>")
    assert read([both + note("C4", 4)]).tempo.tolist() == [144]


def test_a_wedge_goes_on_past_a_mark_on_its_way():
    bar = dynamic("p") + wedge("crescendo") + note("C4") + note("D4") + dynamic("mf")
    bar += note("E4") + note("F4")
    table = read([bar, wedge("stop") + dynamic("ff") + note("G4", 4)])
    assert table.velocity.tolist() == [40, 56, 72, 90, 108]


def test_crescendos_without_marks_do_not_pile_up():
    bar = wedge("crescendo") + note("C4", 4) + wedge("stop")
    table = read([dynamic("mf"), *([bar] * 5), note("D4", 4)])
    assert table.velocity.tolist()[-1] == 72 + 32


def test_a_wedge_over_a_repeat_is_as_long_each_time():
    bars = [dynamic("p") + wedge("crescendo") + note("C4", 4), note("D4", 4) + wedge("stop")
            + REPEAT]  # fmt: skip
    assert read(bars).velocity.tolist() == [40, 48, 40, 48]


def test_a_wedge_may_end_at_another_staff():
    upper = wedge("crescendo", UP) + note("G4", 2, UP) + note("A4", 2, UP)
    lower = note("C3", 4, DOWN) + wedge("stop", DOWN)
    assert read(two_staves(dynamic("p", UP) + upper, lower), head=STAVES).velocity.tolist() == [
        40,
        40,
        48,
    ]
