"""Corpora: many files scored in shards, row by row, stopped and resumed at any time."""

from symbolic.corpora.arguments import Listener, ScoringArguments, load_scorer
from symbolic.corpora.dataset import score_dataset
from symbolic.corpora.run import SHARD, NoFiles, Tally, Unfinished, score_corpus

__all__ = [
    "SHARD",
    "Listener",
    "NoFiles",
    "ScoringArguments",
    "Tally",
    "Unfinished",
    "load_scorer",
    "score_corpus",
    "score_dataset",
]
