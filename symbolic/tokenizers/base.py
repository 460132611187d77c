"""What every tokenizer of notes shares: sources in, ids out, one piece or many at a time."""

from __future__ import annotations

import logging
import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from miditok import MusicTokenizer, TokSequence

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.batch import NoteBatch, note_batch, read_batch, read_batches
from symbolic.notes.read import kind_of
from symbolic.tokenizers.saved import FILE_NAME, saved_class, tokenizer_file

if TYPE_CHECKING:
    from symusic import Score

    from symbolic.notes.read import Source

NOTES_TOGETHER = 8192  # tokenized in one go: long enough arrays, and they stay in the cache

logger = logging.getLogger(__name__)


class NoteTokenizer(MusicTokenizer):
    """A tokenizer that takes notes whole, as arrays, and quantises them by itself.

    A subclass says which notes it emits, in which order (`order`), and what their ids are
    (`batch_ids`). Everything else follows.
    """

    @abstractmethod
    def order(self, batch: NoteBatch) -> np.ndarray:
        """(m,) which notes of a batch are emitted, and in which order; pieces keep theirs."""

    @abstractmethod
    def batch_ids(self, batch: NoteBatch) -> tuple[np.ndarray, np.ndarray]:
        """Ids of a batch of emitted notes, end to end, and the number of tokens of each piece."""

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: which tokens stand for a note, one for each note of `emitted`, in order."""
        return np.ones(len(ids), bool)

    shows_velocity = False
    """Whether the ids tell velocities, which makes the velocity task trivial unless masked."""

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a share of the velocities in ids.

        Returns:
            Ids like `ids`, and (T,) bool: the tokens of the notes whose velocity does not stand in
            them, which are those that the velocity task may ask for.
        """
        return ids, self.note_positions(ids)

    @property
    def field_names(self) -> list[str]:
        """Names of the sub-tokens, in the order of the columns of `ids`; one where ids are flat."""
        return ["Token"]

    def _vocabularies(self) -> list[dict[str, int]]:
        return self.vocab if self.is_multi_voc else [self.vocab]

    @property
    def vocab_sizes(self) -> list[int]:
        """Number of ids of each sub-token, PAD and MASK included."""
        return [len(vocabulary) for vocabulary in self._vocabularies()]

    @property
    def pad_ids(self) -> list[int]:
        """The id of padding in each sub-token."""
        return [vocabulary["PAD_None"] for vocabulary in self._vocabularies()]

    @property
    def mask_ids(self) -> list[int]:
        """The id of what is masked in each sub-token."""
        return [vocabulary["MASK_None"] for vocabulary in self._vocabularies()]

    def emitted(self, notes: NoteTable) -> NoteTable:
        """The notes that `ids` emits, in its order.

        Labels of notes must be taken from this table, never from the file.
        """
        notes = notes.pitched()
        return notes.select(self.order(note_batch([notes]))) if len(notes) else notes

    def note_ids(self, notes: NoteTable) -> np.ndarray:
        """Ids of a table that `emitted` gave, as of `ids`."""
        return self.batch_ids(note_batch([notes]))[0]

    def ids(self, source: Source) -> np.ndarray:
        """Ids of a source of notes.

        Args:
            source: anything `symbolic.notes.read_notes` takes.

        Returns:
            int64, (n, F) with F sub-tokens for each note, or (T,) where there is one vocabulary.

        Raises:
            ReadError: the source cannot be read, or has no note that the scheme can hold.
        """
        ids = self.ids_many([source])[0]
        if isinstance(ids, ReadError):
            raise ids
        return ids

    def ids_many(self, sources: Iterable[Source]) -> list[np.ndarray | ReadError]:
        """`ids` of many sources, at up to three times the speed; an error stands in its place.

        Raises:
            TypeError: one source, or an object of another kind among them.
        """
        if kind_of(sources):
            raise TypeError("ids_many takes several sources; for one there is ids")
        sources = list(sources)
        answers: list[np.ndarray | ReadError] = []
        for batch, errors, files in read_batches(map(self._file, sources), NOTES_TOGETHER):
            some = sources[len(answers) : len(answers) + len(errors)]
            answers += errors if batch is None else self._ids_of(batch, errors, some, files)
        return answers

    def _file(self, source: Source) -> Source:
        """What a source is read from."""
        return source

    def _ids_of(
        self,
        batch: NoteBatch,
        errors: Sequence[ReadError | None],
        sources: Sequence[Source],
        files: Sequence[Source],
    ) -> list[np.ndarray | ReadError]:
        """The ids of each piece of a batch, or the error of its source.

        Args:
            batch: of the sources without errors.
            errors: None or the error of each source.
            sources: as they were given.
            files: what `_file` made of them.
        """
        answers = list(errors)
        good = [i for i, answer in enumerate(answers) if answer is None]
        order = self.order(batch)
        emitted = batch.take(order)
        self._report(batch, emitted, [sources[i] for i in good])
        if not emitted.counts.all():
            for i, count in zip(good, emitted.counts.tolist(), strict=True):
                if not count:
                    answers[i] = ReadError("no note that the scheme can hold", _name(sources[i]))
            kept = [piece for piece, n in zip(batch.pieces, emitted.counts, strict=True) if n]
            if not kept:
                return answers
            good = [i for i, n in zip(good, emitted.counts, strict=True) if n]
            batch = note_batch(kept)
            emitted = batch.take(self.order(batch))
        ids, counts = self.batch_ids(emitted)
        ends = counts.cumsum().tolist()
        for i, start, end in zip(good, [0, *ends], ends, strict=False):
            answers[i] = ids[start:end]
        return answers

    def dropped(self, batch: NoteBatch) -> np.ndarray | None:
        """(p,) pitched notes of each piece that the scheme cannot hold; None where there are none.

        Duplicates are held by the note they repeat.
        """
        return None

    def count_dropped(self, source: Source) -> int:
        """How many pitched notes of a source the scheme cannot hold.

        Raises:
            ReadError: the source cannot be read.
        """
        batch, errors = read_batch([source])
        if errors[0] is not None:
            raise errors[0]
        dropped = self.dropped(batch)
        return 0 if dropped is None else int(dropped[0])

    def _report(self, batch: NoteBatch, emitted: NoteBatch, sources: Sequence[Source]) -> None:
        if len(emitted.pitch) == len(batch.pitch) or (dropped := self.dropped(batch)) is None:
            return
        for source, count in zip(sources, dropped.tolist(), strict=True):
            if count:
                logger.warning("%s: %d notes dropped: %s", _name(source), count, self.why_dropped)

    why_dropped = ""
    """For the report of the notes that `dropped` counts."""

    def encode(self, score, *args, **kwargs) -> TokSequence:
        """Ids as a `miditok.TokSequence`; `score` is anything that `ids` takes.

        The scheme quantises by itself, so the other arguments of `miditok.MusicTokenizer.encode`
        (preprocessing, trained models, attribute controls) change nothing.
        """
        sequence = TokSequence(ids=self.ids(score).tolist())
        self.complete_sequence(sequence)
        return sequence

    def _score_to_tokens(self, score: Score, attribute_controls_indexes=None) -> TokSequence:
        return self.encode(score)

    def _add_time_events(self, events, time_division):
        raise TypeError("a sequence is made whole from the notes, not from events")

    def save(self, out_path, additional_attributes=None, filename: str | None = FILE_NAME) -> None:
        """Save as `music_tokenizer.json` (or `filename`) in a folder, or as the file `out_path`."""
        super().save(out_path, additional_attributes, filename)

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike, **kwargs: Any) -> NoteTokenizer:
        """Load what `save_pretrained` has saved.

        Args:
            name: the file, a folder with it, or a hub name.
            kwargs: of `huggingface_hub.hf_hub_download`: `revision`, `token`, `cache_dir`, ...

        Raises:
            OSError: nothing to load under that name.
            ValueError: a tokenizer of another class.
        """
        file = tokenizer_file(name, **kwargs)
        if (saved := saved_class(file)) != cls.__name__:
            raise ValueError(f"{file}: saved by {saved}, not by {cls.__name__}")
        return cls(params=file)


def _name(source: Source) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else type(source).__name__
