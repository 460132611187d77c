import io
import struct

import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from symbolic.notes import ReadError, note_table, read_notes, ticks_to_seconds
from symbolic.notes.table import NOTE_COLUMNS

NOTES = [(0, 480, 60, 80), (480, 240, 64, 90), (720, 960, 67, 70), (1920, 480, 72, 100)]
TEMPOS = [(0, 90), (600, 140), (1500, 61.7)]


def assert_same(one, other):
    assert len(one) == len(other)
    for name in NOTE_COLUMNS:
        assert np.allclose(getattr(one, name), getattr(other, name), atol=1e-6), name


def pretty_rows(source):
    """Pitch, onset, end and velocity of every note, as pretty_midi reads them."""
    music = pretty_midi.PrettyMIDI(source)
    return np.array(
        sorted(
            (note.pitch, note.start, note.end, note.velocity)
            for instrument in music.instruments
            for note in instrument.notes
        )
    )


def table_rows(table):
    return np.array(
        sorted(
            zip(table.pitch, table.onset, table.onset + table.duration, table.velocity, strict=True)
        )
    )


def test_seconds_follow_tempo_changes_as_pretty_midi_reads_them(midi_bytes):
    data = midi_bytes(NOTES, tempos=TEMPOS)
    assert np.allclose(table_rows(read_notes(data)), pretty_rows(io.BytesIO(data)), atol=1e-6)


def test_a_quarter_at_120_lasts_half_a_second(midi_bytes):
    table = read_notes(midi_bytes([(480, 480, 60, 80)], tempos=[(0, 120)]))
    assert (table.onset[0], table.duration[0]) == pytest.approx((0.5, 0.5))


def test_a_note_across_a_tempo_change_lasts_partly_in_each(midi_bytes):
    table = read_notes(midi_bytes([(0, 960, 60, 80)], tempos=[(0, 60), (480, 120)]))
    assert table.duration[0] == pytest.approx(1.5)


def test_before_the_first_tempo_the_music_runs_at_120(raw_midi):
    late_tempo = b"\x83\x60\xff\x51\x03\x0f\x42\x40"  # 60 per minute, after a quarter
    data = raw_midi(late_tempo, b"\x00\x90\x3c\x50", b"\x83\x60\x80\x3c\x00")
    table = read_notes(data)
    assert (table.onset[0], table.duration[0]) == pytest.approx((0.5, 1.0))


def test_of_several_tempos_at_one_tick_the_last_counts(raw_midi):
    slow, fast = b"\x00\xff\x51\x03\x0f\x42\x40", b"\x00\xff\x51\x03\x03\xd0\x90"  # 60, 240
    for events, seconds in (((slow, fast), 0.25), ((fast, slow), 1.0)):
        table = read_notes(raw_midi(*events, b"\x00\x90\x3c\x50", b"\x83\x60\x80\x3c\x00"))
        assert table.duration[0] == pytest.approx(seconds)
        assert table.tempo.tolist() == pytest.approx([120 * 0.5 / seconds])


def test_bytes_path_score_pretty_midi_and_table_are_one_piece(midi_score, tmp_path):
    score = midi_score(NOTES, [(0, 960, 40, 50)], tempos=TEMPOS, meters=[(0, 3, 4)])
    data = score.dumps_midi()
    path = tmp_path / "piece.mid"
    path.write_bytes(data)
    table = read_notes(data)
    for source in (path, str(path), bytearray(data), memoryview(data), score, table):
        assert_same(read_notes(source), table)
    other = read_notes(pretty_midi.PrettyMIDI(str(path)))
    assert np.allclose(table_rows(other), table_rows(table), atol=1e-4)


@pytest.mark.parametrize("unit", ["tick", "quarter", "second"])
def test_a_score_in_any_unit_is_the_same_piece(unit, midi_score):
    score = midi_score(NOTES, tempos=TEMPOS, meters=[(0, 3, 4), (1440, 4, 4)])
    table, other = read_notes(score), read_notes(score.to(unit))
    assert np.allclose(other.onset, table.onset, atol=2e-3)
    assert np.allclose(other.duration, table.duration, atol=4e-3)
    assert np.allclose(other.onset_ticks, table.onset_ticks, atol=1)
    assert list(other.meter_numerator) == [3, 4]
    assert list(other.pitch) == list(table.pitch)


def test_a_checked_table_is_the_table_itself():
    table = note_table([0], [10], [60], [64])
    assert read_notes(table) is table


@pytest.mark.parametrize("name", ["A.MID", "b.Midi", "c.kar", "d.KAR"])
def test_the_suffix_may_be_written_in_any_case(name, write_midi, tmp_path):
    assert len(read_notes(write_midi(tmp_path / name, NOTES))) == 4


@pytest.mark.parametrize("before", [b"", b"LIST\x05\x00\x00\x00abcde\x00"])
def test_midi_wrapped_in_riff_is_the_midi_inside(before, midi_bytes, tmp_path):
    data = midi_bytes(NOTES, tempos=TEMPOS)
    chunks = before + b"data" + struct.pack("<I", len(data)) + data
    path = tmp_path / "piece.RMI"
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"RMID" + chunks)
    assert_same(read_notes(path), read_notes(data))


@pytest.mark.parametrize("name", ["piece.xml", "piece.mxl", "piece.txt", "piece"])
def test_content_not_the_name_says_what_a_file_is(name, write_midi, tmp_path):
    assert len(read_notes(write_midi(tmp_path / name, NOTES))) == 4


def test_drums_are_flagged_and_left_out_of_the_pitched_notes(midi_bytes):
    table = read_notes(midi_bytes(NOTES, [(0, 240, 36, 110), (960, 240, 38, 110)], drums=[1]))
    assert list(table.pitch[table.is_drum]) == [36, 38]
    pitched = table.pitched()
    assert list(pitched.pitch) == [60, 64, 67, 72]
    assert pitched.pitched() is pitched


def test_tracks_are_merged_in_order_of_onset_then_pitch(midi_bytes):
    right, left = [(480, 480, 72, 80), (0, 480, 76, 80)], [(0, 960, 48, 60), (480, 480, 52, 60)]
    table = read_notes(midi_bytes(right, left))
    assert list(table.pitch) == [48, 76, 52, 72]
    assert list(table.track) == [1, 0, 1, 0]


def test_two_hands_on_one_key_stay_two_notes(midi_bytes):
    table = read_notes(midi_bytes([(0, 480, 60, 80)], [(0, 960, 60, 60)]))
    assert list(table.track) == [0, 1]
    assert list(table.duration_ticks) == [480, 960]


def test_one_velocity_throughout_is_no_dynamics(midi_bytes):
    plain = [(onset, length, pitch, 100) for onset, length, pitch, _ in NOTES]
    assert not read_notes(midi_bytes(plain)).has_dynamics
    assert read_notes(midi_bytes(NOTES)).has_dynamics


def test_data_bytes_above_127_are_clamped(raw_midi):
    loud = raw_midi(b"\x00\x90\x3c\x50", b"\x60\x3c\xc8", b"\x60\x80\x3c\x00", b"\x00\x80\x3c\x00")
    assert set(read_notes(loud).velocity) == {80, 127}


def test_running_status_and_note_on_with_velocity_0_are_read(raw_midi):
    table = read_notes(raw_midi(b"\x00\x90\x3c\x50", b"\x60\x3c\x00", b"\x00\x40\x50\x60\x40\x00"))
    assert list(table.pitch) == [60, 64]
    assert list(table.duration_ticks) == [96, 96]


def test_meters_are_kept_and_default_to_common_time(midi_bytes):
    waltz = read_notes(midi_bytes(NOTES, meters=[(0, 3, 4), (1440, 6, 8)]))
    assert list(waltz.meter_ticks) == [0, 1440]
    assert list(waltz.meter_numerator) == [3, 6]
    assert list(waltz.meter_denominator) == [4, 8]
    plain = read_notes(midi_bytes(NOTES))
    assert (plain.meter_numerator[0], plain.meter_denominator[0]) == (4, 4)


def test_the_piece_lasts_to_the_end_of_its_last_sounding_note():
    held = note_table([0, 480], [4800, 480], [40, 60], [64, 64])
    assert held.seconds == pytest.approx(5.0)
    assert held.select(slice(0, 0)).seconds == 0.0


@pytest.mark.parametrize("source", [None, 3, 2.5, ["a.mid"], object(), np.zeros(3)])
def test_other_objects_are_a_type_error_not_a_bad_file(source):
    with pytest.raises(TypeError, match="expected a path"):
        read_notes(source)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_a_table_is_sorted_and_has_columns_of_its_own(order):
    columns = [np.array(one)[order] for one in ([0, 0, 0, 9], [1, 2, 3, 4], [60, 60, 64, 50])]
    velocity, track = np.array([64, 65, 66, 67])[order], np.array([0, 1, 0, 0])[order]
    table = note_table(*columns, velocity, track, track > 0)
    for column in (*columns, velocity, track):
        column[:] = 1
    assert table.onset_ticks.tolist() == [0, 0, 0, 9]
    assert table.duration_ticks.tolist() == [1, 2, 3, 4]
    assert table.pitch.tolist() == [60, 60, 64, 50]
    assert table.velocity.tolist() == [64, 65, 66, 67]
    assert table.track.tolist() == [0, 1, 0, 0]
    assert table.is_drum.tolist() == [False, True, False, False]


def test_a_table_without_time_is_refused():
    with pytest.raises(ReadError, match="ticks per quarter"):
        note_table([0], [1], [60], [64], ticks_per_quarter=0)
    for tempo in (0.0, -60.0, np.inf, np.nan):
        with pytest.raises(ReadError, match="tempo"):
            note_table([0], [1], [60], [64], tempos=([0], [tempo]))


def test_an_error_names_the_file_in_one_line(tmp_path):
    path = tmp_path / "not there.mid"
    with pytest.raises(ReadError) as caught:
        read_notes(path)
    assert str(caught.value) == f"{path}: no such file"
    assert caught.value.reason == "no such file"
    assert caught.value.source == str(path)


def slow_seconds(tick, tempos, ticks_per_quarter):
    """Seconds at a tick, walked one tempo at a time."""
    in_force = {}  # by tick, the last of several
    for at, quarters in tempos:
        in_force[at] = quarters
    seconds, now, quarters = 0.0, 0, 120.0
    for at in sorted(in_force):
        if at > tick:
            break
        seconds += (at - now) / ticks_per_quarter * 60 / quarters
        now, quarters = at, in_force[at]
    return seconds + (tick - now) / ticks_per_quarter * 60 / quarters


a_note = st.tuples(
    st.integers(0, 5000), st.integers(0, 3000), st.integers(0, 127), st.integers(1, 127)
)
some_tempos = st.lists(st.tuples(st.integers(0, 6000), st.floats(10, 500)), max_size=6)


@given(
    notes=st.lists(a_note, min_size=1, max_size=20),
    tempos=some_tempos,
    ticks_per_quarter=st.sampled_from([1, 96, 480, 10080]),
)
def test_any_notes_come_out_sorted_and_timed_as_note_by_note(notes, tempos, ticks_per_quarter):
    tracks = [i % 3 for i in range(len(notes))]
    table = note_table(
        *zip(*notes, strict=True),
        track=tracks,
        ticks_per_quarter=ticks_per_quarter,
        tempos=tuple(zip(*tempos, strict=True)) or None,
    )
    expected = sorted(
        (onset, pitch, track, length, velocity)
        for (onset, length, pitch, velocity), track in zip(notes, tracks, strict=True)
    )
    found = list(
        zip(
            *(table.onset_ticks, table.pitch, table.track),
            *(table.duration_ticks, table.velocity),
            strict=True,
        )
    )
    assert sorted(found) == expected
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    for tick, onset, length, duration in zip(
        table.onset_ticks, table.onset, table.duration_ticks, table.duration, strict=True
    ):
        start = slow_seconds(tick, tempos, ticks_per_quarter)
        assert onset == pytest.approx(start, abs=1e-6)
        end = slow_seconds(tick + length, tempos, ticks_per_quarter)
        assert onset + duration == pytest.approx(end, abs=1e-6)


@given(ticks=st.lists(st.integers(0, 10**6), min_size=1), tempos=some_tempos)
def test_seconds_never_run_backwards(ticks, tempos):
    tempos = sorted(dict(tempos).items())
    at, quarters = (
        (np.array(column) for column in zip(*tempos, strict=True)) if tempos else ([], [])
    )
    seconds = ticks_to_seconds(np.sort(ticks), at, quarters, 480)
    assert (np.diff(seconds) >= 0).all()


@pytest.mark.parametrize("corpus", ["emopia", "vgmidi"])
def test_real_files_are_read_as_pretty_midi_reads_them(corpus, data_folder):
    files = sorted((data_folder / corpus / "midi").glob("*.mid"))
    for path in files[:: max(len(files) // 10, 1)]:
        table = read_notes(path)
        ours, theirs = table_rows(table), pretty_rows(str(path))
        assert ours.shape == theirs.shape, path.name
        starts = [0, 1, 3]
        assert np.allclose(ours[:, starts], theirs[:, starts], atol=1e-4), path.name
        # Where a pitch is struck while it sounds, MIDI does not say which note an end belongs to.
        twice = {pitch for pitch in set(table.pitch) if overlapping(table, pitch)}
        clear = [row for row, pitch in enumerate(ours[:, 0]) if pitch not in twice]
        assert len(clear) > len(ours) / 4, path.name
        assert np.allclose(ours[clear, 2], theirs[clear, 2], atol=1e-4), path.name


def overlapping(table, pitch):
    at = table.pitch == pitch
    return (np.diff(table.onset_ticks[at]) < table.duration_ticks[at][:-1]).any()


def test_symusic_scores_are_not_changed_by_reading(midi_score):
    score = midi_score(NOTES, tempos=TEMPOS)
    before = score.copy()
    read_notes(score)
    assert score == before
    assert isinstance(score, type(symusic.Score(480)))
