"""Arguments of a scoring run, and the scorer with these arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import torch
from transformers.utils import logging

from symbolic.notes.pool import MEMORY_BYTES, TIMEOUT_SECONDS
from symbolic.notes.table import ReadError
from symbolic.scoring.base import Row, Scorer
from symbolic.scoring.columns import TIMELINE
from symbolic.scoring.emotion import EmotionScorer, scorer_of
from symbolic.scoring.notes import NotePreparation
from symbolic.scoring.timeline import predict_timelines, prepare_windows
from symbolic.scoring.windows import SlidingWindow

if TYPE_CHECKING:
    from symbolic.notes.read import Source

FileRows = list[list[Row]]
"""The rows of one file in each of the tables, without its path."""


@dataclass(frozen=True)
class ScoringArguments:
    """Arguments of a scoring run, in plain values that travel to other machines.

    Attributes:
        model: a folder or a hub name; None is the model inside the package.
        device: where it runs.
        sliding: windows of a timeline; None is no timeline.
        batch_size: windows in one forward pass; None is the default of the scorer.
        workers: processes that read files; None is one for each core.
        timeout: seconds that one file may take.
        memory: bytes that reading one file may take.
    """

    model: str | None = None
    device: str = "cpu"
    sliding: SlidingWindow | None = None
    batch_size: int | None = None
    workers: int | None = None
    timeout: float = TIMEOUT_SECONDS
    memory: int = MEMORY_BYTES

    def job(self) -> ScoringJob:
        """Load the model; errors as of `load_scorer`, and a ValueError where it has no timeline."""
        return ScoringJob(load_scorer(self.model, self.device), self)


def load_scorer(name: str | None, device: str = "cpu") -> Scorer:
    """Load the scorer of a model of notes or of recordings.

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
    try:
        return scorer_of(name, device=device)
    except Exception as error:  # safetensors, transformers and the hub raise of many kinds
        reason = " ".join(str(error).split())
        raise ValueError(f"model {name!r} cannot be loaded: {reason}") from error


class ScoringJob:
    """A scorer and the arguments of a run.

    Args:
        scorer: of notes or of recordings.
        arguments: of the run.

    Raises:
        ValueError: a timeline without emotion.

    Attributes:
        tables: of each table, its columns and what is in them.
        preprocess: the function of the workers, as `symbolic.notes.pool.apply_many` takes it.
    """

    def __init__(self, scorer: Scorer, arguments: ScoringArguments) -> None:
        self.scorer, self.arguments = scorer, arguments
        self.tables = [scorer.columns]
        self.preprocess: Callable[[list[Source]], list[Any]] = scorer.preprocess
        if arguments.sliding is not None:
            if not isinstance(scorer, EmotionScorer):
                raise ValueError("only models of emotion have a timeline")
            self.tables.append(TIMELINE)
            self.preprocess = partial(
                _prepare_both, sliding=arguments.sliding, preparation=scorer.preprocess
            )

    @property
    def reading(self) -> dict[str, Any]:
        """Options of `apply_many`."""
        arguments = self.arguments
        return {
            "workers": arguments.workers,
            "timeout": arguments.timeout,
            "memory": arguments.memory,
            "files_per_task": self.scorer.files_per_task,
        }

    def predict(self, prepared: Sequence[Any]) -> list[FileRows]:
        """Predict the rows of each file, from what `preprocess` made of it, or its error."""
        size = self.arguments.batch_size
        if self.arguments.sliding is None:
            return [[[row]] for row in self.scorer.predict_rows(prepared, size)]
        pairs = [(item, item) if isinstance(item, ReadError) else item for item in prepared]
        rows = self.scorer.predict_rows([whole for whole, _ in pairs], size)
        windows = predict_timelines(self.scorer.model, [cuts for _, cuts in pairs], size)
        return [[[row], timeline] for row, timeline in zip(rows, windows, strict=True)]

    @property
    def identity(self) -> dict[str, Any]:
        """All that the rows depend on, in plain values: every weight of the model, and the rest."""
        model, arguments = self.scorer.model, self.arguments
        digest = hashlib.blake2b(model.config.to_json_string(use_diff=False).encode())
        for name, weight in sorted(model.state_dict().items()):
            digest.update(name.encode() + weight.detach().cpu().contiguous().numpy().tobytes())
        return {
            "version": _version(),
            "model": digest.hexdigest(),
            "tables": [list(columns) for columns in self.tables],
            "sliding": None if arguments.sliding is None else vars(arguments.sliding),
            "batch_size": arguments.batch_size,
            "device": arguments.device,
        }


def _prepare_both(
    sources: list[Source], sliding: SlidingWindow, preparation: NotePreparation
) -> list[Any]:
    """Prepare sources for the table and for the timeline, in a worker.

    A piece without a timeline, because it would have too many windows, still has its row.
    """
    prepared = []
    for source in sources:
        notes = preparation.emitted(source)
        try:
            windows = prepare_windows(notes, sliding, preparation)
        except ReadError as error:
            windows = ReadError(error.reason)
        prepared.append((preparation.inputs(notes), windows))
    return prepared


def _version() -> str:
    try:
        return version("symbolic-emotion")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return ""
