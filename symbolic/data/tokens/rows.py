"""Pieces as rows of token data sets: ids, and the labels that follow from the notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data.labels import (
    derived_labels,
    derived_tasks,
    label_columns,
    label_values,
    token_dtype,
    token_labels,
)
from symbolic.data.pieces import Label, Piece
from symbolic.data.tokens.file import TokenFile, token_file
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.features import feature_rows
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.read import name_of

if TYPE_CHECKING:
    from symbolic.notes.read import Source
    from symbolic.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A piece as ids.

    Attributes:
        input_ids: (T, F) or (T,), of a small integer type.
        token_labels: by task name, (T,) class ids or (T, K) values of the notes; -100 or NaN for
            tokens that are not notes, and for all if the task has no label for the piece.
        labels: labels of the piece that follow from its notes, by task name.
        dropped: pitched notes that the tokenizer cannot hold.
        features: (C,) float32 features of the notes.
    """

    input_ids: np.ndarray
    token_labels: dict[str, np.ndarray]
    labels: dict[str, Label]
    dropped: int
    features: np.ndarray

    def columns(self, piece: Piece, labels: Mapping[str, int | None]) -> dict[str, Any]:
        """Describe a piece as a row of a data set with columns as of `label_columns`.

        Its labels replace those that follow from the notes.
        """
        return {
            "path": piece.path,
            "group": piece.group,
            "corpus": piece.corpus,
            "split": piece.split,
            "input_ids": self.input_ids,
            "length": len(self.input_ids),
            **self.token_labels,
            "dropped": self.dropped,
            **label_values(labels, {**self.labels, **piece.labels}),
            "features": self.features,
        }


def token_rows(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    dtype: np.dtype,
    feature_names: Sequence[str] = (),
) -> list[TokenRow | ReadError]:
    """Read and tokenize sources; an error takes the place of a source that cannot be read.

    The ids get an integer type `dtype`, which must hold them.
    """
    found: list[tuple[TokenRow, NoteTable] | ReadError] = []
    for source in sources:
        try:
            found.append(_tokenized(read_notes(source), tokenizer, dtype))
        except ReadError as error:
            found.append(ReadError(error.reason, error.source or name_of(source)))
    read = [row for row in found if not isinstance(row, ReadError)]
    rows = iter(_with_features(read, feature_names))
    return [row if isinstance(row, ReadError) else next(rows) for row in found]


def _with_features(
    rows: Sequence[tuple[TokenRow, NoteTable]], names: Sequence[str]
) -> list[TokenRow]:
    """Add the named features to the rows of pieces, given with the notes in their ids."""
    if not names:
        return [row for row, _ in rows]
    columns = feature_rows([notes for _, notes in rows], names).astype(np.float32)
    return [replace(row, features=own) for (row, _), own in zip(rows, columns, strict=True)]


def _tokenized(
    table: NoteTable, tokenizer: Tokenizer, dtype: np.dtype
) -> tuple[TokenRow, NoteTable]:
    """Tokenize a piece, as `token_rows` does, but without features.

    Returns:
        The row, and the notes in its ids.

    Raises:
        ReadError: no note that the tokenizer can hold.
    """
    notes = tokenizer.emitted(table)
    if not len(notes):
        raise ReadError("no note that the tokenizer can hold")
    ids = tokenizer.note_ids(notes)
    positions = tokenizer.checked_positions(ids, len(notes))
    count = getattr(tokenizer, "count_dropped", None)  # MidiTok's tokenizers do not count them
    row = TokenRow(
        input_ids=ids.astype(dtype),
        token_labels={
            task.name: token_labels(task, notes, positions).astype(token_dtype(task))
            for task in derived_tasks("token")
        },
        labels=derived_labels(notes),
        dropped=count(table) if count and len(notes) < len(table) else 0,
        features=np.zeros(0, np.float32),
    )
    return row, notes


def tokens_of(
    pieces: Sequence[Piece],
    tables: Sequence[NoteTable],
    tokenizer: Tokenizer,
    feature_names: Sequence[str] = (),
) -> TokenFile:
    """Tokenize pieces into a token file in memory; nothing is written or cached.

    Raises:
        ReadError: naming the first piece without a note that the tokenizer can hold.
    """
    vocabulary = TokenVocabulary.of(tokenizer)
    columns = label_columns(pieces)
    found = []
    for piece, table in zip(pieces, tables, strict=True):
        try:
            found.append(_tokenized(table, tokenizer, vocabulary.dtype))
        except ReadError as error:
            raise ReadError(error.reason, str(piece.path)) from error
    rows = zip(_with_features(found, feature_names), pieces, strict=True)
    described = [row.columns(piece, columns) for row, piece in rows]
    return token_file(described, vocabulary, feature_names)
