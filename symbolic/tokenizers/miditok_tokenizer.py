"""Tokenizers of MidiTok (Fradet 2021) with the interface of this package, trained or not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import miditok
import numpy as np
from miditok import MusicTokenizer, TokenizerConfig

from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.read import name_of
from symbolic.notes.score import table_score
from symbolic.notes.table import DEFAULT_METERS, changes
from symbolic.tokenizers.emission import emitted_within
from symbolic.tokenizers.interface import NO_NOTES, BaseTokenizer
from symbolic.tokenizers.names import choices, spelled
from symbolic.tokenizers.saved import FILE_NAME

if TYPE_CHECKING:
    from symbolic.notes.read import Source

MIDITOK = {
    name: cls
    for name, cls in vars(miditok).items()
    if isinstance(cls, type) and issubclass(cls, MusicTokenizer) and cls is not MusicTokenizer
}
"""The tokenizer classes of MidiTok by name; a saved file may name no other class."""

# Options that a class requires, or without which it cannot hold a whole piece.
OPTIONS: dict[str, dict[str, Any]] = {
    "MMM": {"base_tokenizer": "REMI"},
    "Octuple": {"max_bar_embedding": 512},
    "PerTok": {
        "ticks_per_quarter": 320,
        "use_microtiming": True,
        "max_microtiming_shift": 0.125,
        "num_microtiming_bins": 30,
    },
}

NO_VELOCITY = (
    "the tokens of MidiTok cannot be tied to notes, as the velocity task requires: leave "
    "velocity out of the tasks, or use another tokenizer"
)


class MidiTokTokenizer(BaseTokenizer):
    """Any `miditok.MusicTokenizer`, for data sets, training, inference and scoring.

    Every source is converted to a note table first, so that augmented pieces, MusicXML and MIDI are
    treated alike. A note table has tracks but no instruments: programs are 0. Drums are left out,
    as by every tokenizer of this package. Tracks are merged into one, except for a tokenizer that
    makes a single stream of them (`use_programs`, MMM).

    Ids are (T,), or (T, F) if MidiTok pools F vocabularies (CPWord, Octuple, MuMIDI); missing parts
    of a row of MuMIDI are PAD. The ids of a trained tokenizer are those of its model.

    Args:
        tokenizer: the tokenizer, or the name of its class in `MIDITOK`, in capitals or not, with
            the default configuration of MidiTok, tempo tokens, and the `OPTIONS` of the class.

    Raises:
        ValueError: a name that is not in `MIDITOK`.

    Example:
        >>> MidiTokTokenizer("REMI").ids("song.mid").shape  # doctest: +SKIP
        (1204,)
    """

    def __init__(self, tokenizer: MusicTokenizer | str = "REMI") -> None:
        if isinstance(tokenizer, str):
            kind = miditok_class(spelled(tokenizer, MIDITOK) or tokenizer)
            options = OPTIONS.get(kind.__name__, {})
            tokenizer = kind(TokenizerConfig(use_tempos=True, **options))
        self.tokenizer = tokenizer

    @property
    def vocab(self) -> dict[str, int] | list[dict[str, int]]:
        """Ids of the tokens by name; one dictionary for each sub-token if there are several.

        Tokens that a trained model has merged have no name and are left out.
        """
        if not self.tokenizer.is_trained:
            return self.tokenizer.vocab
        learned = self.tokenizer.vocab_model or {}
        names = self.tokenizer._vocab_base_byte_to_token.items()
        return {name: learned[byte] for byte, name in names if byte in learned}

    @property
    def field_names(self) -> list[str]:
        """Names of the sub-tokens, in the order of the columns of `ids`; one for flat ids."""
        if not self.tokenizer.is_multi_voc:
            return ["Token"]
        names: dict[int, str] = {}
        columns: dict[str, int] = cast(Any, self.tokenizer).vocab_types_idx  # of these classes only
        for name, column in columns.items():
            names.setdefault(column % len(self.tokenizer.vocab), name)
        return [names[column] for column in sorted(names)]

    @property
    def vocab_sizes(self) -> list[int]:
        """Number of ids of each sub-token."""
        size = self.tokenizer.len
        return [size] if isinstance(size, int) else list(size)

    @property
    def mask_ids(self) -> list[int] | None:
        """The id of MASK in each sub-token; None if the tokenizer has no MASK."""
        vocabularies = self._vocabularies()
        if any("MASK_None" not in vocabulary for vocabulary in vocabularies):
            return None
        return [vocabulary["MASK_None"] for vocabulary in vocabularies]

    def _vocabularies(self) -> list[dict[str, int]]:
        # Also for special tokens of trained tokenizers: their ids stay the same.
        vocab = self.tokenizer.vocab
        return vocab if isinstance(vocab, list) else [vocab]

    @property
    def shows_velocity(self) -> bool:
        """Whether the ids encode velocity."""
        return self.tokenizer.config.use_velocities

    @property
    def velocity_problem(self) -> str:
        """Why the velocity task cannot be trained: tokens cannot be tied to notes."""
        return NO_VELOCITY

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Not supported: tokens cannot be tied to notes.

        Raises:
            ValueError: always.
        """
        raise ValueError(NO_VELOCITY)

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool, all False: MidiTok does not tie tokens to notes."""
        return np.zeros(len(ids), bool)

    def emitted(self, notes: NoteTable) -> NoteTable:
        """Return the notes passed to MidiTok: pitched and within the pitch range of the tokenizer.

        MidiTok may leave out some of them: those after the last bar that Octuple holds, and
        repeated notes if `remove_duplicated_notes` is set.
        """
        return emitted_within(notes, *self.tokenizer.config.pitch_range)

    def note_ids(self, notes: NoteTable) -> np.ndarray:
        """Return the ids of a table made by `emitted`, shaped as in `ids`.

        Raises:
            ReadError: no tokens, or MidiTok fails.
        """
        if not self.tokenizer.one_token_stream:
            notes = replace(notes, track=np.zeros(len(notes), np.int64))
        score = table_score(_with_known_meters(notes, self.tokenizer.time_signatures))
        if not score.tracks:
            raise ReadError(NO_NOTES)
        try:
            sequences = self.tokenizer.encode(score)
        except Exception as error:  # of any kind, for bars or meters that MidiTok does not expect
            kind = type(self.tokenizer).__name__
            raise ReadError(f"{kind} fails: {type(error).__name__}: {error}") from error
        sequences = sequences if isinstance(sequences, list) else [sequences]
        ids: list[Any] = [token for sequence in sequences for token in sequence.ids]
        if not ids:
            raise ReadError(NO_NOTES)
        if self.tokenizer.is_multi_voc:
            pad = self.pad_ids
            ids = [row + pad[len(row) :] for row in ids]
        return np.array(ids, np.int64)

    def ids_many(self, sources: Iterable[Source]) -> list[np.ndarray | ReadError]:
        results: list[np.ndarray | ReadError] = []
        for source in sources:
            try:
                results.append(self.note_ids(self.emitted(read_notes(source))))
            except ReadError as error:
                results.append(ReadError(error.reason, error.source or name_of(source)))
        return results

    def save_pretrained(self, folder: str | os.PathLike) -> None:
        """Write `music_tokenizer.json`, the file of MidiTok, which names the class."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(Path(folder, FILE_NAME))

    @classmethod
    def _load(cls, file: Path, saved: str) -> Self:
        make = miditok_class(saved)
        try:
            return cls(make(params=file))
        except Exception as error:  # of many kinds: MidiTok does not check parameters
            raise ValueError(f"{file}: not the file of a {make.__name__}: {error}") from error


def _with_known_meters(notes: NoteTable, known: Sequence[tuple[int, int]]) -> NoteTable:
    """Remove the time signatures that a tokenizer has no token for; 4/4 if none is left.

    Most tokenizers of MidiTok ignore them, but PerTok fails.
    """
    meters = zip(notes.meter_numerator.tolist(), notes.meter_denominator.tolist(), strict=True)
    kept = np.array([meter in known for meter in meters])
    if kept.all():
        return notes
    columns = (notes.meter_ticks, notes.meter_numerator, notes.meter_denominator)
    left = tuple(column[kept] for column in columns)
    ticks, numerator, denominator = changes(left, DEFAULT_METERS)
    return replace(
        notes, meter_ticks=ticks, meter_numerator=numerator, meter_denominator=denominator
    )


def miditok_class(name: str) -> type[MusicTokenizer]:
    """Return the tokenizer class of MidiTok by name, which may come from a file.

    Raises:
        ValueError: MidiTok has no such tokenizer.
    """
    if name not in MIDITOK:
        raise ValueError(f"MidiTok has no tokenizer {name!r}; it has {choices(name, MIDITOK)}")
    return MIDITOK[name]
