"""The order in which the bars of MusicXML are played: repeats, endings, jumps."""

import pytest
from musicxml_scores import (
    OPEN,
    REPEAT,
    bars_played,
    direction,
    ending,
    note,
    quarters,
    read,
    sound,
    words,
)

from symbolic.notes.playback.repeats import Bar, playing_order
from symbolic.notes.playback.words import sign_of_words
from symbolic.notes.table import ReadError

BACK = '<repeat direction="backward"/>'
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
SEGNO, CODA = direction("<segno/>"), direction("<coda/>")


def test_repeat_is_played_twice():
    assert bars_played("", REPEAT, "") == "ababc"


def test_repeat_written_in_one_part_is_played_by_all():
    table = read([note("C4", 4) + REPEAT, note("D4", 4)], [note("C3", 4), note("D3", 4)])
    assert table.pitch.tolist() == [48, 60, 48, 60, 50, 62]


def test_first_and_second_ending():
    back = '<repeat direction="backward"/>'
    first, second = ending(1, "start") + ending(1, "stop", back), ending(2, "start")
    assert bars_played("", first, second + ending(2, "stop"), "") == "abacd"


def test_an_ending_whose_number_is_written_at_both_stops():
    back = '<repeat direction="backward"/>'
    first = ending(1, "start") + ending(1, "stop")
    assert bars_played("", first, ending(1, "stop", back), "") == "abcad"


def test_da_capo_al_fine_stops_at_the_fine():
    assert bars_played("", words("Fine"), "", words("D.C. al Fine")) == "abcdab"


def test_dal_segno_al_coda_leaves_for_the_coda():
    sign = "<direction><direction-type><{}/></direction-type></direction>"
    segno, coda = sign.format("segno"), sign.format("coda")
    played = bars_played("", segno, coda, words("D.S. al Coda"), coda)
    assert played == "abcdbce"


def test_repeats_are_not_taken_again_after_a_da_capo():
    bars = [Bar(), Bar(plays=2, signs={"Fine"}), Bar(), Bar(plays=2, jump="DaCapoAlFine")]
    assert playing_order(bars) == [0, 1, 0, 1, 2, 3, 2, 3, 0, 1]


def test_a_movement_after_the_fine_is_played():
    bars = [Bar(signs={"Fine"}), Bar(jump="DaCapoAlFine"), Bar(plays=2), Bar()]
    assert playing_order(bars) == [0, 1, 0, 2, 2, 3]


def test_a_da_capo_stays_in_its_movement():
    bars = [Bar(closes=True), Bar(signs={"Fine"}, closes=True), Bar(jump="DaCapoAlFine")]
    assert playing_order(bars) == [0, 1, 2, 1]
    final = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
    assert bars_played(final, "", words("Fine"), words("D.C. al Fine")) == "abcdbc"


def test_repeats_that_would_lose_a_bar_are_not_played():
    assert playing_order([Bar(), Bar(endings=(2,)), Bar()]) == [0, 1, 2]


def test_a_piece_repeated_without_measure_is_read_once():
    assert playing_order([Bar(), Bar(plays=10**6), Bar()]) == [0, 1, 2]


def test_a_section_may_be_played_three_times():
    times = '<barline location="right"><repeat direction="backward" times="3"/></barline>'
    assert bars_played("", times, "") == "abababc"


def test_the_first_ending_may_be_that_of_two_turns():
    twice, third = ending("1, 2", "start") + ending("1, 2", "stop", BACK), ending(3, "start")
    assert bars_played("", twice, third + ending(3, "stop"), "") == "ababacd"
    ranged = ending("1-2", "start") + ending("1-2", "stop", BACK)
    assert bars_played("", ranged, third + ending(3, "stop"), "") == "ababacd"


def test_a_second_ending_may_open_a_repeat():
    first = ending(1, "start") + ending(1, "stop", BACK)
    second = ending(2, "start", '<repeat direction="forward"/>')
    assert bars_played("", first, second + ending(2, "stop"), REPEAT, "") == "abacdcde"


def test_a_broken_ending_costs_no_other_repeat():
    lost = ending(3, "start") + ending(3, "stop")
    assert bars_played("", REPEAT, lost, OPEN, REPEAT, "") == "ababcdedef"


def test_an_ending_that_nothing_ends_reaches_to_its_repeat_sign():
    first = (ending(1, "start"), f'<barline location="right">{BACK}</barline>')
    assert bars_played("", first, "", "") == "abacd"


def test_a_repeat_goes_back_to_the_last_repeat_sign():
    assert bars_played("", REPEAT, "", REPEAT) == "ababcdcd"


def test_a_repeat_may_be_taken_after_a_jump_as_well():
    again = '<barline location="right"><repeat direction="backward" after-jump="yes"/></barline>'
    assert bars_played("", again, words("D.C.")) == "ababcababc"


class TestSound:
    """What `<sound>` says of the order counts before words and signs."""

    def test_a_fine_by_sound(self):
        fine = words("(Fin)", sound('fine="yes"'))
        assert bars_played("", fine, "", words("al principio", sound('dacapo="yes"'))) == "abcdab"

    def test_a_fine_may_name_the_length_of_its_note(self):
        assert bars_played("", sound('fine="48"'), sound('dacapo="yes"')) == "abcab"

    def test_a_coda_by_sound(self):
        segno, to = words("%", sound('segno="A"')), words("o", sound('tocoda="X"'))
        coda = words("o", sound('coda="X"'))
        back = words("zum Zeichen", sound('dalsegno="A"'))
        assert bars_played("", (segno, ""), to, back, (coda, ""), "") == "abcdbcef"

    def test_labels_say_which_sign_is_meant(self):
        first, second = sound('segno="1"'), sound('segno="2"')
        assert bars_played((first, ""), (second, ""), sound('dalsegno="1"')) == "abcabc"
        assert bars_played((first, ""), (second, ""), sound('dalsegno="2"')) == "abcbc"

    def test_it_may_stand_in_the_measure_itself(self):
        assert bars_played("", sound('dacapo="yes"')) == "abab"

    def test_words_beside_it_may_break_over_lines(self):
        back = words("D.C.\nal Fine", sound('dacapo="yes"'))
        assert bars_played("", words("Fine"), back) == "abcab"

    def test_signs_beside_it_are_not_followed_twice(self):
        to = direction("<words>To</words>", "<coda/>", extra=sound('tocoda="c"'))
        coda = direction("<coda/>", extra=sound('coda="c"'))
        assert bars_played("", to, sound('dacapo="yes"'), (coda, "")) == "abcabd"

    def test_a_forward_repeat_without_a_sign(self):
        assert bars_played("", (sound('forward-repeat="yes"'), ""), REPEAT) == "abcbc"

    def test_a_jump_at_the_second_time_only(self):
        back = sound('dacapo="yes" time-only="2"')
        assert bars_played("", words("Fine"), back + REPEAT) == "abcabcab"

    def test_no_is_no(self):
        assert bars_played("", sound('dacapo="no"')) == "ab"


def test_signs_may_stand_in_barlines():
    segno = '<barline location="left"><segno/></barline>'
    coda = '<barline location="left" coda="c"><coda/></barline>'
    to = words("To Coda")
    assert bars_played("", (segno, ""), to, words("D.S. al Coda"), (coda, "")) == "abcdbce"


def test_a_sign_among_the_notes_belongs_to_its_bar():
    bars = [note("C4", 2) + SEGNO + note("D4", 2), note("E4", 4) + words("D.S.")]
    assert read(bars).pitch.tolist() == [60, 62, 64, 60, 62, 64]


def test_two_jumps_are_taken_one_after_the_other():
    bars = [Bar(signs={"Segno"}), Bar(signs={"ToCoda"}), Bar(jump="DalSegnoAlCoda"),
            Bar(signs={"Coda"}), Bar(signs={"Fine"}), Bar(jump="DaCapoAlFine")]  # fmt: skip
    assert playing_order(bars) == [0, 1, 2, 0, 1, 3, 4, 5, 0, 1, 2, 3, 4]


def test_after_a_da_capo_without_a_fine_the_piece_goes_on():
    assert playing_order([Bar(), Bar(jump="DaCapo"), Bar(plays=2)]) == [0, 1, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("text", "jump", "sign"),
    [
        ("D.C. al Fine", "DaCapoAlFine", ""),
        ("D. C.\nal fine", "DaCapoAlFine", ""),
        ("Menuetto da Capo", "DaCapo", ""),
        ("Von Anfang bis Fine", "DaCapoAlFine", ""),
        ("vom Zeichen", "DalSegno", ""),
        ("D.S. al \u2295", "DalSegnoAlCoda", ""),
        ("Dal Segno e poi la Coda", "DalSegnoAlCoda", ""),
        ("au début", "DaCapo", ""),
        ("du signe jusqu'à la fin", "DalSegnoAlFine", ""),
        ("desde el principio hasta el fin", "DaCapoAlFine", ""),
        ("zur Coda", "", "ToCoda"),
        ("à la Coda", "", "ToCoda"),
        ("(Fine)", "", "Fine"),
        ("Ende", "", "Fine"),
        ("Coda", "", "Coda"),
        ("Finale", "", ""),
        ("dolce", "", ""),
        ("con sordino", "", ""),
        ("con D.C. sordino", "", ""),
        ("da capo aria", "", ""),
        ("always from the beginning of the bow", "", ""),
        ("Men. D.C.", "DaCapo", ""),
        ("D.C. senza replica", "DaCapo", ""),
        ("Dal \U0001d10b al Fine", "DalSegnoAlFine", ""),
        ("zur\u00fcck zum Anfang", "DaCapo", ""),
        ("D.S. al Coda 2", "DalSegnoAlCoda", ""),
        ("2nd time to Coda", "", "ToCoda"),
        ("nach Coda", "", "ToCoda"),
        ("\U0001d10c", "", "Coda"),
        ("Coda 2", "", "Coda"),
        ("The End", "", "Fine"),
        ("Fine della 1a parte", "", "Fine"),
    ],
)
def test_jumps_in_the_languages_of_editors(text, jump, sign):
    assert sign_of_words(text) == (jump, sign)


def test_a_note_of_one_turn_sounds_at_that_turn():
    first = note("C4", 2).replace("<note>", '<note time-only="1">')
    second = note("D4", 2).replace("<note>", '<note time-only="2, 3">')
    table = read([first + second + REPEAT])
    assert quarters(table) == [(60, 0, 2), (62, 6, 2)]


def test_a_coda_is_left_for_once():
    bars = [Bar(), Bar(signs={"ToCoda"}), Bar(signs={"ToCoda"}), Bar(jump="DaCapoAlCoda"),
            Bar(signs={"Coda"}), Bar(jump="DaCapoAlCoda"), Bar(signs={"Coda"})]  # fmt: skip
    assert playing_order(bars) == [0, 1, 2, 3, 0, 1, 4, 5, 0, 1, 2, 6]


def test_a_repeat_sign_does_not_go_back_past_a_final_barline():
    assert bars_played("", FINAL, "", REPEAT) == "abcdcd"


def test_a_forward_repeat_that_does_not_say_where_begins_its_bar():
    opens = '<barline><repeat direction="forward"/></barline>'
    assert bars_played("", (opens, ""), REPEAT) == "abcbc"


@pytest.mark.parametrize(
    "sign",
    ["<symbol>segno</symbol>", '<other-direction smufl="segnoSerpent1">%</other-direction>'],
)
def test_signs_may_be_glyphs(sign):
    assert bars_played("", (direction(sign), ""), words("D.S.")) == "abcbc"


def test_a_bar_of_many_notes_that_is_played_too_often_is_refused():
    many = '<barline><repeat direction="backward" times="999"/></barline>'
    crowd = note("C4", 1 / 12) * 3000 + many
    with pytest.raises(ReadError, match="2,997,000 notes as played"):
        read([crowd] + [""] * 999)


def test_a_first_ending_lasts_up_to_its_repeat_sign():
    bars = [Bar(), Bar(endings=(1,)), Bar(plays=2), Bar(endings=(2,)), Bar()]
    assert playing_order(bars) == [0, 1, 2, 0, 3, 4]


def test_a_lone_first_ending_lasts_up_to_its_repeat_sign_too():
    assert playing_order([Bar(), Bar(endings=(1,)), Bar(plays=2), Bar()]) == [0, 1, 2, 0, 3]


def test_a_first_ending_ends_before_another_section():
    bars = [Bar(), Bar(endings=(1,)), Bar(opens=True), Bar(plays=2), Bar()]
    assert playing_order(bars)[1:] == [1, 2, 3, 2, 3, 4]


def test_a_second_ending_that_is_numbered_1_is_the_second():
    bars = [Bar(), Bar(endings=(1,), plays=2), Bar(endings=(1,)), Bar(endings=(1,)), Bar()]
    assert playing_order(bars) == [0, 1, 0, 2, 3, 4]
