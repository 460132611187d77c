"""Trials of further objectives of pre-training: contrast of views, labels of chords and keys.

    OMP_NUM_THREADS=1 python benchmarks/pretraining_trials.py DATA [--seconds 240]

Each trial trains the same encoder (RoFormer, 4 layers of 192) from scratch for the same processor
time on the music and with the masks and inputs of the encoder in the package:

- `untrained`: random weights;
- `recipe`: masked tokens alone;
- `contrast`: and the mean states of two windows of a piece, each varied and masked in its own way,
  are to be nearer to one another than to those of other pieces (SimCLR, Chen 2020);
- `chords and keys`: and every note predicts the major or minor triad that fits the nine notes
  around it best, and the window its key by profiles, from the notes before masking.

The table has the accuracy of logistic regression on the mean states of frozen encoders (as
`benchmarks/probes.py`), five folds by song or game. A few pieces of the music share a song with
the corpora; they are the same in all rows, and no label is used.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from probes import emotion, predicted
from torch import nn

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.masking import PretrainingDataset, token_tasks
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.tokens.build import build_token_dataset, fingerprinted
from symbolic.data.tokens.variation import Variation
from symbolic.notes.keys import key_scores
from symbolic.scoring.notes import NoteScorer
from symbolic.tasks import Task
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model

MUSIC = ("pretrain/pop1k7", "pretrain/pop909", "pretrain/pianist8", "pretrain/piano_midi_de")
CORPORA = ("emopia", "vgmidi")
TRIALS = ("untrained", "recipe", "contrast", "chords and keys")
WINDOW, PIECES = 128, 32  # of a step, two windows of each piece
RATE, WARMUP = 1.2e-3, 50
TEMPERATURE, WEIGHT = 0.1, 0.2  # of contrast; of the further losses
SHAPE = ShapeArguments(
    backbone="roformer", hidden_size=192, layers=4, heads=4, feedforward=768, derived=True,
    dropout=0.0, head_dropout=0.0, label_smoothing=0.0, field_embedding_size=64,
)  # fmt: skip
TRIADS = np.array([np.roll(np.eye(12)[list(t)].sum(0), k) for t in ((0, 4, 7), (0, 3, 7))
                   for k in range(12)])  # fmt: skip


CHORDS = Task("triad", "token", "single", tuple(map(str, range(24))), weight=WEIGHT)
KEYS = Task("window_key", "sequence", "single", tuple(map(str, range(24))), weight=WEIGHT)


class Views(PretrainingDataset):
    """Windows as in pre-training, with a triad for each note and a key for the window."""

    def __init__(self, windows: TokenDataset, harmony: bool) -> None:
        super().__init__(windows, "mixed")
        vocabulary = windows.tokens.vocabulary
        self.harmony = harmony
        self.field = [*vocabulary.field_names].index("Pitch")
        self.pitch_class = np.full(vocabulary.vocab_sizes[self.field], 12)
        for token, number in vocabulary.vocabularies[self.field].items():
            if token.startswith("Pitch_"):
                self.pitch_class[number] = int(token.split("_")[1]) % 12

    def __getitem__(self, index: int) -> Any:
        ids = np.asarray(self.windows[index].get("input_ids"))
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        table, labels = self._mixed(ids, rng)
        columns: dict[str, Any] = {name: labels[:, i] for i, name in enumerate(self.names)}
        if self.harmony:
            counts = np.eye(13)[self.pitch_class[ids[:, self.field]]][:, :12]
            total = np.pad(counts, ((5, 4), (0, 0))).cumsum(axis=0)
            around = total[9:] - total[:-9]  # of four notes before, the note, and four after
            columns["triad"] = (around @ TRIADS.T).argmax(axis=1)
            columns["window_key"] = int(key_scores(counts.sum(axis=0)[None]).argmax())
        return {"input_ids": table, "labels": columns}


def pairs(count: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Yield the numbers of the windows of batches: pieces in any order, each twice."""
    while True:
        order = rng.permutation(count)
        for first in range(0, count - PIECES + 1, PIECES):
            yield order[first : first + PIECES].repeat(2).tolist()


def contrast(vectors: torch.Tensor) -> torch.Tensor:
    """Compute the loss of (2 n, D) vectors, whose neighbours 2 i and 2 i + 1 are of one piece."""
    near = F.normalize(vectors, dim=1)
    scores = (near @ near.T / TEMPERATURE).fill_diagonal_(-torch.inf)
    return F.cross_entropy(scores, torch.arange(len(vectors)) ^ 1)


def train(trial: str, windows: TokenDataset, seconds: float, seed: int) -> tuple[Any, int]:
    """Train an encoder; return it and its number of steps."""
    torch.manual_seed(seed)
    harmony = trial == "chords and keys"
    vocabulary = windows.tokens.vocabulary
    tasks = [*token_tasks(vocabulary), *([CHORDS, KEYS] if harmony else [])]
    model = build_model(vocabulary, SHAPE, tasks=tasks, head_units=0)
    projection = nn.Linear(model.config.backbone_config.hidden_size, 128)
    weights = [*model.parameters(), *projection.parameters()]
    optimizer = torch.optim.AdamW(weights, RATE, weight_decay=0.01)
    dataset = Views(windows, harmony)
    collate = Collator(model.tasks, model.config.pad_ids)
    numbers = pairs(len(dataset), np.random.default_rng(seed))
    model.train()
    steps, began = 0, time.process_time()
    while trial != "untrained" and (spent := (time.process_time() - began) / seconds) < 1:
        batch = collate([dataset[i] for i in next(numbers)])
        steps += 1
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, steps / WARMUP) * (1 - spent)
        with torch.autocast("cpu", torch.bfloat16):
            output = model(**batch)
            loss = output.loss
            if trial == "contrast":
                mask = output.mask[..., None]
                mean = (output.last_hidden_state * mask).sum(1) / mask.sum(1)
                loss = loss + WEIGHT * contrast(projection(mean).float())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    return model.eval(), steps


def probed(model: Any, tokenizer: Any, data: Path, corpus: str) -> float:
    """Compute the accuracy of a linear probe of quadrants."""
    table = emotion(NoteScorer(model, tokenizer), data, corpus)
    return float((predicted(table, ["encoder"], ratings=False) == table.labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=240.0, help="processor time of a trial")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    tokenizer = build_tokenizer("cp-performance")
    music = [str(options.data / folder) for folder in MUSIC]
    with tempfile.TemporaryDirectory() as scratch:
        tokens = fingerprinted(build_token_dataset(music, tokenizer, scratch))
    windows = TokenDataset(
        tokens, WINDOW, masked_velocity=None, masked_score_time=0.4, semitones=6,
        variation=Variation(tokens.vocabulary, 2, 1, 0.2),
    )  # fmt: skip
    rows = []
    for seed in range(options.seeds):
        for trial in TRIALS:
            model, steps = train(trial, windows, options.seconds, seed)
            found = {corpus: probed(model, tokenizer, options.data, corpus) for corpus in CORPORA}
            rows.append({"trial": trial, "seed": seed, "steps": steps, **found})
            print(rows[-1], file=sys.stderr, flush=True)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
