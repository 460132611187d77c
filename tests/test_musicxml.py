"""MusicXML as it sounds: notes in time and pitch, in little scores and a few real ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from musicxml_scores import (
    ATTRIBUTES,
    CHORD,
    DOCTYPE,
    backup,
    bar_starts,
    direction,
    forward,
    meter,
    metronome,
    note,
    onsets,
    quarters,
    read,
    rest,
    score,
    score_part,
    tie,
    words,
)

from symbolic.notes.beats import metrical_edges
from symbolic.notes.musicxml.reader import read_musicxml
from symbolic.notes.table import ReadError
from symbolic.tokenizers import CPTokenizer

SCALE = score([note("C4") + note("D4") + note("E4", 2)])


def test_a_scale_reads_as_written():
    table = read_musicxml(SCALE.encode())
    assert quarters(table) == [(60, 0, 1), (62, 1, 1), (64, 2, 2)]
    assert table.seconds == pytest.approx(2.0)
    assert not table.has_dynamics
    assert set(table.velocity.tolist()) == {64}


def test_a_score_without_notes_is_an_empty_table():
    rest = "<note><rest/><duration>48</duration></note>"
    assert len(read([rest])) == 0


def test_triplets_fall_on_whole_ticks():
    triplet = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
    triplet = f"<type>eighth</type>{triplet}</time-modification>"
    table = read(["".join(note("C4", 1 / 3, triplet) for _ in range(3)) + note("D4", 3)])
    assert table.onset_ticks.tolist() == [0, 3360, 6720, 10080]


def test_tied_notes_sound_once():
    table = read([note("C4", 4, tie("start")), note("C4", 4, tie("stop", "start")),
                  note("C4", 1, tie("stop")) + note("C4", 3)])  # fmt: skip
    assert quarters(table) == [(60, 0, 9), (60, 9, 3)]


def test_only_the_tied_note_of_a_chord_is_held():
    chord = "<chord/>"
    first = note("C4", 4, tie("start")) + note("E4", 4, before=chord)
    second = note("C4", 4, tie("stop")) + note("E4", 4, before=chord)
    assert quarters(read([first, second])) == [(60, 0, 8), (64, 0, 4), (64, 4, 4)]


def test_a_tie_may_change_voice():
    first = note("C4", 4, tie("start") + "<voice>1</voice>")
    second = note("G4", 4, "<voice>1</voice>") + "<backup><duration>48</duration></backup>"
    second += note("C4", 4, tie("stop") + "<voice>2</voice>")
    assert quarters(read([first, second])) == [(60, 0, 8), (67, 4, 4)]


def test_two_voices_sound_together():
    upper = note("G4", 4, "<voice>1</voice>")
    lower = "<forward><duration>24</duration></forward>" + note("C4", 2, "<voice>2</voice>")
    table = read([f"{upper}<backup><duration>48</duration></backup>{lower}"])
    assert quarters(table) == [(67, 0, 4), (60, 2, 2)]


def test_two_parts_are_two_tracks():
    table = read([note("G4", 4)], [note("C3", 4)])
    assert sorted(zip(table.track.tolist(), table.pitch.tolist(), strict=True)) == [
        (0, 67),
        (1, 48),
    ]


def test_a_short_bar_in_one_part_does_not_shift_the_next():
    table = read([note("G4", 3), note("A4", 4)], [note("C3", 4), note("D3", 4)])
    assert [row for row in quarters(table) if row[1] == 4] == [(50, 4, 4), (69, 4, 4)]


def test_clarinet_in_b_flat_reads_at_sounding_pitch():
    transpose = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    head = ATTRIBUTES.replace("</attributes>", f"{transpose}</attributes>")
    assert read([note("D4", 4)], head=head).pitch.tolist() == [60]


def test_ottava_lines_are_already_in_the_pitch():
    shift = '<direction><direction-type><octave-shift type="{}"/></direction-type></direction>'
    bar = shift.format("down") + note("C6", 4) + shift.format("stop")
    assert read([bar, note("C5", 4)]).pitch.tolist() == [84, 72]


def test_grace_notes_sound_just_before_the_note_they_lean_on():
    grace = '<grace slash="yes"/>'
    graces = note("D4", 0, "<type>eighth</type>", grace) + note(
        "E4", 0, "<type>eighth</type>", grace
    )
    table = read([note("C4", 2) + graces + note("F4", 2)])
    assert quarters(table) == [(60, 0, 2), (62, 1.75, 0.125), (64, 1.875, 0.125), (65, 2, 2)]


def test_a_grace_note_that_opens_the_piece_is_kept():
    table = read([note("D4", 0, "<type>eighth</type>", "<grace/>") + note("C4", 4)])
    assert quarters(table) == [(60, 0, 4), (62, 0, 0.125)]


def test_percussion_is_flagged_as_drums():
    place = (
        "<unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched>"
    )
    table = read([f"<note>{place}<duration>48</duration></note>"], [note("C4", 4)])
    assert table.is_drum.tolist() == [False, True]
    assert len(table.pitched()) == 1


def test_pitches_midi_cannot_hold_are_left_out():
    assert read([note("C4", 2) + note("B9", 2)]).pitch.tolist() == [60]


def test_a_broken_harmony_element_does_not_cost_the_file():
    harmony = "<harmony><root><root-step>H</root-step></root><kind>nonsense</kind></harmony>"
    assert read([harmony + note("C4", 4)]).pitch.tolist() == [60]


def test_musicxml_agrees_with_the_same_piece_as_midi():
    symusic = pytest.importorskip("symusic")
    chord = "<chord/>"
    bars = [
        metronome("half", 40) + note("C4", 1.5) + note("F#4", 0.5)
        + note("G4", 2, tie("start")) + note("Bb3", 2, before=chord),
        note("G4", 1, tie("stop")) + note("E4", 3),
    ]  # fmt: skip
    ours = read(bars)
    midi = symusic.Score(480)
    midi.tempos.append(symusic.Tempo(0, 80))
    track = symusic.Track()
    for onset, duration, pitch in [(0, 720, 60), (720, 240, 66), (960, 960, 58), (960, 1440, 67),
                                   (2400, 1440, 64)]:  # fmt: skip
        track.notes.append(symusic.Note(onset, duration, pitch, 64))
    midi.tracks.append(track)
    notes = symusic.Score.from_midi(midi.dumps_midi()).to("second").tracks[0].notes.numpy()
    order = np.lexsort((notes["pitch"], notes["time"]))
    np.testing.assert_array_equal(ours.pitch, notes["pitch"][order])
    np.testing.assert_allclose(ours.onset, notes["time"][order], atol=1e-5)
    np.testing.assert_allclose(ours.duration, notes["duration"][order], atol=1e-5)


def test_real_scores_are_read():
    data = Path(os.environ.get("SYMBOLIC_DATA", Path(__file__).parents[2] / "shared" / "data"))
    folder = data / "key" / "when_in_rome"
    if not folder.is_dir():
        pytest.skip("the When in Rome scores are not at hand")
    files = sorted(folder.glob("*.mxl"), key=lambda file: file.stat().st_size)
    # the smallest files are blank pages
    for file in files[len(files) // 3 : len(files) // 2 : max(len(files) // 30, 1)]:
        table = read_musicxml(file.read_bytes())
        assert len(table) > 0, file.name
        assert (table.duration_ticks > 0).all(), file.name


def test_divisions_may_change_within_a_bar():
    finer = "<attributes><divisions>48</divisions></attributes>"
    table = read([note("C4", 2) + finer + note("D4", 4) + note("E4", 4), note("F4", 16)])
    assert quarters(table) == [(60, 0, 2), (62, 2, 1), (64, 3, 1), (65, 4, 4)]


def test_a_chord_goes_on_past_a_direction_and_a_chord_symbol():
    symbol = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    table = read([note("C4", 4) + words("dolce") + symbol + note("E4", 4, before=CHORD)])
    assert quarters(table) == [(60, 0, 4), (64, 0, 4)]


def test_notes_of_a_chord_may_differ_in_length():
    table = read([note("C4", 1) + note("E4", 3, before=CHORD) + note("G4", 3)])
    assert quarters(table) == [(60, 0, 1), (64, 0, 3), (67, 1, 3)]


def test_a_backup_stops_at_the_barline():
    table = read([note("C4", 2), note("D4", 4) + backup(9) + note("F4", 1)])
    assert quarters(table) == [(60, 0, 2), (62, 2, 4), (65, 2, 1)]


def test_a_forward_of_nothing_adds_nothing():
    table = read([note("C4", 2) + forward(0) + note("D4", 2) + "<forward/>", note("E4", 4)])
    assert onsets(table) == [0, 2, 4]


def test_a_voice_may_begin_late():
    table = read([note("C5", 3) + backup(3) + forward(1) + note("E4", 2), note("D5", 4)])
    assert quarters(table) == [(72, 0, 3), (64, 1, 2), (74, 3, 4)]


def test_a_note_without_a_duration_lasts_as_its_type_says():
    typed = "<note><pitch><step>D</step><octave>4</octave></pitch><type>half</type><dot/></note>"
    table = read([note("C4", 1) + typed, note("E4", 4)])
    assert quarters(table) == [(60, 0, 1), (62, 1, 3), (64, 4, 4)]


def test_a_tuplet_without_durations_is_played_in_time():
    times = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
    third = f"<type>half</type>{times}</time-modification>"
    third = f"<note><pitch><step>C</step><octave>4</octave></pitch>{third}</note>"
    assert onsets(read([3 * third, note("E4", 4)])) == [0, 1.3333, 2.6667, 4]


def test_pitch_decides_and_not_the_accidental():
    assert read([note("A4", 4, "<accidental>flat</accidental>")]).pitch.tolist() == [69]


def test_a_quarter_tone_is_played_as_the_natural():
    altered = [note("C4").replace("</step>", f"</step><alter>{alter}</alter>")
               for alter in ("0.5", "-0.5", "1.5", "-1.5")]  # fmt: skip
    assert read(["".join(altered)]).pitch.tolist() == [60, 60, 61, 59]


def test_cue_notes_take_their_time_and_do_not_sound():
    table = read([note("C4", 1) + note("G5", 2, before="<cue/>") + note("D4", 1)])
    assert quarters(table) == [(60, 0, 1), (62, 3, 1)]
    cues = note("G5", 0, before="<grace/><cue/>") + note("C4", 4)
    assert read([cues]).pitch.tolist() == [60]


def test_small_and_hidden_notes_sound():
    small = note("C4", 2, '<type size="cue">half</type>')
    hidden = note("D4", 2).replace("<note>", '<note print-object="no">')
    assert read([small + hidden]).pitch.tolist() == [60, 62]


def test_let_ring_joins_nothing():
    table = read([note("C4", 4, tie("let-ring")), note("C4", 4)])
    assert quarters(table) == [(60, 0, 4), (60, 4, 4)]


def tied(kind: str) -> str:
    return f'<notations><tied type="{kind}"/></notations>'


def test_a_tie_that_is_drawn_needs_no_other():
    table = read([note("C4", 4, tied("start")), note("C4", 2, tied("stop")) + note("C4", 2)])
    assert quarters(table) == [(60, 0, 6), (60, 6, 2)]


def test_a_drawn_tie_without_an_end_leads_to_the_next_note_of_its_voice():
    begun = tie("start") + "<voice>1</voice>" + tied("start")
    voice = ["<voice>1</voice>", "<voice>2</voice>"]
    bars = [note("C4", 4, begun), note("C4", 2, voice[0]) + note("C4", 2, voice[0])]
    assert quarters(read(bars)) == [(60, 0, 6), (60, 6, 2)]
    late = [note("C4", 2, begun) + rest(2), note("C4", 4, voice[0])]
    assert quarters(read(late)) == [(60, 0, 2), (60, 4, 4)]
    other = [note("C4", 4, begun), note("C4", 4, voice[1])]
    assert quarters(read(other)) == [(60, 0, 4), (60, 4, 4)]


def test_a_tie_that_nobody_sees_and_nothing_ends_is_a_slip():
    assert quarters(read([note("C4", 2, tie("start")) + note("C4", 2)])) == [(60, 0, 2), (60, 2, 2)]


def test_a_tied_note_across_a_repeat_is_struck_once_each_time():
    back = '<barline location="right"><repeat direction="backward"/></barline>'
    bars = [note("C4", 4, tie("start")), note("C4", 4, tie("stop")) + back]
    assert quarters(read(bars)) == [(60, 0, 8), (60, 8, 8)]


def test_a_grace_note_with_stolen_time_begins_with_its_note():
    grace = note("D4", 0, before='<grace steal-time-following="25"/>')
    main = note("C4", 2) + note("E4", 2, before=CHORD)
    table = read([grace + main + note("F4", 2)])
    assert quarters(table) == [(62, 0, 0.5), (60, 0.5, 1.5), (64, 0.5, 1.5), (65, 2, 2)]


def test_a_chord_of_grace_notes_is_one_grace_note():
    graces = note("D4", 0, before="<grace/>") + note("F4", 0, before="<grace/><chord/>")
    table = read([note("C4", 2) + graces + note("E4", 2)])
    assert quarters(table)[1:3] == [(62, 1.875, 0.125), (65, 1.875, 0.125)]


def test_grace_notes_at_the_end_of_a_bar_lean_on_the_barline():
    table = read([note("C4", 4) + note("D4", 0, before="<grace/>"), note("E4", 4)])
    assert quarters(table)[1:] == [(62, 3.875, 0.125), (64, 4, 4)]


class TestTransposition:
    def transpose(self, chromatic: int, extra: str = "", number: str = "") -> str:
        return f"<transpose{number}><chromatic>{chromatic}</chromatic>{extra}</transpose>"

    def test_it_may_change(self):
        horn = f"<attributes>{self.transpose(-7)}</attributes>"
        none = f"<attributes>{self.transpose(0)}</attributes>"
        table = read([note("C4", 4), horn + note("C4", 2) + none + note("C4", 2)])
        assert table.pitch.tolist() == [60, 53, 60]

    def test_it_may_reach_over_octaves(self):
        bass = self.transpose(-2, "<octave-change>-1</octave-change>")
        head = ATTRIBUTES.replace("</attributes>", f"{bass}</attributes>")
        assert read([note("C4", 4)], head=head).pitch.tolist() == [46]

    def test_it_may_double_at_the_octave(self):
        for double, pitches in (("<double/>", [48, 60]), ('<double above="yes"/>', [60, 72])):
            both = self.transpose(0, double)
            head = ATTRIBUTES.replace("</attributes>", f"{both}</attributes>")
            assert read([note("C4", 4)], head=head).pitch.tolist() == pitches

    def test_it_may_be_that_of_one_staff(self):
        lower = self.transpose(-12, number=' number="2"')
        head = ATTRIBUTES.replace("</attributes>", f"<staves>2</staves>{lower}</attributes>")
        bar = note("C4", 4, "<staff>1</staff>") + backup(4) + note("C4", 4, "<staff>2</staff>")
        table = read([bar], head=head)
        assert list(zip(table.track.tolist(), table.pitch.tolist(), strict=True)) == [
            (1, 48),
            (0, 60),
        ]


class TestBars:
    """A bar is as long as what is in it."""

    def test_an_upbeat(self):
        table = read([note("G4", 1), note("C5", 4), note("D5", 4), note("E5", 3)])
        assert onsets(table) == [0, 1, 5, 9]
        assert bar_starts(table) == [0, 1, 9]
        assert table.meter_numerator.tolist() == [1, 4, 3]
        assert (metrical_edges(table, "bar") * 2).tolist() == [0, 1, 5, 9, 12]
        assert (metrical_edges(table, "beat") * 2).tolist() == [*range(11)]

    def test_the_first_note_after_an_upbeat_begins_a_bar_of_tokens(self):
        upbeat = [note("G4", 1), note("C5", 2) + note("D5", 2), note("E5", 4)]
        ids = read_ids(*upbeat)
        assert ids[:, :2].tolist() == [[0, 0], [0, 0], [1, 8], [0, 0]]

    def test_a_whole_rest_in_an_upbeat_is_as_long_as_it_says(self):
        whole = rest(1, rest='<rest measure="yes"/>')
        table = read([note("G4", 1), note("C5", 4)], [whole, note("C3", 4)])
        assert quarters(table) == [(67, 0, 1), (48, 1, 4), (72, 1, 4)]

    def test_a_rest_of_a_whole_bar_makes_no_upbeat_longer(self):
        whole = rest(4, rest='<rest measure="yes"/>')
        text = score([note("G4", 1), note("C5", 4)], [whole, note("C3", 4)])
        upbeat = text.replace('<measure number="1">', '<measure number="1" implicit="yes">')
        assert onsets(read_musicxml(upbeat.encode())) == [0, 1, 1]
        assert onsets(read_musicxml(text.encode())) == [0, 4, 4]

    def test_a_bar_of_no_beats_that_a_signature_can_hold(self):
        table = read([note("C4", 4 / 3), note("D4", 4)])
        assert onsets(table) == [0, 1.3333]
        assert len(metrical_edges(table, "bar")) == 3

    def test_a_bar_that_a_repeat_sign_divides(self):
        back = '<barline location="right"><repeat direction="backward"/></barline>'
        table = read([note("C4", 3) + back, note("D4", 1), note("E4", 4)])
        assert onsets(table) == [0, 3, 6, 7]
        assert (metrical_edges(table, "bar") * 2).tolist() == [0, 3, 6, 7, 11]

    def test_a_bar_with_too_much_in_it(self):
        table = read([note("C4", 4), note("D4", 4.5), note("E4", 4)])
        assert onsets(table) == [0, 4, 8.5]
        assert (metrical_edges(table, "bar") * 2).tolist() == [0, 4, 8.5, 12.5]
        assert table.meter_numerator.tolist() == [4, 9, 4]
        assert table.meter_denominator.tolist() == [4, 8, 4]

    def test_an_empty_bar_is_as_long_as_its_meter(self):
        assert onsets(read([note("C4", 4), "", meter(3, 4), note("D4", 3)])) == [0, 11]

    def test_a_bar_without_a_meter(self):
        free = "<attributes><time><senza-misura/></time></attributes>"
        table = read([free + note("C4", 4) + note("D4", 3), note("E4", 4)])
        assert onsets(table) == [0, 4, 7]
        assert (metrical_edges(table, "bar") * 2).tolist() == [0, 7, 11]

    @pytest.mark.parametrize(
        ("time", "numbers"),
        [
            ("<beats>3+2</beats><beat-type>8</beat-type>", (5, 8)),
            ("<beats>1</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type>",
             (5, 8)),
            ("<beats>3</beats><beat-type>4</beat-type><interchangeable><time-relation>space"
             "</time-relation><beats>6</beats><beat-type>8</beat-type></interchangeable>", (3, 4)),
        ],
    )  # fmt: skip
    def test_meters_of_several_numbers(self, time, numbers):
        head = f"<attributes><divisions>12</divisions><time>{time}</time></attributes>"
        table = read([note("C4", 4 * numbers[0] / numbers[1])], head=head)
        assert (table.meter_numerator[0], table.meter_denominator[0]) == numbers

    def test_a_mark_beyond_the_barline_moves_no_barline(self):
        late = direction("<words>rit.</words>", extra="<offset>60</offset>")
        table = read([note("C4", 4) + late, note("D4", 4)], [note("C3", 4), note("D3", 4)])
        assert onsets(table) == [0, 0, 4, 4]

    def test_voices_of_rounded_tuplets_keep_the_bar(self):
        head = ATTRIBUTES.replace(">12<", ">24<")
        rounded = f"<note>{note('C4')[6:].replace('>12<', '>95<')}<forward><duration>1</duration>"
        second = backup(8) + note("C3", 8)
        table = read([f"{rounded}</forward>{second}", note("E4", 8)], head=head)
        assert onsets(table) == [0, 0, 4]


def read_ids(*bars: str) -> np.ndarray:
    """Bar (0: new) and position of each note, as compound words have them."""
    ids = CPTokenizer().ids(score([*bars]).encode())
    return ids - 2  # PAD and MASK come first


class TestMeasureRepeats:
    def style(self, kind: str, bars: int | str = "") -> str:
        sign = f'<measure-repeat type="{kind}">{bars}</measure-repeat>'
        return f"<attributes><measure-style>{sign}</measure-style></attributes>"

    def test_bars_that_stand_for_the_bar_before(self):
        table = read([note("C4", 4), self.style("start", 1) + rest(4), rest(4),
                      self.style("stop") + note("D4", 4)])  # fmt: skip
        assert quarters(table) == [(60, 0, 4), (60, 4, 4), (60, 8, 4), (62, 12, 4)]

    def test_two_bars_that_stand_for_two(self):
        table = read([note("C4", 4), note("D4", 4), self.style("start", 2) + rest(4), rest(4)])
        assert table.pitch.tolist() == [60, 62, 60, 62]

    def test_a_sign_without_an_end_ends_with_the_next_notes(self):
        table = read([note("C4", 4), self.style("start", 1) + rest(4), note("D4", 4), rest(4)])
        assert quarters(table) == [(60, 0, 4), (60, 4, 4), (62, 8, 4)]

    def test_one_staff_may_repeat_while_the_other_goes_on(self):
        sign = self.style("start", 1).replace("<measure-style>", '<measure-style number="2">')
        staves = ["<staff>1</staff>", "<staff>2</staff>"]
        first = note("C5", 4, staves[0]) + backup(4) + note("C3", 4, staves[1])
        second = sign + note("D5", 4, staves[0]) + backup(4) + rest(4, staves[1])
        table = read([first, second])
        assert quarters(table) == [(48, 0, 4), (72, 0, 4), (48, 4, 4), (74, 4, 4)]

    def test_bars_that_would_be_repeated_without_end_are_refused(self):
        crowd = note("C4", 1 / 12) * 3000
        with pytest.raises(ReadError, match="repeating bars"):
            read([crowd, self.style("start", 1), *([""] * 999)])

    def test_notes_that_are_written_as_well_sound_once(self):
        assert read([note("C4", 4), self.style("start", 1) + note("C4", 4)]).pitch.tolist() == [
            60,
            60,
        ]


class TestPercussion:
    PLACE = (
        "<unpitched><display-step>F</display-step><display-octave>4</display-octave></unpitched>"
    )

    def instrument(self, name: str, channel: int, unpitched: int = 0) -> tuple[str, str]:
        key = f"<midi-unpitched>{unpitched}</midi-unpitched>" if unpitched else ""
        return (
            f'<score-instrument id="{name}"><instrument-name>{name}</instrument-name>'
            "</score-instrument>",
            f'<midi-instrument id="{name}"><midi-channel>{channel}</midi-channel>{key}'
            "</midi-instrument>",
        )

    def part(self, *instruments: tuple[str, str]) -> str:
        firsts, seconds = zip(*instruments, strict=True)
        return score_part(1, "".join(firsts + seconds))

    def hit(self, instrument: str = "", quarters: float = 2) -> str:
        name = f'<instrument id="{instrument}"/>' if instrument else ""
        return f"<note>{self.PLACE}<duration>{12 * quarters}</duration>{name}</note>"

    def test_its_pitch_is_the_key_of_its_instrument(self):
        kit = self.part(self.instrument("kick", 10, 37), self.instrument("snare", 10, 39))
        table = read([self.hit("kick") + self.hit("snare")], scoreparts=kit)
        assert table.pitch.tolist() == [36, 38]
        assert table.is_drum.all()

    def test_without_a_key_it_is_the_place_on_the_staff(self):
        assert read([self.hit(quarters=4)]).pitch.tolist() == [65]

    def test_of_two_instruments_in_a_part_the_note_says_which(self):
        both = self.part(self.instrument("kick", 10, 37), self.instrument("piano", 1))
        piano = note("C4", 2, '<instrument id="piano"/>')
        table = read([self.hit("kick") + piano], scoreparts=both)
        assert table.is_drum.tolist() == [True, False]
        assert table.pitch.tolist() == [36, 60]

    def test_pitched_notes_on_the_channel_of_drums_are_drums(self):
        table = read([note("C2", 4)], scoreparts=self.part(self.instrument("kit", 10)))
        assert table.is_drum.tolist() == [True]

    def test_it_is_not_transposed(self):
        head = "<transpose><chromatic>-2</chromatic></transpose></attributes>"
        head = ATTRIBUTES.replace("</attributes>", head)
        assert read([self.hit(quarters=4)], head=head).pitch.tolist() == [65]


def test_ornaments_and_tremolos_are_the_written_note():
    marks = ("<ornaments><tremolo type='single'>3</tremolo></ornaments>",
             "<ornaments><trill-mark/></ornaments>", "<articulations><staccato/></articulations>",
             "<fermata/>", "<arpeggiate/>")  # fmt: skip
    plain = quarters(read([note("C4", 2) + note("E4", 2)]))
    for mark in marks:
        marked = note("C4", 2, f"<notations>{mark}</notations>") + note("E4", 2)
        assert quarters(read([marked])) == plain


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        (note("C4").replace("<step>C", "<step>H"), "part P1, bar 2: <step> is 'H', no note name"),
        (note("C4").replace(">12<", ">twelve<"), "bar 2: <duration> is 'twelve', no number"),
        (note("C4").replace(">12<", ">1e999<"), "invalid length"),
        ("<attributes><divisions>0</divisions></attributes>", "bar 2: 0 divisions of a quarter"),
        ("<attributes><transpose><chromatic>nan</chromatic></transpose></attributes>", "chromatic"),
        (note("C4").replace("<step>C", "<step>C</step><alter>1e9</alter><step>C"), "alter"),
        (direction("<words>x</words>", extra="<offset>x</offset>"), "<offset> is 'x', no number"),
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_with_its_place(bar, reason):
    with pytest.raises(ReadError, match=reason):
        read([note("C4", 4), bar])


def test_a_score_may_be_written_with_prefixes_comments_and_space_in_tags():
    plain = quarters(read_musicxml(SCALE.encode()))
    body = SCALE.partition(DOCTYPE)[2]
    prefixed = body.replace("</", "@").replace("<", "<m:").replace("@", "</m:")
    prefixed = prefixed.replace("<m:score-partwise", '<m:score-partwise xmlns:m="music"', 1)
    spaced = body.replace(">", " >").replace("<note >", '<note default-x="3"\n>')
    noted = body.replace("<duration>", "<!-- <note> --><duration><?x <note>?>")
    quoted = body.replace("<step>C", "<step><![CDATA[C]]>")
    for text in (prefixed, spaced, noted, quoted):
        assert text != body
        assert quarters(read_musicxml(text.encode())) == plain


def test_letters_that_the_dtd_of_musicxml_names_are_read():
    text = score([words("tr&egrave;s vite &amp; vif") + note("C4", 4)])
    assert read_musicxml(text.encode()).tempo.tolist() == [144]


def test_a_value_may_hold_what_ends_a_tag():
    text = score([note("C4", 4)]).replace(
        '<measure number="1">', '<measure text="a/>b" number="1">'
    )
    assert quarters(read_musicxml(text.encode())) == [(60, 0, 4)]


def test_a_part_of_a_timewise_score_may_miss_bars():
    parts = ['<part id="P1">{}</part>', '<part id="P2">{}</part>']
    bars = [
        parts[0].format(ATTRIBUTES + note("C4", 4)) + parts[1].format(ATTRIBUTES + note("C3", 4)),
        parts[0].format(note("D4", 4)),
        parts[0].format(note("E4", 4)) + parts[1].format(note("E3", 4)),
    ]
    measures = "".join(f'<measure number="{k}">{bar}</measure>' for k, bar in enumerate(bars, 1))
    listed = f"<part-list>{score_part(1)}{score_part(2)}</part-list>"
    table = read_musicxml(f"<score-timewise>{listed}{measures}</score-timewise>".encode())
    assert [row[1] for row in quarters(table) if row[0] == 52] == [8]


def test_attributes_of_other_namespaces_do_no_harm():
    linked = words("dolce").replace("<words", '<words xlink:href="x"')
    text = score([linked + note("C4", 4)])
    text = text.replace("<score-partwise", '<score-partwise xmlns:xlink="links"')
    assert quarters(read_musicxml(text.encode())) == [(60, 0, 4)]


def test_words_in_a_comment_or_a_title_change_nothing():
    title = "<work><work-title>&lt;note&gt; &amp; D.C. al Fine</work-title></work>"
    text = SCALE.replace("<part-list>", f"{title}<part-list>")
    assert quarters(read_musicxml(text.encode())) == quarters(read_musicxml(SCALE.encode()))
