"""MusicXML as it sounds: little scores written here, and a few real ones where they are at hand."""

import io
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from symbolic.notes import mxl
from symbolic.notes.musicxml import read_musicxml
from symbolic.notes.repeats import Bar, playing_order
from symbolic.notes.sounding import TICKS_PER_QUARTER
from symbolic.notes.streams import stream_notes
from symbolic.notes.table import ReadError

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
ATTRIBUTES = "<attributes><divisions>12</divisions><time><beats>4</beats><beat-type>4</beat-type>"
ATTRIBUTES += "</time></attributes>"
REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'
OPEN = '<barline location="left"><repeat direction="forward"/></barline>'


def note(pitch: str, quarters: float = 1, extra: str = "", before: str = "") -> str:
    """A note such as "C4", "Bb3" or "F#5"; `before` goes ahead of the pitch (chord, grace, cue)."""
    alter = {"b": "<alter>-1</alter>", "#": "<alter>1</alter>"}.get(pitch[1:-1], "")
    pitched = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    duration = "" if "<grace" in before else f"<duration>{round(12 * quarters)}</duration>"
    return f"<note>{before}{pitched}{duration}{extra}</note>"


def tie(*kinds: str) -> str:
    return "".join(f'<tie type="{kind}"/>' for kind in kinds)


def words(text: str) -> str:
    return f"<direction><direction-type><words>{text}</words></direction-type></direction>"


def dynamic(mark: str, extra: str = "") -> str:
    mark = f"<dynamics><{mark}/></dynamics>"
    return f"<direction><direction-type>{mark}</direction-type>{extra}</direction>"


def ending(number: int, kind: str, repeat: str = "") -> str:
    side = "left" if kind == "start" else "right"
    mark = f'<ending number="{number}" type="{kind}"/>'
    return f'<barline location="{side}">{mark}{repeat}</barline>'


def score(*parts: list[str], head: str = ATTRIBUTES, scoreparts: str = "") -> str:
    """A partwise score of parts, each a list of bars; `head` opens every part's first bar."""
    listed, bodies = "", ""
    for number, bars in enumerate(parts, 1):
        name = f'<score-part id="P{number}"><part-name>Part {number}</part-name></score-part>'
        listed += scoreparts or name
        measures = "".join(
            f'<measure number="{k}">{head if k == 1 else ""}{bar}</measure>'
            for k, bar in enumerate(bars, 1)
        )
        bodies += f'<part id="P{number}">{measures}</part>'
    prolog = f'<?xml version="1.0" encoding="UTF-8"?>{DOCTYPE}'
    return f"{prolog}<score-partwise><part-list>{listed}</part-list>{bodies}</score-partwise>"


def read(*parts: list[str], **options: str):
    return read_musicxml(score(*parts, **options).encode())


def quarters(table) -> list[tuple[int, float, float]]:
    """(pitch, onset, duration) of the notes, times in quarters."""
    ticks = (table.onset_ticks / TICKS_PER_QUARTER, table.duration_ticks / TICKS_PER_QUARTER)
    return list(zip(table.pitch.tolist(), *(t.round(4).tolist() for t in ticks), strict=True))


def bars_played(*marks: str) -> str:
    """Names of the bars as played: bar k holds the k-th note of a scale and the given marks."""
    scale = dict(zip((60, 62, 64, 65, 67), "abcde", strict=True))
    bars = [note(f"{step}4", 4) + mark for step, mark in zip("CDEFG", marks, strict=False)]
    return "".join(scale[pitch] for pitch in read(bars).pitch.tolist())


def mxl_bytes(files: dict[str, bytes], container: str | None = "score.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if container:
            rootfile = f'<container><rootfiles><rootfile full-path="{container}"/></rootfiles>'
            archive.writestr("META-INF/container.xml", rootfile + "</container>")
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


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


def test_a_repeat_brings_back_its_tempo_and_meter():
    waltz = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    table = read([note("C4", 4), OPEN + note("C4", 4), waltz + note("D4", 3) + REPEAT])
    assert (table.meter_ticks / TICKS_PER_QUARTER).tolist() == [0, 8, 11, 15]
    assert table.meter_numerator.tolist() == [4, 3, 4, 3]


def metronome(unit: str, number: int) -> str:
    mark = f"<metronome>{unit}<per-minute>{number}</per-minute></metronome>"
    return f"<direction><direction-type>{mark}</direction-type></direction>"


def test_a_tempo_change_slows_the_seconds():
    quarter = "<beat-unit>quarter</beat-unit>"
    table = read([metronome(quarter, 60) + note("C4", 4), metronome(quarter, 30) + note("D4", 4)])
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
    mark = metronome("<beat-unit>quarter</beat-unit>", 0).replace(">0<", ">circa 70<")
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_every_declared_encoding_is_read(encoding):
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = SCALE.replace("UTF-8", declared).replace("Part 1", "Flöte")
    assert len(read_musicxml(text.encode(encoding))) == 3


def test_a_timewise_score_reads_like_its_partwise_twin():
    part = SCALE.partition('<part id="P1">')[2].partition("</part>")[0]
    bar = part.replace('<measure number="1">', "").replace("</measure>", "")
    listed = SCALE.partition("<score-partwise>")[2].partition('<part id="P1">')[0]
    text = f'{listed}<measure number="1"><part id="P1">{bar}</part></measure>'
    text = f"<score-timewise>{text}</score-timewise>"
    assert quarters(read_musicxml(text.encode())) == quarters(read_musicxml(SCALE.encode()))


def test_a_zipped_score_reads_like_the_plain_one():
    files = {"notes.xml": b"<svg/>", "score.xml": SCALE.encode()}
    assert len(read_musicxml(mxl_bytes(files))) == 3


@pytest.mark.parametrize("container", [None, "missing.xml"])
def test_a_zipped_score_is_found_without_its_container(container):
    assert len(read_musicxml(mxl_bytes({"score.musicxml": SCALE.encode()}, container))) == 3


def test_mxl_bomb_is_refused_quickly():
    bomb = mxl_bytes({"score.xml": b" " * (mxl.MAX_EXPANDED + 1)})
    begun = time.perf_counter()
    with pytest.raises(ReadError, match="expands to more than 64 MiB"):
        read_musicxml(bomb)
    assert time.perf_counter() - begun < 1


def test_an_archive_that_understates_its_size_is_still_bounded(monkeypatch):
    monkeypatch.setattr(mxl, "MAX_EXPANDED", 1000)
    archive = mxl_bytes({"score.xml": b" " * 5000}, container=None)
    lying = archive.replace((5000).to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert lying != archive
    with pytest.raises(ReadError):
        read_musicxml(lying)


@pytest.mark.parametrize("name", ["score.xml", "META-INF/container.xml"])
def test_entity_bomb_is_refused(name):
    levels = "".join(f'<!ENTITY a{k + 1} "{f"&a{k};" * 10}">' for k in range(9))
    bomb = f'<!DOCTYPE s [<!ENTITY a0 "ha">{levels}]><score-partwise>&a9;</score-partwise>'
    with pytest.raises(ReadError, match=r"entities|no MusicXML file"):
        read_musicxml(mxl_bytes({name: bomb.encode()}, None))
    with pytest.raises(ReadError, match="entities"):
        read_musicxml(bomb.encode())


def test_external_entity_is_refused():
    text = '<!DOCTYPE s [<!ENTITY f SYSTEM "file:///etc/hostname">]><score-partwise>&f;'
    with pytest.raises(ReadError, match="entities"):
        read_musicxml(f"{text}</score-partwise>".encode("utf-16"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not XML"),
        (b"la la la", "not XML"),
        (SCALE.encode()[:-30], "not well-formed XML"),
        (b"<svg/>", "not a MusicXML score: root element is <svg>"),
        (b"PK\x03\x04 and then nothing", "broken .mxl"),
        (mxl_bytes({"readme.txt": b"hello"}, None), "holds no MusicXML"),
        (
            SCALE.replace("<octave>4", "<octave>four").encode(),
            "part P1, bar 1: <octave> is 'four', no number",
        ),
        (SCALE.replace("<beats>4", "<beats>300").encode(), "time signature of 300 beats"),
        (SCALE.replace("<duration>24", "<duration>1e300").encode(), "no sensible length"),
    ],
)
def test_what_is_no_score_is_refused_with_its_reason(data, reason):
    with pytest.raises(ReadError, match=reason) as error:
        read_musicxml(data)
    assert "\n" not in str(error.value)


def test_nothing_is_said_on_stderr(capfd):
    overfull = note("C4", 4.08) + note("D4", 0.33)
    read([overfull, '<direction><sound tempo="0"/></direction>' + note("C4", 4)])
    assert capfd.readouterr().err == ""


def test_musicxml_agrees_with_the_same_piece_as_midi():
    symusic = pytest.importorskip("symusic")
    chord = "<chord/>"
    bars = [
        metronome("<beat-unit>half</beat-unit>", 40) + note("C4", 1.5) + note("F#4", 0.5)
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


@pytest.fixture(scope="module")
def m21():
    import music21

    return music21


class TestStreams:
    """Streams built with music21 itself."""

    def test_a_flat_stream_and_a_measure_read_alike(self, m21):
        measure = m21.stream.Measure([m21.note.Note("C4"), m21.chord.Chord("E4 G4")])
        assert quarters(stream_notes(measure)) == [(60, 0, 1), (64, 1, 1), (67, 1, 1)]
        assert quarters(stream_notes(measure.flatten())) == quarters(stream_notes(measure))

    def test_an_empty_stream_is_an_empty_table(self, m21):
        assert len(stream_notes(m21.stream.Score())) == 0

    def test_reading_leaves_the_stream_as_it_is(self, m21):
        part = m21.stream.Part(
            [m21.instrument.Clarinet(), m21.note.Note("D4"), m21.note.Note("D4")]
        )
        part.atSoundingPitch = False
        ottava = m21.spanner.Ottava(part.notes[1], type="8va")
        part.insert(0, ottava)
        assert stream_notes(part).pitch.tolist() == [60, 72]
        assert stream_notes(part).pitch.tolist() == [60, 72]
        assert [one.pitch.midi for one in part.notes] == [62, 62]

    def test_a_tempo_beside_the_parts_counts(self, m21):
        part = m21.stream.Part([m21.note.Note("C4", quarterLength=4)])
        whole = m21.stream.Score([m21.tempo.MetronomeMark(number=60), part])
        assert stream_notes(whole).seconds == pytest.approx(4)

    def test_chord_symbols_do_not_sound(self, m21):
        part = m21.stream.Part([m21.harmony.ChordSymbol("C7"), m21.note.Note("C4")])
        assert stream_notes(part).pitch.tolist() == [60]

    def test_an_opus_is_refused(self, m21):
        with pytest.raises(ReadError, match="several scores"):
            stream_notes(m21.stream.Opus())


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
