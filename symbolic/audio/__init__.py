"""Audio: recordings, and MIDI made to sound, as samples and as time-frequency pictures."""

from symbolic.audio.front import KINDS, Front

__all__ = ["KINDS", "Front"]
