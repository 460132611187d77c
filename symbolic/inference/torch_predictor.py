"""Predictions of models of notes in PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from symbolic.inference.feature_model import FeatureModel, FeatureSettings
from symbolic.inference.prediction import embed_ids, measures, predict_ids
from symbolic.inference.predictor import Measures, Predictor
from symbolic.modeling import SymbolicModel


class TorchPredictor(Predictor):
    """Predictions of a `SymbolicModel` of notes, on the device it is on.

    Args:
        model: used in evaluation mode.
    """

    def __init__(self, model: SymbolicModel) -> None:
        self.model = model
        self.config, self.tasks = model.config, model.tasks
        self.width = cast(Any, model.encoder).hidden_size

    @property
    def device(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - it may move
        return str(self.model.device)

    def predict(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> dict[str, np.ndarray]:
        return predict_ids(self.model, sequences, rows, batch_size)

    def embed(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> np.ndarray:
        return embed_ids(self.model, sequences, rows, batch_size)

    def predict_measured(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> tuple[dict[str, np.ndarray], Measures | None]:
        predictions = self.predict(sequences, rows, batch_size)
        return predictions, None if rows is None else measures(self.model, rows)

    def in_numpy(self) -> FeatureModel | None:
        config = self.model.config
        text = config.to_json_string(use_diff=False)
        settings = FeatureSettings.parse(text, str(config.name_or_path))
        if settings is None:
            return None
        weights = {
            name: weight.detach().float().cpu().numpy()
            for name, weight in self.model.state_dict().items()
        }
        return FeatureModel(settings, weights, lambda notes: notes, {})

    @property
    def digest(self) -> str:
        return model_digest(self.model)


def model_digest(model: SymbolicModel) -> str:
    """Compute a digest of the configuration and of every weight of a model."""
    digest = hashlib.blake2b(model.config.to_json_string(use_diff=False).encode())
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode() + weight.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
