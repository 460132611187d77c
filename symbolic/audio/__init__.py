"""Audio: recordings, and MIDI made to sound, as samples and as time-frequency pictures."""

from symbolic.audio.decode import AUDIO_SUFFIXES, read_audio
from symbolic.audio.front import KINDS, Front
from symbolic.audio.synthesis.rendering import read_sound, render_midi
from symbolic.audio.transforms.spectral import front_features

__all__ = [
    "AUDIO_SUFFIXES",
    "KINDS",
    "Front",
    "front_features",
    "read_audio",
    "read_sound",
    "render_midi",
]
