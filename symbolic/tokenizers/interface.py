"""Interface of tokenizers: ids of sources, the notes behind the ids, and masked velocities."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.read import kind_of
from symbolic.tokenizers.saved import saved_class, tokenizer_file

if TYPE_CHECKING:
    from symbolic.notes.read import Source

NO_NOTES = "no note that the scheme can hold"


class BaseTokenizer(ABC):
    """Ids of sources, and for data sets the notes behind the ids, and masked velocities."""

    def ids(self, source: Source) -> np.ndarray:
        """Tokenize a source of notes.

        Args:
            source: anything `symbolic.notes.read_notes` takes.

        Returns:
            int64, (T, F) with F sub-tokens, or (T,) with one vocabulary.

        Raises:
            ReadError: the source cannot be read, or the scheme can hold no note of it.
        """
        (ids,) = self.ids_many([source])
        if isinstance(ids, ReadError):
            raise ids
        return ids

    def __call__(
        self, source: Any, *args: Any, return_tensors: str | None = None, **kwargs: Any
    ) -> Any:
        """Tokenize a source as a batch of one piece for `SymbolicModel`.

        Args:
            source: anything `symbolic.notes.read_notes` takes.
            return_tensors: "pt" (PyTorch) or "np" (NumPy). Without it, and with other arguments,
                this is the call of `miditok.MusicTokenizer`.

        Returns:
            A mapping, whose `to(device)` moves it: `input_ids` (1, T, F), or (1, T) of one
            vocabulary, and `attention_mask` (1, T), all ones.

        Raises:
            ReadError: as of `ids`.
            TypeError: another option beside `return_tensors`, or several sources.
            ValueError: other tensors.
        """
        if return_tensors is None:
            return self._call(source, *args, **kwargs)
        if return_tensors not in ("pt", "np"):
            raise ValueError(f'return_tensors is "pt" or "np", not {return_tensors!r}')
        if args or kwargs or not kind_of(source):
            raise TypeError(
                "with return_tensors a tokenizer takes one source and no other option: cut ids to "
                "a window with [:, :model.config.window]; symbolic.data.Collator pads and joins "
                "several pieces"
            )
        from transformers import BatchEncoding

        ids = self.ids(source)[None]
        inputs = {"input_ids": ids, "attention_mask": np.ones(ids.shape[:2], np.int64)}
        return BatchEncoding(inputs, tensor_type=return_tensors)

    def _call(self, source: Any, *args: Any, **kwargs: Any) -> Any:
        """Tokenize or decode as `miditok.MusicTokenizer` does when it is called."""
        raise TypeError(f'{type(self).__name__}: call it with return_tensors="pt", or use ids')

    @abstractmethod
    def ids_many(self, sources: Iterable[Source]) -> list[np.ndarray | ReadError]:
        """Tokenize many sources; return for each its ids, or the error that `ids` would raise."""

    @property
    @abstractmethod
    def shows_velocity(self) -> bool:
        """Whether ids encode velocity; the velocity task is trivial then unless it is masked."""

    @property
    @abstractmethod
    def velocity_problem(self) -> str:
        """Why the velocity task cannot be trained on the ids, and what to do; "" if it can."""

    @abstractmethod
    def emitted(self, notes: NoteTable) -> NoteTable:
        """Return the notes that `ids` emits, in its order.

        Take the labels of notes from this table, never from the file.
        """

    @abstractmethod
    def note_ids(self, notes: NoteTable) -> np.ndarray:
        """Return the ids of a table made by `emitted`, shaped as in `ids`."""

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: the tokens that stand for a note, one for each note of `emitted`, in order."""
        return np.ones(len(ids), bool)

    def checked_positions(self, ids: np.ndarray, count: int) -> np.ndarray:
        """Return the `note_positions` of the ids of `count` notes.

        Raises:
            ValueError: they do not mark one token for each note. Tokenizers whose tokens cannot be
                tied to notes mark none.
        """
        positions = self.note_positions(ids)
        marked = int(positions.sum())
        if positions.shape != ids.shape[:1] or marked not in (0, count):
            raise ValueError(
                f"{type(self).__name__}.note_positions marks {marked} of {len(ids)} tokens for "
                f"{count} notes: let it return a (T,) bool array that marks one token of each note"
            )
        return positions

    @abstractmethod
    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a share of the velocities in ids.

        Returns:
            Ids like `ids`, and (T,) bool: the tokens of the notes whose velocity is not in the ids,
            so that the velocity task may predict it.
        """

    @property
    def pad_ids(self) -> list[int]:
        """The id of PAD in each sub-token."""
        return [vocabulary["PAD_None"] for vocabulary in self._vocabularies()]

    @abstractmethod
    def _vocabularies(self) -> list[dict[str, int]]:
        """Ids of the base tokens by name, for each sub-token."""

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike, **kwargs: Any) -> Self:
        """Load a tokenizer that `save_pretrained` or MidiTok has written.

        Args:
            name: its file, a folder with it, or a Hub name.
            kwargs: of `huggingface_hub.hf_hub_download`: `revision`, `token`, `cache_dir`, ...; the
                private ones of `AutoTokenizer` are ignored.

        Raises:
            OSError: nothing to load under that name.
            ValueError: a tokenizer of another class, or not the file of a tokenizer; a pipeline of
                text.
        """
        if task := kwargs.get("_from_pipeline"):
            raise ValueError(
                f"the pipeline {task!r} takes no music: symbolic.load({os.fspath(name)!r}) has the "
                'methods score and embed, and there are the pipelines "music-emotion" and '
                '"music-tags"'
            )
        options = {option: kwargs[option] for option in kwargs if not option.startswith("_")}
        file = tokenizer_file(name, **options)
        return cls._load(file, saved_class(file))

    @classmethod
    @abstractmethod
    def _load(cls, file: Path, saved: str) -> Self:
        """Load the file of a tokenizer of the class `saved`."""
