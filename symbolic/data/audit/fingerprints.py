"""Fingerprints of pieces, by which the same music is found again without the files.

A trained model keeps those of its training pieces: hashes of groups, file names and contents, and
a third of the melodic figures, chosen by their hash. Two pieces are the same music if their group,
name, notes (of recordings: bytes) or melody is the same.

Among 1,843 pieces this finds 94 % of the pairs that `same_melody` finds with all figures, and all
pairs with 30 shared figures or more.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np

from symbolic.data.audit.duplicates import alike, content_hash, notes_hash
from symbolic.data.audit.melody import Figures, melody_figures
from symbolic.data.groups import UNLABELLED, LeakError, first_of, group_name, hashed_group
from symbolic.data.pieces import Piece
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.read import NOTE_SUFFIXES
from symbolic.notes.sources import display_name

logger = logging.getLogger(__name__)

SHARE = 3
"""One of so many figures is kept."""

MIN_FIGURES, MIN_SECONDS = 6, 5.0
"""Kept figures that two pieces must share in the same order to have the same melody, and the least
time from the first to the last of them: runs of a few seconds are alike by chance."""

KINDS = ("group", "name", "content", "melody")
"""Signs that two pieces are the same music, the surest first."""

_TICK = 0.1  # seconds, resolution of onsets in a file
_STORED = {
    "names": "u8",
    "groups": "u8",
    "contents": "u8",
    "counts": "u4",
    "onset": "u2",
    "pitch": "u1",
    "code": "u4",
}


def _hashes() -> np.ndarray:
    return np.zeros(0, np.uint64)


def _no_figures() -> Figures:
    return Figures(*(np.zeros(0, kind) for kind in (np.int64, float, np.int64, np.int64)))


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Fingerprints of p pieces.

    Attributes:
        names: (p,) uint64, hash of the group that an unlabelled file of this name has; 0 for a name
            without a letter, such as `001`, which other music has as well.
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
    def of_pieces(cls, pieces: Sequence[Piece]) -> Fingerprints:
        """Compute the fingerprints of pieces from their files.

        Files of other things than notes, such as recordings, are compared by their bytes.
        """
        tables, contents, numbers = [], [], []
        for number, piece in enumerate(pieces):
            try:
                if piece.path.suffix.lower() not in NOTE_SUFFIXES:
                    raise ReadError("not a file of notes")
                tables.append(read_notes(piece.path))
                numbers.append(number)
                contents.append(notes_hash(tables[-1]))
            except ReadError:
                contents.append(content_hash(piece.path) or b"")
        figures = _chosen(melody_figures(tables))
        figures = replace(figures, piece=np.array(numbers, np.int64)[figures.piece])
        return replace(
            cls.of_names(
                [piece.path.name for piece in pieces],
                [group_name(piece.corpus, piece.group) for piece in pieces],
            ),
            contents=np.array(list(map(_number, contents)), np.uint64),
            figures=figures,
        )

    @classmethod
    def of_groups(cls, groups: Iterable[str]) -> Fingerprints:
        """Hash groups alone, which may be hashed already (`hashed_group`), as of older records."""
        digests = [hashed_group(name).rpartition("#")[2] for name in groups]
        hashes = np.array([int(digest, 16) for digest in digests], np.uint64)
        return cls(np.zeros_like(hashes), hashes, np.zeros_like(hashes))

    def take(self, chosen: Sequence[int] | np.ndarray) -> Fingerprints:
        """Select pieces, in any order."""
        chosen = np.asarray(chosen, np.int64)
        place = np.full(len(self), -1)
        place[chosen] = np.arange(len(chosen))
        piece = place[self.figures.piece]
        kept = np.flatnonzero(piece >= 0)
        kept = kept[piece[kept].argsort(kind="stable")]
        figures = replace(self.figures.take(kept), piece=piece[kept])
        return Fingerprints(self.names[chosen], self.groups[chosen], self.contents[chosen], figures)

    def thinned(self, share: int) -> Fingerprints:
        """Keep one of `share` figures of the melodies, chosen by their hashes."""
        kept = np.flatnonzero(self.figures.code % share == 0)
        return replace(self, figures=self.figures.take(kept))

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

    def arrays(self) -> dict[str, np.ndarray]:
        """Return small arrays to save, about 250 bytes for a piece of half a minute."""
        figures = self.figures
        return {
            "names": self.names,
            "groups": self.groups,
            "contents": self.contents,
            "counts": np.bincount(figures.piece, minlength=len(self)).astype(np.uint32),
            "onset": np.rint(figures.onset / _TICK).clip(0, 2**16 - 1).astype(np.uint16),
            "pitch": figures.pitch.astype(np.uint8),
            "code": figures.code.astype(np.uint32),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Fingerprints:
        """Take what `arrays` has returned.

        Raises:
            ValueError: other arrays.
        """
        kinds = {name: array.dtype.str[1:] for name, array in arrays.items()}
        if kinds != _STORED:
            raise ValueError("fingerprints of another version")
        counts = arrays["counts"]
        sizes = dict.fromkeys(_STORED, len(counts))
        sizes |= dict.fromkeys(("onset", "pitch", "code"), counts.sum())
        if any(array.shape != (sizes[name],) for name, array in arrays.items()):
            raise ValueError("fingerprints of different numbers of pieces")
        figures = Figures(
            np.arange(len(counts)).repeat(counts),
            arrays["onset"] * _TICK,
            arrays["pitch"].astype(np.int64),
            arrays["code"].astype(np.int64),
        )
        return cls(arrays["names"], arrays["groups"], arrays["contents"], figures)

    def save(self, path: str | os.PathLike) -> None:
        """Save as a compressed `.npz`."""
        np.savez_compressed(path, **cast("dict[str, Any]", self.arrays()))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Fingerprints:
        """Load what `save` has written.

        Raises:
            FileNotFoundError: no such file.
            ValueError: another file.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls.of_arrays(dict(stored))
        except (ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path}: no fingerprints of training pieces: {error}") from error


def common(
    trained: Fingerprints, held_out: Fingerprints, kinds: Collection[str] = KINDS
) -> dict[int, str]:
    """Find pieces that are the same music as a training piece.

    Args:
        trained: of the training pieces.
        held_out: of p pieces.
        kinds: signs that count.

    Returns:
        By index of the held-out piece, what is the same: `group`, `name`, `content` (notes, or the
        bytes of a recording) or `melody`; the first of these that counts.
    """
    found: dict[int, str] = {}
    both = Fingerprints.joined([trained, held_out])
    if "melody" in kinds and len(trained) and len(held_out):
        group = np.unique(both.groups, return_inverse=True)[1]
        for pair in alike(both.figures, group, MIN_FIGURES, split=len(trained)):
            spans = (end - start for start, end in (pair.first_span, pair.second_span))
            if min(spans) >= MIN_SECONDS:
                found[pair.second - len(trained)] = "melody"
    for kind, values, others in (
        ("content", held_out.contents, trained.contents),
        # An unlabelled file is a group.
        ("name", held_out.names, np.append(trained.names, trained.groups)),
        ("group", held_out.groups, trained.groups),
    ):
        if kind in kinds:
            same = (values > 0) & np.isin(values, others)
            found |= dict.fromkeys(np.flatnonzero(same).tolist(), kind)
    return dict(sorted(found.items()))


def assert_unseen(
    trained: Fingerprints,
    held_out: Fingerprints,
    names: Sequence[str],
    where: str,
    kinds: Collection[str] = KINDS,
    remedy: str = "",
) -> None:
    """Refuse to test a model on its training music; warn of melodies that do not count.

    Args:
        trained: of the training pieces.
        held_out: of p pieces.
        names: (p,) of the held-out pieces, for the error.
        where: the training data, for the error, such as "the training data of FOLDER".
        kinds: of what `common` returns, those that count.
        remedy: what to do about it, for the error.

    Raises:
        LeakError: with the first of the pieces that are the same music, and what is the same.
    """
    both = common(trained, held_out, {*kinds, "melody"})
    if similar := [names[i] for i, kind in both.items() if kind == "melody" not in kinds]:
        logger.warning(
            "%d held-out pieces have a melody of %s: %s; see symbolic audit",
            *(len(similar), where, first_of(similar)),
        )
    if found := [f"{names[i]} (same {kind})" for i, kind in both.items() if kind in kinds]:
        raise LeakError(
            f"{len(found)} of {len(held_out)} held-out pieces are in {where}: {first_of(found)}"
            + (f". {remedy}" if remedy else "")
        )


def file_names(files: Iterable[str], groups: Iterable[str]) -> list[str]:
    """Name pieces in messages: `a.mid of corpus: song`, or the file alone if it is its group."""
    return [
        file if group.endswith(file) else f"{file} of {group}"
        for file, group in zip(files, groups, strict=True)
    ]


def assert_not_held_out(unlabelled: Sequence[Piece], held_out: Sequence[Piece]) -> None:
    """Refuse unlabelled music for training that is the same as held-out pieces.

    Raises:
        LeakError: as `assert_unseen`.
    """
    if unlabelled and held_out:
        pair = Fingerprints.of_pieces(unlabelled), Fingerprints.of_pieces(held_out)
        names = [piece.path.name for piece in held_out]
        remedy = "Take these files out of --unlabelled"
        assert_unseen(*pair, names, "the unlabelled music", remedy=remedy)


def _name_hash(name: str) -> int:
    """Hash the group of an unlabelled file of this name; 0 for a name without a letter."""
    stem = PurePath(name).stem
    if not any(map(str.isalpha, stem)):
        return 0
    return _number(os.fsencode(group_name(UNLABELLED, display_name(stem))))


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
