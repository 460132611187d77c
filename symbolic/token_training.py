"""Training from a token file: what `scripts/train_tokens.py` calls.

It needs torch, transformers, accelerate, numpy and safetensors, nothing else: not what reads music.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.building import RECORD, LengthTrainer, ShapeArguments, build_model, checkpoint
from symbolic.data.collator import Collator
from symbolic.data.dataset import MASKED_VELOCITY
from symbolic.data.groups import assert_disjoint, group_name
from symbolic.data.token_dataset import TokenDataset
from symbolic.data.token_file import TokenFile, load_tokens
from symbolic.inference import predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE


@dataclass
class TokenArguments:
    """Which pieces of which file are trained on."""

    tokens: str = field(metadata={"help": "token file, .npz or .safetensors"})
    held_out_split: str = field(
        default="", metadata={"help": "pieces of this split are predicted, never trained on"}
    )


def train_tokens(
    data: TokenArguments, arguments: ShapeArguments, training: TrainingArguments
) -> SymbolicModel:
    """Train, save model, tokenizer and `training.json` in `training.output_dir`.

    Everything is as in `symbolic.training.train`, but that ids cannot be augmented any more, and
    that there are no features of whole pieces.

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
    groups = list(map(group_name, tokens.corpora, tokens.groups))
    assert_disjoint(train=[groups[i] for i in train], held_out=[groups[i] for i in held])
    set_seed(training.seed)
    model = build_model(tokens.scheme, arguments)
    dataset = TokenDataset(
        tokens,
        arguments.training_window,
        train,
        masked_velocity=MASKED_VELOCITY if "velocity" in model.heads else None,
        masked_score_time=arguments.masked_score_time,
    )
    trainer = LengthTrainer(
        model=model,
        args=training,
        train_dataset=dataset,
        data_collator=Collator(model.tasks, tokens.scheme.pad_ids),
    )
    trainer.train(resume_from_checkpoint=checkpoint(training))
    if trainer.is_world_process_zero():
        output = Path(training.output_dir)
        model.save_pretrained(output)
        tokens.scheme.save_tokenizer(output)
        record = {
            "data": {"tokens": Path(data.tokens).name, "held_out_split": data.held_out_split},
            "model": asdict(arguments),
            "epochs": training.num_train_epochs,
            "learning_rate": training.learning_rate,
            "batch_size": training.per_device_train_batch_size,
            "seed": training.seed,
            "groups": sorted({groups[i] for i in train}),
        }
        (output / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False))
        _report(model, tokens, held)
    return model


def _report(model: SymbolicModel, tokens: TokenFile, held: list[int]) -> None:
    """Print how many of the held-out pieces get the right quadrant and the right key."""
    for task in ("emotion", "key"):
        labels = tokens.labels.get(task, np.full(len(tokens), IGNORE))
        asked = [i for i in held if labels[i] != IGNORE]
        if asked and task in model.heads:
            answers = predict_ids(model, [tokens.ids_of(i) for i in asked])[task]
            accuracy = (answers.argmax(axis=1) == labels[asked]).mean()
            print(f"held out: {len(asked)} pieces, accuracy of {task} {accuracy:.3f}")
