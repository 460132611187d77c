"""What scorers of notes need of a model, whichever library computes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.tasks import Task

if TYPE_CHECKING:
    from symbolic.inference.feature_model import FeatureModel


@dataclass(frozen=True)
class Measures:
    """Measures of pieces by a model of features with an ensemble, beside its predictions.

    Attributes:
        familiarity: (B,) from 1, like its training pieces, to 0.
        strengths: (B, 2) log odds of positive valence and of positive arousal by its linear model.
    """

    familiarity: np.ndarray
    strengths: np.ndarray


class Predictor(ABC):
    """Predictions of a model of notes.

    Attributes:
        config: with `name_or_path`, `inputs`, `feature_names`, `window` as of `SymbolicConfig`.
        tasks: of the model.
        device: where it runs.
        width: H of the vectors of pieces.
    """

    config: Any
    tasks: Sequence[Task]
    device: str
    width: int

    @abstractmethod
    def predict(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> dict[str, np.ndarray]:
        """Predict every task of whole pieces, as `symbolic.inference.prediction.predict_ids`."""

    @abstractmethod
    def embed(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> np.ndarray:
        """Compute (pieces, H) vectors, as `symbolic.inference.prediction.embed_ids`."""

    @abstractmethod
    def predict_measured(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> tuple[dict[str, np.ndarray], Measures | None]:
        """Do `predict`, and measure the pieces; None for a model without measures."""

    @abstractmethod
    def in_numpy(self) -> FeatureModel | None:
        """Return the same model in NumPy; None for one that takes more than features."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """A digest of the configuration and of every weight."""
