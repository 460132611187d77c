"""Corpora of notes as corpora of recordings: their music is made to sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from symbolic.data.corpora.readers import READERS
from symbolic.data.corpus import Corpus
from symbolic.tasks import EMOTION


def read_rendered(folder: str | Path, reader: str) -> Corpus:
    """The pieces of a corpus of notes, for systems that hear audio.

    Paths are those of the MIDI files, which `symbolic.audio.features_of` plays through FluidSynth
    and a sound font; nothing is played here. Groups and splits are the reader's.

    Args:
        folder: of the corpus.
        reader: name in `READERS`, of a corpus of quadrants.

    Returns:
        The corpus, named as its reader. Of all labels `emotion` is kept; pieces without it are left
        out.

    Raises:
        FileNotFoundError, ValueError: as the reader, or no piece has a quadrant.
    """
    found = READERS[reader](folder)
    pieces = [
        replace(piece, labels={EMOTION.name: piece.labels[EMOTION.name]})
        for piece in found
        if EMOTION.name in piece.labels
    ]
    if not pieces:
        raise ValueError(f"{folder}: no piece of {reader} has a quadrant")
    findings = []
    if unlabelled := len(found) - len(pieces):
        findings.append(f"{unlabelled} of {len(found)} pieces have no quadrant and are left out")
    return Corpus(reader, pieces, (EMOTION,), findings)
