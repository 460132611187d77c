"""Saved models, from a folder or the Hub, with errors of one line and without a bar."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from transformers.utils import CONFIG_NAME, SAFE_WEIGHTS_NAME

from symbolic.configuration import SymbolicConfig
from symbolic.errors import hub_reason
from symbolic.inference.saved import hub_options
from symbolic.modeling import SymbolicModel, no_bar_of_weights
from symbolic.packaged import packaged

MODEL_FILES = (CONFIG_NAME, SAFE_WEIGHTS_NAME)
"""Files of the folder of a model."""


def load_config(
    name: str | os.PathLike, *, files: Sequence[str] = MODEL_FILES, **kwargs: Any
) -> SymbolicConfig:
    """Load the configuration of a model; of `kwargs` only `HUB_OPTIONS` matter.

    Args:
        name: a folder, or a name on the Hub.
        files: that a folder must have.

    Raises:
        OSError: no folder and no model of the Hub, or a folder without one of the files.
        ValueError: a model of another type.
    """
    name = os.fspath(packaged(name))
    if os.path.isfile(name):
        raise NotADirectoryError(f"{name}: a file, not the folder of a model")
    missing = [file for file in files if not Path(name, file).is_file()]
    if os.path.isdir(name) and missing:
        raise FileNotFoundError(f"{name}: no model in the folder: no {', '.join(missing)}")
    options = hub_options(kwargs)
    try:
        values, _ = SymbolicConfig.get_config_dict(name, **options)
        if values.get("model_type") != SymbolicConfig.model_type:
            kind = values.get("model_type")
            raise ValueError(f"{name}: a model of type {kind!r}, not one of this package")
        return SymbolicConfig.from_pretrained(name, **options)
    except OSError as error:
        if os.path.isdir(name):
            raise
        reason = hub_reason(error.__cause__)
        reason = reason or f"not loaded from the Hub: {str(error).splitlines()[0]}"
        raise FileNotFoundError(
            f"{name}: no such folder, and {reason}; the model in the package needs no name"
        ) from error


def check_device(device: str | torch.device) -> None:
    """Refuse a device that cannot be used, with a ValueError of one line."""
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {str(device)!r} cannot be used: {reason}") from error


def load_weights(
    name: str | os.PathLike,
    config: SymbolicConfig,
    *,
    device: str | torch.device = "cpu",
    **kwargs: Any,
) -> SymbolicModel:
    """Load a model with all its weights, and move it to a device.

    Raises:
        ValueError: weights are missing, or the device cannot be used.
    """
    if str(device) != "cpu":
        check_device(device)
    options = {**kwargs, "use_safetensors": True, "output_loading_info": True}
    with no_bar_of_weights():
        found = SymbolicModel.from_pretrained(name, config=config, **options)
    model, loading = cast(tuple[SymbolicModel, dict[str, Any]], found)
    if loading["missing_keys"]:
        raise ValueError(f"{name}: the weights lack {', '.join(sorted(loading['missing_keys']))}")
    cast(torch.nn.Module, model).to(device)  # transformers' own `to` has no types
    return model
