"""Files of format 2, whose sequences follow one another, and tempos and meters of one tick."""

import pytest

from symbolic.notes import ReadError, read_notes
from symbolic.notes.batch import read_batch

END = b"\x00\xff\x2f\x00"
AT_60, AT_240 = b"\x00\xff\x51\x03\x0f\x42\x40", b"\x00\xff\x51\x03\x03\xd0\x90"
IN_3_4 = b"\x00\xff\x58\x04\x03\x02\x18\x08"
C = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x40"  # a quarter of C4
G = b"\x00\x90\x43\x50\x83\x60\x80\x43\x40"


def midi(*tracks: bytes, form: int = 2) -> bytes:
    header = b"".join(field.to_bytes(2) for field in (form, len(tracks), 480))
    chunks = (b"MThd", header), *((b"MTrk", track) for track in tracks)
    return b"".join(name + len(content).to_bytes(4) + content for name, content in chunks)


def rows(data: bytes) -> list[tuple[float, float, int]]:
    table = read_notes(data)
    return list(
        zip(table.onset.tolist(), table.duration.tolist(), table.pitch.tolist(), strict=True)
    )


def test_sequences_follow_one_another_each_in_its_own_tempo():
    assert rows(midi(C + END, AT_60 + G + END)) == [(0.0, 0.5, 60), (0.5, 1.0, 67)]
    assert rows(midi(AT_60 + C + END, G + END)) == [(0.0, 1.0, 60), (1.0, 0.5, 67)]


def test_a_sequence_begins_where_the_track_before_it_ends():
    silence = b"\x83\x60\xff\x2f\x00"  # a quarter after the last event
    assert rows(midi(C + silence, G + END)) == [(0.0, 0.5, 60), (1.0, 0.5, 67)]


def test_a_sequence_has_its_own_meter():
    table = read_notes(midi(IN_3_4 + C + END, G + END, IN_3_4 + C + END))
    assert table.meter_ticks.tolist() == [0, 480, 960]
    assert table.meter_numerator.tolist() == [3, 4, 3]
    assert table.track.tolist() == [0, 1, 2]


def test_a_sequence_alone_is_a_piece():
    assert rows(midi(AT_60 + C + END)) == [(0.0, 1.0, 60)]


def test_sequences_in_a_batch_follow_one_another_too():
    batch, errors = read_batch([midi(C + END, AT_60 + G + END)])
    assert errors == [None]
    onset, duration = batch.seconds()
    assert onset.tolist() == [0.0, 0.5]
    assert duration.tolist() == [0.5, 1.0]


def test_sequences_longer_than_a_score_are_refused():
    long = C + b"\xff\xff\xff\x7f\xff\x01\x00" * 7 + END
    with pytest.raises(ReadError, match="sequences are longer"):
        read_notes(midi(long, long))


def test_a_tempo_in_any_track_holds_for_all():
    assert rows(midi(C + END, AT_60 + END, form=1)) == [(0.0, 1.0, 60)]


@pytest.mark.parametrize("others", [0, 22, 23, 60])
def test_of_many_tempos_at_one_tick_the_last_holds(others):
    later = b"".join(b"\x01\xff\x51\x03\x07\xa1" + bytes([n]) for n in range(others))
    at_once = b"".join(b"\x00\xff\x51\x03\x07\xa2" + bytes([n]) for n in range(others))
    track = C + at_once + AT_60 + AT_240 + later + END
    table = read_notes(midi(track, form=1))
    at_480 = table.tempo[table.tempo_ticks == 480]
    assert at_480.tolist() == pytest.approx([240])
    # In a track of its own behind the others, which is the order of a file.
    table = read_notes(midi(C + at_once + later + END, b"\x83\x60" + AT_60[1:] + END, form=1))
    assert table.tempo[table.tempo_ticks == 480].tolist() == pytest.approx([60])


def test_of_many_meters_at_one_tick_the_last_holds():
    many = b"".join(b"\x00\xff\x58\x04" + bytes([n, 2, 24, 8]) for n in range(1, 60))
    table = read_notes(midi(many + IN_3_4 + C + END, form=1))
    assert table.meter_numerator.tolist() == [3]
    assert table.meter_denominator.tolist() == [4]


def test_a_short_first_meter_makes_an_upbeat():
    upbeat = b"\x00\xff\x58\x04\x01\x02\x18\x08" + C + b"\x00\xff\x58\x04\x04\x02\x18\x08" + G + END
    table = read_notes(midi(upbeat, form=1))
    assert table.meter_ticks.tolist() == [0, 480]
    assert table.meter_numerator.tolist() == [1, 4]
