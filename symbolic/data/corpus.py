"""Corpora: labelled pieces with their tasks, and spectrograms if they have no audio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

SPLITS = ("test", "val", "train")  # a group in several of them stays in the first


@dataclass(frozen=True)
class Corpus:
    """Labelled pieces: recordings, spectrograms, or files of notes.

    Attributes:
        name: of the corpus.
        pieces: n pieces.
        tasks: that models of audio learn, each with the names of its labels in the corpus; folds
            are stratified by the first one with classes and labels.
        findings: a sentence for each thing that was left out or that users should know.
        features: n spectrograms (T, F) float32 of a corpus without audio, else None.
        front_end: of `features`; None if there are none.
    """

    name: str
    pieces: list[Piece]
    tasks: tuple[Task, ...]
    findings: list[str] = field(default_factory=list)
    features: list[np.ndarray] | None = None
    front_end: FrontEnd | None = None

    @property
    def groups(self) -> list[str]:
        """The group of each piece, which stays on one side of a split: artist, song, recording."""
        return [piece.group for piece in self.pieces]

    def front_end_for(self, front_end: FrontEnd) -> FrontEnd:
        """Find the front end that inputs of the corpus have for an encoder.

        For a corpus of audio it is the encoder's own. For a corpus of spectrograms it is theirs; or
        the encoder's, if its inputs can be derived from the spectrograms; or, for an encoder of
        MFCC and mel bands in dB, as many MFCC of these bands.

        Raises:
            ValueError: inputs that cannot be derived from the spectrograms.
        """
        own = self.front_end
        if own is None:
            return front_end
        if front_end.is_derived:
            wanted = intermediate(front_end)
            same = replace(wanted, kinds=own.kinds, pool=own.pool, lags=own.lags)
            if same == own and wanted.pool % own.pool == 0 and set(wanted.kinds) <= set(own.kinds):
                return front_end
        elif front_end.kinds == own.kinds:
            return own
        if front_end.kinds == ("mfcc",) and own.kinds == ("mel",) and own.decibels:
            return replace(own, kinds=front_end.kinds, n_mfcc=front_end.n_mfcc)
        raise ValueError(f"{self.name}: has no {' and '.join(front_end.kinds)}")

    def with_front_end(self, front_end: FrontEnd) -> Corpus:
        """Derive the inputs of a front end, as `front_end_for` returns it, from the spectrograms.

        A corpus of audio stays as it is.

        Raises:
            ValueError: inputs that cannot be derived from the spectrograms.
        """
        own = self.front_end
        if self.features is None or own is None or front_end == own:
            return self
        if front_end != self.front_end_for(front_end):
            raise ValueError(f"{self.name}: has spectrograms of another front end")
        if front_end.is_derived:
            features = [derived_frames(frames, own, front_end) for frames in self.features]
        else:
            bank = cepstral_bank(front_end)
            features = [product(frames, bank) for frames in self.features]
        return replace(self, features=features, front_end=front_end)


def without_leaks(pieces: Sequence[Piece]) -> tuple[list[Piece], list[str]]:
    """Take pieces out of their split whose group is in several splits.

    The group stays in the test split, or in `val`; its pieces in other splits are then in none.

    Returns:
        The pieces in order, and a sentence on the pieces that were taken out, if any.
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
        f"is held out: the first is {first.path.name} ({first.group}) of {first.split}"
    )
    return [replace(piece, split="") if id(piece) in gone else piece for piece in pieces], [finding]


def readable(
    corpus: Corpus, found: Sequence[Any | ReadError]
) -> tuple[Corpus, list[Any], list[str]]:
    """Leave out the pieces of a corpus that cannot be read: `found` has an error for them.

    Returns:
        The corpus, the content of its remaining pieces, and a sentence on each piece left out, with
        the name of the file but not its folder, since records are published.

    Raises:
        ReadError: no piece can be read.
    """
    kept = [i for i, content in enumerate(found) if not isinstance(content, ReadError)]
    findings = [
        *corpus.findings,
        *(
            f"{piece.path.name}: {content.reason}"
            for piece, content in zip(corpus.pieces, found, strict=True)
            if isinstance(content, ReadError)
        ),
    ]
    if not kept:
        raise ReadError(f"no recording of {corpus.name} can be read: {findings[-1]}")
    pieces = [corpus.pieces[i] for i in kept]
    return replace(corpus, pieces=pieces), [found[i] for i in kept], findings


def files_by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Index files by their names without the suffix, in order.

    Raises:
        ValueError: a name that occurs twice.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise ValueError(f"{path}: {path.stem} is there already: {found[path.stem]}")
        found[path.stem] = path
    return found


def missing_files(paths: Sequence[Path], source: str) -> tuple[set[Path], list[str]]:
    """Find files that are missing or empty, with a sentence on each kind.

    Raises:
        FileNotFoundError: all files are missing; the message names the first and the corpus.
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
