"""Encoders: inputs become hidden states and a mask. One class, one line here."""

from symbolic.encoders.experts import FeatureExperts
from symbolic.encoders.lstm import LSTMModel
from symbolic.encoders.notes import NoteEncoder

ENCODERS = {"notes": NoteEncoder}

__all__ = ["ENCODERS", "FeatureExperts", "LSTMModel", "NoteEncoder"]
