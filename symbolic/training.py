"""Training with the stock Trainer: what `scripts/train.py` calls."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from symbolic.augment import Augmentation
from symbolic.configuration import SymbolicConfig
from symbolic.data import (
    Collator,
    DataArguments,
    PieceDataset,
    assert_disjoint,
    held_out,
    read_tables,
    unlabelled_pieces,
)
from symbolic.data.dataset import MASKED_VELOCITY, check_velocity
from symbolic.evaluation import RECORD, group_name, prediction_frame
from symbolic.features import FEATURE_NAMES, features
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable
from symbolic.tasks import TASKS
from symbolic.tokenizers import Tokenizer, build_tokenizer

PITCH = re.compile(r"(?:Pitch|NoteOn|n)_(\d+)")  # tokens that begin a note of a pitch


@dataclass
class ModelArguments:
    """The shape of the model, and what is done to its input in training."""

    tokenizer: str = field(
        default="cp-performance",
        metadata={
            "help": "cp-performance, cp-score, cp-midibert, ferreira, or a class of MidiTok: REMI, "
            "TSD, MIDILike, Structured, CPWord, Octuple, MMM, PerTok; or a folder or file with a "
            "saved tokenizer, for example one that MidiTok has trained"
        },
    )
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    field_embedding_size: int = 32
    dropout: float = field(default=0.2, metadata={"help": "in the backbone"})
    head_dropout: float = field(default=0.2, metadata={"help": "in the heads and of the features"})
    tasks: str = field(default="emotion,key,velocity", metadata={"help": "names, by commas"})
    features: bool = field(default=True, metadata={"help": "join features of the whole piece"})
    label_smoothing: float = 0.1
    temperature: float = field(
        default=1.0,
        metadata={"help": "of the quadrant's probabilities; scripts/evaluate.py prints the best"},
    )
    window: int = field(default=512, metadata={"help": "tokens in a window when scoring"})
    training_window: int = field(default=256, metadata={"help": "tokens in a window in training"})
    semitones: int = field(default=6, metadata={"help": "transposition, up and down"})
    tempo: float = field(default=0.1, metadata={"help": "0.1: up to 10 % faster or slower"})
    velocity: int = field(default=10, metadata={"help": "velocity shift, up and down"})
    drop_dynamics: float = field(default=0.1, metadata={"help": "share made scores without marks"})
    drop_notes: float = field(
        default=0.0, metadata={"help": "0.1: up to 10 % of the notes left out"}
    )
    masked_score_time: float = field(
        default=0.3,
        metadata={"help": "share without bars and ticks, for tokens that have seconds"},
    )


TRAINING_DEFAULTS = {
    "output_dir": "runs/model",
    "num_train_epochs": 25.0,
    "per_device_train_batch_size": 32,
    "learning_rate": 1e-3,
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


def build_model(tokenizer: Tokenizer, arguments: ModelArguments) -> SymbolicModel:
    """A new model for a tokenizer, with random weights from torch's generator.

    Raises:
        ValueError: a task that is not in `TASKS`, or velocity where the tokenizer does not tell
            which token stands for which note.
    """
    names = arguments.tasks.split(",")
    if unknown := set(names) - TASKS.keys():
        raise ValueError(f"no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    if "velocity" in names:
        check_velocity(tokenizer, MASKED_VELOCITY)
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
        feature_names=FEATURE_NAMES if arguments.features else (),
        field_embedding_size=arguments.field_embedding_size,
        tasks=[TASKS[name] for name in names],
        head_dropout=arguments.head_dropout,
        label_smoothing=arguments.label_smoothing,
        window=arguments.window,
        temperatures={"emotion": arguments.temperature},
        # Where ids were saved, what stands for the tokenizer names its class.
        tokenizer_class=getattr(tokenizer, "tokenizer_class", type(tokenizer).__name__),
    )
    model = SymbolicModel(config)
    share_pitch_classes(model, tokenizer)
    return model


def share_pitch_classes(model: SymbolicModel, tokenizer: Tokenizer) -> None:
    """Start octaves alike: half of the variance of a pitch's embedding is that of its class.

    In every vocabulary that has tokens of pitches; what a trained tokenizer has made of several
    tokens is left alone.

    A few hundred pieces are too few to learn from scratch that pitches an octave apart are one
    note of the scale, which key and mode are about.
    """
    vocabularies = [tokenizer.vocab] if isinstance(tokenizer.vocab, dict) else tokenizer.vocab
    for embedding, vocabulary in zip(model.encoder.embeddings, vocabularies, strict=True):
        matches = [(PITCH.fullmatch(name), row) for name, row in vocabulary.items()]
        pitches = [int(match[1]) for match, _ in matches if match]
        rows = [row for match, row in matches if match]
        if not rows:
            continue
        weight = embedding.weight.data
        classes = torch.randn(12, weight.shape[1]) * weight.std()
        shared = classes[[pitch % 12 for pitch in pitches]]
        weight[rows] = (weight[rows] + shared) / 2**0.5


def standardise_features(model: SymbolicModel, tables: Sequence[NoteTable]) -> None:
    """Set the mean and scale of the model's features to those of the training pieces."""
    rows = np.stack([features(table, model.config.feature_names) for table in tables])
    scale = rows.std(axis=0)
    model.encoder.feature_mean.copy_(torch.from_numpy(rows.mean(axis=0)))
    model.encoder.feature_scale.copy_(torch.from_numpy(np.where(scale > 1e-9, scale, 1.0)))


def checkpoint(training: TrainingArguments) -> str | None:
    """The checkpoint to go on from: the last in the output folder, or the one that was named."""
    asked = training.resume_from_checkpoint
    if str(asked).lower() in ("none", "false", ""):
        return None
    if str(asked).lower() != "true":
        return asked
    folder = training.output_dir
    return get_last_checkpoint(folder) if Path(folder).is_dir() else None


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
    model = build_model(tokenizer, arguments)
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
    trainer = Trainer(
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
            "data": {name: value and Path(value).name for name, value in asdict(data).items()},
            "model": {**asdict(arguments), "tokenizer": Path(arguments.tokenizer).name},
            "epochs": training.num_train_epochs,
            "learning_rate": training.learning_rate,
            "batch_size": training.per_device_train_batch_size,
            "seed": training.seed,
            "groups": sorted({group_name(piece) for piece in train_pieces}),
        }
        (output / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False))
        if test_pieces and "emotion" in model.heads:
            frame = prediction_frame(model, tokenizer, test_pieces)
            frame.to_csv(output / "predictions.csv", index=False)
            accuracy = (frame["quadrant"] == frame["predicted"]).mean()
            print(f"held out {data.hold_out}: {len(frame)} pieces, accuracy {accuracy:.3f}")
    return model
