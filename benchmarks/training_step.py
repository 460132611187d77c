"""What a step of training costs beyond the backbone that it trains.

    python benchmarks/training_step.py --sizes small medium --backbones bert gpt2 lstm

A step makes examples, collates them, and takes all tasks forwards and backwards through
`SymbolicModel`; the bare backbone takes as many ids forwards and backwards through word embeddings
of its own. Both take turns, in one thread; medians of the process's time. The music is made here:
windows are full, so that no padding is computed.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from transformers import AutoModel

from symbolic.data import Collator, Piece, PieceDataset, TokenDataset, tokens_of
from symbolic.features import named_columns
from symbolic.notes import NoteTable, note_table
from symbolic.notes.augment import Augmentation
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model

SIZES = {
    "small": {"hidden_size": 96, "layers": 2, "heads": 4, "field_embedding_size": 32},
    "medium": {"hidden_size": 256, "layers": 4, "heads": 4, "field_embedding_size": 64},
    "paper": {"hidden_size": 768, "layers": 12, "heads": 12, "field_embedding_size": 256},
}


def music(notes: int, seed: int) -> NoteTable:
    """Chords of a scale with dynamics, about four notes a second."""
    rng = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    return note_table(
        np.sort(rng.integers(0, notes * 240, notes)),
        rng.integers(60, 960, notes),
        seed % 12 + 36 + 12 * rng.integers(0, 4, notes) + rng.choice(scale, notes),
        rng.integers(30, 110, notes),
    )


def turns(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median seconds of the process that each step takes, all of them once in each round."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = time.process_time()
            step()
            if turn:  # the first one only warms up
                taken[name].append(time.process_time() - start)
    return {name: float(np.median(seconds)) for name, seconds in taken.items()}


def measured(size: str, backbone: str, options: argparse.Namespace) -> dict[str, object]:
    """One row of the table."""
    torch.manual_seed(0)
    names = named_columns(options.features)
    tokenizer = build_tokenizer(options.tokenizer)
    pieces = [
        Piece(f"{i}.mid", str(i), {"emotion": i % 4}, "made") for i in range(options.batch_size)
    ]
    tables = [music(options.window * 2, seed) for seed in range(len(pieces))]
    tokens = tokens_of(pieces, tables, tokenizer, names)
    window = options.window
    model = build_model(
        tokenizer, ShapeArguments(backbone=backbone, window=window, **SIZES[size]), names
    ).train()
    collate = Collator(model.tasks, model.config.pad_ids)
    kept = {"window": window, "masked_score_time": 0.3, "feature_names": names}
    from_tokens = TokenDataset(tokens, semitones=6, **kept)
    from_notes = PieceDataset(
        pieces, tables, tokenizer, augmentation=Augmentation(6, 0.1, 10, 0.1), **kept
    )

    def batch(dataset: TokenDataset | PieceDataset) -> dict[str, object]:
        return collate([dataset[i] for i in range(len(dataset))])

    def learn(inputs: dict[str, object]) -> None:
        model(**inputs).loss.backward()
        model.zero_grad()

    ready = batch(from_tokens)
    ids, mask = ready["input_ids"][..., 0], ready["attention_mask"]
    bare = AutoModel.from_config(model.config.backbone_config).train()
    words = torch.nn.Embedding(max(tokens.vocabulary.vocab_sizes), model.encoder.hidden_size)
    bare.set_input_embeddings(words)

    def alone() -> None:
        hidden = bare(inputs_embeds=words(ids), attention_mask=mask).last_hidden_state
        hidden.mean().backward()
        bare.zero_grad()

    seconds = turns(
        {
            "bare": alone,
            "model": lambda: learn(ready),
            "from tokens": lambda: learn(batch(from_tokens)),
            "from notes": lambda: learn(batch(from_notes)),
        },
        options.rounds[size],
    )
    ratios = {f"{name} / bare": seconds[name] / seconds["bare"] for name in list(seconds)[1:]}
    return {"size": size, "backbone": backbone, **seconds, **ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["small", "medium"], choices=SIZES)
    parser.add_argument("--backbones", nargs="+", default=["bert"], help="as in scripts/train.py")
    parser.add_argument("--tokenizer", default="cp-performance")
    parser.add_argument("--features", default="none", help="as in scripts/train.py (none)")
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--rounds", type=int, help="20, for the large one 2")
    options = parser.parse_args()
    options.rounds = {
        size: options.rounds or (2 if size == "paper" else 20) for size in options.sizes
    }
    torch.set_num_threads(1)
    rows = [measured(size, name, options) for size in options.sizes for name in options.backbones]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
