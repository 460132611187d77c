"""Corpora: many files scored in shards, row by row, stopped and resumed at any time."""

from symbolic.scoring.corpus.engines import ScoringArguments, ScoringJob
from symbolic.scoring.corpus.hf_dataset import score_dataset
from symbolic.scoring.corpus.run import (
    SHARD,
    InterruptedRunError,
    NoFilesError,
    RunSummary,
    score_corpus,
)
from symbolic.scoring.emotion import load_scorer

__all__ = [
    "SHARD",
    "InterruptedRunError",
    "NoFilesError",
    "RunSummary",
    "ScoringArguments",
    "ScoringJob",
    "load_scorer",
    "score_corpus",
    "score_dataset",
]
