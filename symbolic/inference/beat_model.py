"""Models of boundaries of bars or beats, from piano rolls alone, in NumPy: without PyTorch.

The forward pass is that of `symbolic.forward.metrical`, which the PyTorch model runs, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbolic.audio.front_end import ROLL_WIDTHS
from symbolic.forward import numpy_ops
from symbolic.forward.metrical import DILATIONS, embedded
from symbolic.forward.numpy_net import Convolution, Linear, Net, Norm, PlaneConvolution, network
from symbolic.inference.feature_model import CONFIG, WEIGHTS
from symbolic.inference.saved import saved_file
from symbolic.tasks import BOUNDARY, Task

CONTEXT, HEAD = "encoder.contexts.0.", f"heads.{BOUNDARY.name}.classifier."


@dataclass(frozen=True)
class BeatSettings:
    """The configuration of a model of piano rolls by bars or beats, as predictions depend on it.

    Attributes:
        name_or_path: of the model.
        metrical_unit: `bar` or `beat`.
        metrical_options: `rolls`, their kinds, and `lags`.
        peaks: names of peak-picking rules.
        thresholds: by task, of each tolerance.
        confidences: by task, the calibration of each tolerance.
        task_specs: the tasks.
    """

    name_or_path: str
    metrical_unit: str
    metrical_options: Mapping[str, Any]
    peaks: str
    thresholds: Mapping[str, Mapping[str, float]]
    confidences: Mapping[str, Mapping[str, Sequence[float]]]
    task_specs: tuple[Task, ...] = field(default_factory=tuple)


class BeatModel:
    """A model of boundaries from piano rolls of bars or beats.

    Args:
        config: its configuration.
        weights: of the model by their names in its state dict.

    Raises:
        KeyError, ValueError: weights of another model.
    """

    units, device = True, "cpu"

    def __init__(self, config: BeatSettings, weights: Mapping[str, np.ndarray]) -> None:
        self.config = config
        rolls = config.metrical_options["rolls"]
        self.widths = [ROLL_WIDTHS[kind] for kind in rolls]
        single = {name: array.astype(np.float32) for name, array in weights.items()}
        self.context = _context(_below(single, CONTEXT), int(config.metrical_options["lags"]))
        self.head: Any = network(_below(single, HEAD))
        self.activation(np.zeros((1, sum(self.widths))))  # refuses weights that do not fit

    def activation(self, rolls: np.ndarray) -> np.ndarray:
        """Predict the (U,) activations of units, 0..1, from their (U, F) piano rolls."""
        inputs = rolls[None].astype(np.float32)
        compared = np.split(inputs, np.cumsum(self.widths)[:-1], axis=-1)
        logits = self.head(embedded(self.context, [inputs], compared, None, numpy_ops))
        return 1 / (1 + np.exp(-logits[0, :, 0]))


def load_beat_model(name: str | os.PathLike) -> BeatModel:
    """Load a model of boundaries that takes piano rolls of bars or beats alone.

    Raises:
        OSError: nothing to load under that name.
        ValueError: another model.
    """
    from safetensors.numpy import load_file

    config, weights = (saved_file(name, file, {}) for file in (CONFIG, WEIGHTS))
    if config is None or weights is None:
        raise OSError(f"{os.fspath(name)}: no {CONFIG} or no {WEIGHTS}")
    values = json.loads(config.read_text(encoding="utf-8"))
    tasks = tuple(Task(**task) for task in values["tasks"])
    if values.get("encoder") != "metrical" or [task.name for task in tasks] != [BOUNDARY.name]:
        raise ValueError(f"{os.fspath(name)}: no model of boundaries by bars or beats")
    settings = BeatSettings(
        os.fspath(name),
        values["metrical_unit"],
        values["metrical_options"],
        values["peaks"],
        values["thresholds"],
        values.get("confidences", {}),
        tasks,
    )
    return BeatModel(settings, load_file(weights))


def _below(weights: Mapping[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    """Select weights whose names have a beginning, and leave it out."""
    return {name[len(start) :]: w for name, w in weights.items() if name.startswith(start)}


def _layer(kind: type[Net], weights: Mapping[str, np.ndarray], start: str) -> Any:
    """Make a layer of the weights `start`.weight and `start`.bias."""
    made = kind()
    vars(made).update(_below(weights, f"{start}."))
    return made


def _context(weights: Mapping[str, np.ndarray], lags: int) -> Net:
    """Make the network of `symbolic.encoders.metrical.MetricalContext`."""
    project = _layer(Linear, weights, "project.0"), _layer(Norm, weights, "project.1")
    net: Net = Net()
    net.project = lambda values: numpy_ops.leaky_relu(project[1](project[0](values)))
    net.lags = lags
    if lags:
        net.stripes = PlaneConvolution(weights["stripes.weight"], weights["stripes.bias"])
        net.join = _layer(Linear, weights, "join")
    net.norms = [_layer(Norm, weights, f"norms.{i}") for i in range(len(DILATIONS))]
    net.layers = [
        Convolution(weights[f"layers.{i}.weight"], weights[f"layers.{i}.bias"], step)
        for i, step in enumerate(DILATIONS)
    ]
    return net
