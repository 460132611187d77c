"""Variations of token ids without the notes: louder or softer, faster or slower, no dynamics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symbolic.data.tokens.vocabulary import TokenVocabulary

STEP = re.compile(r"(Velocity|Gap|Hold)_(\d+|None)")
TIMES = ("Gap", "Hold")


class Variation:
    """Random changes of whole windows of super-tokens, in steps of the sub-tokens.

    Velocities move by up to `velocity` steps, and times in seconds, Gap and Hold, by up to `tempo`
    steps together: their bins are equally spaced on a logarithmic scale, so that a step is a change
    of tempo. Chords stay chords, values at the ends of the scale stay on it, and sub-tokens that a
    vocabulary does not have are left out.

    Args:
        vocabulary: of the ids.
        velocity, tempo: largest step, up and down.
        without_dynamics: share of the windows whose velocities are removed.

    Raises:
        ValueError: a negative step, or no share.
    """

    def __init__(
        self,
        vocabulary: TokenVocabulary,
        velocity: int = 0,
        tempo: int = 0,
        without_dynamics: float = 0.0,
    ) -> None:
        if velocity < 0 or tempo < 0 or not 0 <= without_dynamics <= 1:
            raise ValueError(f"{velocity} and {tempo} steps, share {without_dynamics}")
        self.velocity, self.tempo, self.without_dynamics = velocity, tempo, without_dynamics
        self._steps: dict[int, tuple[str, np.ndarray]] = {}
        self._none: dict[int, int] = {}
        for field, ids in enumerate([] if vocabulary.is_flat else vocabulary.vocabularies):
            found = {m[2]: i for name, i in ids.items() if (m := STEP.fullmatch(name))}
            name = vocabulary.field_names[field]
            if "None" in found:
                self._none[field] = found.pop("None")
            if name in TIMES:
                found.pop("0", None)  # at once
            if name in ("Velocity", *TIMES) and found:
                self._steps[field] = name, np.array([found[k] for k in sorted(found, key=int)])

    def __call__(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Copy (T, F) ids with the changes of one draw; flat ids stay as they are."""
        if not self._steps:
            return ids
        ids = ids.copy()
        louder = int(rng.integers(-self.velocity, self.velocity + 1))
        slower = int(rng.integers(-self.tempo, self.tempo + 1))
        for field, (name, scale) in self._steps.items():
            if steps := louder if name == "Velocity" else slower:
                column = ids[:, field]
                places = np.searchsorted(scale, column).clip(0, len(scale) - 1)
                moved = scale[(places + steps).clip(0, len(scale) - 1)]
                ids[:, field] = np.where(scale[places] == column, moved, column)
        if rng.random() < self.without_dynamics:
            for field, none in self._none.items():
                ids[:, field] = none
        return ids
