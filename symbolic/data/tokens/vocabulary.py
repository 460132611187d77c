"""What training needs to know about ids, without the tokenizer that made them."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer

VELOCITY_NAMES = ("Velocity_", "v_")  # how tokens of velocity are called, by CP and by Ferreira


@dataclass(frozen=True)
class TokenVocabulary:
    """The vocabulary of a tokenizer, as plain values: training from saved ids needs no tokenizer.

    Where a model is built or a window is masked, it stands for the tokenizer.

    Attributes:
        tokenizer_class: name in `symbolic.tokenizers.TOKENIZERS`.
        tokenizer_files: text of the files that `save_pretrained` of the tokenizer writes, by name.
        field_names: names of the F sub-tokens, in the order of the columns; one where ids are flat.
        vocab_sizes: ids of each sub-token.
        pad_ids: the id of padding in each sub-token.
        mask_ids: the id of what is masked in each sub-token; None where the tokenizer has none.
        vocab: ids by name, a dictionary, or one for each sub-token.
        shows_velocity: whether the ids tell velocities.
        tells_notes: whether tokens can be tied to notes, so that notes can have labels.
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

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenVocabulary:
        """The vocabulary of a tokenizer."""
        from symbolic.tokenizers import NoteTokenizer

        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            written = sorted(Path(folder).iterdir())
            files = {file.name: file.read_text(encoding="utf-8") for file in written}
        return cls(
            tokenizer_class=type(tokenizer).__name__,
            tokenizer_files=files,
            field_names=list(tokenizer.field_names),
            vocab_sizes=list(tokenizer.vocab_sizes),
            pad_ids=list(tokenizer.pad_ids),
            mask_ids=None if tokenizer.mask_ids is None else list(tokenizer.mask_ids),
            vocab=tokenizer.vocab,
            shows_velocity=tokenizer.shows_velocity,
            tells_notes=isinstance(tokenizer, NoteTokenizer),
        )

    @classmethod
    def from_dict(cls, values: Any) -> TokenVocabulary:
        """The vocabulary of which `to_dict` made plain values.

        Raises:
            ValueError: values that do not fit together, or are of something else.
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
        """Plain values, for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """One text for one vocabulary, whatever order its values came in."""
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

    @cached_property
    def _says_velocity(self) -> np.ndarray:
        """(V,) bool: which flat ids are velocities."""
        says = np.zeros(self.vocab_sizes[0], bool)
        says[[i for name, i in self.vocab.items() if name.startswith(VELOCITY_NAMES)]] = True
        return says

    def check(self, ids: np.ndarray) -> None:
        """Refuse ids that the vocabulary does not have.

        Args:
            ids: (T, F) or (T,).

        Raises:
            ValueError: another shape, or naming the sub-token.
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
        """Mask a share of the tokens of velocity.

        As `symbolic.tokenizers.base.NoteTokenizer.hide_velocity`. In flat ids a velocity holds from
        its token to the next one, so that the notes between them are asked together, and those
        before the first one of a window can be asked always.

        Returns:
            Ids like `ids`, and (T,) bool: tokens whose velocity, if they have one, stands no more
            in the ids.

        Raises:
            ValueError: tokens that cannot be tied to notes.
        """
        if not self.tells_notes:
            raise ValueError(
                f"tokens of {self.tokenizer_class} cannot be tied to notes, so that there is "
                "nothing to put velocity labels on: leave velocity out of the tasks"
            )
        if not self.shows_velocity:
            return ids, np.ones(len(ids), bool)
        ids = ids.copy()
        if not self.is_flat:
            column = self.field_names.index("Velocity")
            hidden = rng.random(len(ids)) < share
            ids[hidden, column] = self.mask_ids[column]
            return ids, hidden
        says = self._says_velocity[ids]
        at = np.flatnonzero(says)
        drawn = rng.random(len(at)) < share
        ids[at[drawn]] = self.mask_ids[0]
        return ids, np.append(True, drawn)[np.cumsum(says)]

    def save_tokenizer(self, folder: str | Path) -> None:
        """Write what `save_pretrained` of the tokenizer would write, so that it can be loaded."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in self.tokenizer_files.items():
            Path(folder, Path(name).name).write_text(text, encoding="utf-8")
