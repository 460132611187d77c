"""Protocols of models of notes: named ways to hold pieces out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.data.corpus import Corpus
from symbolic.data.groups import FOLDS, LeakError, assert_disjoint
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.readers import READERS, note_corpora
from symbolic.data.splits.hold_out import held_out_splits, hold_out, training_pieces
from symbolic.notes import NoteTable, read_notes

OPTIONS = ("emopia", "vgmidi", "ym2413", "percepiano", "labelled")
"""Corpora whose folder has an option of its own."""


@dataclass(kw_only=True)
class DataArguments:
    """Corpora to train on, and the pieces to hold out."""

    emopia: str | None = field(default=None, metadata={"help": "folder of EMOPIA"})
    vgmidi: str | None = field(default=None, metadata={"help": "folder of VGMIDI"})
    ym2413: str | None = field(default=None, metadata={"help": "folder of YM2413-MDB"})
    percepiano: str | None = field(
        default=None,
        metadata={"help": "folder of PercePiano, with valence and arousal but no quadrants"},
    )
    labelled: str | None = field(
        default=None,
        metadata={
            "help": "your own labelled music: a CSV, or a folder with labels.csv, of columns path "
            "(or file) and any of quadrant (or emotion), valence, arousal, key, those of other "
            "tasks, group (or song), split; files lie beside it or in midi/"
        },
    )
    corpora: list[str] = field(
        default_factory=list,
        metadata={
            "help": f"any corpora as NAME=FOLDER; NAME is one of {', '.join(note_corpora())}"
        },
    )
    unlabelled: str | None = field(
        default=None,
        metadata={"help": "folder of any music, for tasks whose labels follow from the notes"},
    )
    hold_out: str = field(
        default="emopia-val",
        metadata={
            "help": "pieces to predict, never trained on. Of any corpus: NAME-K, fold K by group; "
            "NAME-SPLIT, its split of that name, for example emopia-val; NAME-all, the whole "
            "corpus, if another is trained on. Also emopia-cls-val, the validation songs of "
            "EMOPIA_cls; emopia-dev-K, fold K of EMOPIA's training songs, to choose settings "
            "without a look at the validation songs; emopia-song-K, as emopia-K; vgmidi-game-K, "
            "fold K by game; percepiano-segment-K, fold K by passages; none"
        },
    )
    folds: int = field(default=FOLDS, metadata={"help": "number of folds, for NAME-K"})
    fold_seed: int = field(default=0, metadata={"help": "of the shuffle before folding"})

    @property
    def folders(self) -> dict[str, str]:
        """The folder of each corpus that is given, in the order of `READERS`.

        Raises:
            ValueError: `corpora` that are not NAME=FOLDER, a corpus that does not exist, or one
                that is given twice.
        """
        given = {name: getattr(self, name) for name in OPTIONS}
        for text in self.corpora:
            name, _, folder = text.partition("=")
            if name not in note_corpora() or not folder:
                names = ", ".join(note_corpora())
                raise ValueError(f"corpora {text!r} is not NAME=FOLDER with NAME one of {names}")
            if given.get(name):
                raise ValueError(f"corpora {text!r}: the folder of {name} is given twice")
            given[name] = folder
        return {name: given[name] for name in note_corpora() if given.get(name)}

    def record(self) -> dict[str, Any]:
        """Plain values for `training.json`: names of files and folders, without their paths."""
        values: dict[str, Any] = {
            name: Path(value).name if isinstance(value, str) and name != "hold_out" else value
            for name, value in asdict(self).items()
        }
        parts = (text.partition("=") for text in self.corpora)
        values["corpora"] = [f"{name}={Path(folder).name}" for name, _, folder in parts]
        return values

    def of_record(self, record: Mapping[str, Any]) -> DataArguments:
        """Combine the settings of a record with the folders of these arguments.

        Unlabelled music has its recorded name, not its folder: it is not held out.

        Args:
            record: as `record` returned it when a model was trained.

        Raises:
            ValueError: a corpus that the model was trained on and that has no folder here.
        """
        folders = self.folders
        names = [name for name in OPTIONS if record.get(name)]
        others = [text.partition("=")[0] for text in record.get("corpora", ())]
        for name in (*names, *others):
            if name not in folders:
                option = f"--{name}" if name in OPTIONS else f"--corpora {name}=FOLDER"
                raise ValueError(f"the model was trained on {name}: give its folder with {option}")
        return DataArguments(
            **{name: folders[name] for name in names},
            corpora=[f"{name}={folders[name]}" for name in others],
            unlabelled=record.get("unlabelled"),
            hold_out=record["hold_out"],
            **{name: record[name] for name in ("folds", "fold_seed") if name in record},
        )


@dataclass(frozen=True)
class Protocol:
    """A way to hold out pieces of a corpus.

    Attributes:
        corpus: name in `READERS`; empty if nothing is held out.
        read: reads its folder; None is the reader of that name.
        only_training: whether its pieces are the training pieces alone.
    """

    corpus: str
    read: Callable[[str], Corpus] | None = None
    only_training: bool = False

    def corpus_in(self, folder: str) -> Corpus:
        """Read the corpus in a folder."""
        corpus = (self.read or READERS[self.corpus])(folder)
        if self.only_training:
            return replace(corpus, pieces=training_pieces(corpus.pieces))
        return corpus


PROTOCOLS: dict[str, Protocol] = {
    "none": Protocol(""),
    **{f"{name}-": Protocol(name) for name in note_corpora()},
    "emopia-cls-": Protocol("emopia", partial(READERS["emopia"], split="split_emopia_cls")),
    "emopia-dev-": Protocol("emopia", only_training=True),
    "emopia-song-": Protocol("emopia"),
    "vgmidi-game-": Protocol("vgmidi", partial(READERS["vgmidi"], by="game")),
    "percepiano-segment-": Protocol("percepiano", partial(READERS["percepiano"], by="segment")),
}
"""By the beginning of `hold_out`; after a hyphen follow a fold, a split or `all`."""


def held_out(data: DataArguments) -> tuple[list[Piece], list[Piece]]:
    """Split corpora into training pieces and held-out pieces; no group is on both sides.

    Corpora that nothing is held out from add their training pieces: those of the split `train`, or
    all if they have no split. Unlabelled music is not among them (`unlabelled_pieces`); if it is
    given, it may be all that is trained on.

    Raises:
        ValueError: nothing to train on, or a `hold_out` that does not exist or whose corpus is not
            given.
        LeakError: a group on both sides, or a file name of the held-out pieces among the training
            pieces of another corpus.
        FileNotFoundError: a corpus that is not in its folder.
    """
    folders = data.folders
    protocol, part = _given_protocol(data)
    others: list[Piece] = []
    train: list[Piece] = []
    test: list[Piece] = []
    for name, folder in folders.items():
        if name == protocol.corpus:
            own, test = _split(protocol.corpus_in(folder), part, data)
            train += own
        else:
            joining = training_pieces(READERS[name](folder).pieces)
            others += joining
            train += joining
    if protocol.corpus and not test:
        raise ValueError(f"hold_out {data.hold_out!r}: no piece is held out by it")
    if not train and not data.unlabelled:
        raise ValueError(
            f"nothing to train on: give {', '.join(f'--{name}' for name in OPTIONS)}, --corpora or "
            "--unlabelled"
        )
    groups = {"train": train, "held_out": test}
    files = {"files to train on": others, "files held out": test}
    try:
        assert_disjoint(**{side: [p.group for p in pieces] for side, pieces in groups.items()})
        assert_disjoint(**{side: [p.path.name for p in pieces] for side, pieces in files.items()})
    except LeakError as error:
        raise LeakError(f"hold_out {data.hold_out!r} of {folders[protocol.corpus]}: {error}") from (
            error
        )
    return train, test


def held_out_pieces(data: DataArguments) -> list[Piece]:
    """Return the held-out pieces alone; no piece need be left to train on.

    Raises:
        ValueError: a `hold_out` that does not exist, that holds out nothing, or whose corpus is not
            given.
        FileNotFoundError: a corpus that is not in its folder.
    """
    protocol, part = _given_protocol(data)
    if not protocol.corpus:
        raise ValueError(f"hold_out {data.hold_out!r}: no piece is held out by it")
    _, test = _split(protocol.corpus_in(data.folders[protocol.corpus]), part, data)
    return test


def _given_protocol(data: DataArguments) -> tuple[Protocol, str]:
    """Find the protocol and the part of `hold_out`; refuse one whose corpus is not given."""
    protocol, part = _protocol(data)
    if protocol.corpus and protocol.corpus not in data.folders:
        raise _no_part(data, "its corpus is not given: give it, or hold out another")
    return protocol, part


def _split(corpus: Corpus, part: str, data: DataArguments) -> tuple[list[Piece], list[Piece]]:
    """Split a corpus by a fold number, the name of a split, or `all`."""
    if part == "all":
        return [], corpus.pieces
    number = part.removeprefix("fold-")
    if number in map(str, range(data.folds)):
        part = f"fold-{number}"
    elif part not in held_out_splits(corpus):
        raise _no_part(data, f"{corpus.name} has no such fold or split")
    train, test = hold_out(corpus, part, data.folds, data.fold_seed)
    return [corpus.pieces[i] for i in train], [corpus.pieces[i] for i in test]


def _protocol(data: DataArguments) -> tuple[Protocol, str]:
    """Find the protocol of the longest name that fits, and the rest of `hold_out`."""
    part = data.hold_out
    fitting = [
        name for name in PROTOCOLS if part == name or (name.endswith("-") and part.startswith(name))
    ]
    if not fitting:
        raise _no_part(data, "it does not exist")
    name = max(fitting, key=len)
    return PROTOCOLS[name], part.removeprefix(name)


def _no_part(data: DataArguments, problem: str) -> ValueError:
    """Make the error of a wrong `hold_out`, with those that the given corpora have."""
    folders, names = data.folders, []
    for begin, protocol in PROTOCOLS.items():
        if protocol.corpus in folders:
            splits = held_out_splits(protocol.corpus_in(folders[protocol.corpus]))
            parts = [*splits, "all"] if len(folders) > 1 else splits
            names.append(f"{begin}0 to {begin}{data.folds - 1}")
            names += [f"{begin}{part}" for part in parts]
    of = f"of {', '.join(folders)} there are" if folders else "without a corpus there is"
    return ValueError(f"hold_out {data.hold_out!r}: {problem}; {of} {', '.join([*names, 'none'])}")


def unlabelled_pieces(data: DataArguments) -> list[Piece]:
    """Find the music in `data.unlabelled`; each file is a group of its own, without labels.

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
    """Read the note table of each piece.

    Raises:
        ReadError: naming the first file that cannot be read.
    """
    return [read_notes(piece.path) for piece in pieces]
