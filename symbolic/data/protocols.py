"""Protocols: what is trained on, and what is held out, by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from symbolic.data.groups import assert_disjoint, group_folds
from symbolic.data.pieces import Piece, loose_pieces, read_emopia, read_vgmidi
from symbolic.notes import NoteTable, read_notes

FOLDS = 5


@dataclass(kw_only=True)
class DataArguments:
    """Which pieces are trained on and which are held out."""

    emopia: str | None = field(default=None, metadata={"help": "folder of EMOPIA"})
    vgmidi: str | None = field(default=None, metadata={"help": "folder of VGMIDI"})
    unlabelled: str | None = field(
        default=None,
        metadata={"help": "folder of any music, for the tasks whose labels cost nothing"},
    )
    hold_out: str = field(
        default="emopia-val",
        metadata={
            "help": "pieces to predict, never trained on: emopia-val; vgmidi-K, fold K of 5 "
            "by piece; emopia-dev-K, fold K of 5 of EMOPIA's training songs, to choose settings "
            "without a look at the validation songs; none"
        },
    )


def held_out(data: DataArguments) -> tuple[list[Piece], list[Piece]]:
    """Training pieces and held-out pieces; no group is on both sides.

    Raises:
        ValueError: no corpus given, or a `hold_out` that does not exist or whose corpus is missing.
        FileNotFoundError: a corpus that is not where it was said to be.
    """
    emopia = read_emopia(data.emopia) if data.emopia else []
    vgmidi = read_vgmidi(data.vgmidi) if data.vgmidi else []
    train = [piece for piece in emopia if piece.split == "train"] + vgmidi
    corpus, _, part = data.hold_out.partition("-")
    if data.hold_out == "none":
        test = []
    elif data.hold_out == "emopia-val":
        test = [piece for piece in emopia if piece.split == "val"]
    elif data.hold_out.startswith("emopia-dev-"):
        test = fold_pieces([p for p in train if p.corpus == "emopia"], part.partition("-")[2])
    elif corpus == "vgmidi":
        test = fold_pieces(vgmidi, part)
    else:
        raise ValueError(f"hold_out {data.hold_out!r} is none of those that exist")
    if data.hold_out != "none" and not test:
        raise ValueError(f"hold_out {data.hold_out!r}: its corpus is not given")
    paths = {piece.path for piece in test}
    train = [piece for piece in train if piece.path not in paths]
    if not train:
        raise ValueError("nothing to train on: give a folder with --emopia or --vgmidi")
    assert_disjoint(
        train=[piece.group for piece in train], held_out=[piece.group for piece in test]
    )
    return train, test


def fold_pieces(pieces: list[Piece], fold: str | int) -> list[Piece]:
    """The pieces of one of `FOLDS` folds, stratified by quadrant and grouped."""
    if not pieces:
        return []
    if str(fold) not in map(str, range(FOLDS)):
        raise ValueError(f"fold {fold!r} is not one of 0 to {FOLDS - 1}")
    folds = group_folds([p.labels["emotion"] for p in pieces], [p.group for p in pieces], FOLDS)
    return [piece for piece, k in zip(pieces, folds, strict=True) if k == int(fold)]


def unlabelled_pieces(data: DataArguments) -> list[Piece]:
    """The music in `data.unlabelled`, each file a group of its own, without labels.

    Raises:
        FileNotFoundError: a folder without a MIDI or MusicXML file.
    """
    if not data.unlabelled:
        return []
    pieces = loose_pieces(data.unlabelled)
    if not pieces:
        raise FileNotFoundError(f"{data.unlabelled}: no MIDI or MusicXML file")
    return pieces


def read_tables(pieces: list[Piece]) -> list[NoteTable]:
    """The note table of each piece.

    Raises:
        ReadError: naming the first file that cannot be read.
    """
    return [read_notes(piece.path) for piece in pieces]
