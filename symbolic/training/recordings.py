"""Inputs of models from a corpus of recordings, or of pieces with marked parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from symbolic.data import READERS, Corpus, Piece, group_name, recording_corpora
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.labels import any_label
from symbolic.data.splits.hold_out import class_labels, classes, hold_out, sampled
from symbolic.inference.prediction_table import Row, prediction_rows, with_bar_lines
from symbolic.modeling import SymbolicModel
from symbolic.structure.detection import (
    BoundaryArguments,
    Curve,
    boundary_rows,
    choose_thresholds,
    position_labels,
)
from symbolic.tasks import BOUNDARY
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments, described
from symbolic.training.optimisation import balanced_weights
from symbolic.training.procedure import Inputs


class RecordingInputs(Inputs):
    """Pieces of one corpus, read whole and cut into windows after the split.

    Attributes:
        corpus: the pieces; after `prepare`, those that can be read.
        examples: what the model takes of each piece.

    Raises:
        FileNotFoundError: a corpus that is not there.
        ValueError: no such corpus, or options of boundaries for a corpus without any.
    """

    noun = "recordings"

    def __init__(self, data: AudioDataArguments, arguments: AudioModelArguments) -> None:
        if data.corpus not in recording_corpora():
            raise ValueError(
                f"no corpus {data.corpus!r}; there are {', '.join(recording_corpora())}"
            )
        self.data, self.arguments = data, arguments
        self.corpus = sampled(READERS[data.corpus](data.audio), data.most, data.fold_seed)
        self.has_boundaries = BOUNDARY in self.corpus.tasks
        if not self.has_boundaries and (given := _of_boundaries(arguments)):
            raise ValueError(f"{', '.join(given)}: of boundaries, and {data.corpus} has none")
        self.threshold_share = arguments.threshold_share if self.has_boundaries else 0.0

    @abstractmethod
    def read(self, model: SymbolicModel) -> tuple[Corpus, list[Any], list[str]]:
        """Read the corpus: pieces that can be read, what the model takes of each, findings."""

    @abstractmethod
    def times(self, model: SymbolicModel, example: Any) -> np.ndarray:
        """Compute the (T,) seconds of the positions that have a boundary label."""

    @abstractmethod
    def activations(self, model: SymbolicModel, examples: Sequence[Any]) -> list[Curve]:
        """Predict the boundary activation of each piece."""

    def probabilities(self, model: SymbolicModel, examples: Sequence[Any]) -> dict[str, np.ndarray]:
        """Predict (pieces, K) probabilities of each task on sequence level."""
        return {}

    def prepare(self, model: SymbolicModel) -> None:
        self.corpus, self.examples, findings = self.read(model)
        print(*findings, sep="\n", end="\n" if findings else "")
        data, pieces = self.data, self.corpus.pieces
        self.source = {**described(data), "findings": list(findings)}
        self.groups = np.array([group_name(piece.corpus, piece.group) for piece in pieces])
        self.classes = classes(self.corpus)
        self.train, self.held_out = hold_out(self.corpus, data.hold_out, data.folds, data.fold_seed)

    def chosen(self, chosen: np.ndarray) -> tuple[list[Piece], list[Any]]:
        """Select pieces, and what the model takes of each."""
        return [self.corpus.pieces[i] for i in chosen], [self.examples[i] for i in chosen]

    def fingerprints(self, chosen: np.ndarray) -> Fingerprints:
        return Fingerprints.of_pieces([self.corpus.pieces[i] for i in chosen])

    def files(self, chosen: np.ndarray) -> list[str]:
        return [self.corpus.pieces[i].path.name for i in chosen]

    def labels(self, model: SymbolicModel, chosen: np.ndarray) -> list[dict[str, Any]]:
        """Select labels, with targets of positions in place of the times of boundaries."""
        labels: list[dict[str, Any]] = []
        for piece, example in zip(*self.chosen(chosen), strict=True):
            labels.append(dict(piece.labels))
            if self.has_boundaries:
                at = self.times(model, example)
                times = labels[-1][BOUNDARY.name]
                labels[-1][BOUNDARY.name] = position_labels(times, at, self.arguments)
        return labels

    def class_weights(self, chosen: np.ndarray) -> dict[str, list[float]]:
        pieces, tasks = [self.corpus.pieces[i] for i in chosen], self.corpus.tasks
        return {
            task.name: balanced_weights(class_labels(pieces, task), task.num_labels)
            for task in tasks
            if task.kind == "single"
        }

    def labelled(self, model: SymbolicModel, chosen: np.ndarray) -> set[str]:
        return {
            name
            for i in chosen
            for name, label in self.corpus.pieces[i].labels.items()
            if name == BOUNDARY.name or any_label(label)  # a piece may have no boundary
        }

    def calibrate(self, model: SymbolicModel, chosen: np.ndarray) -> None:
        if self.has_boundaries:
            pieces, examples = self.chosen(chosen)
            choose_thresholds(model.config, pieces, self.activations(model, examples))

    def predict(self, model: SymbolicModel, chosen: np.ndarray, **columns: Any) -> list[Row]:
        pieces, examples = self.chosen(chosen)
        rows = prediction_rows(model.tasks, pieces, self.probabilities(model, examples), **columns)
        if self.has_boundaries:
            found = boundary_rows(pieces, self.activations(model, examples), model.config)
            rows = [{**row, **times} for row, times in zip(rows, found, strict=True)]
        return with_bar_lines(rows, pieces)


def _of_boundaries(arguments: BoundaryArguments) -> list[str]:
    """Name the options of boundaries that are not the defaults."""
    names, default = [option.name for option in fields(BoundaryArguments)], BoundaryArguments()
    return [name for name in names if getattr(arguments, name) != getattr(default, name)]
