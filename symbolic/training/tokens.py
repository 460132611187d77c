"""Training from a token file: what `scripts/train_tokens.py` and the sweep call.

It needs torch, transformers, accelerate, numpy and safetensors, nothing else: not what reads music.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.data.datasets.dataset import MASKED_VELOCITY
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.groups import assert_disjoint, group_name
from symbolic.data.splits.validation import validation_mask
from symbolic.data.tokens.file import TokenFile, load_tokens
from symbolic.features import named_columns
from symbolic.inference.note_predictions import Row, predictions
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE
from symbolic.training.build import ShapeArguments, build_model, standardise_features
from symbolic.training.optimisation import balanced_weights
from symbolic.training.run_folder import accuracy_line, known_groups, save_run
from symbolic.training.trainer import FitArguments, fit


@dataclass
class TokenArguments:
    """Which pieces of which file are trained on."""

    tokens: str = field(metadata={"help": "token file, .npz or .safetensors"})
    held_out_split: str = field(
        default="", metadata={"help": "pieces of this split are predicted, never trained on"}
    )


@dataclass
class TokenModelArguments(ShapeArguments):
    """The model, and what is done to its input in training."""

    features: str = field(
        default="core",
        metadata={
            "help": "features that join the notes, where the file has any: none, or sets "
            "and groups of symbolic.features, by commas"
        },
    )
    semitones: int = field(default=6, metadata={"help": "transposition of ids, up and down"})


def train_tokens(
    data: TokenArguments,
    arguments: TokenModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train, and leave in `training.output_dir` what `symbolic.training.notes.train` leaves.

    Everything is as there, but that ids are transposed and not augmented in other ways.

    Raises:
        FileNotFoundError: no such token file.
        ValueError: a file that cannot be read, a split that it does not have, or tasks that its
            tokens cannot serve.
        LeakError: a group that is in the held-out split and outside it.
    """
    tokens = load_tokens(data.tokens)
    held = [i for i, split in enumerate(tokens.splits) if split == data.held_out_split != ""]
    if data.held_out_split and not held:
        raise ValueError(f"{data.tokens}: no piece is of the split {data.held_out_split!r}")
    train = sorted(set(range(len(tokens))) - set(held))
    source = {"tokens": Path(data.tokens).name, "held_out_split": data.held_out_split}
    named = {"fold": data.held_out_split, "seed": training.seed}
    model, rows = train_on(tokens, train, held, arguments, fitting, training, source, **named)
    if line := accuracy_line(rows, data.held_out_split):
        print(line)
    return model


def train_on(
    tokens: TokenFile,
    train: Sequence[int],
    held: Sequence[int],
    arguments: TokenModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
    source: dict[str, Any],
    **named: Any,
) -> tuple[SymbolicModel, list[Row]]:
    """Train on some pieces of a token file and predict others.

    Args:
        tokens: the file.
        train: numbers of the pieces trained on; validation pieces are taken from them.
        held: numbers of the pieces to predict.
        arguments, fitting, training: as for `train_tokens`.
        source: what the record says of the data.
        named: columns of the predictions, for example fold and seed.

    Returns:
        The model, and the rows of the held-out pieces; none on processes but the first.

    Raises:
        ValueError: tasks that the tokens cannot serve.
        LeakError: a group on both sides, or held out and known to the model in `pretrained`.
    """
    groups = np.array(list(map(group_name, tokens.corpora, tokens.groups)))
    train = np.asarray(train, np.int64)
    known = known_groups(arguments.pretrained)
    if not source.get("leaks"):
        heard = [*groups[train], *known]
        assert_disjoint(train=heard, held_out=groups[list(held)])
    set_seed(training.seed)
    names = named_columns(arguments.features) if tokens.feature_names else []
    model = build_model(tokens.vocabulary, arguments, names)
    quadrants = tokens.labels.get("emotion", np.full(len(tokens), IGNORE))
    masked = MASKED_VELOCITY if "velocity" in model.heads else None
    validation, fitted = None, train
    if fitting.validation_share:
        chosen = validation_mask(
            quadrants[train], groups[train], fitting.validation_share, training.seed
        )
        fitted = train[~chosen]
        validation = TokenDataset(
            tokens,
            arguments.window,
            train[chosen],
            masked_velocity=masked,
            feature_names=names,
            every=True,
        )
    dataset = TokenDataset(
        tokens,
        arguments.training_window,
        fitted,
        masked_velocity=masked,
        masked_score_time=arguments.masked_score_time,
        semitones=arguments.semitones,
        feature_names=names,
    )
    if names:
        standardise_features(model, tokens.feature_columns(names)[fitted])
    if fitting.class_weights:
        model.config.class_weights = {
            EMOTION.name: balanced_weights(quadrants[fitted], EMOTION.num_labels)
        }
    trainer = fit(model, dataset, validation, fitting, training)
    rows: list[Row] = []
    if trainer.is_world_process_zero():
        rows = predictions(model, tokens, held, **named)
        save_run(
            training.output_dir,
            model,
            tokens.vocabulary.save_tokenizer,
            source,
            list(dict.fromkeys([*groups[train].tolist(), *known])),
            arguments,
            fitting,
            training,
            rows,
        )
    return model, rows
