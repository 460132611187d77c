"""Models of features alone, in NumPy: without PyTorch and transformers, which are slow to import.

The forward pass is that of `symbolic.forward`, which the PyTorch model runs, too, here in float64:
predictions for a piece do not depend on the other pieces of a batch. Those of PyTorch, in float32,
differ by rounding, by less than 1e-6.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.features.model_columns import (
    PREDICTED_KEY,
    ensemble_places,
    model_columns,
    state_columns,
    state_names,
)
from symbolic.forward import ensemble, numpy_ops
from symbolic.forward.numpy_net import Net, network
from symbolic.forward.pooling import pooled
from symbolic.forward.spectrum import weight_spectrum
from symbolic.forward.states import KEYS, piece_states
from symbolic.inference.predictor import Measures, Predictor
from symbolic.inference.saved import hub_options, saved_file
from symbolic.tasks import EMOTION, KEY, Task
from symbolic.tokenizers.emission import Emitted, load_emitted
from symbolic.tokenizers.saved import FILE_NAME

CONFIG, WEIGHTS = "config.json", "model.safetensors"
ROWS = 64  # pieces at once, so that their arrays stay in the cache
FEW_ROWS = 32  # whose products are too small for threads
KEYS_OF_OLDER_VERSIONS = ("front", "expert_features", "unit", "task_weighting")


@dataclass(frozen=True)
class FeatureSettings:
    """The configuration of a model of features, as far as predictions depend on it.

    Attributes:
        name_or_path: of the model.
        feature_names: columns of `symbolic.features` that it takes.
        ensemble_features: names of columns by role; empty without an ensemble.
        ensemble_share: weight of its networks for familiar pieces.
        task_specs: the tasks.
        temperatures: divisors of the logits by task.
        tokenizer_class: of the tokenizer whose notes are taken.
        text: of `config.json`.
    """

    name_or_path: str
    feature_names: list[str]
    ensemble_features: dict[str, list[str]]
    ensemble_share: float
    task_specs: tuple[Task, ...]
    temperatures: dict[str, float]
    tokenizer_class: str
    text: str

    inputs = "features"

    @classmethod
    def read(cls, file: Path, name: str) -> FeatureSettings | None:
        """Read `config.json`; None for a model that takes more than features, or an older file.

        Raises:
            ValueError: features other than those of training.
        """
        return cls.parse(file.read_text(encoding="utf-8"), name)

    @classmethod
    def parse(cls, text: str, name: str) -> FeatureSettings | None:
        """Parse the text of `config.json`; result and errors as of `read`."""
        values = json.loads(text)
        usual = values.get("model_type") == "symbolic" and values.get("encoder") == "features"
        if not usual or values.get("dtype", "float32") != "float32":
            return None
        if any(key in values for key in KEYS_OF_OLDER_VERSIONS) or "tasks" not in values:
            return None
        tasks = tuple(Task(**task) for task in values["tasks"])
        if any(task.level != "sequence" for task in tasks):
            return None
        columns, roles = model_columns(
            values.get("feature_names"),
            values.get("features"),
            values.get("ensemble_features"),
            values.get("features_digest"),
        )
        return cls(
            name,
            columns,
            roles,
            float(values.get("ensemble_share", 1.0)),
            tasks,
            dict(values.get("temperatures") or {}),
            values.get("tokenizer_class", "CPTokenizer"),
            text,
        )


class FeatureModel(Predictor):
    """A model of features alone.

    Args:
        settings: its configuration.
        weights: of the model by their names in its state dict, float32.
        emitted: from the notes of a piece to those that its tokenizer emits.
        hub: options with which it was loaded.

    Raises:
        ValueError: weights that do not fit the configuration.
    """

    device = "cpu"

    def __init__(
        self,
        settings: FeatureSettings,
        weights: Mapping[str, np.ndarray],
        emitted: Emitted,
        hub: Mapping[str, Any],
    ) -> None:
        self.config, self.tasks = settings, settings.task_specs
        self.weights, self.emitted, self.hub = weights, emitted, hub
        self.net = network({name: array.astype(np.float64) for name, array in weights.items()})
        names = settings.feature_names
        encoder = self.net.encoder
        encoder.tonal_columns, encoder.other_columns = state_columns(names)
        encoder.feature_count = len(encoder.other_columns)
        if not encoder.tonal_columns:
            encoder.tonic = None
        else:
            encoder.tonic.spectrum = weight_spectrum(encoder.tonic.weight)
        if self._ensemble is not None:
            self._ensemble.width = len(state_names(names))
            self._ensemble.share = settings.ensemble_share
            for role, places in ensemble_places(names, settings.ensemble_features).items():
                setattr(self._ensemble, f"{role}_columns", places)
        try:
            states, tried = self._logits(np.zeros((1, len(names))))
        except (AttributeError, ValueError, IndexError) as error:
            raise ValueError(f"weights that do not fit the configuration: {error}") from error
        if any(tried[task.name].shape != (1, task.num_labels) for task in self.tasks):
            raise ValueError("weights of other tasks than those of the configuration")
        self.width = states.shape[1]

    @property
    def state_columns(self) -> list[str]:
        """Name the H columns of the states: of the keys, `predicted_key_00` to `_23` are logits."""
        names = state_names(self.config.feature_names)
        keys = [f"{PREDICTED_KEY}_{key:02d}" for key in range(self.width - len(names))]
        return names + keys

    def emotion_of(self, states: np.ndarray) -> np.ndarray:
        """Predict the (B, 4) probabilities of the quadrants from (B, H) states of pieces.

        Raises:
            ValueError: a model without an emotion task.
        """
        task = next((task for task in self.tasks if task.name == EMOTION.name), None)
        if task is None:
            raise ValueError("the model has no emotion task")
        found = []
        with self._one_thread(states):
            for first in range(0, len(states), ROWS):
                found.append(self._probable(task, self._head(task, states[first : first + ROWS])))
        return np.concatenate(found)

    def _probable(self, task: Task, logits: np.ndarray) -> np.ndarray:
        """Turn logits into probabilities at the temperature of the task."""
        return _probabilities(logits / self.config.temperatures.get(task.name, 1.0), task)

    @cached_property
    def _ensemble(self) -> Net | None:
        """The ensemble that predicts emotion, if the model has one."""
        return getattr(self.net.heads, EMOTION.name) if self.config.ensemble_features else None

    def _measured(self, states: np.ndarray) -> tuple[np.ndarray, Measures]:
        """Compute the (B, 4) logits of an ensemble, and measure the pieces."""
        logits = ensemble.members(self._ensemble, states, numpy_ops)
        familiar = ensemble.familiarity(self._ensemble, states, numpy_ops)
        combined = ensemble.combined(self._ensemble, logits, familiar)
        return combined, Measures(familiar, ensemble.strengths(logits, numpy_ops))

    def _head(self, task: Task, states: np.ndarray) -> np.ndarray:
        """Compute the (B, K) logits of a task."""
        if task.name == EMOTION.name and self._ensemble is not None:
            return self._measured(states)[0]
        if task.name == KEY.name and self.net.encoder.tonic is not None:
            return states[:, -KEYS:]
        net = getattr(self.net.heads, task.name)
        hidden = states[:, None]
        mask = np.ones((len(states), 1, 1), bool)
        return net.classifier(pooled(net.pool, hidden, mask, numpy_ops))

    def _logits(self, rows: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Compute the states of pieces and the logits of each task."""
        states = self._states(rows)
        return states, {task.name: self._head(task, states) for task in self.tasks}

    @cached_property
    def _thread_pools(self) -> Any:
        """The threads of NumPy's matrix products."""
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController()

    def _one_thread(self, rows: np.ndarray) -> AbstractContextManager:
        """Compute without threads, which wait for the cores that workers use."""
        return nullcontext() if len(rows) <= FEW_ROWS else self._thread_pools.limit(limits=1)

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        """Convert (B, C) features to float64."""
        count = len(self.config.feature_names)
        if rows.shape[-1] != count:
            raise ValueError(f"the model takes {count} features of a piece, not {rows.shape[-1]}")
        return rows.astype(np.float64)

    def _states(self, rows: np.ndarray) -> np.ndarray:
        """Compute the (B, H) states of pieces."""
        return piece_states(self.net.encoder, self._checked(rows), numpy_ops)

    def predict(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> dict[str, np.ndarray]:
        return self.predict_measured(sequences, rows, batch_size)[0]

    def predict_measured(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> tuple[dict[str, np.ndarray], Measures | None]:
        found = {task.name: [np.zeros((0, task.num_labels))] for task in self.tasks}
        measured = []
        rows = _given(rows)
        for first in range(0, len(rows), ROWS):
            with self._one_thread(rows):
                states = self._states(rows[first : first + ROWS])
                for task in self.tasks:
                    if task.name == EMOTION.name and self._ensemble is not None:
                        logits, measures = self._measured(states)
                        measured.append(measures)
                    else:
                        logits = self._head(task, states)
                    found[task.name].append(self._probable(task, logits))
        predictions = {name: np.concatenate(parts) for name, parts in found.items()}
        if not measured:
            return predictions, None
        columns = zip(*((part.familiarity, part.strengths) for part in measured), strict=True)
        return predictions, Measures(*map(np.concatenate, columns))

    def embed(
        self, sequences: Sequence[np.ndarray], rows: np.ndarray | None, batch_size: int
    ) -> np.ndarray:
        rows = _given(rows)
        with self._one_thread(rows):
            return self._states(rows)

    def in_numpy(self) -> FeatureModel:
        return self

    @property
    def digest(self) -> str:
        digest = hashlib.blake2b(self.config.text.encode())
        for name, weight in sorted(self.weights.items()):
            digest.update(name.encode() + np.ascontiguousarray(weight).tobytes())
        return digest.hexdigest()


def load_feature_model(
    name: str | os.PathLike, device: Any = "cpu", **options: Any
) -> FeatureModel | None:
    """Load a model of features alone, and what its tokenizer emits.

    Args:
        name: a folder or a hub name.
        device: where the model shall run.
        options: as of `SymbolicModel.from_pretrained`.

    Returns:
        The model. None for any other model, another device, other options than `HUB_OPTIONS`, and
        where there is nothing to load or the files are not understood:
        `symbolic.inference.weights` then loads the model or raises the error.

    Raises:
        ValueError: features other than those of training.
    """
    hub = hub_options(options)
    if str(device) != "cpu" or options.keys() - hub.keys():
        return None
    config = saved_file(name, CONFIG, hub)
    settings = None if config is None else FeatureSettings.read(config, os.fspath(name))
    if settings is None:
        return None
    weights, tokenizer = (saved_file(name, file, hub) for file in (WEIGHTS, FILE_NAME))
    if weights is None or tokenizer is None:
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        emitted = load_emitted(tokenizer, settings.tokenizer_class)
        return emitted and FeatureModel(settings, load_file(weights), emitted, hub)
    except (SafetensorError, KeyError, ValueError):
        return None


def _given(rows: np.ndarray | None) -> np.ndarray:
    if rows is None:
        raise ValueError("a model of features needs the features of each piece")
    return rows


def _probabilities(logits: np.ndarray, task: Task) -> np.ndarray:
    """Turn (B, K) logits of a task into probabilities; values of a regression stay."""
    if task.kind == "single":
        return numpy_ops.softmax(logits)
    return 1 / (1 + np.exp(-logits)) if task.kind == "multi" else logits
