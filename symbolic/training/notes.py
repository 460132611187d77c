"""Training with the stock Trainer: what `scripts/train.py` calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.data import (
    DataArguments,
    FeatureDataset,
    Piece,
    PieceDataset,
    TokenDataset,
    TokenVocabulary,
    assert_disjoint,
    group_name,
    held_out,
    read_tables,
    tokens_of,
    unlabelled_pieces,
    validation_split,
)
from symbolic.data.datasets.dataset import MASKED_VELOCITY
from symbolic.features import features, named_columns
from symbolic.inference.note_predictions import Row, predictions
from symbolic.modeling import SymbolicModel
from symbolic.notes.augment import Augmentation
from symbolic.tasks import EMOTION, IGNORE, KEY, VELOCITY, Task
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model, standardise_features
from symbolic.training.optimisation import balanced_weights
from symbolic.training.run_folder import accuracy_line, known_groups, save_run
from symbolic.training.trainer import FitArguments, fit

MADE = (KEY.name, VELOCITY.name)  # labels that are made of the notes


@dataclass
class ModelArguments(ShapeArguments):
    """The model, its tokenizer, and what is done to its input in training."""

    tokenizer: str = field(
        default="cp-performance",
        metadata={
            "help": "cp-performance, cp-score, cp-midibert, ferreira, or a class of MidiTok: REMI, "
            "TSD, MIDILike, Structured, CPWord, Octuple, MMM, PerTok; or a folder or file with a "
            "saved tokenizer, for example one that MidiTok has trained"
        },
    )
    features: str = field(
        default="core",
        metadata={
            "help": "features of the whole piece: none, all, core, tonal (in which a key is "
            "heard), or other sets and groups of symbolic.features, by commas"
        },
    )
    repeats: str = field(
        default="",
        metadata={"help": "vgmidi=3: every piece of that corpus three times in an epoch"},
    )
    semitones: int = field(default=6, metadata={"help": "transposition, up and down"})
    tempo: float = field(default=0.1, metadata={"help": "0.1: up to 10 %% faster or slower"})
    velocity: int = field(default=10, metadata={"help": "velocity shift, up and down"})
    drop_dynamics: float = field(default=0.1, metadata={"help": "share made scores without marks"})


def recorded_data(data: DataArguments) -> dict[str, Any]:
    """Data arguments as a record keeps them: names of folders and files, never where they lie."""
    values = asdict(data).items()
    return {k: Path(v).name if isinstance(v, str) and k != "hold_out" else v for k, v in values}


def repeated(pieces: Sequence[Piece], repeats: str) -> list[int]:
    """Numbers of the pieces, those of corpora that are to be repeated several times.

    Args:
        pieces: of any corpora.
        repeats: corpora, by commas, each with `=` and how many times its pieces are taken.

    Raises:
        ValueError: a corpus of which there is no piece, or a number that is not positive.
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


def train(
    data: DataArguments,
    arguments: ModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train, save the model and its tokenizer in `training.output_dir`, predict what is held out.

    Beside the weights lie `training.json` (arguments and the groups trained on) and
    `predictions.csv` (one row per held-out piece). A run that was cut off goes on from its last
    checkpoint with `--resume_from_checkpoint True`, from another with its path.

    Raises:
        LeakError: music without labels that has the file name of a held-out piece, or a held-out
            piece that the model in `pretrained` was trained on.
        ValueError: a tokenizer, a task or a corpus that does not exist, tasks that the tokenizer
            cannot serve, or a task that no piece has a label of.
        ReadError: a piece that cannot be read, or of which the tokenizer can hold no note.
    """
    tokenizer = build_tokenizer(arguments.tokenizer)
    train_pieces, test_pieces = held_out(data)
    unlabelled = unlabelled_pieces(data)
    assert_disjoint(
        unlabelled=[piece.path.name for piece in unlabelled],
        held_out=[piece.path.name for piece in test_pieces],
    )
    train_pieces += unlabelled
    groups = [group_name(piece.corpus, piece.group) for piece in train_pieces]
    known = known_groups(arguments.pretrained)
    held = [group_name(piece.corpus, piece.group) for piece in test_pieces]
    assert_disjoint(pretrained=known, held_out=held)
    groups = list(dict.fromkeys([*groups, *known]))
    validation_pieces: list[Piece] = []
    if fitting.validation_share:
        train_pieces, validation_pieces = validation_split(
            train_pieces, fitting.validation_share, training.seed
        )
    set_seed(training.seed)
    names = named_columns(arguments.features)
    model = build_model(tokenizer, arguments, names)
    if unknown := [task.name for task in model.tasks if not _labelled(task, train_pieces)]:
        raise ValueError(f"no piece to train on has a label of {', '.join(unknown)}")
    masked = MASKED_VELOCITY if "velocity" in model.heads else None
    tables = read_tables(train_pieces)
    order = repeated(train_pieces, arguments.repeats)
    train_pieces, tables = [train_pieces[i] for i in order], [tables[i] for i in order]
    augmentation = Augmentation(
        arguments.semitones,
        arguments.tempo,
        arguments.velocity,
        arguments.drop_dynamics,
    )
    if model.hears_notes:
        dataset = PieceDataset(
            train_pieces,
            tables,
            tokenizer,
            window=arguments.training_window,
            augmentation=augmentation,
            masked_velocity=masked,
            masked_score_time=arguments.masked_score_time,
            feature_names=names,
        )
        rows = np.stack([features(table, names) for table in dataset.tables]) if names else None
    else:
        emitted = [tokenizer.emitted(table) for table in tables]
        dataset = FeatureDataset.of(train_pieces, emitted, names)
        rows = dataset.rows
    if rows is not None:
        standardise_features(model, rows)
    if fitting.class_weights:
        quadrants = [piece.labels.get("emotion", IGNORE) for piece in train_pieces]
        weights = balanced_weights(np.array(quadrants), EMOTION.num_labels)
        model.config.class_weights = {EMOTION.name: weights}
    validation = None
    if validation_pieces:
        validation = TokenDataset(
            tokens_of(validation_pieces, read_tables(validation_pieces), tokenizer, names),
            model.config.window,
            masked_velocity=masked,
            feature_names=names,
            every=True,
        )
    trainer = fit(model, dataset, validation, fitting, training)
    if trainer.is_world_process_zero():
        answers: list[Row] = []
        if test_pieces:
            tokens = tokens_of(test_pieces, read_tables(test_pieces), tokenizer, names)
            answers = predictions(model, tokens, fold=data.hold_out, seed=training.seed)
        save_run(
            training.output_dir,
            model,
            TokenVocabulary.of(tokenizer).save_tokenizer,
            recorded_data(data),
            groups,
            arguments,
            fitting,
            training,
            answers,
        )
        if line := accuracy_line(answers, data.hold_out):
            print(line)
    return model


def _labelled(task: Task, pieces: Sequence[Piece]) -> bool:
    """Whether a task has labels: in some piece, or made of the notes of every one."""
    return task.name in MADE or any(task.name in piece.labels for piece in pieces)
