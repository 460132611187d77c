"""Keys struck again before their note-off, and notes that have none: no strike is lost."""

import numpy as np
import pytest

from symbolic.notes import ReadError, read_notes
from symbolic.notes.batch import read_batch
from symbolic.notes.midi.reader import parse_midi

END = b"\x00\xff\x2f\x00"


def played(*events: tuple[int, int, int], channel: int = 0, running: bool = False) -> bytes:
    """A track of ticks, pitches and velocities; velocity 0 is a note-off, in running status of
    note-on where so asked."""
    pieces, before = [], 0
    for number, (tick, pitch, velocity) in enumerate(events):
        status = (0x90 if velocity or running else 0x80) | channel
        written = b"" if running and number else bytes([status])
        pieces.append(quantity(tick - before) + written + bytes([pitch, velocity]))
        before = tick
    return b"".join(pieces)


def quantity(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(groups[::-1])


def midi(*tracks: bytes, form: int = 1) -> bytes:
    header = b"".join(field.to_bytes(2) for field in (form, len(tracks), 480))
    chunks = (b"MThd", header), *((b"MTrk", track) for track in tracks)
    return b"".join(name + len(content).to_bytes(4) + content for name, content in chunks)


def notes_of(data: bytes) -> list[tuple[int, int, int]]:
    """Onset, length and pitch of each note, in ticks."""
    table = read_notes(data)
    columns = (table.onset_ticks, table.duration_ticks, table.pitch)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("running", [False, True])
def test_each_strike_of_a_key_ends_the_one_before(running):
    events = [(0, 60, 80), (120, 60, 81), (240, 60, 82), (360, 60, 0), (360, 64, 80), (600, 64, 0)]
    track = played(*events, running=running) + END
    expected = [(0, 120, 60), (120, 120, 60), (240, 120, 60), (360, 240, 64)]
    assert notes_of(midi(track)) == expected
    assert notes_of(midi(END, track)) == expected


def test_a_key_is_played_rightly_again_after_a_note_off_was_missing():
    events = [(0, 60, 80), (100, 60, 80), (150, 60, 0)]
    events += [(200, 60, 80), (250, 60, 0), (300, 60, 80), (350, 60, 0)]
    expected = [(0, 100, 60), (100, 50, 60), (200, 50, 60), (300, 50, 60)]
    assert notes_of(midi(played(*events) + END)) == expected


def test_parts_in_unison_end_first_in_first_out_where_each_has_its_note_off():
    events = [(0, 60, 80), (100, 60, 80), (200, 60, 0), (400, 60, 0)]
    assert notes_of(midi(played(*events) + END)) == [(0, 200, 60), (100, 300, 60)]


def test_unison_before_a_missing_note_off_stays_as_it_is():
    events = [(0, 60, 80), (100, 60, 80), (200, 60, 0), (400, 60, 0)]
    events += [(500, 60, 80), (600, 60, 80), (700, 60, 0)]
    expected = [(0, 200, 60), (100, 300, 60), (500, 100, 60), (600, 100, 60)]
    assert notes_of(midi(played(*events) + END)) == expected


def test_two_strikes_of_a_key_at_once_both_last():
    events = [(0, 60, 80), (0, 60, 90), (240, 60, 0)]
    assert notes_of(midi(played(*events) + END)) == [(0, 240, 60), (0, 240, 60)]


def test_a_key_let_go_and_struck_at_one_tick_is_two_notes():
    before = [(0, 60, 80), (100, 60, 0), (100, 60, 80), (200, 60, 80), (300, 60, 0)]
    after = [(0, 60, 80), (100, 60, 80), (100, 60, 0), (200, 60, 80), (300, 60, 0)]
    for events in (before, after):
        expected = [(0, 100, 60), (100, 100, 60), (200, 100, 60)]
        assert notes_of(midi(played(*events) + END)) == expected


def test_a_note_that_is_never_let_go_sounds_until_the_end_of_its_track():
    melody = played((0, 60, 80), (0, 72, 80), (240, 72, 0)) + b"\x81\x70\xff\x2f\x00"
    longer = played((0, 48, 80), (4800, 48, 0)) + END
    expected = [(0, 4800, 48), (0, 480, 60), (0, 240, 72)]
    assert notes_of(midi(melody, longer)) == expected
    assert notes_of(midi(longer, melody)) == expected


def test_a_track_without_an_end_ends_with_its_last_event():
    assert notes_of(midi(played((0, 60, 80), (0, 72, 80), (240, 72, 0)))) == [
        (0, 240, 60),
        (0, 240, 72),
    ]


@pytest.mark.parametrize("tracks_before", [[], [END]], ids=["one track", "tempos apart"])
def test_every_channel_of_a_single_track_of_notes_is_seen(tracks_before):
    pieces = [
        bytes([0, 0x90 | channel, 36 + channel, 80, 0, 0x90 | channel, 36 + channel, 81])
        for channel in range(16)
    ]
    pieces += [bytes([10, 0x80 | channel, 36 + channel, 64]) for channel in range(16)]
    pieces += [bytes([10, 0x80, 36, 64])]  # no strike is lost on the first channel
    track = b"".join(pieces) + END
    table = read_notes(midi(*tracks_before, track, form=len(tracks_before)))
    assert table.pitch.tolist() == sorted([*range(36, 52)] * 2)
    assert table.is_drum.sum() == 2
    assert (table.duration_ticks > 0).all()


def test_keys_of_two_channels_in_one_of_several_tracks_are_two_keys():
    first = b"\x00\xc0\x00\x00\xc1\x10" + b"\x00\x90\x3c\x50\x00\x91\x3c\x50\x60\x91\x3c\x50"
    track = first + b"\x60\x80\x3c\x40\x00\x81\x3c\x40" + END
    expected = [(0, 192, 60), (0, 96, 60), (96, 96, 60)]
    assert notes_of(midi(END, track)) == expected


def test_a_piece_in_a_batch_has_its_strikes_too():
    struck = midi(played((0, 60, 80), (120, 60, 81), (240, 60, 0)) + END)
    plain = midi(played((0, 62, 80), (480, 62, 0)) + END)
    batch, errors = read_batch([plain, struck, plain])
    assert errors == [None] * 3
    assert batch.counts.tolist() == [1, 2, 1]
    assert batch.duration_ticks.tolist() == [480, 120, 120, 480]


def test_a_file_in_which_nothing_is_ever_let_go_has_no_lengths():
    with pytest.raises(ReadError, match="no notes"):
        read_notes(midi(played((0, 60, 80), (96, 64, 80)) + END))


def test_a_damaged_program_after_a_lost_strike_costs_the_strike_and_not_the_file():
    lost = b"\x00\xf0\x02\x01\x02\x00\x3c\x50"  # in running status after system exclusive
    damaged = b"\x00\xc0\x85\x00\x90\x40\x50"
    track = played((0, 64, 80), (96, 64, 0), running=True) + lost + damaged + END
    batch, errors = read_batch([midi(track), midi(track)])
    assert errors == [None] * 2
    assert batch.counts.tolist() == [1, 1]
    assert notes_of(midi(track)) == [(0, 96, 64)]


def test_a_long_note_is_no_missing_note_off():
    day = 2**27
    assert notes_of(
        midi(played((0, 60, 80), (day, 60, 0)) + END).replace(b"\1\xe0", b"\x7f\xff")
    ) == [(0, day, 60)]


def test_random_strikes_are_all_there_and_none_is_negative():
    rng = np.random.default_rng(0)
    for _ in range(50):
        ticks = np.sort(rng.integers(0, 500, 60))
        pitches = rng.integers(60, 63, 60)
        velocities = rng.choice([0, 64], 60, p=[0.4, 0.6])
        velocities[:3] = 64, 64, 0
        pitches[:3] = 60
        events = list(zip(ticks.tolist(), pitches.tolist(), velocities.tolist(), strict=True))
        table = read_notes(midi(played(*events, running=True) + END))
        strikes = sorted((tick, pitch) for tick, pitch, velocity in events if velocity)
        found = list(zip(table.onset_ticks.tolist(), table.pitch.tolist(), strict=True))
        assert found == strikes
        assert (table.duration_ticks >= 0).all()
        assert (table.onset_ticks + table.duration_ticks).max() <= ticks[-1]


def test_real_files_with_every_note_off_are_read_as_symusic_reads_them(data_folder):
    from symusic import Score

    for corpus in ("emopia", "vgmidi"):
        files = sorted((data_folder / corpus / "midi").glob("*.mid"))
        for path in files[:: max(len(files) // 20, 1)]:
            score, plain = parse_midi(path.read_bytes()), Score(path)
            assert score == plain, path.name
