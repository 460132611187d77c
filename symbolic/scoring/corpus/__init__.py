"""Corpora: many files scored in shards, row by row, stopped and resumed at any time."""

from symbolic.scoring.corpus.arguments import Listener, ScoringArguments, load_scorer
from symbolic.scoring.corpus.hf_dataset import score_dataset
from symbolic.scoring.corpus.run import SHARD, NoFiles, Tally, Unfinished, score_corpus

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
