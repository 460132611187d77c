"""Evaluation: metrics of held-out predictions, baselines, robustness, reports."""

from symbolic.renamed import old_names

__getattr__ = old_names(__name__)
