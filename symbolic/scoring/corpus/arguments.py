"""What is asked of every file of a corpus, and who answers it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch
from transformers.utils import logging

from symbolic.configuration import SymbolicConfig
from symbolic.notes.pool import MEMORY_BYTES, TIMEOUT_SECONDS
from symbolic.notes.table import ReadError
from symbolic.scoring.columns import TIMELINE
from symbolic.scoring.emotion import (
    DEFAULT_MODEL,
    TOGETHER,
    EmotionScorer,
    emitted_notes,
    hear_notes,
)
from symbolic.scoring.timeline import hear_windows, timelines_rows
from symbolic.scoring.windows import Sliding

if TYPE_CHECKING:
    from symbolic.notes.read import Source
    from symbolic.scoring.audio import AudioScorer

Answer = list[list[dict[str, Any]]]
"""Of a file, its rows in each of the tables, without its path."""


@dataclass(frozen=True)
class ScoringArguments:
    """What is asked of every file, in words that travel to other machines.

    Attributes:
        model: a folder or a hub name; None is the model inside the package.
        device: where it runs.
        sliding: windows of a timeline; None is no timeline.
        batch_size: windows in one forward pass; None is what is usual for the model.
        workers: processes that read files; None is one for each core.
        timeout: seconds that one file may take.
        memory: bytes that reading one file may take.
    """

    model: str | None = None
    device: str = "cpu"
    sliding: Sliding | None = None
    batch_size: int | None = None
    workers: int | None = None
    timeout: float = TIMEOUT_SECONDS
    memory: int = MEMORY_BYTES

    def listener(self) -> Listener:
        """Load the model; errors as of `load_scorer`, and a ValueError where it has no timeline."""
        return Listener(load_scorer(self.model, self.device), self)


def load_scorer(name: str | None, device: str = "cpu") -> EmotionScorer | AudioScorer:
    """The scorer of a model of notes or of recordings.

    Args:
        name: a folder or a hub name; None is the model inside the package.
        device: where it runs.

    Raises:
        ValueError: a device that cannot be used, or a model that cannot be loaded, for whatever
            reason; in one line.
    """
    logging.disable_progress_bar()
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {device!r} cannot be used: {reason}") from error
    path = os.fspath(DEFAULT_MODEL if name is None else name)
    try:
        if SymbolicConfig.from_pretrained(path).inputs != "audio":
            return EmotionScorer.from_pretrained(path, device=device)
        from symbolic.scoring.audio import AudioScorer

        return AudioScorer.from_pretrained(path, device=device)
    except Exception as error:  # safetensors, transformers and the hub raise of many kinds
        reason = " ".join(str(error).split())
        raise ValueError(f"model {name!r} cannot be loaded: {reason}") from error


class Listener:
    """A scorer with everything that is asked of it.

    Args:
        scorer: of notes or of recordings.
        arguments: what else to do.

    Raises:
        ValueError: a timeline of recordings.

    Attributes:
        types: of each table, its columns and what is in them.
    """

    def __init__(self, scorer: EmotionScorer | AudioScorer, arguments: ScoringArguments) -> None:
        self.scorer, self.arguments = scorer, arguments
        self.types = [scorer.types]
        if arguments.sliding is not None:
            if not isinstance(scorer, EmotionScorer):
                raise ValueError("a model of recordings has no timeline")
            self.types.append(TIMELINE)

    @property
    def hearing(self) -> Callable[[list[Source]], list[Any]]:
        """What workers do, as `symbolic.notes.pool.apply_many` takes it."""
        if self.arguments.sliding is None:
            return self.scorer.hearing
        return partial(_hear_both, sliding=self.arguments.sliding, taken=self.scorer.taken)

    @property
    def reading(self) -> dict[str, Any]:
        """Options of `apply_many`."""
        arguments = self.arguments
        together = TOGETHER if isinstance(self.scorer, EmotionScorer) else 1
        return {
            "workers": arguments.workers,
            "timeout": arguments.timeout,
            "memory": arguments.memory,
            "files_per_task": together,
        }

    def answer(self, heard: Sequence[Any | ReadError]) -> list[Answer]:
        """The rows of each file, by what `hearing` made of it."""
        size = self.arguments.batch_size
        size = {} if size is None else {"batch_size": size}
        if self.arguments.sliding is None:
            return [[[row]] for row in self.scorer.answer(list(heard), **size)]
        whole = [one if isinstance(one, ReadError) else one[0] for one in heard]
        windows = [one if isinstance(one, ReadError) else one[1] for one in heard]
        good = [one for one in windows if not isinstance(one, ReadError)]
        rows = iter(timelines_rows(self.scorer.model, good, **size))
        return [
            [[row], [{"error": one.reason}] if isinstance(one, ReadError) else next(rows)]
            for row, one in zip(self.scorer.answer(whole, **size), windows, strict=True)
        ]

    @property
    def identity(self) -> dict[str, Any]:
        """What answers depend on, in plain values: the model to its last weight, and the rest."""
        model, arguments = self.scorer.model, self.arguments
        made = hashlib.blake2b(model.config.to_json_string(use_diff=False).encode())
        for name, weight in sorted(model.state_dict().items()):
            made.update(name.encode() + weight.detach().cpu().contiguous().numpy().tobytes())
        return {
            "version": _version(),
            "model": made.hexdigest(),
            "tables": [list(one) for one in self.types],
            "sliding": None if arguments.sliding is None else vars(arguments.sliding),
            "batch_size": arguments.batch_size,
            "device": arguments.device,
        }


def _hear_both(sources: list[Source], sliding: Sliding, taken: dict[str, Any]) -> list[Any]:
    """Read sources for the table and for the timeline, in a worker.

    A piece that has no timeline, since it would have too many windows, has its row all the same.
    """
    heard = []
    for source in sources:
        notes = emitted_notes(source, taken["tokenizer"])
        whole = hear_notes(notes, **taken)
        try:
            windows = hear_windows(notes, sliding, **taken)
        except ReadError as error:
            windows = ReadError(error.reason)
        heard.append((whole, windows))
    return heard


def _version() -> str:
    try:
        return version("symbolic-emotion")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return ""
