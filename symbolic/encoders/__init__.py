"""Encoders: inputs become hidden states and a mask. One class, one line here."""

from symbolic.encoders.audio.ast import ASTEncoder
from symbolic.encoders.audio.attention import SelfAttentionEncoder
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.boundary import BoundaryEncoder
from symbolic.encoders.audio.branches import BranchesEncoder
from symbolic.encoders.audio.harmonic import HarmonicEncoder
from symbolic.encoders.audio.musicnn import MusicnnEncoder
from symbolic.encoders.audio.patch import PatchEncoder
from symbolic.encoders.audio.spectrogram import SpectrogramEncoder
from symbolic.encoders.audio.waveform import ChunkedEncoder, WaveformEncoder
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.beat_systems import UNIT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.experts import FeatureExperts, HeardKey
from symbolic.encoders.features import FeatureEncoder
from symbolic.encoders.lstm import LSTMModel
from symbolic.encoders.metrical import UnitEncoder
from symbolic.encoders.notes import NoteEncoder
from symbolic.encoders.systems import AUDIO_SYSTEMS

ENCODERS = {
    "notes": NoteEncoder,
    "features": FeatureEncoder,
    "spectrogram": SpectrogramEncoder,
    "waveform": WaveformEncoder,
    "chunked": ChunkedEncoder,
    "branches": BranchesEncoder,
    "musicnn": MusicnnEncoder,
    "self_attention": SelfAttentionEncoder,
    "harmonic": HarmonicEncoder,
    "ast": ASTEncoder,
    "boundary": BoundaryEncoder,
    "patch": PatchEncoder,
    "units": UnitEncoder,
}

__all__ = [
    "AUDIO_SYSTEMS",
    "BOUNDARY_SYSTEMS",
    "ENCODERS",
    "UNIT_SYSTEMS",
    "ASTEncoder",
    "AudioEncoder",
    "AudioSystem",
    "BoundaryEncoder",
    "BranchesEncoder",
    "ChunkedEncoder",
    "FeatureEncoder",
    "FeatureExperts",
    "HarmonicEncoder",
    "HeardKey",
    "LSTMModel",
    "MusicnnEncoder",
    "NoteEncoder",
    "PatchEncoder",
    "SelfAttentionEncoder",
    "SpectrogramEncoder",
    "UnitEncoder",
    "WaveformEncoder",
]
