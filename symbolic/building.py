"""What every way of training shares: a model for a vocabulary, and what the Trainer is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.utils.data import Dataset, Sampler
from transformers import AutoConfig, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from symbolic.configuration import SymbolicConfig
from symbolic.data.dataset import MASKED_VELOCITY, check_velocity
from symbolic.data.sampling import LengthSampler
from symbolic.modeling import SymbolicModel
from symbolic.tasks import TASKS

if TYPE_CHECKING:
    from symbolic.data.scheme import TokenScheme
    from symbolic.tokenizers import Tokenizer

RECORD = "training.json"  # beside the weights: what they were trained on, and how

PITCH = re.compile(r"(?:Pitch|NoteOn|n)_(\d+)")  # tokens that begin a note of a pitch

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


@dataclass
class ShapeArguments:
    """The shape of the model, and how much of a piece it sees."""

    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    field_embedding_size: int = 32
    dropout: float = field(default=0.2, metadata={"help": "in the backbone"})
    head_dropout: float = field(default=0.2, metadata={"help": "in the heads and of the features"})
    tasks: str = field(default="emotion,key,velocity", metadata={"help": "names, by commas"})
    label_smoothing: float = 0.1
    temperature: float = field(
        default=1.0,
        metadata={"help": "of the quadrant's probabilities; scripts/evaluate.py prints the best"},
    )
    window: int = field(default=512, metadata={"help": "tokens in a window when scoring"})
    training_window: int = field(default=256, metadata={"help": "tokens in a window in training"})
    masked_score_time: float = field(
        default=0.3,
        metadata={"help": "share without bars and ticks, for tokens that have seconds"},
    )


def build_model(
    vocabulary: Tokenizer | TokenScheme,
    arguments: ShapeArguments,
    feature_names: Sequence[str] = (),
) -> SymbolicModel:
    """A new model for a vocabulary, with random weights from torch's generator.

    Args:
        vocabulary: of the ids: a tokenizer, or what is saved of one in a token file.
        arguments: shape and tasks of the model.
        feature_names: features of the whole piece that it takes.

    Raises:
        ValueError: a task that is not in `TASKS`, or velocity where the tokenizer does not tell
            which token stands for which note.
    """
    names = arguments.tasks.split(",")
    if unknown := set(names) - TASKS.keys():
        raise ValueError(f"no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    if "velocity" in names:
        check_velocity(vocabulary, MASKED_VELOCITY)
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
        field_names=vocabulary.field_names,
        vocab_sizes=vocabulary.vocab_sizes,
        pad_ids=vocabulary.pad_ids,
        mask_ids=vocabulary.mask_ids,
        feature_names=feature_names,
        field_embedding_size=arguments.field_embedding_size,
        tasks=[TASKS[name] for name in names],
        head_dropout=arguments.head_dropout,
        label_smoothing=arguments.label_smoothing,
        window=arguments.window,
        temperatures={"emotion": arguments.temperature},
        # What stands for the tokenizer where ids were saved names its class.
        tokenizer_class=getattr(vocabulary, "tokenizer_class", type(vocabulary).__name__),
    )
    model = SymbolicModel(config)
    share_pitch_classes(model, vocabulary)
    return model


def share_pitch_classes(model: SymbolicModel, vocabulary: Tokenizer | TokenScheme) -> None:
    """Start octaves alike: half of the variance of a pitch's embedding is that of its class.

    In every vocabulary that has tokens of pitches; what a trained tokenizer has made of several
    tokens is left alone.

    A few hundred pieces are too few to learn from scratch that pitches an octave apart are one
    note of the scale, which key and mode are about.
    """
    vocab = vocabulary.vocab
    for embedding, ids in zip(
        model.encoder.embeddings, [vocab] if isinstance(vocab, dict) else vocab, strict=True
    ):
        matches = [(PITCH.fullmatch(name), row) for name, row in ids.items()]
        pitches = [int(match[1]) for match, _ in matches if match]
        rows = [row for match, row in matches if match]
        if not rows:
            continue
        weight = embedding.weight.data
        classes = torch.randn(12, weight.shape[1]) * weight.std()
        shared = classes[[pitch % 12 for pitch in pitches]]
        weight[rows] = (weight[rows] + shared) / 2**0.5


class LengthTrainer(Trainer):
    """The stock Trainer, which asks a data set that knows its `lengths` for them.

    Only `train_sampling_strategy="group_by_length"` changes: see `symbolic.data.LengthSampler`.
    """

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        by_length = self.args.train_sampling_strategy == "group_by_length"
        if not by_length or (lengths := getattr(dataset, "lengths", None)) is None:
            return super()._get_train_sampler(train_dataset)
        together = self._train_batch_size * self.args.gradient_accumulation_steps
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return LengthSampler(lengths, together * self.args.world_size, seed)


def checkpoint(training: TrainingArguments) -> str | None:
    """The checkpoint to go on from: the last in the output folder, or the one that was named."""
    asked = training.resume_from_checkpoint
    if str(asked).lower() in ("none", "false", ""):
        return None
    if str(asked).lower() != "true":
        return asked
    folder = training.output_dir
    return get_last_checkpoint(folder) if Path(folder).is_dir() else None
