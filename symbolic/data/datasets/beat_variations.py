"""Variations of pieces by beats for training: other beats, one track, and mosaics of pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from symbolic.audio.piano_roll import piano_roll, transposed_rolls
from symbolic.notes import NoteTable
from symbolic.notes.beats import metrical_edges

MOSAICS = 0.25  # share of the variations
PERIODS = (0.4, 0.65)  # seconds between the beats of a regular grid
PARTS = (2, 4)  # least and most different parts of a mosaic
PART_LENGTHS = (8, 12, 16, 24, 32, 32, 48, 64)  # beats
OTHER_LENGTHS = (0.5, 0.75, 1.5, 2.0)  # of that of the other parts
INSIDE_WEIGHT = 0.3  # of beats inside the parts of a mosaic, where a piece may have boundaries, too
AT_JOINTS = 6  # beats on either side of a joint with the full weight
BESIDE_JOINT = 0.5  # target of the beats beside a joint

Labels = Callable[[Sequence[float], np.ndarray], np.ndarray]
"""From boundaries in seconds and the (U,) seconds of beats to (U, 2) targets and weights."""


class BeatVariations:
    """Random variations of pieces, with the labels of their boundaries.

    A model that is trained on them as well finds parts in other music than that of its corpus:
    where beats are half or twice as long, or unknown, where all notes are in one track, and where
    nothing marks a part but that it differs from its neighbours or recurs.

    Args:
        notes: of the pieces.
        boundaries: of each piece in seconds, ascending, including the beginning and the end.
        kinds: of piano rolls (`symbolic.audio.front_end.ROLL_KINDS`).
        labels: makes the labels of beats.
    """

    def __init__(
        self,
        notes: Sequence[NoteTable],
        boundaries: Sequence[Sequence[float]],
        kinds: Sequence[str],
        labels: Labels,
    ) -> None:
        self.notes, self.boundaries, self.kinds, self.labels = notes, boundaries, kinds, labels

    def __call__(
        self, index: int, length: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Vary a piece.

        Args:
            index: of the piece.
            length: of a mosaic, in beats.
            rng: of all random choices.

        Returns:
            (U, C) float32 rolls and (U, 2) float32 labels.
        """
        if rng.random() < MOSAICS:
            return self.mosaic(index, length, rng)
        rolls, edges = self.with_other_beats(index, rng)
        return rolls, self.labels(self.boundaries[index], edges[:-1])

    def with_other_beats(
        self, index: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Divide a piece anew: (U, C) float32 rolls and (U + 1,) edges in seconds.

        Beats are those of the piece, halves or pairs of them, or those of a regular grid; in half
        of the cases, and always with the beats of the piece, all notes are in one track.
        """
        notes = self.notes[index]
        edges = metrical_edges(notes, "beat")
        kind = rng.integers(4)
        if kind == 1:
            edges = np.append(np.stack([edges[:-1], (edges[:-1] + edges[1:]) / 2], 1), edges[-1])
        elif kind == 2:
            kept = edges[rng.integers(2) :: 2]
            edges = np.concatenate([[0], kept[kept > 0], edges[-1:][kept[-1:] < edges[-1:]]])
        elif kind == 3:
            period = rng.uniform(*PERIODS)
            first = period * rng.uniform(0.01, 1)
            edges = np.append(0, np.arange(first, edges[-1] + period, period))
        if kind == 0 or rng.random() < 0.5:
            notes = replace(notes, track=np.zeros_like(notes.track))
        rolls = [piano_roll(notes, edges, kind) for kind in self.kinds]
        return np.concatenate(rolls, axis=1), edges

    def mosaic(
        self, index: int, length: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Join stretches of a piece, some of them repeated, some of other pieces or transposed.

        Arguments and results are those of a call.
        """
        own, _ = self.with_other_beats(index, rng)
        usual = int(rng.choice(PART_LENGTHS))
        parts = []
        for _ in range(rng.integers(PARTS[0], PARTS[1], endpoint=True)):
            rolls = own
            if rng.random() < 0.2:
                rolls, _ = self.with_other_beats(int(rng.integers(len(self.notes))), rng)
            size = usual if rng.random() < 0.7 else int(usual * rng.choice(OTHER_LENGTHS))
            size = min(max(size, PART_LENGTHS[0]), len(rolls))
            first = int(rng.integers(len(rolls) - size, endpoint=True))
            part = rolls[first : first + size]
            if rng.random() < 0.25:
                part = transposed_rolls(part, self.kinds, int(rng.integers(-5, 6)))
            parts.append(part)
        order: list[int] = []
        total = 0
        while total < length:
            again = bool(order) and rng.random() < 0.3
            order.append(order[-1] if again else int(rng.integers(len(parts))))
            total += len(parts[order[-1]])
        rolls = np.concatenate([parts[i] for i in order])[:length]
        labels = np.concatenate([_part_labels(len(parts[i])) for i in order])[:length]
        labels[:2, 0] = 0  # the beginning is known
        return rolls, labels


def _part_labels(size: int) -> np.ndarray:
    """(size, 2) float32 targets and weights of a part of a mosaic, which begins with a boundary."""
    labels = np.zeros((size, 2), np.float32)
    labels[[1, -1], 0] = BESIDE_JOINT
    labels[0, 0] = 1
    labels[:, 1] = INSIDE_WEIGHT
    near = min(AT_JOINTS, size // 2)
    labels[:near, 1] = labels[size - near :, 1] = 1
    return labels
