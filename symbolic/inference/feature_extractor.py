"""The feature extractor of a model of audio, known to transformers' Auto classes."""

from __future__ import annotations

from transformers import AutoFeatureExtractor

from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.configuration import SymbolicConfig


def extractor_of(config: SymbolicConfig) -> SymbolicFeatureExtractor:
    """What makes the input of a model.

    Raises:
        ValueError: a model that hears no audio.
    """
    if config.front is None:
        raise ValueError("a model of notes, which hears no recordings")
    return SymbolicFeatureExtractor(config.front, inside=config.front_inside)


AutoFeatureExtractor.register(SymbolicConfig, SymbolicFeatureExtractor)
