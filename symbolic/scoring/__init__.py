"""Scoring: sources in, rows of predictions out."""
