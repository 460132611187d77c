"""Encoders: input to hidden states and a mask. An encoder is a class and a line in `ENCODERS`."""

from symbolic.encoders.audio.ast import ASTEncoder
from symbolic.encoders.audio.attention import SelfAttentionEncoder
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.boundary import BoundaryEncoder
from symbolic.encoders.audio.branches import BranchesEncoder
from symbolic.encoders.audio.harmonic import HarmonicEncoder
from symbolic.encoders.audio.musicnn import MusicnnEncoder
from symbolic.encoders.audio.musicnn_published import PublishedMusicnnEncoder
from symbolic.encoders.audio.patch import PatchEncoder
from symbolic.encoders.audio.spectrogram import SpectrogramEncoder
from symbolic.encoders.audio.waveform import ChunkedEncoder, WaveformEncoder
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.ensemble import FeatureEnsemble, KeyLogits
from symbolic.encoders.features import FeatureEncoder
from symbolic.encoders.lstm import LSTMModel
from symbolic.encoders.metrical import MetricalEncoder
from symbolic.encoders.notes import NoteEncoder
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.renamed import renamed_in

ENCODERS = {
    "notes": NoteEncoder,
    "features": FeatureEncoder,
    "spectrogram": SpectrogramEncoder,
    "waveform": WaveformEncoder,
    "chunked": ChunkedEncoder,
    "branches": BranchesEncoder,
    "musicnn": MusicnnEncoder,
    "musicnn_published": PublishedMusicnnEncoder,
    "self_attention": SelfAttentionEncoder,
    "harmonic": HarmonicEncoder,
    "ast": ASTEncoder,
    "boundary": BoundaryEncoder,
    "patch": PatchEncoder,
    "metrical": MetricalEncoder,
}

__all__ = [
    "AUDIO_SYSTEMS",
    "BEAT_SYSTEMS",
    "BOUNDARY_SYSTEMS",
    "ENCODERS",
    "ASTEncoder",
    "AudioEncoder",
    "AudioSystem",
    "BoundaryEncoder",
    "BranchesEncoder",
    "ChunkedEncoder",
    "FeatureEncoder",
    "FeatureEnsemble",
    "HarmonicEncoder",
    "KeyLogits",
    "LSTMModel",
    "MetricalEncoder",
    "MusicnnEncoder",
    "NoteEncoder",
    "PatchEncoder",
    "PublishedMusicnnEncoder",
    "SelfAttentionEncoder",
    "SpectrogramEncoder",
    "WaveformEncoder",
]

__getattr__ = renamed_in(__name__)
