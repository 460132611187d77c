"""The scorer that fits a saved model."""

from __future__ import annotations

import os
from typing import Any

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.scoring.base import Scorer
from symbolic.scoring.emotion import DEFAULT_MODEL, EmotionScorer
from symbolic.scoring.notes import HUB_OPTIONS, NoteScorer
from symbolic.tasks import EMOTION


def scorer_of(
    name: str | os.PathLike | None = None,
    *,
    device: str | torch.device = "cpu",
    **kwargs: Any,
) -> Scorer:
    """Load a model as the scorer that fits its inputs and tasks.

    Args:
        name: a folder or a hub name; None is the model inside the package.
        device: where it runs.
        kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

    Returns:
        An `AudioScorer` of a model of recordings, an `EmotionScorer` of a model of notes with an
        emotion task, a `NoteScorer` of any other model of notes.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of another type, or one without a task for whole pieces.
    """
    name = os.fspath(DEFAULT_MODEL if name is None else name)
    hub = {option: kwargs[option] for option in HUB_OPTIONS if option in kwargs}
    config = SymbolicConfig.from_pretrained(name, **hub)
    if config.inputs == "audio":
        from symbolic.scoring.audio import AudioScorer  # its libraries are slow to import

        return AudioScorer.from_pretrained(name, device=device, **kwargs)
    if any(task.name == EMOTION.name for task in config.task_specs):
        return EmotionScorer.from_pretrained(name, device=device, **kwargs)
    return NoteScorer.from_pretrained(name, device=device, **kwargs)
