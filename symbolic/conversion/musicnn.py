"""Published weights of the library musicnn (Pons & Serra 2019) as a model of this package.

Only files of the library are read: it is not imported, and TensorFlow is not needed.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from symbolic.conversion.tensor_bundle import CheckpointError, read_tensors
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.errors import SymbolicError
from symbolic.modeling import SymbolicModel
from symbolic.publishing.conversion_record import ConversionRecord
from symbolic.tasks import TAGS, Task

SYSTEM = "musicnn_published"
DATA = {"MTT": "MagnaTagATune", "MSD": "the Million Song Dataset"}
"""Training data by the beginning of the name of the weights, as labels are named, too."""

LABELS = "configuration.py"  # of the library: a module, which is read and not run
EPSILON = 1e-3  # that TensorFlow adds to the variance in a batch norm

CONVOLUTIONS = (
    *("vertical.0", "vertical.1", "horizontal.0", "horizontal.1", "horizontal.2"),
    *("first", "second", "third"),
)
"""The layers of the encoder in the order in which TensorFlow has numbered theirs."""


class ConversionError(SymbolicError, ValueError):
    """Weights that are not there, or are not those of this network."""


def convert_musicnn(
    weights: str = "MTT_musicnn",
    folder: str | os.PathLike | None = None,
    labels: Sequence[str] | None = None,
) -> tuple[SymbolicModel, ConversionRecord]:
    """Make a model of the system `musicnn_published` from a checkpoint.

    Sizes of the layers are those of the checkpoint, so that MSD_musicnn_big is converted, too.

    Args:
        weights: name of the weights: a folder of the installed library.
        folder: of the checkpoint, with the files `.index` and `.data-00000-of-00001`, where the
            library is not installed; its name replaces `weights`.
        labels: names of the tags; by default those in the library, which is beside the folder.

    Returns:
        A model that predicts the task `tags`, and the record of its origin.

    Raises:
        ConversionError: no such library or folder, no labels, or weights of another network.
        CheckpointError: a checkpoint that is damaged.
    """
    place = library_folder() / weights if folder is None else Path(folder).resolve()
    if not place.is_dir():
        raise ConversionError(f"{place}: no such folder{_others(place.parent)}")
    tensors = read_tensors(f"{place}{os.sep}")
    labels = library_labels(place) if labels is None else list(labels)
    options = layer_options(tensors, place)
    system = AUDIO_SYSTEMS[SYSTEM]
    task = Task(TAGS.name, TAGS.level, TAGS.kind, tuple(labels))
    model = SymbolicModel(system.config([task], encoder_options=options)).eval()
    _fill(model, tensors, place)
    return model, _record(place)


def library_folder() -> Path:
    """Find the folder of the installed library, without importing it.

    Raises:
        ConversionError: it is not installed.
    """
    spec = find_spec("musicnn")
    if spec is None or not spec.submodule_search_locations:
        raise ConversionError(
            "musicnn is not installed: pip install --no-deps musicnn (no TensorFlow is needed), or "
            "name the folder of a checkpoint with --checkpoint"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def library_labels(place: Path) -> list[str]:
    """Read the names of the tags from the library that a folder of weights belongs to.

    Raises:
        ConversionError: weights of an unknown name, or no labels beside the folder.
    """
    data = place.name.partition("_")[0]
    path = place.parent / LABELS
    if data not in DATA:
        raise ConversionError(
            f"{place}: the name begins with none of {', '.join(DATA)}: give the names of the tags"
        )
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"{data}_LABELS":
                return [str(label) for label in ast.literal_eval(node.value)]
    except (OSError, ValueError, SyntaxError) as error:
        raise ConversionError(f"{path}: labels cannot be read: {error}") from error
    raise ConversionError(f"{path}: no {data}_LABELS")


def layer_options(tensors: Mapping[str, np.ndarray], place: Path) -> dict[str, Any]:
    """Read the options of the encoder from the shapes of a checkpoint: those unlike the defaults.

    Raises:
        ConversionError: not the layers of this network.
    """
    try:
        shapes = [tensors[f"{_numbered('conv2d', n)}/kernel"].shape for n in range(8)]
        (length, _, _, vertical), horizontal = shapes[0], shapes[2][3]
        kernel, _, _, channels = shapes[5]
        dense = tensors["dense/kernel"].shape[1]
    except (KeyError, IndexError, ValueError) as error:
        raise ConversionError(
            f"{place}: not the layers of musicnn; other networks, such as vgg, are not converted"
        ) from error
    found = {
        "vertical": (vertical, 204),
        "heights": ([shape[1] for shape in shapes[:2]], [38, 67]),
        "length": (length, 7),
        "horizontal": (horizontal, 51),
        "lengths": ([shape[0] for shape in shapes[2:5]], [128, 64, 32]),
        "channels": (channels, 64),
        "kernel": (kernel, 7),
        "dense": (dense, 200),
    }
    return {name: value for name, (value, default) in found.items() if value != default}


def _fill(model: SymbolicModel, tensors: Mapping[str, np.ndarray], place: Path) -> None:
    """Copy the tensors of a checkpoint into a model.

    Each kernel is transposed to the order of PyTorch. TensorFlow flattens pooled values with
    maximum and mean of a channel side by side; here all maxima precede all means.
    """
    encoder: Any = model.encoder
    norms = ["norm", *(f"{name}.norm" for name in CONVOLUTIONS), "dense.pooled_norm", "dense.norm"]
    state: dict[str, np.ndarray] = {}
    for number, name in enumerate(CONVOLUTIONS):
        source = _numbered("conv2d", number)
        kernel = tensors[f"{source}/kernel"]  # (time, bands, inputs, outputs)
        if kernel.shape[2:3] != (1,):
            raise ConversionError(f"{place}: {source}/kernel has the shape {kernel.shape}")
        kernel = kernel[:, :, 0].transpose(2, 1, 0)  # (outputs, bands, time)
        state[f"{name}.conv.weight"] = kernel[:, None] if "." in name else kernel
        state[f"{name}.conv.bias"] = _tensor(tensors, f"{source}/bias", place)
    for number, name in enumerate(norms):
        source = _numbered("batch_normalization", number)
        norm = encoder.get_submodule(name)
        parts = {
            "weight": "gamma",
            "bias": "beta",
            "running_mean": "moving_mean",
            "running_var": "moving_variance",
        }
        for part, original in parts.items():
            state[f"{name}.{part}"] = _tensor(tensors, f"{source}/{original}", place)
        state[f"{name}.running_var"] = state[f"{name}.running_var"] + (EPSILON - norm.eps)
    state["dense.linear.weight"] = _tensor(tensors, "dense/kernel", place).T
    state["dense.linear.bias"] = _tensor(tensors, "dense/bias", place)
    for name in [name for name in state if name.startswith("dense.pooled_norm.")]:
        state[name] = _maxima_first(state[name])
    state["dense.linear.weight"] = _maxima_first(state["dense.linear.weight"])
    head: Any = model.heads.get_submodule(TAGS.name)
    # The head repeats the states of the only position, once for each view.
    views = head.pool.scores.out_features
    kernel = _tensor(tensors, "dense_1/kernel", place).T
    targets = {f"encoder.{name}": values for name, values in state.items()} | {
        f"heads.{TAGS.name}.classifier.1.weight": np.tile(kernel / views, (1, views)),
        f"heads.{TAGS.name}.classifier.1.bias": _tensor(tensors, "dense_1/bias", place),
    }
    own = model.state_dict()
    with torch.no_grad():
        for name, values in targets.items():
            if own[name].shape != values.shape:
                raise ConversionError(
                    f"{place}: {name} would have the shape {values.shape}, but it is "
                    f"{tuple(own[name].shape)}: other weights, or another number of labels"
                )
            own[name].copy_(torch.tensor(values))
        for layer in (head.pool.hidden, head.pool.scores):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)


def _maxima_first(values: np.ndarray) -> np.ndarray:
    """Move (..., 2C) values from maximum, mean, maximum, ... to all maxima, then all means."""
    return np.concatenate([values[..., 0::2], values[..., 1::2]], axis=-1)


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name


def _tensor(tensors: Mapping[str, np.ndarray], name: str, place: Path) -> np.ndarray:
    if name not in tensors:
        raise CheckpointError(f"{place}: no tensor {name}")
    return tensors[name]


def _others(library: Path) -> str:
    """The weights that a library has, as the end of a message."""
    found = sorted(path.name for path in library.glob("M*_musicnn*") if path.is_dir())
    return f"; there are {', '.join(found)}" if found else ""


def _record(place: Path) -> ConversionRecord:
    """The record of a conversion, with version and licence of the library beside the folder."""
    library, notice = "musicnn", ""
    for path in sorted(place.parent.parent.glob("musicnn-*.dist-info/LICENSE*")):
        library = path.parent.name.removesuffix(".dist-info").replace("-", " ")
        notice = path.read_text(encoding="utf-8", errors="replace").strip()
    return ConversionRecord(
        source=f"{place.name} of the library {library} (Pons and Serra 2019)",
        url="https://github.com/jordipons/musicnn",
        license="isc",
        notice=notice,
        data=DATA.get(place.name.partition("_")[0], ""),
    )
