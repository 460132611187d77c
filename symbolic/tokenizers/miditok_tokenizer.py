"""MidiTok's tokenizers (Fradet 2021) where one of ours can stand, trained ones included."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import miditok
import numpy as np
from miditok import MusicTokenizer, TokenizerConfig

from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.score import table_score
from symbolic.notes.table import DEFAULT_METERS, changes
from symbolic.tokenizers.saved import FILE_NAME, saved_class, tokenizer_file

if TYPE_CHECKING:
    from symbolic.notes.read import Source

MIDITOK = {
    name: cls
    for name, cls in vars(miditok).items()
    if isinstance(cls, type) and issubclass(cls, MusicTokenizer) and cls is not MusicTokenizer
}
"""MidiTok's own classes by name: all that a saved file may name."""

# What a class cannot do without, or could not hold a whole piece without.
OPTIONS = {
    "MMM": {"base_tokenizer": "REMI"},
    "Octuple": {"max_bar_embedding": 512},
    "PerTok": {
        "ticks_per_quarter": 320,
        "use_microtiming": True,
        "max_microtiming_shift": 0.125,
        "num_microtiming_bins": 30,
    },
}

NO_NOTES = "no note that the scheme can hold"
NO_VELOCITY = (
    "MidiTok's tokens cannot be tied to notes, so that there is nothing to put the labels of the "
    "velocity task on: leave velocity out of the tasks, or take another tokenizer"
)


class MidiTokTokenizer:
    """Any `miditok.MusicTokenizer`, with what data, training, inference and scoring ask for.

    Whatever the source, notes come to MidiTok from a note table, so that an augmented piece, a
    MusicXML file and a MIDI file are one thing. A note table knows tracks, but no instruments:
    programs are 0. Drums are left out, as by every tokenizer here. A tokenizer that makes a
    sequence of each track gets all tracks merged into one; one that makes a single stream of them
    (`use_programs`, MMM) gets them as they are.

    Ids are (T,), or (T, F) where MidiTok pools F vocabularies (CPWord, Octuple, MuMIDI); the parts
    that a row of MuMIDI lacks are PAD. Those of a trained tokenizer are its model's.

    Args:
        tokenizer: the tokenizer, or the name of its class, in `MIDITOK`: then MidiTok's default
            configuration and tempo tokens, since tempo is half of how a score feels, with what
            `OPTIONS` adds.

    Raises:
        ValueError: a name that is not in `MIDITOK`.

    Example:
        >>> MidiTokTokenizer("REMI").ids("song.mid").shape  # doctest: +SKIP
        (1204,)
    """

    def __init__(self, tokenizer: MusicTokenizer | str = "REMI") -> None:
        if isinstance(tokenizer, str):
            options = OPTIONS.get(tokenizer, {})
            tokenizer = miditok_class(tokenizer)(TokenizerConfig(use_tempos=True, **options))
        self.tokenizer = tokenizer

    @property
    def vocab(self) -> dict[str, int] | list[dict[str, int]]:
        """Ids of the tokens by name, one dictionary for each sub-token where there are several.

        What a trained model has made of several tokens has no name, and is not in it.
        """
        if not self.tokenizer.is_trained:
            return self.tokenizer.vocab
        learned = self.tokenizer.vocab_model
        names = self.tokenizer._vocab_base_byte_to_token.items()
        return {name: learned[byte] for byte, name in names if byte in learned}

    @property
    def field_names(self) -> list[str]:
        """Names of the sub-tokens, in the order of the columns of `ids`; one where ids are flat."""
        if not self.tokenizer.is_multi_voc:
            return ["Token"]
        names: dict[int, str] = {}
        for name, column in self.tokenizer.vocab_types_idx.items():
            names.setdefault(column % len(self.tokenizer.vocab), name)
        return [names[column] for column in sorted(names)]

    @property
    def vocab_sizes(self) -> list[int]:
        """Number of ids of each sub-token."""
        size = self.tokenizer.len
        return list(size) if self.tokenizer.is_multi_voc else [size]

    @property
    def pad_ids(self) -> list[int]:
        """The id of padding in each sub-token."""
        return self._special("PAD_None")

    @property
    def mask_ids(self) -> list[int] | None:
        """The id of what is masked in each sub-token; None where the tokenizer has no MASK."""
        return self._special("MASK_None")

    def _special(self, name: str) -> list[int] | None:
        # Also in trained vocabularies: MidiTok keeps special tokens at the ids they had.
        vocab = self.tokenizer.vocab
        vocabularies = vocab if self.tokenizer.is_multi_voc else [vocab]
        if any(name not in vocabulary for vocabulary in vocabularies):
            return None
        return [vocabulary[name] for vocabulary in vocabularies]

    @property
    def shows_velocity(self) -> bool:
        """Whether the ids tell velocities."""
        return self.tokenizer.config.use_velocities

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Refuse: there are no notes among the tokens that could be asked for their velocity.

        Raises:
            ValueError: always.
        """
        raise ValueError(NO_VELOCITY)

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool, all False: which token stands for which note, MidiTok does not say."""
        return np.zeros(len(ids), bool)

    def emitted(self, notes: NoteTable) -> NoteTable:
        """The notes that MidiTok is given: pitched, and within the pitches of the tokenizer.

        It may still leave out some of them: those after the last bar that Octuple holds, and
        repeated notes where `remove_duplicated_notes` is set.
        """
        notes = notes.pitched()
        low, high = self.tokenizer.config.pitch_range
        return notes.select((notes.pitch >= low) & (notes.pitch <= high))

    def note_ids(self, notes: NoteTable) -> np.ndarray:
        """Ids of a table that `emitted` gave, as of `ids`.

        Raises:
            ReadError: no tokens come of it, or MidiTok fails on it.
        """
        if not self.tokenizer.one_token_stream:
            notes = replace(notes, track=np.zeros(len(notes), np.int64))
        score = table_score(_with_known_meters(notes, self.tokenizer.time_signatures))
        if not score.tracks:
            raise ReadError(NO_NOTES)
        try:
            sequences = self.tokenizer.encode(score)
        except Exception as error:  # of any kind, where bars or meters are not what MidiTok expects
            kind = type(self.tokenizer).__name__
            raise ReadError(f"{kind} fails on it: {type(error).__name__}: {error}") from error
        sequences = sequences if isinstance(sequences, list) else [sequences]
        ids = [token for sequence in sequences for token in sequence.ids]
        if not ids:
            raise ReadError(NO_NOTES)
        if self.tokenizer.is_multi_voc:
            pad = self.pad_ids
            ids = [row + pad[len(row) :] for row in ids]
        return np.array(ids, np.int64)

    def ids(self, source: Source) -> np.ndarray:
        """Ids of a source of notes.

        Args:
            source: anything `symbolic.notes.read_notes` takes.

        Returns:
            int64, (T,) or (T, F).

        Raises:
            ReadError: the source cannot be read, or no tokens come of it.
        """
        notes = read_notes(source)
        try:
            return self.note_ids(self.emitted(notes))
        except ReadError as error:
            if not isinstance(source, str | os.PathLike):
                raise
            raise ReadError(error.reason, os.fspath(source)) from error

    def ids_many(self, sources: Sequence[Source]) -> list[np.ndarray | ReadError]:
        """`ids` of many sources; an error stands in its place."""
        answers: list[np.ndarray | ReadError] = []
        for source in sources:
            try:
                answers.append(self.ids(source))
            except ReadError as error:
                answers.append(error)
        return answers

    def save_pretrained(self, folder: str | os.PathLike) -> None:
        """Write `music_tokenizer.json`: MidiTok's own file, which says which class it is of."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(Path(folder, FILE_NAME))

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike, **kwargs: Any) -> MidiTokTokenizer:
        """Load a tokenizer that MidiTok or `save_pretrained` has saved.

        Args:
            name: the file, a folder with it, or a hub name.
            kwargs: of `huggingface_hub.hf_hub_download`: `revision`, `token`, `cache_dir`, ...

        Raises:
            OSError: nothing to load under that name.
            ValueError: a file of something else than a tokenizer of MidiTok.
        """
        file = tokenizer_file(name, **kwargs)
        make = miditok_class(saved_class(file))
        try:
            return cls(make(params=file))
        except Exception as error:  # of many kinds: parameters are used unchecked
            raise ValueError(f"{file}: no {make.__name__} can be made of it: {error}") from error


def _with_known_meters(notes: NoteTable, known: Sequence[tuple[int, int]]) -> NoteTable:
    """A table without the time signatures that a tokenizer has no token for; 4/4 if none is left.

    Most of MidiTok's tokenizers pass over them, but PerTok fails.
    """
    meters = zip(notes.meter_numerator.tolist(), notes.meter_denominator.tolist(), strict=True)
    kept = np.array([meter in known for meter in meters])
    if kept.all():
        return notes
    columns = (notes.meter_ticks, notes.meter_numerator, notes.meter_denominator)
    ticks, numerator, denominator = changes([column[kept] for column in columns], DEFAULT_METERS)
    return replace(
        notes, meter_ticks=ticks, meter_numerator=numerator, meter_denominator=denominator
    )


def miditok_class(name: str) -> type[MusicTokenizer]:
    """MidiTok's class of a name; nothing else, since names are read from files.

    Raises:
        ValueError: MidiTok has no such tokenizer.
    """
    if name not in MIDITOK:
        raise ValueError(f"MidiTok has no tokenizer {name!r}; it has {', '.join(MIDITOK)}")
    return MIDITOK[name]
