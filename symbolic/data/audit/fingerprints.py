"""Fingerprints of pieces, by which the same music is found again without the files.

A trained model keeps those of its training pieces: hashes of groups, file names and contents, and
a third of the melodic figures, chosen by their hash. Two pieces are the same music if their group,
name, notes (of recordings: bytes) or melody is the same.

Among 1,843 pieces this finds 94 % of the pairs that `same_melody` finds with all figures, and all
pairs with 30 shared figures or more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path, PurePath
from zipfile import BadZipFile

import numpy as np

from symbolic.data.audit.duplicates import alike, content_hash, notes_hash
from symbolic.data.audit.melody import Figures, melody_figures
from symbolic.data.groups import LeakError
from symbolic.notes import NoteTable

SHARE = 3
"""One of so many figures is kept."""

MIN_FIGURES, MIN_SECONDS = 6, 5.0
"""Kept figures that two pieces must share in the same order to have the same melody, and the least
time from the first to the last of them: runs of a few seconds are alike by chance."""

_TICK = 0.1  # seconds, resolution of onsets in a file
_FORMAT = "symbolic-fingerprints 1"
_PIECES = {"names": "u8", "groups": "u8", "contents": "u8", "counts": "u4"}
_FIGURES = {"onset": "u2", "pitch": "u1", "code": "u4"}


def _hashes() -> np.ndarray:
    return np.zeros(0, np.uint64)


def _no_figures() -> Figures:
    return Figures(*(np.zeros(0, kind) for kind in (np.int64, float, np.int64, np.int64)))


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Fingerprints of p pieces.

    Attributes:
        names: (p,) uint64, hash of the file name without suffix; 0 for a name without a letter,
            such as `001`, which other music has as well.
        groups: (p,) uint64, hash of the group.
        contents: (p,) uint64, hash of the notes, or of the bytes of a recording; 0 if unknown.
        figures: the chosen figures of all pieces.
    """

    names: np.ndarray = field(default_factory=_hashes)
    groups: np.ndarray = field(default_factory=_hashes)
    contents: np.ndarray = field(default_factory=_hashes)
    figures: Figures = field(default_factory=_no_figures)

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of_names(cls, names: Sequence[str], groups: Sequence[str]) -> Fingerprints:
        """Hash (p,) file names and groups alone, as of token files."""
        hashes = np.array([_name_hash(name) for name in names], np.uint64)
        group = np.array([_number(os.fsencode(name)) for name in groups], np.uint64)
        return cls(hashes, group, np.zeros_like(hashes))

    @classmethod
    def of_notes(
        cls, names: Sequence[str], groups: Sequence[str], tables: Sequence[NoteTable]
    ) -> Fingerprints:
        """Compute the fingerprints of p pieces of notes, of (p,) names, groups and note tables."""
        contents = np.array([_number(notes_hash(table)) for table in tables], np.uint64)
        figures = _chosen(melody_figures(tables))
        return replace(cls.of_names(names, groups), contents=contents, figures=figures)

    @classmethod
    def of_files(cls, paths: Sequence[str | Path], groups: Sequence[str]) -> Fingerprints:
        """Compute the fingerprints of p recordings: their names, groups and bytes."""
        contents = np.array([_number(content_hash(path) or b"") for path in paths], np.uint64)
        return replace(cls.of_names([str(path) for path in paths], groups), contents=contents)

    @classmethod
    def joined(cls, parts: Iterable[Fingerprints]) -> Fingerprints:
        """Concatenate fingerprints."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls()
        starts = np.cumsum([0, *map(len, parts)])[:-1]
        figures = [part.figures for part in parts]
        piece = [own.piece + start for own, start in zip(figures, starts, strict=True)]
        rest = [
            np.concatenate([getattr(own, name) for own in figures])
            for name in ("onset", "pitch", "code")
        ]
        return cls(
            np.concatenate([part.names for part in parts]),
            np.concatenate([part.groups for part in parts]),
            np.concatenate([part.contents for part in parts]),
            Figures(np.concatenate(piece), *rest),
        )

    def save(self, path: str | os.PathLike) -> None:
        """Save as a compressed `.npz` of about 200 bytes a piece of pop music."""
        figures = self.figures
        np.savez_compressed(
            path,
            format=np.array(_FORMAT),
            names=self.names,
            groups=self.groups,
            contents=self.contents,
            counts=np.bincount(figures.piece, minlength=len(self)).astype(np.uint32),
            onset=np.rint(figures.onset / _TICK).clip(0, 2**16 - 1).astype(np.uint16),
            pitch=figures.pitch.astype(np.uint8),
            code=figures.code.astype(np.uint32),
        )

    @classmethod
    def load(cls, path: str | os.PathLike) -> Fingerprints:
        """Load what `save` has written.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another file.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                form = str(stored["format"])
                arrays = {name: stored[name] for name in (*_PIECES, *_FIGURES)}
        except (KeyError, ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path}: no fingerprints of training pieces") from error
        counts = arrays["counts"]
        sizes = dict.fromkeys(_PIECES, len(counts)) | dict.fromkeys(_FIGURES, counts.sum())
        kinds = {name: array.dtype.str[1:] for name, array in arrays.items()}
        fits = all(array.shape == (sizes[name],) for name, array in arrays.items())
        if form != _FORMAT or kinds != _PIECES | _FIGURES or not fits:
            raise ValueError(f"{path}: no fingerprints of training pieces, or of another version")
        figures = Figures(
            np.arange(len(counts)).repeat(counts),
            arrays["onset"] * _TICK,
            arrays["pitch"].astype(np.int64),
            arrays["code"].astype(np.int64),
        )
        return cls(arrays["names"], arrays["groups"], arrays["contents"], figures)


def common(trained: Fingerprints, held_out: Fingerprints) -> dict[int, str]:
    """Find pieces that are the same music as a training piece.

    Returns:
        By index of the held-out piece, what is the same: `group`, `name`, `content` (notes, or the
        bytes of a recording) or `melody`; the first of these.
    """
    found: dict[int, str] = {}
    both = Fingerprints.joined([trained, held_out])
    if len(trained) and len(held_out):
        group = np.unique(both.groups, return_inverse=True)[1]
        for pair in alike(both.figures, group, MIN_FIGURES, split=len(trained)):
            spans = (end - start for start, end in (pair.first_span, pair.second_span))
            if min(spans) >= MIN_SECONDS:
                found[pair.second - len(trained)] = "melody"
    for kind in ("contents", "names", "groups"):
        values = getattr(held_out, kind)
        for i in np.flatnonzero((values > 0) & np.isin(values, getattr(trained, kind))).tolist():
            found[i] = kind.removesuffix("s")
    return dict(sorted(found.items()))


def assert_unseen(
    trained: Fingerprints, held_out: Fingerprints, names: Sequence[str], where: str
) -> None:
    """Refuse to test a model on its training music.

    Args:
        trained: of the training pieces.
        held_out: of p pieces.
        names: (p,) of the held-out pieces, for the error.
        where: the training data, for the error, such as "the training pieces of FOLDER".

    Raises:
        LeakError: with the first of the pieces that are the same music, and what is the same.
    """
    if found := common(trained, held_out):
        shown = ", ".join(f"{names[i]} (same {kind})" for i, kind in list(found.items())[:5])
        raise LeakError(f"{len(found)} of {len(held_out)} held-out pieces are in {where}: {shown}")


def _name_hash(name: str) -> int:
    stem = PurePath(name).stem
    return _number(stem.encode("utf-8", "surrogateescape")) if any(map(str.isalpha, stem)) else 0


def _number(content: bytes) -> int:
    """Hash bytes to 1..2^64 - 1; 0 for none."""
    if not content:
        return 0
    return max(int.from_bytes(blake2b(content, digest_size=8).digest()), 1)


def _chosen(figures: Figures) -> Figures:
    """Choose one of `SHARE` figures by the hash of their intervals, which becomes their code."""
    mixed = figures.code.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    code = (mixed >> np.uint64(8)).astype(np.uint32).astype(np.int64)
    chosen = figures.take(np.flatnonzero(mixed % np.uint64(SHARE) == 0))
    code = code[mixed % np.uint64(SHARE) == 0]
    order = np.lexsort((chosen.onset, code, chosen.piece))
    chosen = chosen.take(order)
    return Figures(chosen.piece, chosen.onset, chosen.pitch, code[order])
