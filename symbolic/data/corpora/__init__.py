"""Readers of corpora of notes."""
