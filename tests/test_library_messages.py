"""Reasons in words of this package, whatever the library behind the reader prints."""

import random

import pytest

from symbolic.notes import ReadError, read_notes

FOREIGN = ("MiniMidi", "iostream", "Cursor", "symusic", "status code")


def test_damaged_midi_is_described_in_our_words(midi_bytes, tune):
    content = midi_bytes(tune(40))
    chance = random.Random(3)
    reasons = set()
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 20)):
            damaged[chance.randrange(14, len(damaged))] = chance.randrange(256)
        try:
            read_notes(bytes(damaged))
        except ReadError as error:
            reasons.add(error.reason)
    assert len(reasons) > 2
    for reason in reasons:
        assert not any(word in reason for word in FOREIGN), reason


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (b"\x00\x40\x40", "an event has no status byte"),
        (b"\x00\x90\x40\x40\x10\xf5", "a track has an unknown event"),
        (b"\x00\x90\x40\x40\x10\x90\x40", "a track ends within an event"),
    ],
)
def test_each_damage_has_its_reason(events, reason):
    header = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(events).to_bytes(4, "big")
    with pytest.raises(ReadError, match=f"damaged MIDI file: {reason}"):
        read_notes(header + events)
