"""Corpora of recordings: what every reader of one gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.transforms.banks import cepstral_bank
from symbolic.audio.transforms.derived import derived_frames, intermediate
from symbolic.audio.transforms.products import product
from symbolic.data.pieces import Piece
from symbolic.notes import ReadError
from symbolic.tasks import Task

if TYPE_CHECKING:
    import numpy as np

SPLITS = ("test", "val", "train")  # what is in several of them stays in the first of these


@dataclass(frozen=True)
class Corpus:
    """Recordings with what is known of them.

    Attributes:
        name: of the corpus.
        pieces: n recordings. Labels are `genre`, `mood` and `emotion` as ints, `tags` and
            `valence_arousal` as tuples of floats, as far as the corpus has them.
        tasks: what can be learnt, each with the names that the corpus has for its labels.
        findings: a sentence for each thing that was left out or that one has to know.
        features: n pictures (T, F) float32 where the corpus has them and no audio, else None.
        front_end: what the pictures are; None where there is audio.
    """

    name: str
    pieces: list[Piece]
    tasks: tuple[Task, ...]
    findings: list[str] = field(default_factory=list)
    features: list[np.ndarray] | None = None
    front_end: FrontEnd | None = None

    @property
    def groups(self) -> list[str]:
        """What must not cross a split, of each piece: the artist, the song, or the recording."""
        return [piece.group for piece in self.pieces]

    def front_end_for(self, front: FrontEnd) -> FrontEnd:
        """What an encoder that was made for a front end can hear of the corpus.

        Of a corpus of pictures that is the pictures, or where MFCC are wanted and they are mel
        bands in dB, as many MFCC of these bands; where the structure of pieces is wanted and can be
        made of the pictures, that; of a corpus of audio the front end itself.

        Raises:
            ValueError: other pictures than those that are wanted.
        """
        if self.front_end is None:
            return front
        if front.is_derived:
            wanted = intermediate(front)
            same = replace(
                wanted,
                kinds=self.front_end.kinds,
                pool=self.front_end.pool,
                lags=self.front_end.lags,
            )
            pools = wanted.pool % self.front_end.pool == 0
            if same == self.front_end and pools and set(wanted.kinds) <= set(self.front_end.kinds):
                return front
        elif front.kinds == self.front_end.kinds:
            return self.front_end
        if (
            front.kinds == ("mfcc",)
            and self.front_end.kinds == ("mel",)
            and self.front_end.decibels
        ):
            return replace(self.front_end, kinds=front.kinds, n_mfcc=front.n_mfcc)
        raise ValueError(f"{self.name}: has no {' and '.join(front.kinds)}")

    def with_front_end(self, front: FrontEnd) -> Corpus:
        """The corpus with the pictures of a front end that `front_end_for` gives.

        What is made of the pictures is what `front_features` makes of the samples, as far as the
        pictures are.

        Raises:
            ValueError: a front end that the pictures do not have.
        """
        if self.features is None or front == self.front_end:
            return self
        if front != self.front_end_for(front):
            raise ValueError(f"{self.name}: has pictures of another front end")
        if front.is_derived:
            made = [derived_frames(one, self.front_end, front) for one in self.features]
            return replace(self, features=made, front_end=front)
        bank = cepstral_bank(front)
        return replace(
            self, features=[product(one, bank) for one in self.features], front_end=front
        )


def without_leaks(pieces: Sequence[Piece]) -> tuple[list[Piece], list[str]]:
    """Splits that no group crosses.

    A group that is in several splits stays in the test split, or in `val`; its pieces in the other
    splits are in none any more.

    Returns:
        The pieces in order, and a sentence on what was taken out of a split, if anything was.
    """
    kept: dict[str, str] = {}
    for split in SPLITS:
        for piece in pieces:
            if piece.split == split:
                kept.setdefault(piece.group, split)
    crossing = [
        piece
        for piece in pieces
        if piece.split and piece.split != kept.get(piece.group, piece.split)
    ]
    if not crossing:
        return list(pieces), []
    gone = {id(piece) for piece in crossing}
    first = crossing[0]
    finding = (
        f"{len(crossing)} recordings are taken out of their split, because another of their group "
        f"is in a split that is held out: the first is {first.path.name} ({first.group}) of "
        f"{first.split}"
    )
    return [replace(piece, split="") if id(piece) in gone else piece for piece in pieces], [finding]


def readable(
    corpus: Corpus, found: Sequence[Any | ReadError]
) -> tuple[Corpus, list[Any], list[str]]:
    """A corpus without the files that cannot be read.

    Args:
        corpus: n pieces.
        found: what was read of each, or why nothing was.

    Returns:
        The corpus, what was read of the pieces that are left, and sentences on what was left out,
        by the names of files: where they lie is nobody's business, and records are published.

    Raises:
        ReadError: none can be read.
    """
    kept = [i for i, one in enumerate(found) if not isinstance(one, ReadError)]
    findings = [
        *corpus.findings,
        *(
            f"{piece.path.name}: {one.reason}"
            for piece, one in zip(corpus.pieces, found, strict=True)
            if isinstance(one, ReadError)
        ),
    ]
    if not kept:
        raise ReadError(f"no recording of {corpus.name} can be read: {findings[-1]}")
    pieces = [corpus.pieces[i] for i in kept]
    return replace(corpus, pieces=pieces), [found[i] for i in kept], findings


def missing_files(paths: Sequence[Path], source: str) -> tuple[set[Path], list[str]]:
    """Files that are not there or hold nothing, and a sentence on each kind.

    Raises:
        FileNotFoundError: all of them; the message names the first and the corpus.
    """
    absent = [path for path in paths if not path.is_file()]
    if len(absent) == len(paths):
        where = f", the first is {paths[0]}" if paths else ""
        raise FileNotFoundError(
            f"none of the {len(paths)} recordings is there{where}: expected is {source}. "
            "Nothing is downloaded here"
        )
    gone = set(absent)
    empty = [path for path in paths if path not in gone and not path.stat().st_size]
    findings = []
    for found, what in ((absent, "are missing"), (empty, "are empty files")):
        if found:
            findings.append(
                f"{len(found)} of {len(paths)} recordings {what} and left out, the first is "
                f"{found[0].name}"
            )
    return gone | set(empty), findings
