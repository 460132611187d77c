"""Pipelines of transformers: emotion of music, tags of recordings."""
