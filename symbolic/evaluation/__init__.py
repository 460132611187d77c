"""Evaluation: metrics of held-out predictions, baselines, robustness, reports."""
