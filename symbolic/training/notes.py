"""Training on files of notes (`symbolic train`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from torch.utils.data import Dataset
from transformers import TrainingArguments

from symbolic.data import (
    DataArguments,
    FeatureDataset,
    Piece,
    PieceDataset,
    TokenFile,
    TokenVocabulary,
    group_name,
    held_out,
    read_tables,
    tokens_of,
    unlabelled_pieces,
)
from symbolic.data.audit.fingerprints import Fingerprints, assert_not_held_out
from symbolic.data.labels import any_label, estimated_tasks
from symbolic.data.splits.hold_out import class_labels
from symbolic.features import feature_rows, named_columns
from symbolic.inference.prediction_table import Row, with_same_notes
from symbolic.inference.weights import load_config
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable, read_notes
from symbolic.notes.augment import Augmentation, orchestrations
from symbolic.tasks import EMOTION, KEY, TASKS, VALENCE_AROUSAL, Task
from symbolic.tokenizers import Tokenizer, build_tokenizer, load_tokenizer
from symbolic.training.build import (
    fit_transfer,
    masked_velocity,
    standardise_features,
    task_specs,
)
from symbolic.training.procedure import train_and_report
from symbolic.training.tokens import TokenizedInputs, TokenModelArguments, trained_classes
from symbolic.training.trainer import FitArguments
from symbolic.training.transfer import Labels

logger = logging.getLogger(__name__)

ORCHESTRATIONS = 3  # copies of a piece, as of `orchestrations`
FEATURES = "features"  # the encoder of features alone
TOKENIZER = "cp-performance"  # of a model that is trained from scratch


@dataclass
class ModelArguments(TokenModelArguments):
    """The model, its tokenizer, and the augmentation of its training data."""

    tokenizer: str = field(
        default="",
        metadata={
            "help": "by default that of --pretrained, or cp-performance. cp-performance, cp-score, "
            "cp-midibert, ferreira, or a class of MidiTok: REMI, TSD, MIDILike, Structured, "
            "CPWord, Octuple, MMM, PerTok; another name in symbolic.tokenizers.TOKENIZERS; or a "
            "folder or file with a saved tokenizer, for example one that MidiTok has trained"
        },
    )
    repeats: str = field(
        default="",
        metadata={"help": "vgmidi=3: each piece of that corpus three times in an epoch"},
    )
    tempo: float = field(default=0.1, metadata={"help": "0.1: up to 10 %% faster or slower"})
    velocity: int = field(default=10, metadata={"help": "velocity shift, up and down"})
    drop_dynamics: float = field(default=0.1, metadata={"help": "share of pieces without dynamics"})
    orchestrations: bool = field(
        default=False,
        metadata={
            "help": "with --encoder features: train on three more copies of each piece, with a "
            "part doubled an octave lower or higher, or with a pad of chords"
        },
    )


def repeated(pieces: Sequence[Piece], repeats: str) -> list[int]:
    """Repeat the indices of pieces by corpus.

    Args:
        pieces: of any corpora.
        repeats: corpora, by commas, each with `=` and how often its pieces are repeated.

    Raises:
        ValueError: a corpus without a piece, or a number that is not positive.
    """
    times = {}
    for part in repeats.split(",") if repeats else []:
        corpus, _, count = part.strip().partition("=")
        if not count.isdecimal() or int(count) < 1:
            raise ValueError(f"repeats {part!r}: how many times? Write {corpus}=3")
        times[corpus] = int(count)
    if unknown := times.keys() - {piece.corpus for piece in pieces}:
        raise ValueError(f"repeats: no piece of {', '.join(sorted(unknown))} is trained on")
    return [i for i, piece in enumerate(pieces) for _ in range(times.get(piece.corpus, 1))]


def with_labels(pieces: Sequence[Piece], tasks: Sequence[Task], rated: bool = False) -> list[Piece]:
    """Leave out corpora without a label of a trained task; warn of them, and of those with some.

    Tasks whose labels follow from the notes have labels in every corpus. Where no corpus has a
    label, all pieces stay.

    Args:
        pieces: to train on, of any corpora.
        tasks: of the model; those of weight 0 are not trained.
        rated: whether a model of emotion is also fitted to the order of ratings of valence and
            arousal.
    """
    trained = [task for task in tasks if task.weight]
    derived = any(task.label is not None for task in trained)
    lines, left_out = [], set()
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        own = [piece for piece in pieces if piece.corpus == corpus]
        names = {name for piece in own for name, label in piece.labels.items() if any_label(label)}
        missing = [t.name for t in trained if t.label is None and t.name not in names]
        end = ""
        if rated and VALENCE_AROUSAL.name in names and missing == [EMOTION.name]:
            continue
        if not (derived or any(task.name in names for task in trained)):
            left_out.add(corpus)
            end = ": it is left out"
        if missing:
            has = f" (it has {', '.join(sorted(names))})" if names else ""
            lines.append(f"no piece of {corpus} has a label of {', '.join(missing)}{has}{end}")
    kept = [piece for piece in pieces if piece.corpus not in left_out]
    if not kept:
        return list(pieces)
    for line in lines:
        logger.warning("%s", line)
    return kept


def _tokenizer(arguments: ModelArguments) -> tuple[Tokenizer, str]:
    """Make the tokenizer that is asked for, or that of the pre-trained model; and its name."""
    base = arguments.pretrained
    if arguments.tokenizer or not base:
        name = arguments.tokenizer or TOKENIZER
        return build_tokenizer(name), name
    return load_tokenizer(load_config(base).tokenizer_class, base), base


def _labels(pieces: Sequence[Piece], copies: int) -> Labels:
    """Collect what an ensemble of features is fitted to: each piece comes before its copies."""
    missing = (np.nan, np.nan)
    ratings = [piece.labels.get(VALENCE_AROUSAL.name, missing) for piece in pieces]
    return Labels(
        class_labels(pieces, EMOTION),
        np.array(ratings, np.float64).reshape(-1, 2),
        np.array([group_name(piece.corpus, piece.group) for piece in pieces]),
        np.array([piece.corpus for piece in pieces]),
        np.arange(len(pieces)) % (1 + copies) > 0,
    )


class NoteInputs(TokenizedInputs):
    """Files of notes."""

    arguments: ModelArguments

    def __init__(self, data: DataArguments, arguments: ModelArguments) -> None:
        self.tokenizer, name = _tokenizer(arguments)
        self.arguments, self.source = replace(arguments, tokenizer=name), data.record()
        self.vocabulary = TokenVocabulary.of(self.tokenizer)
        train, test = held_out(data)
        train = with_labels(train, task_specs(arguments.tasks), arguments.encoder == FEATURES)
        unlabelled = unlabelled_pieces(data)
        assert_not_held_out(unlabelled, test)
        self.pieces = [*train, *unlabelled, *test]
        self.names = named_columns(arguments.features)
        self.groups = np.array([group_name(piece.corpus, piece.group) for piece in self.pieces])
        self.class_task, self.classes = trained_classes(
            task_specs(arguments.tasks), lambda task: class_labels(self.pieces, task)
        )
        self.train = np.arange(len(train) + len(unlabelled))
        self.held_out = len(self.train) + np.arange(len(test))
        self.estimated = estimated_tasks(test)

    def fingerprints(self, chosen: np.ndarray) -> Fingerprints:
        return Fingerprints.of_pieces([self.pieces[i] for i in chosen])

    def files(self, chosen: np.ndarray) -> list[str]:
        return [self.pieces[i].path.name for i in chosen]

    def tokens_of(self, chosen: np.ndarray) -> tuple[TokenFile, range]:
        pieces = [self.pieces[i] for i in chosen]
        tokens = tokens_of(pieces, read_tables(pieces), self.tokenizer, self.names)
        return tokens, range(len(pieces))

    def predict(self, model: SymbolicModel, chosen: np.ndarray, **columns: Any) -> list[Row]:
        rows = super().predict(model, chosen, **columns)
        return with_same_notes(rows, [self.pieces[i] for i in chosen])

    def labelled(self, model: SymbolicModel, chosen: np.ndarray) -> set[str]:
        pieces = [self.pieces[i] for i in chosen]
        names = {
            name for piece in pieces for name, label in piece.labels.items() if any_label(label)
        }
        trained = [TASKS.get(task.name, task) for task in model.tasks if task.name not in names]
        derived = [task for task in trained if task.label is not None]
        if model.config.inputs != "notes":  # of whose features no key is a label
            derived = [task for task in derived if task.name != KEY.name]
        return names | {task.name for task in derived if self._any_derived(task, pieces)}

    def _any_derived(self, task: Task, pieces: Sequence[Piece]) -> bool:
        """Whether the notes of a piece give a label; pieces are read until one does."""
        tables = (self.tokenizer.emitted(read_notes(piece.path)) for piece in pieces)
        label = cast(Callable[[NoteTable], Any], task.label)
        return any(any_label(label(table)) for table in tables if len(table))

    def training_set(self, model: SymbolicModel, chosen: np.ndarray) -> Dataset:
        arguments, names, pieces = self.arguments, self.names, [self.pieces[i] for i in chosen]
        tables, order = read_tables(pieces), repeated(pieces, arguments.repeats)
        pieces, tables = [pieces[i] for i in order], [tables[i] for i in order]
        if model.config.inputs != "notes":
            emitted = [self.tokenizer.emitted(table) for table in tables]
            own = FeatureDataset.of(pieces, emitted, names)
            trained = {task.name for task in model.tasks if task.weight}
            standardise_features(model, own.labelled(trained).rows)
            copies = ORCHESTRATIONS if arguments.orchestrations else 0
            if copies:
                pieces = [piece for piece in pieces for _ in range(1 + copies)]
                emitted = [one for table in emitted for one in (table, *orchestrations(table))]
                own = FeatureDataset.of(pieces, emitted, names)
            self.fitted = own.rows, _labels(pieces, copies)
            fit_transfer(model, *self.fitted)
            return own.labelled(trained)
        dataset = PieceDataset(
            pieces,
            tables,
            self.tokenizer,
            window=arguments.training_window,
            augmentation=Augmentation(
                arguments.semitones, arguments.tempo, arguments.velocity, arguments.drop_dynamics
            ),
            masked_velocity=masked_velocity(model),
            masked_score_time=arguments.masked_score_time,
            feature_names=names,
        )
        if names:
            standardise_features(model, feature_rows(dataset.tables, names))
        return dataset

    def class_weights(self, chosen: np.ndarray) -> dict[str, list[float]]:
        order = repeated([self.pieces[i] for i in chosen], self.arguments.repeats)
        return super().class_weights(chosen[order])


def train(
    data: DataArguments,
    arguments: ModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train, save the model and its tokenizer in `training.output_dir`, predict what is held out.

    Beside the weights lie `training.json` (arguments and training groups) and `predictions.csv`
    (one row for each held-out piece). An interrupted run continues from its last checkpoint with
    `--resume-from-checkpoint True`, from another one with its path.

    Raises:
        LeakError: unlabelled music with the file name of a held-out piece, or a held-out piece that
            the model in `pretrained` was trained on.
        ValueError: a tokenizer, a task or a corpus that does not exist, tasks that the tokenizer
            does not support, or a task that no piece has a label of.
        ReadError: a piece that cannot be read, or of which the tokenizer can hold no note.
    """
    return train_and_report(NoteInputs(data, arguments), fitting, training, data.hold_out)
