"""Pieces that were read as a token file in memory: nothing is written, nothing cached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symbolic.data.labels import label_columns, label_values
from symbolic.data.pieces import Piece
from symbolic.data.tokens.file import TokenFile, token_file
from symbolic.data.tokens.rows import token_row
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.notes import NoteTable, ReadError

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer


def tokens_of(
    pieces: Sequence[Piece],
    tables: Sequence[NoteTable],
    tokenizer: Tokenizer,
    feature_names: Sequence[str] = (),
) -> TokenFile:
    """Pieces that were read, as a token file in memory.

    Raises:
        ReadError: naming the first piece of which the tokenizer can hold no note.
    """
    vocabulary = TokenVocabulary.of(tokenizer)
    columns = label_columns(pieces)
    rows = []
    for piece, table in zip(pieces, tables, strict=True):
        try:
            row = token_row(table, tokenizer, vocabulary.dtype, feature_names)
        except ReadError as error:
            raise ReadError(error.reason, str(piece.path)) from error
        rows.append(
            {
                "path": piece.path,
                "group": piece.group,
                "corpus": piece.corpus,
                "split": piece.split,
                "input_ids": row.input_ids,
                "velocity": row.velocity,
                "features": row.features,
                **label_values(columns, {"key": row.key, **piece.labels}),
            }
        )
    return token_file(rows, vocabulary, feature_names)
