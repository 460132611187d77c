"""Inference: batches through a model, and tables of predictions."""
