"""Training with the stock Trainer: what `scripts/train.py` calls."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from transformers import AutoConfig, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from symbolic.augment import Augmentation
from symbolic.configuration import SymbolicConfig
from symbolic.data import (
    Collator,
    Piece,
    PieceDataset,
    assert_disjoint,
    group_folds,
    read_emopia,
    read_vgmidi,
)
from symbolic.inference import predict
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable, read_notes
from symbolic.tasks import QUADRANTS, TASKS
from symbolic.tokenizers import CPTokenizer

FOLDS = 5


@dataclass
class DataArguments:
    """Which pieces are trained on and which are held out."""

    emopia: str | None = field(default=None, metadata={"help": "folder of EMOPIA"})
    vgmidi: str | None = field(default=None, metadata={"help": "folder of VGMIDI"})
    hold_out: str = field(
        default="emopia-val",
        metadata={
            "help": "pieces to predict, never trained on: emopia-val; vgmidi-K, fold K of 5 "
            "by piece; emopia-dev-K, fold K of 5 of EMOPIA's training songs, to choose settings "
            "without a look at the validation songs; none"
        },
    )


@dataclass
class ModelArguments:
    """The shape of the model, and what is done to its input in training."""

    hidden_size: int = 192
    layers: int = 3
    heads: int = 4
    field_embedding_size: int = 32
    dropout: float = 0.2
    tasks: str = field(default="emotion,key,velocity", metadata={"help": "names, by commas"})
    label_smoothing: float = 0.1
    window: int = field(default=512, metadata={"help": "notes in a window when scoring"})
    training_window: int = field(default=256, metadata={"help": "notes in a window in training"})
    semitones: int = field(default=6, metadata={"help": "transposition, up and down"})
    tempo: float = field(default=0.1, metadata={"help": "0.1: up to 10 % faster or slower"})
    velocity: int = field(default=10, metadata={"help": "velocity shift, up and down"})
    drop_dynamics: float = field(default=0.1, metadata={"help": "share made scores without marks"})
    masked_score_time: float = field(default=0.3, metadata={"help": "share without bars and ticks"})


TRAINING_DEFAULTS = {
    "output_dir": "runs/model",
    "num_train_epochs": 40.0,
    "per_device_train_batch_size": 32,
    "learning_rate": 5e-4,
    "weight_decay": 0.05,
    "warmup_steps": 100,
    "lr_scheduler_type": "cosine",
    "seed": 0,
    "save_strategy": "epoch",
    "save_total_limit": 1,
    "logging_strategy": "epoch",
    "report_to": "none",
    "remove_unused_columns": False,
    "label_names": ["labels"],
    "dataloader_pin_memory": False,
    "disable_tqdm": False,
}


def held_out(data: DataArguments) -> tuple[list[Piece], list[Piece]]:
    """Training pieces and held-out pieces; no group is on both sides.

    Raises:
        ValueError: no corpus given, or a `hold_out` that does not exist or whose corpus is missing.
        FileNotFoundError: a corpus that is not where it was said to be.
    """
    emopia = read_emopia(data.emopia) if data.emopia else []
    vgmidi = read_vgmidi(data.vgmidi) if data.vgmidi else []
    train = [piece for piece in emopia if piece.split == "train"] + vgmidi
    corpus, _, part = data.hold_out.partition("-")
    if data.hold_out == "none":
        test = []
    elif data.hold_out == "emopia-val":
        test = [piece for piece in emopia if piece.split == "val"]
    elif data.hold_out.startswith("emopia-dev-"):
        test = fold_pieces([p for p in train if p.corpus == "emopia"], part.partition("-")[2])
    elif corpus == "vgmidi":
        test = fold_pieces(vgmidi, part)
    else:
        raise ValueError(f"hold_out {data.hold_out!r} is none of those that exist")
    if data.hold_out != "none" and not test:
        raise ValueError(f"hold_out {data.hold_out!r}: its corpus is not given")
    paths = {piece.path for piece in test}
    train = [piece for piece in train if piece.path not in paths]
    if not train:
        raise ValueError("nothing to train on: give a folder with --emopia or --vgmidi")
    assert_disjoint(
        train=[piece.group for piece in train], held_out=[piece.group for piece in test]
    )
    return train, test


def fold_pieces(pieces: list[Piece], fold: str | int) -> list[Piece]:
    """The pieces of one of `FOLDS` folds, stratified by quadrant and grouped."""
    if not pieces:
        return []
    if str(fold) not in map(str, range(FOLDS)):
        raise ValueError(f"fold {fold!r} is not one of 0 to {FOLDS - 1}")
    folds = group_folds([p.labels["emotion"] for p in pieces], [p.group for p in pieces], FOLDS)
    return [piece for piece, k in zip(pieces, folds, strict=True) if k == int(fold)]


def build_model(tokenizer: CPTokenizer, arguments: ModelArguments) -> SymbolicModel:
    """A new model for a tokenizer, with random weights from torch's generator."""
    backbone = AutoConfig.for_model(
        "bert",
        vocab_size=1,
        hidden_size=arguments.hidden_size,
        num_hidden_layers=arguments.layers,
        num_attention_heads=arguments.heads,
        intermediate_size=arguments.hidden_size * 3,
        max_position_embeddings=arguments.window,
        type_vocab_size=1,
        hidden_dropout_prob=arguments.dropout,
        attention_probs_dropout_prob=0.0,  # dropout here makes a CPU step three times as long
    )
    config = SymbolicConfig(
        backbone_config=backbone,
        field_names=tokenizer.field_names,
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        mask_ids=tokenizer.mask_ids,
        field_embedding_size=arguments.field_embedding_size,
        tasks=[TASKS[name] for name in arguments.tasks.split(",")],
        head_dropout=arguments.dropout,
        label_smoothing=arguments.label_smoothing,
        window=arguments.window,
    )
    return SymbolicModel(config)


def train(
    data: DataArguments, arguments: ModelArguments, training: TrainingArguments
) -> SymbolicModel:
    """Train, save the model and its tokenizer in `training.output_dir`, predict what is held out.

    Beside the weights lie `training.json` (arguments and the groups trained on) and
    `predictions.csv` (one row per held-out piece). A run that was cut off goes on from its last
    checkpoint with `--resume_from_checkpoint True`.
    """
    train_pieces, test_pieces = held_out(data)
    set_seed(training.seed)
    tokenizer = CPTokenizer()
    model = build_model(tokenizer, arguments)
    dataset = PieceDataset(
        train_pieces,
        read_tables(train_pieces),
        tokenizer,
        window=arguments.training_window,
        augmentation=Augmentation(
            arguments.semitones, arguments.tempo, arguments.velocity, arguments.drop_dynamics
        ),
        masked_score_time=arguments.masked_score_time,
    )
    trainer = Trainer(
        model=model,
        args=training,
        train_dataset=dataset,
        data_collator=Collator(model.tasks, tokenizer.pad_ids),
    )
    last = Path(training.output_dir).is_dir() and get_last_checkpoint(training.output_dir)
    resume = bool(training.resume_from_checkpoint) and (last or None)
    trainer.train(resume_from_checkpoint=resume or None)
    if trainer.is_world_process_zero():
        output = Path(training.output_dir)
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
        record = {
            "data": asdict(data),
            "model": asdict(arguments),
            "epochs": training.num_train_epochs,
            "learning_rate": training.learning_rate,
            "batch_size": training.per_device_train_batch_size,
            "seed": training.seed,
            "groups": sorted({f"{piece.corpus}: {piece.group}" for piece in train_pieces}),
        }
        (output / "training.json").write_text(json.dumps(record, indent=1, ensure_ascii=False))
        if test_pieces:
            frame = prediction_frame(model, tokenizer, test_pieces)
            frame.to_csv(output / "predictions.csv", index=False)
            accuracy = (frame["quadrant"] == frame["predicted"]).mean()
            print(f"held out {data.hold_out}: {len(frame)} pieces, accuracy {accuracy:.3f}")
    return model


def read_tables(pieces: list[Piece]) -> list[NoteTable]:
    """The note table of each piece."""
    return [read_notes(piece.path) for piece in pieces]


def prediction_frame(model: SymbolicModel, tokenizer: CPTokenizer, pieces: list[Piece]):
    """What the model says of labelled pieces.

    Returns:
        DataFrame with columns corpus, file, group, quadrant, predicted, q1, q2, q3, q4.
    """
    import pandas as pd

    tables = read_tables(pieces)
    emotion = predict(model, [tokenizer.ids(table) for table in tables])["emotion"]
    frame = pd.DataFrame(
        {
            "corpus": [piece.corpus for piece in pieces],
            "file": [piece.path.name for piece in pieces],
            "group": [piece.group for piece in pieces],
            "quadrant": [QUADRANTS[piece.labels["emotion"]] for piece in pieces],
            "predicted": np.array(QUADRANTS)[emotion.argmax(axis=1)],
        }
    )
    frame[["q1", "q2", "q3", "q4"]] = emotion
    return frame
