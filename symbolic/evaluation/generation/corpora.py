"""Two corpora side by side: Fréchet distance of embeddings, and predicted quadrants."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbolic.evaluation.generation.frechet import (
    DEALS,
    FEWEST,
    FrechetDistance,
    frechet_distance,
)
from symbolic.evaluation.generation.generated import PROBABILITIES, as_scorer
from symbolic.tasks import QUADRANTS
from symbolic.tasks.intervals import DRAWS, grouped_bootstraps

if TYPE_CHECKING:
    from symbolic.scoring.base import Scorer

ENCODER = "base"


@dataclass(frozen=True, eq=False)
class CorpusComparison:
    """A comparison of two corpora: distance of embeddings and predicted quadrants.

    The distance is that of the vectors of an encoder, which was pre-trained on piano music: it
    shows differences of texture, dynamics and timing as well as of expression, is blind to
    instruments, and a small one does not show that generated music is good. Distances of different
    encoders, or of corpora of very different sizes, cannot be compared; `excess` and `share` can
    best.

    Attributes:
        distance: between the vectors of both corpora.
        encoder: whose vectors.
        quadrants: (2, 4) mean probabilities of the quadrants.
        intervals: (2, 4, 2), 95 %, from drawing pieces.
        pieces: numbers of pieces that were read.
        unread: numbers of files that could not be read.
    """

    distance: FrechetDistance
    encoder: str
    quadrants: np.ndarray
    intervals: np.ndarray
    pieces: tuple[int, int]
    unread: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as numbers, lists and dictionaries."""
        return {
            "pieces": list(self.pieces),
            "unread": list(self.unread),
            "encoder": self.encoder,
            "frechet": self.distance.to_dict(),
            "quadrants": self.quadrants.tolist(),
            "quadrant_intervals": self.intervals.tolist(),
        }

    def __str__(self) -> str:
        one = self.distance
        low, high = one.by_chance_range
        lines = [
            *(
                f"{name}: {count} pieces, {lost} files not read"
                for name, count, lost in zip("AB", self.pieces, self.unread, strict=True)
            ),
            "",
            f"Fréchet distance ({self.encoder}, {one.dimensions} dimensions): {one.distance:.1f}, "
            f"standard error {one.standard_error:.1f}",
            f"by chance, {one.deals} deals: {one.by_chance:.1f} [{low:.1f}, {high:.1f}], "
            f"p {one.p_value:.3f}",
            f"excess: {one.excess:.1f}, {one.share:.1%} of the variance",
            "",
            "quadrant   A                     B",
        ]
        for number, quadrant in enumerate(QUADRANTS):
            cells = [
                f"{self.quadrants[side, number]:.3f} [{{:.3f}}, {{:.3f}}]".format(
                    *self.intervals[side, number]
                )
                for side in range(2)
            ]
            lines.append(f"{quadrant}         {'  '.join(cells)}")
        return "\n".join(lines)


def compare_corpora(
    a: Any,
    b: Any,
    encoder: str | os.PathLike[str] | Scorer = ENCODER,
    model: str | os.PathLike[str] | Scorer | None = None,
    *,
    groups_a: Sequence[str] | None = None,
    groups_b: Sequence[str] | None = None,
    deals: int = DEALS,
    draws: int = DRAWS,
    workers: int | None = None,
    progress: bool = False,
) -> CorpusComparison:
    """Compare two corpora, such as generated music and the music of its training.

    Args:
        a, b: as of `symbolic.score`: paths, folders, archives, bytes or objects.
        encoder: whose vectors are compared: a folder, a hub name, or a scorer.
        model: of quadrants, likewise; None is the model inside the package.
        groups_a, groups_b: a name for each file, as of `frechet_distance`.
        deals: random divisions of all pieces.
        draws: bootstrap samples of the quadrants.
        workers: processes that read files; None is one for each core, 0 reads in this process.
        progress: whether to show progress bars on stderr.

    Raises:
        ValueError: fewer than four pieces of a corpus can be read; a model that predicts no
            quadrant; another number of groups.
        OSError: a model that cannot be read.
    """
    embedder, predictor = as_scorer(encoder), as_scorer(model)
    options = {"workers": workers, "progress": progress}
    sides = [
        _side(name, source, groups, embedder, predictor, draws, options)
        for name, source, groups in (("A", a, groups_a), ("B", b, groups_b))
    ]
    first, second = sides
    return CorpusComparison(
        distance=frechet_distance(
            first.vectors, second.vectors, first.groups, second.groups, deals=deals
        ),
        encoder=Path(encoder).name
        if isinstance(encoder, str | os.PathLike)
        else type(encoder).__name__,
        quadrants=np.stack([first.means, second.means]),
        intervals=np.stack([first.intervals, second.intervals]),
        pieces=(len(first.vectors), len(second.vectors)),
        unread=(first.unread, second.unread),
    )


class _Side(NamedTuple):
    """The readable pieces of a corpus."""

    vectors: np.ndarray  # (n, H)
    groups: list[str] | None
    means: np.ndarray  # (4,)
    intervals: np.ndarray  # (4, 2)
    unread: int


def _side(
    name: str,
    sources: Any,
    groups: Sequence[str] | None,
    embedder: Scorer,
    predictor: Scorer,
    draws: int,
    options: dict[str, Any],
) -> _Side:
    """Embed the pieces of a corpus and predict their quadrants."""
    if isinstance(sources, Iterator):  # read twice below
        sources = list(sources)
    vectors = embedder.embed(sources, **options)
    scored = predictor.score(sources, **options)
    if not set(PROBABILITIES) <= set(scored):
        raise ValueError("the model predicts no quadrants")
    if groups is not None and len(groups) != len(vectors):
        raise ValueError(f"{name}: {len(groups)} groups for {len(vectors)} files")
    probabilities = scored[PROBABILITIES].to_numpy(float)
    read = np.asarray(np.isfinite(np.hstack([vectors, probabilities])).all(axis=1))
    if read.sum() < FEWEST:
        raise ValueError(f"{name}: {read.sum()} pieces can be read, {FEWEST} are needed")
    probabilities = probabilities[read]
    low, high = grouped_bootstraps(
        lambda rows: probabilities[rows].mean(axis=0).tolist(),
        [str(i) for i in range(len(probabilities))] if groups is None else _kept(groups, read),
        draws,
    )
    return _Side(
        vectors=vectors[read],
        groups=None if groups is None else _kept(groups, read),
        means=probabilities.mean(axis=0),
        intervals=np.stack([low, high], axis=1),
        unread=int((~read).sum()),
    )


def _kept(groups: Sequence[str], read: np.ndarray) -> list[str]:
    return [str(group) for group, ok in zip(groups, read, strict=True) if ok]
