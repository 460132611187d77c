"""Inference: batches through a model, and tables of predictions."""

from symbolic.renamed import old_names

__getattr__ = old_names(__name__)
