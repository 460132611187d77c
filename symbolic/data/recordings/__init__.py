"""Corpora of recordings, and of notes that are rendered or read as spectrograms."""
