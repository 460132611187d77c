"""The columns that a model of features takes, as its configuration names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from symbolic.features.columns import named_columns
from symbolic.features.sets import subset_text
from symbolic.features.tonal import TONAL_NAMES

KEY_FEATURES = ("predicted_minor", "predicted_key_certainty", "predicted_major_on_tonic")
"""Columns of `symbolic.forward.tonic.mode_columns`, which are computed from the predicted key."""

PREDICTED_KEY = "predicted_key"
"""Their name in `ensemble_features` of `config.json`, beside the names of feature sets."""

OLD_KEY_FEATURES = {
    "heard_minor": KEY_FEATURES[0],
    "heard_certainty": KEY_FEATURES[1],
    "heard_major_on_tonic": KEY_FEATURES[2],
}
"""Their names in version 0.1.0."""

Roles = Mapping[str, Sequence[str]]
"""Columns of an ensemble by what they are for: `valence`, `arousal`, `familiar`."""


def model_columns(
    names: Sequence[str] | None,
    features: str | None,
    ensemble: Mapping[str, Sequence[str] | str] | None,
    digest: str | None,
) -> tuple[list[str], dict[str, list[str]]]:
    """Resolve the columns that a configuration names.

    Args:
        names: of the columns.
        features: the same as text of `named_columns`; used where there are no names.
        ensemble: names, or text of feature sets, by role.
        digest: of the columns in training, as of `columns_digest`; not checked where None.

    Returns:
        The columns that the model takes, and those of the ensemble by role.

    Raises:
        ValueError: an unknown feature set, or other columns than in training.
    """
    columns = list(names or named_columns(features or "none"))
    roles = {role: _resolved(chosen, columns) for role, chosen in (ensemble or {}).items()}
    if digest is not None and digest != columns_digest(columns, roles):
        raise ValueError(
            f"features {features!r} of this version are other columns than those that the "
            "model was trained on: install the version that trained it"
        )
    return columns, roles


def columns_digest(columns: Sequence[str], roles: Roles) -> str:
    """Compute a digest of the columns of a model and of its ensemble."""
    used = {
        role: [name for name in chosen if name not in KEY_FEATURES]
        for role, chosen in roles.items()
    }
    text = json.dumps([list(columns), used], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _resolved(columns: Sequence[str] | str, among: Sequence[str]) -> list[str]:
    """Return columns of an ensemble by name: those of feature sets that are in `among`."""
    if not isinstance(columns, str):
        return [OLD_KEY_FEATURES.get(name, name) for name in columns]
    sets = [name for name in columns.split(",") if name != PREDICTED_KEY]
    found = set(named_columns(",".join(sets) or "none"))
    added = KEY_FEATURES if PREDICTED_KEY in columns.split(",") else ()
    return [*(name for name in among if name in found), *added]


def role_text(columns: Sequence[str], among: Sequence[str]) -> list[str] | str:
    """Return the text that stands for columns of an ensemble; the columns if there is none."""
    with_key = tuple(columns[-len(KEY_FEATURES) :]) == KEY_FEATURES
    text = subset_text(columns[: -len(KEY_FEATURES)] if with_key else columns, among)
    if text is None:
        return list(columns)
    return f"{text},{PREDICTED_KEY}" if with_key else text


def state_columns(names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Split the places of features into those of the network of keys and the others.

    Args:
        names: of the features.

    Raises:
        ValueError: no features, or only some of `TONAL_NAMES`.
    """
    if not names:
        raise ValueError("the encoder takes features, and the configuration names none")
    place = {name: i for i, name in enumerate(names)}
    tonal = [place[name] for name in TONAL_NAMES if name in place]
    if tonal and len(tonal) < len(TONAL_NAMES):
        raise ValueError("columns of symbolic.features.tonal: all of them, or none")
    return tonal, sorted(set(place.values()) - set(tonal))


def state_names(names: Sequence[str]) -> list[str]:
    """Return the names of the columns of the hidden states of a piece, without the keys.

    Args:
        names: of the features.
    """
    tonal = set(TONAL_NAMES)
    others = [name for name in names if name not in tonal]
    return others + (list(KEY_FEATURES) if len(others) < len(names) else [])


def ensemble_places(names: Sequence[str], roles: Roles) -> dict[str, list[int]]:
    """Find the columns of an ensemble among the hidden states, by role.

    Raises:
        ValueError: columns that the model does not take.
    """
    place = {name: i for i, name in enumerate(state_names(names))}
    if missing := [name for chosen in roles.values() for name in chosen if name not in place]:
        raise ValueError(f"ensemble_features that the model does not take: {missing}")
    return {role: [place[name] for name in chosen] for role, chosen in roles.items()}
