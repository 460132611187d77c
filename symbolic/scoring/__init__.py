"""Scoring: sources in, rows of predictions out."""

from symbolic.renamed import old_names

__getattr__ = old_names(__name__)
