"""Readers of corpora of recordings or spectrograms, or with annotated boundaries."""
