"""Corpora: many files scored in shards, row by row, stopped and resumed at any time."""

from symbolic.corpora.asked import Asked, Listener, load_scorer
from symbolic.corpora.dataset import score_dataset
from symbolic.corpora.run import SHARD, NoFiles, Tally, Unfinished, score_corpus

__all__ = [
    "SHARD",
    "Asked",
    "Listener",
    "NoFiles",
    "Tally",
    "Unfinished",
    "load_scorer",
    "score_corpus",
    "score_dataset",
]
