"""Encoders: inputs become hidden states and a mask. One class, one line here."""

from symbolic.encoders.experts import FeatureExperts, HeardKey
from symbolic.encoders.features import FeatureEncoder
from symbolic.encoders.lstm import LSTMModel
from symbolic.encoders.notes import NoteEncoder

ENCODERS = {"notes": NoteEncoder, "features": FeatureEncoder}

__all__ = ["ENCODERS", "FeatureEncoder", "FeatureExperts", "HeardKey", "LSTMModel", "NoteEncoder"]
