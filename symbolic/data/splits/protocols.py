"""Protocols: what is trained on, and what is held out, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from symbolic.data.corpora.emopia import read_emopia
from symbolic.data.corpora.readers import READERS
from symbolic.data.corpora.vgmidi import read_vgmidi
from symbolic.data.groups import LeakError, assert_disjoint
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.splits.folds import FOLDS, fold_pieces
from symbolic.notes import NoteTable, read_notes

CORPORA = ("emopia", "vgmidi", "labelled")  # in the order in which they join the training pieces


@dataclass(kw_only=True)
class DataArguments:
    """Which pieces are trained on and which are held out."""

    emopia: str | None = field(default=None, metadata={"help": "folder of EMOPIA"})
    vgmidi: str | None = field(default=None, metadata={"help": "folder of VGMIDI"})
    labelled: str | None = field(
        default=None,
        metadata={
            "help": "one's own labelled music: a CSV, or a folder with labels.csv, of columns path "
            "and any of quadrant, valence, arousal, key, group, split"
        },
    )
    unlabelled: str | None = field(
        default=None,
        metadata={"help": "folder of any music, for the tasks whose labels cost nothing"},
    )
    hold_out: str = field(
        default="emopia-val",
        metadata={
            "help": "pieces to predict, never trained on: emopia-val, or emopia-cls-val, that of "
            "EMOPIA_cls; emopia-dev-K, fold K of EMOPIA's training songs, to choose settings "
            "without a look at the validation songs; emopia-song-K, fold K of all its songs; "
            "vgmidi-K and vgmidi-game-K, fold K by piece and by game; emopia-all, vgmidi-all, the "
            "whole corpus, where another is trained on; labelled-K, fold K by group; "
            "labelled-NAME, the split of that name; none"
        },
    )
    folds: int = field(default=FOLDS, metadata={"help": "how many folds, where K names one"})
    fold_seed: int = field(default=0, metadata={"help": "of the shuffle before folding"})


Split = tuple[list[Piece], list[Piece]]


@dataclass(frozen=True)
class Protocol:
    """A way to hold pieces of a corpus out.

    Attributes:
        corpus: the field of `DataArguments` with its folder; empty where nothing is held out.
        split: parts the pieces of that corpus in those to train on and those held out; it also
            takes what is written behind the protocol's name, and all arguments.
        read: the folder's pieces, where it is not the reader of that name that reads them.
    """

    corpus: str
    split: Callable[[list[Piece], str, DataArguments], Split] | None = None
    read: Callable[[str], list[Piece]] | None = None


def training_pieces(pieces: list[Piece]) -> list[Piece]:
    """The pieces of the split `train`; where no piece is in it, those that are in no split."""
    trained = [piece for piece in pieces if piece.split == "train"]
    return trained or [piece for piece in pieces if not piece.split]


def _validation(pieces: list[Piece], part: str, data: DataArguments) -> Split:
    return training_pieces(pieces), [piece for piece in pieces if piece.split == "val"]


def _fold(pieces: list[Piece], part: str, data: DataArguments) -> Split:
    return _parted(pieces, fold_pieces(pieces, part, data.folds, data.fold_seed))


def _training_fold(pieces: list[Piece], part: str, data: DataArguments) -> Split:
    return _fold(training_pieces(pieces), part, data)


def _all(pieces: list[Piece], part: str, data: DataArguments) -> Split:
    return [], pieces


def _labelled(pieces: list[Piece], part: str, data: DataArguments) -> Split:
    if part.isdigit():
        return _fold(pieces, part, data)
    splits = sorted({piece.split for piece in pieces} - {""})
    if part not in splits:
        known = ", ".join(splits) or "none"
        raise ValueError(
            f"hold_out {data.hold_out!r}: {data.labelled} has no split {part!r} (its splits: "
            f"{known}), and a fold is a number"
        )
    test = [piece for piece in pieces if piece.split == part]
    return _parted(training_pieces(pieces), test)


def _parted(pieces: list[Piece], test: list[Piece]) -> Split:
    paths = {piece.path for piece in test}
    return [piece for piece in pieces if piece.path not in paths], test


PROTOCOLS: dict[str, Protocol] = {
    "none": Protocol(""),
    "emopia-val": Protocol("emopia", _validation),
    "emopia-cls-val": Protocol(
        "emopia", _validation, partial(read_emopia, split="split_emopia_cls")
    ),
    "emopia-dev-": Protocol("emopia", _training_fold),
    "emopia-song-": Protocol("emopia", _fold),
    "emopia-all": Protocol("emopia", _all),
    "vgmidi-": Protocol("vgmidi", _fold),
    "vgmidi-all": Protocol("vgmidi", _all),
    "vgmidi-game-": Protocol("vgmidi", _fold, partial(read_vgmidi, by="game")),
    "labelled-": Protocol("labelled", _labelled),
}
"""By what `hold_out` says; behind a name that ends with a hyphen stands a fold or a split."""


def held_out(data: DataArguments) -> Split:
    """Split corpora into training pieces and held-out pieces; no group is on both sides.

    Corpora that nothing is held out from add their training pieces: those of the split `train`, or
    all where there is no split.

    Raises:
        ValueError: no corpus given, or a `hold_out` that does not exist or whose corpus is missing.
        LeakError: a group on both sides, or a file name of the held-out pieces among the training
            pieces of another corpus.
        FileNotFoundError: a corpus that is not in its folder.
    """
    protocol, part = _protocol(data.hold_out)
    if protocol.corpus and not getattr(data, protocol.corpus):
        raise ValueError(f"hold_out {data.hold_out!r}: its corpus is not given")
    others: list[Piece] = []
    train: list[Piece] = []
    test: list[Piece] = []
    for corpus in CORPORA:
        if not (folder := getattr(data, corpus)):
            continue
        if corpus == protocol.corpus:
            own, test = protocol.split((protocol.read or READERS[corpus])(folder), part, data)
            train += own
        else:
            joining = training_pieces(READERS[corpus](folder))
            others += joining
            train += joining
    if protocol.corpus and not test:
        raise ValueError(f"hold_out {data.hold_out!r}: no piece is held out by it")
    if not train:
        raise ValueError("nothing to train on: give --emopia, --vgmidi or --labelled")
    try:
        assert_disjoint(
            train=[piece.group for piece in train], held_out=[piece.group for piece in test]
        )
        assert_disjoint(
            **{
                "files to train on": [piece.path.name for piece in others],
                "files held out": [piece.path.name for piece in test],
            }
        )
    except LeakError as error:
        folder = getattr(data, protocol.corpus)
        raise LeakError(f"hold_out {data.hold_out!r} of {folder}: {error}") from error
    return train, test


def _protocol(hold_out: str) -> tuple[Protocol, str]:
    """The protocol of the longest name that fits, and what stands behind the name."""
    fitting = [
        name
        for name in PROTOCOLS
        if hold_out == name or (name.endswith("-") and hold_out.startswith(name))
    ]
    if not fitting:
        known = ", ".join(PROTOCOLS)
        raise ValueError(f"hold_out {hold_out!r} is none of those that exist: {known}")
    name = max(fitting, key=len)
    return PROTOCOLS[name], hold_out.removeprefix(name)


def unlabelled_pieces(data: DataArguments) -> list[Piece]:
    """The music in `data.unlabelled`, each file a group of its own, without labels.

    Raises:
        FileNotFoundError: a folder without a MIDI or MusicXML file.
    """
    if not data.unlabelled:
        return []
    pieces = unlabelled_pieces_in(data.unlabelled)
    if not pieces:
        raise FileNotFoundError(f"{data.unlabelled}: no MIDI or MusicXML file")
    return pieces


def read_tables(pieces: list[Piece]) -> list[NoteTable]:
    """The note table of each piece.

    Raises:
        ReadError: naming the first file that cannot be read.
    """
    return [read_notes(piece.path) for piece in pieces]
