"""Vocabularies of token ids as plain values, to train without the tokenizer."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.notes.velocity_tokens import VelocityTokens

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer

ADDED = ("hides_itself", "velocity_error")  # fields that are not written where they are empty


@dataclass(frozen=True)
class TokenVocabulary:
    """The vocabulary of a tokenizer, as plain values.

    It replaces the tokenizer when a model is built or a window is masked.

    Attributes:
        tokenizer_class: name in `symbolic.tokenizers.TOKENIZERS`.
        tokenizer_files: text of the files that `save_pretrained` of the tokenizer writes, by name.
        field_names: names of the F sub-tokens, in the order of the columns; one if ids are flat.
        vocab_sizes: number of ids of each sub-token.
        pad_ids: the id of padding in each sub-token.
        mask_ids: the id of MASK in each sub-token; None if the tokenizer has none.
        vocab: ids by name: a dictionary if ids are flat, else one for each sub-token.
        shows_velocity: whether the ids contain velocities.
        tells_notes: whether tokens can be tied to notes, so that notes can have labels.
        hides_itself: whether the tokenizer has a `hide_velocity` of its own. The vocabulary then
            loads the tokenizer to hide velocities.
        velocity_error: `velocity_problem` of the tokenizer.
    """

    tokenizer_class: str
    tokenizer_files: dict[str, str]
    field_names: list[str]
    vocab_sizes: list[int]
    pad_ids: list[int]
    mask_ids: list[int] | None
    vocab: dict[str, int] | list[dict[str, int]]
    shows_velocity: bool
    tells_notes: bool
    hides_itself: bool = False
    velocity_error: str = ""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenVocabulary:
        """Make the vocabulary of a tokenizer."""
        from symbolic.tokenizers import NoteTokenizer

        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            written = sorted(Path(folder).iterdir())
            files = {file.name: file.read_text(encoding="utf-8") for file in written}
        of_notes = isinstance(tokenizer, NoteTokenizer)
        return cls(
            tokenizer_class=type(tokenizer).__name__,
            tokenizer_files=files,
            field_names=list(tokenizer.field_names),
            vocab_sizes=list(tokenizer.vocab_sizes),
            pad_ids=list(tokenizer.pad_ids),
            mask_ids=None if tokenizer.mask_ids is None else list(tokenizer.mask_ids),
            vocab=tokenizer.vocab,
            shows_velocity=tokenizer.shows_velocity,
            tells_notes=of_notes,
            hides_itself=of_notes
            and type(tokenizer).hide_velocity is not NoteTokenizer.hide_velocity,
            velocity_error=tokenizer.velocity_problem if of_notes else "",
        )

    @classmethod
    def from_dict(cls, values: Any) -> TokenVocabulary:
        """Make a vocabulary from the plain values of `to_dict`.

        Raises:
            ValueError: values that do not fit together, or are not those of a vocabulary.
        """
        try:
            vocabulary = cls(**values)
        except TypeError as error:
            raise ValueError(f"no vocabulary of tokens: {error}") from error
        fields = len(vocabulary.field_names)
        lists = (
            vocabulary.vocab_sizes,
            vocabulary.pad_ids,
            vocabulary.mask_ids or vocabulary.pad_ids,
        )
        if not fields or any(len(values) != fields for values in lists):
            raise ValueError(
                "no vocabulary of tokens: not one size, PAD and MASK for each sub-token"
            )
        return vocabulary

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value or name not in ADDED}

    def to_json(self) -> str:
        """Return a text that is the same for equal vocabularies."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @property
    def is_flat(self) -> bool:
        """Whether ids are (T,), not (T, F)."""
        return isinstance(self.vocab, dict)

    @property
    def dtype(self) -> np.dtype:
        """The smallest of the integer types int16, int32 and int64 that holds every id."""
        types = (np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64))
        return next(kind for kind in types if max(self.vocab_sizes) - 1 <= np.iinfo(kind).max)

    @property
    def vocabularies(self) -> list[dict[str, int]]:
        """Ids by name, for each sub-token."""
        return [self.vocab] if isinstance(self.vocab, dict) else self.vocab

    @cached_property
    def _velocity(self) -> VelocityTokens:
        return VelocityTokens(self.vocabularies, self.mask_ids)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        """Load the tokenizer, whose class has a line in `TOKENIZERS`; else raise a ValueError."""
        from symbolic.tokenizers import TOKENIZERS, load_tokenizer

        if self.tokenizer_class not in TOKENIZERS:
            raise ValueError(
                f"{self.tokenizer_class} has a hide_velocity of its own and no line in "
                "symbolic.tokenizers.TOKENIZERS: it cannot be loaded to hide velocities"
            )
        with tempfile.TemporaryDirectory() as folder:
            self.save_tokenizer(folder)
            return load_tokenizer(self.tokenizer_class, folder)

    def note_problem(self, name: str) -> str:
        """Why a task of each note cannot be trained on the ids, and what to do; "" if it can."""
        if self.tells_notes:
            return ""
        return (
            f"tokens of {self.tokenizer_class} cannot be tied to notes, so that there is "
            f"nothing to put {name} labels on: leave {name} out of the tasks"
        )

    @property
    def velocity_problem(self) -> str:
        """Why the velocity task cannot be trained on the ids, and what to do; "" if it can."""
        if not self.tells_notes:
            return self.note_problem("velocity")
        if self.shows_velocity and self.mask_ids is None:
            return f"{self.tokenizer_class} has no MASK to hide velocities with"
        return self.velocity_error

    def check(self, ids: np.ndarray) -> None:
        """Refuse ids outside of the vocabulary.

        Args:
            ids: (T, F) or (T,).

        Raises:
            ValueError: another shape, or ids out of range, with the name of the sub-token.
        """
        fields = len(self.field_names)
        if ids.shape[1:] != (() if self.is_flat else (fields,)) or ids.dtype.kind not in "iu":
            expected = "(T,)" if self.is_flat else f"(T, {fields})"
            raise ValueError(f"ids are {ids.dtype} {ids.shape}, not integers {expected}")
        low, high = ids.min(axis=0, initial=0), ids.max(axis=0, initial=0)
        wrong = np.flatnonzero((np.atleast_1d(low) < 0) | (high >= np.array(self.vocab_sizes)))
        if len(wrong):
            name, size = self.field_names[wrong[0]], self.vocab_sizes[wrong[0]]
            raise ValueError(f"ids of {name} go beyond 0 to {size - 1}")

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a share of the velocities, as `hide_velocity` of the tokenizer does.

        Returns:
            Ids like `ids`, and (T,) bool: tokens whose velocity, if they have one, is not in the
            ids any more.

        Raises:
            ValueError: the velocity task cannot be trained on these ids; see `velocity_problem`.
        """
        if self.velocity_problem:
            raise ValueError(self.velocity_problem)
        how = self._tokenizer.hide_velocity if self.hides_itself else self._velocity.hide
        return how(ids, share, rng)

    def save_tokenizer(self, folder: str | Path) -> None:
        """Write the files of the tokenizer's `save_pretrained`, from which it can be loaded."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in self.tokenizer_files.items():
            Path(folder, Path(name).name).write_text(text, encoding="utf-8")
