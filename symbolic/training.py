"""Training with the stock Trainer: what `scripts/train.py` calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import TrainingArguments, set_seed

from symbolic.augment import Augmentation
from symbolic.building import RECORD, LengthTrainer, ShapeArguments, build_model, checkpoint
from symbolic.data import (
    Collator,
    DataArguments,
    PieceDataset,
    assert_disjoint,
    group_name,
    held_out,
    read_tables,
    unlabelled_pieces,
)
from symbolic.data.dataset import MASKED_VELOCITY
from symbolic.evaluation import prediction_frame
from symbolic.features import FEATURE_NAMES, features
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable
from symbolic.tokenizers import build_tokenizer


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
    features: bool = field(default=True, metadata={"help": "join features of the whole piece"})
    semitones: int = field(default=6, metadata={"help": "transposition, up and down"})
    tempo: float = field(default=0.1, metadata={"help": "0.1: up to 10 % faster or slower"})
    velocity: int = field(default=10, metadata={"help": "velocity shift, up and down"})
    drop_dynamics: float = field(default=0.1, metadata={"help": "share made scores without marks"})
    drop_notes: float = field(default=0.0, metadata={"help": "0.1: up to 10 % of notes left out"})


def standardise_features(model: SymbolicModel, tables: Sequence[NoteTable]) -> None:
    """Set the mean and scale of the model's features to those of the training pieces."""
    rows = np.stack([features(table, model.config.feature_names) for table in tables])
    scale = rows.std(axis=0)
    model.encoder.feature_mean.copy_(torch.from_numpy(rows.mean(axis=0)))
    model.encoder.feature_scale.copy_(torch.from_numpy(np.where(scale > 1e-9, scale, 1.0)))


def train(
    data: DataArguments, arguments: ModelArguments, training: TrainingArguments
) -> SymbolicModel:
    """Train, save the model and its tokenizer in `training.output_dir`, predict what is held out.

    Beside the weights lie `training.json` (arguments and the groups trained on) and
    `predictions.csv` (one row per held-out piece). A run that was cut off goes on from its last
    checkpoint with `--resume_from_checkpoint True`, from another with its path.

    Raises:
        LeakError: music without labels that has the file name of a held-out piece.
        ValueError: a tokenizer, a task or a corpus that does not exist, or tasks that the tokenizer
            cannot serve.
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
    set_seed(training.seed)
    model = build_model(tokenizer, arguments, FEATURE_NAMES if arguments.features else ())
    dataset = PieceDataset(
        train_pieces,
        read_tables(train_pieces),
        tokenizer,
        window=arguments.training_window,
        augmentation=Augmentation(
            arguments.semitones,
            arguments.tempo,
            arguments.velocity,
            arguments.drop_dynamics,
            arguments.drop_notes,
        ),
        masked_velocity=MASKED_VELOCITY if "velocity" in model.heads else None,
        masked_score_time=arguments.masked_score_time,
        feature_names=model.config.feature_names,
    )
    if model.config.feature_names:
        standardise_features(model, dataset.tables)
    trainer = LengthTrainer(
        model=model,
        args=training,
        train_dataset=dataset,
        data_collator=Collator(model.tasks, tokenizer.pad_ids),
    )
    trainer.train(resume_from_checkpoint=checkpoint(training))
    if trainer.is_world_process_zero():
        output = Path(training.output_dir)
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
        record = {
            "data": {
                name: Path(value).name if isinstance(value, str) and name != "hold_out" else value
                for name, value in asdict(data).items()
            },
            "model": {**asdict(arguments), "tokenizer": Path(arguments.tokenizer).name},
            "epochs": training.num_train_epochs,
            "learning_rate": training.learning_rate,
            "batch_size": training.per_device_train_batch_size,
            "seed": training.seed,
            "groups": sorted({group_name(piece.corpus, piece.group) for piece in train_pieces}),
        }
        (output / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False))
        if test_pieces and "emotion" in model.heads:
            frame = prediction_frame(model, tokenizer, test_pieces)
            frame.to_csv(output / "predictions.csv", index=False)
            accuracy = (frame["quadrant"] == frame["predicted"]).mean()
            print(f"held out {data.hold_out}: {len(frame)} pieces, accuracy {accuracy:.3f}")
    return model
