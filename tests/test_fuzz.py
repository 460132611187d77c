"""Whatever bytes come in, they are heard or refused: no other error, no hang, no lost process."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from fuzzing.mutations import mutant
from fuzzing.run import fuzz, judged
from limits import lines_run

from symbolic.features import FEATURE_NAMES
from symbolic.notes import ReadError, note_table, read_notes
from symbolic.notes.playback.repeats import Bar, playing_order
from symbolic.scoring.notes import NotePreparation
from symbolic.tokenizers import CPTokenizer

MOST_LINES = 200_000  # of Python, for a small file; of one that grew, many
MANY_LINES = 5_000_000
BAR = "<attributes><divisions>4</divisions><key><fifths>{key}</fifths></key><time><beats>{beats}"
BAR += "</beats><beat-type>4</beat-type></time></attributes>"
SCORE = """<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Piano</part-name>
</score-part></part-list><part id="P1">{bars}</part></score-partwise>"""
DYNAMIC = "<direction><direction-type><dynamics><f/></dynamics></direction-type>{more}</direction>"


def note(step: str, octave: int = 4, sixteenths: int = 4, more: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{sixteenths}</duration><voice>1</voice>{more}</note>"


def score(*bars: str, beats: str = "4", key: str = "0") -> bytes:
    """A score of bars, the first with a key and a time signature."""
    first = BAR.format(beats=beats, key=key)
    written = (f'<measure number="{k}">{bar}</measure>' for k, bar in enumerate(bars, 1))
    return SCORE.format(bars="".join(written).replace('"1">', f'"1">{first}', 1)).encode()


@pytest.fixture(scope="module")
def midi_files(midi_bytes, tune):
    """Small files: a tune, two hands with drums, changes of tempo and meter, one note."""
    left = [(onset, 480, 40 + onset // 480 % 12, 50) for onset in range(0, 3840, 480)]
    drums = [(onset, 120, 36, 100) for onset in range(0, 3840, 240)]
    return [
        midi_bytes(tune(24), tempos=[(0, 120)], meters=[(0, 4, 4)]),
        midi_bytes(tune(16, velocity=30), left, drums, drums=[2], tempos=[(0, 90)]),
        midi_bytes(
            tune(60, tonic=50, step=90),
            left,
            tempos=[(0, 100), (700, 61.7), (2000, 180)],
            meters=[(0, 3, 4), (1440, 6, 8)],
            ticks_per_quarter=96,
        ),
        midi_bytes([(0, 480, 60, 80)]),
    ]


@pytest.fixture(scope="module")
def scores():
    """Small scores: a scale, two voices with ties and chords, repeats with endings and jumps."""
    chord = note("E").replace("<note>", "<note><chord/>")
    tied = note("G", more='<tie type="start"/>'), note("G", more='<tie type="stop"/>')
    second = "<backup><duration>8</duration></backup>" + note("C", 3, 8)
    ending = '<barline location="{}"><ending number="{}" type="{}"/>{}</barline>'
    back = '<repeat direction="backward"/>'
    return [
        score("".join(note(step) for step in "CDEF"), "".join(note(step) for step in "GABC")),
        score(
            DYNAMIC.format(more='<sound tempo="100"/>') + note("C") + chord + tied[0] + second,
            tied[1] + note("A", more="<type>quarter</type>") + DYNAMIC.format(more=""),
            beats="2",
        ),
        score(
            '<barline location="left"><repeat direction="forward"/></barline>' + note("C", 5, 8),
            ending.format("left", 1, "start", "")
            + note("D", 5, 8)
            + ending.format("right", 1, "stop", back),
            ending.format("left", 2, "start", "")
            + note("E", 5, 8)
            + ending.format("right", 2, "stop", "")
            + '<direction><sound dacapo="yes"/></direction>',
            beats="2",
            key="-3",
        ),
    ]


def assert_unbroken(tally, count: int, least: float, most: float):
    """One answer to each input, none of them broken, a sensible part of them heard."""
    assert not tally.broken, tally.broken
    assert tally.outcomes.total() == count
    assert least * count < tally.outcomes["scored"] < most * count


@pytest.mark.parametrize(
    ("count", "seed"), [(500, 1), pytest.param(5000, 0, marks=pytest.mark.slow)]
)
def test_damaged_midi_is_heard_or_refused(count, seed, midi_files):
    tally = fuzz(midi_files, count, seed, CPTokenizer(), workers=2, most_lines=MANY_LINES)
    assert_unbroken(tally, count, 0.3, 0.9)


def test_damaged_scores_are_heard_or_refused(scores):
    tally = fuzz(scores, 400, 0, CPTokenizer(), workers=2, most_lines=MANY_LINES)
    assert_unbroken(tally, 400, 0.1, 0.7)


def test_undamaged_files_are_heard(midi_files, scores):
    verdicts = judged(midi_files + scores, CPTokenizer())
    assert {verdict.outcome for verdict in verdicts} == {"scored"}


def test_the_damage_is_the_same_for_a_seed(midi_files, scores):
    for bases in midi_files, scores:
        first = [mutant(bases, 7, number) for number in range(100)]
        assert first == [mutant(bases, 7, number) for number in range(100)]
        other = [mutant(bases, 8, number) for number in range(100)]
        assert sum(a == b for a, b in zip(first, other, strict=True)) < 20


def refusal(data: bytes) -> str:
    """The reason for which bytes are refused, with little work and in one short line."""
    prepare = NotePreparation.of(CPTokenizer(), FEATURE_NAMES, True)
    with pytest.raises(ReadError) as caught:
        lines_run(prepare, [data], most=MOST_LINES)
    reason = caught.value.reason
    assert reason.isprintable()
    assert 0 < len(reason) <= 300
    return reason


@pytest.mark.parametrize("number", ["1-3000000000", "2,1-30000000", "9999"])
def test_an_ending_of_a_billion_numbers_is_refused(number):
    bracket = f'<barline location="left"><ending number="{number}" type="start"/></barline>'
    assert "an ending numbered" in refusal(score(bracket + note("C")))


@pytest.mark.parametrize(
    "beats",
    [
        "+".join(["1"] * 3000),
        "99+99",
        "</beats><beat-type>8</beat-type><beats>".join(map(str, range(1, 90))),
        "1\n4000",
    ],
    ids=["three thousand terms", "two large terms", "many fractions", "two lines"],
)
def test_a_bar_of_more_than_a_hundred_beats_is_refused(beats):
    assert "a time signature of" in refusal(score(note("C"), beats=beats))


def test_a_beat_shorter_than_all_notes_is_refused():
    beats = f"4</beats><beat-type>{10**40}</beat-type><beats>3"
    assert "a time signature of beats of 1/1000" in refusal(score(note("C"), beats=beats))


@pytest.mark.parametrize("fifths", ["1" * 40, "-999999999", "300"])
def test_a_key_of_a_hundred_sharps_is_passed_over(fifths):
    key = f"{fifths}</fifths><mode>major</mode><fifths>0"
    assert read_notes(score(note("F"), key=key)).pitch.tolist() == [65]


@pytest.mark.parametrize("offset", ["-1e30", "1e30", "-99999999999"])
def test_a_mark_far_from_its_bar_is_refused(offset):
    far = f'<offset>{offset}</offset><sound tempo="100"/>'
    assert "out of range" in refusal(score(DYNAMIC.format(more=far) + note("C")))


def test_a_note_of_negative_length_has_none():
    table = read_notes(score(note("C") + note("D", sixteenths=-7) + note("E")))
    assert len(table) == 3
    assert (table.duration_ticks >= 0).all()
    prepare = NotePreparation.of(CPTokenizer(), FEATURE_NAMES, True)
    (heard,) = prepare([score(note("C") + note("D", sixteenths=-800))])
    assert np.isfinite(heard.features).all()


SLUR = '<notations><slur type="start"/></notations>'
START, STOP = (
    note("C", more=f'<tie type="{kind}"/>').replace("<note>", "<note><chord/>")
    for kind in ("start", "stop")
)


@pytest.mark.parametrize(
    "bar",
    [
        lambda n: note("C", more=SLUR) * n,
        lambda n: note("C") + START * 2 * n,
        lambda n: note("C") + START * n + note("C") + STOP * n,
    ],
    ids=["slurs that nothing ends", "ties that nothing ends", "ties that end at once"],
)
def test_what_is_written_thousands_of_times_is_read_in_linear_work(bar):
    few, many = (lines_run(read_notes, score(bar(n))) for n in (1000, 8000))
    assert many < 1.1 * 8 * few
    assert len(read_notes(score(bar(8000)))) > 8000 - 1


def test_a_score_of_thousands_of_bars_is_put_in_order_in_linear_work():
    def order(n):
        bars = [Bar() for _ in range(n)]
        bars[-1].jump = "DalSegno"
        return playing_order(bars)

    assert order(50_000) == list(range(50_000))
    assert lines_run(order, 20_000) < 1.1 * 10 * lines_run(order, 2000)


LONG = b"x" * 500_000


def test_half_a_megabyte_of_default_attributes_is_refused():
    root = b"<score-partwise>%s</score-partwise>" % (b"<a/>" * 8000)
    assert "declares attributes" in refusal(
        b'<!DOCTYPE x [<!ATTLIST a b CDATA "%s">]>' % LONG + root
    )


@pytest.mark.parametrize("parent", ["score-partwise", "direction"])
def test_half_a_megabyte_of_a_namespace_is_not_repeated_for_each_element(parent):
    others = "".join(f"<q:a{k}/>" for k in range(8000))
    data = score(f"<direction>{others}</direction>" + note("C"))
    declared = b'<%b xmlns:q="%s"' % (parent.encode(), LONG)
    data = data.replace(b"<" + parent.encode(), declared, 1)
    tracemalloc.start()
    try:
        assert len(read_notes(data)) == 1
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20  # of 4 GB that it would be
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("tempo", ["1e308", "1e-300", "4e-324"])
def test_a_tempo_that_no_clock_holds_is_no_tempo(tempo, recwarn):
    table = read_notes(score(DYNAMIC.format(more=f'<sound tempo="{tempo}"/>') + note("C")))
    assert table.tempo.tolist() == [120]
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_seconds_that_are_no_number_are_refused():
    with np.errstate(all="ignore"):
        table = note_table([0], [480], [60], [64], tempos=([0], [1e-310]))
    with pytest.raises(ReadError, match="damaged"):
        read_notes(table)


def archive(*names: str) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name in names:
            opened.writestr(name, score(note("C")))
    return bytearray(buffer.getvalue())


def test_an_archive_that_points_beyond_all_numbers_is_refused():
    data = archive("score.xml")
    entry, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    large = struct.pack("<HHQ", 1, 8, 2**64 - 1)  # the offset of the score, in 64 bits
    listed, closing = data[entry:end] + large, data[end:]
    struct.pack_into("<H", listed, 30, len(large))
    struct.pack_into("<L", listed, 42, 2**32 - 1)
    struct.pack_into("<L", closing, 12, len(listed))
    assert "broken .mxl archive" in refusal(bytes(data[:entry] + listed + closing))


def test_a_reason_is_one_short_line_whatever_it_quotes():
    assert "not a MusicXML score" in refusal(b"<" + b"a" * 100_000 + b"/>")
    renamed = archive("score.xml")
    struct.pack_into("<H", renamed, 26, 900)  # the name, by its length, goes on into the score
    assert "broken .mxl archive" in refusal(bytes(renamed))
    assert "no note name" in refusal(score(note("C\u00ad\u2028\u200b")))
    reason = ReadError("one\r\n\ttwo\x1b[31m \ud800" + "x" * 1000).reason
    assert reason.startswith("one two?[31m ?xxx")
    assert reason.endswith("xxx...")
    assert len(reason.encode()) == 300
