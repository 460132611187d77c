"""Cells of audio systems: each system trained with each part of a corpus held out.

The run of a cell is in `SYSTEM/HELD_OUT` of the sweep's folder.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils import SAFE_WEIGHTS_NAME

from symbolic.structure.detection import BoundaryArguments
from symbolic.sweep.bundle import hashed
from symbolic.sweep.cells import complete
from symbolic.sweep.encoders import weights_digest
from symbolic.sweep.grid import AudioSettings
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
    described,
)
from symbolic.training.trainer import FitArguments


def run_audio_cells(
    systems: Sequence[str],
    parts: Sequence[str],
    settings: AudioSettings,
    data: AudioDataArguments,
    output: str | Path,
    shard: tuple[int, int] = (0, 1),
    keep_weights: bool = True,
    **training: Any,
) -> None:
    """Train every system with every part held out, unless it is finished with these settings.

    Args:
        systems: names in `SYSTEMS` or `BEAT_SYSTEMS`.
        parts: values of `hold_out`.
        settings: of all cells.
        data: the corpus; its `hold_out` is not used. Files that change are not noticed.
        output: folder of the sweep.
        shard: (i, n): only every n-th cell, from the i-th.
        keep_weights: otherwise they are deleted after the predictions.
        training: of `TrainingArguments`, in place of those of the settings.
    """
    settings = replace(settings, peaks=settings.peaks or BoundaryArguments.peaks)
    cells = [(system, part) for system in systems for part in parts]
    for system, part in cells[shard[0] :: shard[1]]:
        folder = Path(output, system, part)
        held_out = replace(data, hold_out=part)
        train = partial(_train, system, settings, held_out, folder, training)
        complete(folder, _digest(system, settings, held_out), train, keep_weights)


def _digest(system: str, settings: AudioSettings, data: AudioDataArguments) -> str:
    """Compute a digest of what a cell's results depend on, except code and recordings."""
    values = {**asdict(settings), "pretrained": ""}
    if settings.pretrained:
        base = settings.pretrained.format(system=system)
        local = Path(base, SAFE_WEIGHTS_NAME).is_file()
        values["pretrained"] = weights_digest(base) if local else base
    return hashed([system, values, described(data)]).hexdigest()


def _train(
    system: str,
    settings: AudioSettings,
    data: AudioDataArguments,
    folder: Path,
    training: dict[str, Any],
) -> dict[str, Any]:
    """Train a cell and describe it."""
    values = asdict(settings)
    names = {"epochs": "num_train_epochs", "batch_size": "per_device_train_batch_size"}
    fitting = ("epochs", "batch_size", "learning_rate")
    shape = {name: value for name, value in values.items() if name not in fitting}
    shape["pretrained"] = settings.pretrained.format(system=system)
    begun = time.perf_counter()
    model = train_audio(
        data,
        AudioModelArguments(system=system, **shape),
        FitArguments(),
        TrainingArguments(
            **{
                **AUDIO_DEFAULTS,
                **{names.get(name, name): values[name] for name in fitting},
                "save_strategy": "no",
                "disable_tqdm": True,
                **training,
                "output_dir": str(folder),
            }
        ),
    )
    return {
        **values,
        "pretrained": Path(settings.pretrained).name,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "minutes": (time.perf_counter() - begun) / 60,
    }
