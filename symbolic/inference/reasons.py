"""Reasons for a predicted emotion: what each musical group of features contributes to it.

A contribution is a Shapley value (Shapley 1953, "A value for n-person games"; for predictions:
Lundberg & Lee 2017, "A unified approach to interpreting model predictions"). It is exact: all sets
of groups are computed, and no sample of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial

import numpy as np

from symbolic.features.columns import CHOICES, FEATURE_GROUPS
from symbolic.features.model_columns import KEY_FEATURES, PREDICTED_KEY
from symbolic.features.tonal import TONAL_NAMES
from symbolic.inference.feature_model import FeatureModel
from symbolic.inference.predictor import Predictor

KEY, HARMONY, SPEED, TEXTURE = "key and mode", "harmony", "speed and rhythm", "texture"
LOUDNESS, ARTICULATION, REGISTER = "loudness", "articulation", "register"
LINES, VOICES, DRUMS, OTHER = "melody and bass", "voices", "drums", "other"

MUSICAL_GROUPS = (
    *(KEY, HARMONY, SPEED, TEXTURE, LOUDNESS, ARTICULATION, REGISTER, LINES),
    *(VOICES, DRUMS, OTHER),
)
"""Groups of columns that a musician would name together; a model has some or all of them."""

_GROUPS = {
    "key_and_mode": KEY,
    "harmony": HARMONY,
    "rhythm": SPEED,
    "density": TEXTURE,
    "dynamics": LOUDNESS,
    "articulation": ARTICULATION,
    "pitch": REGISTER,
    "interval": LINES,
}
"""Musical group of each group of `FEATURE_GROUPS` whose columns are of one kind."""

_SETS = {"voices": VOICES, "drums": DRUMS, "played": LOUDNESS}
"""The same for sets of columns that are in no group."""

_BEGINNINGS = {
    "notes_per_second": SPEED,
    "onsets_per_second": SPEED,
    "onset_density": SPEED,
    "chord_change_": HARMONY,
    "ioi_share": SPEED,
    "duration_share": ARTICULATION,
    "velocity_share": LOUDNESS,
    "bass_from_relative_major": KEY,
    "melody_from_": KEY,
}
"""Musical group of columns of the mixed groups `density` and `histograms`, by their beginning."""

_MIXED = ("density", "histograms")


@dataclass(frozen=True)
class Contributions:
    """Contributions of groups of features to the emotion of one piece.

    Attributes:
        groups: names of the G groups that the model has, in the order of `MUSICAL_GROUPS`.
        quadrants: (G, 4) contributions to the probabilities of the quadrants.
        baseline: (4,) probabilities where all groups are absent.
        prediction: (4,) probabilities of the piece, the baseline and all contributions.
        standardised: the input columns of the model by name, in standard deviations of the training
            data from their mean; of the predicted key as `symbolic.forward.tonic` scales them.
        values: the features of the piece by name, as they were computed.
    """

    groups: tuple[str, ...]
    quadrants: np.ndarray
    baseline: np.ndarray
    prediction: np.ndarray
    standardised: dict[str, float]
    values: dict[str, float]


@lru_cache(maxsize=4096)
def musical_group(column: str) -> str:
    """Return the one of `MUSICAL_GROUPS` that a column belongs to; `other` if it is unknown."""
    if column in KEY_FEATURES or column.startswith(f"{PREDICTED_KEY}_") or column in TONAL_NAMES:
        return KEY
    group = next((name for name, found in FEATURE_GROUPS.items() if column in found), None)
    if group in _MIXED:
        for beginning, found in _BEGINNINGS.items():
            if column.startswith(beginning):
                return found
    if group is not None:
        return _GROUPS.get(group, OTHER)
    return next((name for part, name in _SETS.items() if column in CHOICES.get(part, ())), OTHER)


def shapley_weights(count: int) -> np.ndarray:
    """Compute the matrix that turns the values of all sets of players into Shapley values.

    Args:
        count: G of the players.

    Returns:
        (G, 2**G) float64. Bit k of the number of a set is whether player k belongs to it.
    """
    sets = np.arange(1 << count)
    within = (sets >> np.arange(count)[:, None] & 1).astype(bool)
    sizes = np.add.reduce(within, axis=0)
    shares = [factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)]
    by_size = np.array([0.0, *shares, 0.0])
    return np.where(within, by_size[sizes], -by_size[sizes + 1])


def contributions(model: FeatureModel, rows: np.ndarray) -> list[Contributions]:
    """Compute the contributions of groups of features to the predicted emotion of pieces.

    The columns of an absent group are at the mean of the training data; those of the predicted key
    where no key is more probable than others. For each piece, the whole model, with familiarity,
    predicts for all 2**G sets of groups.

    Args:
        model: with an emotion task.
        rows: (B, C) features of the pieces.

    Raises:
        ValueError: a model without an emotion task, or another number of features.
    """
    names = model.state_columns
    owners = [musical_group(name) for name in names]
    groups = tuple(group for group in MUSICAL_GROUPS if group in owners)
    players = np.array([groups.index(owner) for owner in owners])
    sets = np.arange(1 << len(groups))
    present = (sets[:, None] >> players & 1).astype(bool)  # (2**G, H)
    weights = shapley_weights(len(groups))
    found = []
    for row, state in zip(rows, model.embed([], rows, len(rows)), strict=True):
        values = model.emotion_of(np.where(present, state, 0.0))
        found.append(
            Contributions(
                groups,
                weights @ values,
                values[0],
                values[-1],
                dict(zip(names, state.tolist(), strict=True)),
                dict(zip(model.config.feature_names, row.tolist(), strict=True)),
            )
        )
    return found


def explainable(predictor: Predictor) -> FeatureModel:
    """Return the model in NumPy whose predictions can be explained.

    Raises:
        ValueError: a model that takes more than features.
    """
    model = predictor.in_numpy()
    if model is None:
        raise ValueError(
            "reasons need a model of features (--encoder features), as the default model is: "
            "other models have no columns that could be named"
        )
    return model
