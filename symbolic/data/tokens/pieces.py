"""Token files in memory, made from pieces that are read already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symbolic.data.labels import label_columns
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
    """Tokenize pieces into a token file in memory; nothing is written or cached.

    Raises:
        ReadError: naming the first piece without a note that the tokenizer can hold.
    """
    vocabulary = TokenVocabulary.of(tokenizer)
    columns = label_columns(pieces)
    rows = []
    for piece, table in zip(pieces, tables, strict=True):
        try:
            row = token_row(table, tokenizer, vocabulary.dtype, feature_names)
        except ReadError as error:
            raise ReadError(error.reason, str(piece.path)) from error
        rows.append(row.columns(piece, columns))
    return token_file(rows, vocabulary, feature_names)
