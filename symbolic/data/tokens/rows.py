"""Files to ids and the labels that come from the notes: what the workers of a data set do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.features import features
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.tasks import IGNORE, key_label, velocity_labels

if TYPE_CHECKING:
    from symbolic.notes.read import Source
    from symbolic.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One piece as ids.

    Attributes:
        input_ids: (T, F) or (T,), of a small integer type.
        velocity: (T,) int8 dynamic class of the notes, -100 for tokens that are no note, and
            throughout where the piece has no dynamics.
        key: 0..23, or -100.
        dropped: pitched notes that the tokenizer cannot hold.
        features: (C,) float32 of the notes, those that were asked for.
    """

    input_ids: np.ndarray
    velocity: np.ndarray
    key: int
    dropped: int
    features: np.ndarray


def token_rows(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    dtype: np.dtype,
    feature_names: Sequence[str] = (),
) -> list[TokenRow | ReadError]:
    """A row for each source, or why there is none.

    Args:
        sources: as `symbolic.notes.read_notes` takes them.
        tokenizer: makes the ids.
        dtype: integer type of the ids; it must hold them.
        feature_names: columns of `symbolic.features`.
    """
    rows: list[TokenRow | ReadError] = []
    for source in sources:
        try:
            rows.append(token_row(read_notes(source), tokenizer, dtype, feature_names))
        except ReadError as error:
            name = os.fspath(source) if isinstance(source, str | os.PathLike) else error.source
            rows.append(ReadError(error.reason, name))
    return rows


def token_row(
    table: NoteTable, tokenizer: Tokenizer, dtype: np.dtype, feature_names: Sequence[str] = ()
) -> TokenRow:
    """The row of one piece; the arguments are those of `token_rows`.

    Raises:
        ReadError: no note that the tokenizer can hold.
    """
    notes = tokenizer.emitted(table)
    if not len(notes):
        raise ReadError("no note that the tokenizer can hold")
    ids = tokenizer.note_ids(notes)
    velocity = np.full(len(ids), IGNORE, np.int8)
    places = tokenizer.note_positions(ids)
    if places.any():  # not where tokens cannot be tied to notes
        velocity[places] = velocity_labels(notes)
    count = getattr(tokenizer, "count_dropped", None)  # MidiTok's say nothing of it
    dropped = count(table) if count and len(notes) < len(table) else 0
    columns = features(notes, feature_names) if feature_names else np.zeros(0)
    return TokenRow(
        ids.astype(dtype), velocity, key_label(notes), dropped, columns.astype(np.float32)
    )
