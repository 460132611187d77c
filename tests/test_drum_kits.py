"""Drums off channel 10, and melodies on it, as GS, XG and GM2 files choose them."""

import pytest

from symbolic.notes import read_notes

END = b"\x00\xff\x2f\x00"
XG_ON = b"\x43\x10\x4c\x00\x00\x7e\x00"
GS_RESET = b"\x41\x10\x42\x12\x40\x00\x7f\x00\x41"
GM2_ON, GM_ON = b"\x7e\x7f\x09\x03", b"\x7e\x7f\x09\x01"


def midi(*tracks: bytes) -> bytes:
    header = b"".join(field.to_bytes(2) for field in (1, len(tracks), 480))
    chunks = (b"MThd", header), *((b"MTrk", track) for track in tracks)
    return b"".join(name + len(content).to_bytes(4) + content for name, content in chunks)


def sends(message: bytes) -> bytes:
    """A system exclusive event at once."""
    return b"\x00\xf0" + bytes([len(message) + 1]) + message + b"\xf7"


def program(channel: int, bank: int, number: int = 0, *, delta: int = 0) -> bytes:
    bank_select = bytes([delta, 0xB0 | channel, 0, bank, 0, 0xB0 | channel, 32, 0])
    return bank_select + bytes([0, 0xC0 | channel, number])


def note(channel: int, pitch: int) -> bytes:
    """A note of 96 ticks."""
    return bytes([0, 0x90 | channel, pitch, 80, 96, 0x80 | channel, pitch, 64])


def rhythm_part(block: int, mode: int) -> bytes:
    """GS: use for rhythm part, with its checksum."""
    address = (0x40, 0x10 | block, 0x15, mode)
    return sends(bytes([0x41, 0x10, 0x42, 0x12, *address, -sum(address) % 128]))


PIANO = note(0, 60) + END


def drums_of(*tracks: bytes) -> list[tuple[int, bool]]:
    """Onset and whether it is a drum, of the notes of pitch 36."""
    table = read_notes(midi(PIANO, *tracks))
    assert not table.is_drum[table.pitch == 60].any()
    low = table.pitch == 36
    return list(zip(table.onset_ticks[low].tolist(), table.is_drum[low].tolist(), strict=True))


@pytest.mark.parametrize("bank", [126, 127])
@pytest.mark.parametrize("channel", [0, 8, 10, 15])
def test_an_xg_kit_is_drums_on_any_channel(bank, channel):
    track = program(channel, bank) + note(channel, 36) + END
    table = read_notes(midi(sends(XG_ON) + END, note(5, 60) + END, track))
    assert table.pitch.tolist() == [36, 60]
    assert table.is_drum.tolist() == [True, False]


def test_a_bank_in_running_status_chooses_as_well():
    track = b"\x00\xba\x07\x64\x00\x00\x7f\x00\x20\x00\x00\xca\x00" + note(10, 36) + END
    assert drums_of(sends(XG_ON) + END, track) == [(0, True)]


def test_only_the_notes_after_the_change_are_drums():
    held = bytes([0, 0x9A, 36, 80]) + program(10, 127, delta=48) + bytes([48, 0x8A, 36, 64])
    again = program(10, 0) + note(10, 36)
    track = note(10, 36) + held + note(10, 36) + again + END
    expected = [(0, False), (96, False), (192, True), (288, False)]
    assert drums_of(sends(XG_ON) + END, track) == expected
    lengths = read_notes(midi(sends(XG_ON) + END, PIANO, track)).duration_ticks
    assert set(lengths.tolist()) == {96}


def test_a_bank_counts_with_the_program_that_follows_it():
    bank_alone = bytes([0, 0xBA, 0, 127])
    assert drums_of(sends(XG_ON) + bank_alone + note(10, 36) + END) == [(0, False)]


def test_the_bank_may_be_selected_in_another_track():
    assert drums_of(sends(XG_ON) + program(10, 127) + END, note(10, 36) + END) == [(0, True)]


def test_bank_127_is_a_kit_in_xg_alone():
    track = program(10, 127) + note(10, 36) + END
    assert drums_of(track) == [(0, False)]
    assert drums_of(sends(GM_ON) + END, track) == [(0, False)]
    assert drums_of(sends(GS_RESET) + END, track) == [(0, False)]  # the set of an MT-32
    assert drums_of(sends(XG_ON) + sends(GS_RESET) + END, track) == [(0, False)]
    assert drums_of(sends(GS_RESET) + sends(XG_ON) + END, track) == [(0, True)]


def test_an_xg_part_mode_makes_drums_and_melodies():
    def mode(part: int, value: int) -> bytes:
        return sends(bytes([0x43, 0x10, 0x4C, 0x08, part, 0x07, value]))

    assert drums_of(sends(XG_ON) + mode(10, 1) + END, note(10, 36) + END) == [(0, True)]
    assert drums_of(sends(XG_ON) + mode(9, 0) + END, note(9, 36) + END) == [(0, False)]


@pytest.mark.parametrize(
    ("block", "channel"), [(1, 0), (9, 8), (10, 10), (15, 15)], ids=["1", "9", "A", "F"]
)
def test_a_gs_part_for_rhythm_counts_in_rolands_order(block, channel):
    table = read_notes(
        midi(sends(GS_RESET) + rhythm_part(block, 1) + END, note(channel, 36) + note(5, 60) + END)
    )
    assert table.is_drum.tolist() == [True, False]


def test_channel_10_of_gs_may_be_a_melody():
    assert drums_of(rhythm_part(0, 0) + END, note(9, 36) + END) == [(0, False)]
    assert drums_of(rhythm_part(0, 2) + END, note(9, 36) + END) == [(0, True)]
    assert drums_of(rhythm_part(0, 0) + sends(GS_RESET) + END, note(9, 36) + END) == [(0, True)]


def test_gm2_has_its_rhythm_in_bank_120_and_melodies_in_121():
    rhythm = program(10, 120) + note(10, 36) + END
    melody = program(9, 121) + note(9, 36) + END
    assert drums_of(sends(GM2_ON) + END, rhythm) == [(0, True)]
    assert drums_of(sends(GM2_ON) + END, melody) == [(0, False)]
    assert drums_of(rhythm) == [(0, False)]
    assert drums_of(melody) == [(0, True)]


def test_parts_of_two_ports_are_two_parts():
    port = b"\x00\xff\x21\x01\x01"
    drums = port + program(10, 127) + note(10, 36) + END
    assert drums_of(sends(XG_ON) + END, drums, note(10, 36) + END) == [(0, True), (0, False)]


def test_two_kits_and_a_melody_in_one_track_stay_apart():
    setup = sends(XG_ON) + program(9, 127) + program(10, 127)
    notes = note(9, 36) + note(10, 36) + note(0, 60)
    table = read_notes(midi(setup + notes + END))
    assert table.is_drum.tolist() == [True, True, False]
    assert len(set(table.track.tolist())) == 3
