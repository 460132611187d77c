"""Audio: recordings and rendered MIDI, as samples and as time-frequency input of models."""

from symbolic.audio.decode import AUDIO_SUFFIXES, read_audio
from symbolic.audio.front_end import KINDS, FrontEnd
from symbolic.audio.synthesis.rendering import read_sound, render_midi
from symbolic.audio.transforms.spectral import front_features
from symbolic.renamed import renamed_in

__all__ = [
    "AUDIO_SUFFIXES",
    "KINDS",
    "FrontEnd",
    "front_features",
    "read_audio",
    "read_sound",
    "render_midi",
]

__getattr__ = renamed_in(__name__)
