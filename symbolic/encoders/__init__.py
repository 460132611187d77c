"""Encoders: inputs become hidden states and a mask. One class, one line here."""

from symbolic.encoders.ast import ASTEncoder
from symbolic.encoders.attention import SelfAttentionEncoder
from symbolic.encoders.audio import AudioEncoder
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.boundary import BoundaryEncoder
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.branches import BranchesEncoder
from symbolic.encoders.experts import FeatureExperts, HeardKey
from symbolic.encoders.features import FeatureEncoder
from symbolic.encoders.harmonic import HarmonicEncoder
from symbolic.encoders.lstm import LSTMModel
from symbolic.encoders.musicnn import MusicnnEncoder
from symbolic.encoders.notes import NoteEncoder
from symbolic.encoders.patch import PatchEncoder
from symbolic.encoders.spectrogram import SpectrogramEncoder
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.encoders.unit_systems import UNIT_SYSTEMS
from symbolic.encoders.units import UnitEncoder
from symbolic.encoders.waveform import ChunkedEncoder, WaveformEncoder

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
