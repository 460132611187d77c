"""Data sets of token ids with labels: built in parallel, cached by what they are made of."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.data.labels import label_columns, label_values
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.tokens.cache import Row, cached_dataset
from symbolic.data.tokens.rows import token_rows
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.notes import ReadError
from symbolic.notes.pool import apply_many
from symbolic.notes.read import read_bytes
from symbolic.notes.sources import display_name

if TYPE_CHECKING:
    from datasets import Dataset, Features

    from symbolic.tokenizers import Tokenizer

VERSION = 2  # of the columns and of what stands in them: a change of either makes old caches void
TOGETHER = 32  # files in a task of a worker
NAMED = 10  # files that cannot be read, in one line of the log

logger = logging.getLogger(__name__)


def build_token_dataset(
    pieces: Iterable[Piece | str | os.PathLike] | str | os.PathLike,
    tokenizer: Tokenizer,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    feature_names: Sequence[str] = (),
) -> Dataset:
    """Pieces as a `datasets.Dataset` of token ids with labels, memory-mapped from the cache.

    It is built once for the same contents of files, in the same order, with the same names, groups
    and labels, the same settings of the tokenizer and the same version of the columns. A cache
    that is damaged is built again, with a warning.

    | column | of each piece |
    |---|---|
    | path, group, corpus, split | as in `symbolic.data.Piece` |
    | input_ids | (T, F) or (T,), int16 where every id fits |
    | length | T |
    | velocity | (T,) dynamic class of each note; -100 where there is no note or no dynamics |
    | dropped | pitched notes that the tokenizer cannot hold |
    | emotion | quadrant 0..3, or -100 |
    | key | 0..23 by `symbolic.tasks.key_label` unless the piece has one, or -100 |
    | features | (C,) of the notes that the ids hold; only where some were asked for |
    | valence_arousal, ... | any other label that a piece has: -100 or NaN for pieces without |

    Args:
        pieces: pieces, or files and folders, whose music is taken without labels.
        tokenizer: makes the ids.
        cache_dir: where the data set is kept; by default in the cache of `datasets`.
        workers: processes; None is one for each core, 0 does everything here, without limits for a
            file.
        feature_names: columns of `symbolic.features` to add.

    Returns:
        A row for each file that can be read, in order. `token_vocabulary` and `unread_files`
        give its vocabulary and the files left out, also after `filter`, `select` and the like.

    Raises:
        ValueError: nothing to read, no file that can be read, or labels of one name and two kinds.
    """
    pieces = unlabelled_pieces_in(pieces)
    if not pieces:
        raise ValueError("no pieces: a data set needs at least one")
    vocabulary = TokenVocabulary.of(tokenizer)
    columns = label_columns(pieces)
    folder = Path(_default_cache() if cache_dir is None else cache_dir)
    rows = cached_dataset(
        folder / f"tokens-{_fingerprint(pieces, vocabulary, feature_names)}",
        _features(vocabulary, columns, len(feature_names)),
        partial(_build, pieces, tokenizer, vocabulary, columns, workers, list(feature_names)),
    )
    unread = unread_files(rows)
    if unread:
        named = [f"{path}: {reason}" for path, reason in list(unread.items())[:NAMED]]
        more = f"; and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
        logger.warning(
            "%d of %d files left out: %s%s", len(unread), len(pieces), "; ".join(named), more
        )
    if not len(rows):
        raise ValueError(f"none of {len(pieces)} files can be read: {next(iter(unread.items()))}")
    return rows


def token_vocabulary(rows: Dataset) -> TokenVocabulary:
    """The vocabulary of the ids in a data set that `build_token_dataset` gave.

    Raises:
        ValueError: another data set, or several that were joined.
    """
    return TokenVocabulary.from_dict(_record(rows)["scheme"])


def token_features(rows: Dataset) -> list[str]:
    """Names of what stands in the column `features` of a data set that `build_token_dataset` gave.

    Raises:
        ValueError: another data set, or several that were joined.
    """
    return _record(rows)["features"]


def unread_files(rows: Dataset) -> dict[str, str]:
    """Why each file was left out of a data set that `build_token_dataset` gave, by path.

    Raises:
        ValueError: another data set, or several that were joined.
    """
    return _record(rows)["unread"]


def _record(rows: Dataset) -> dict[str, Any]:
    try:
        record = json.loads(rows.info.description)
        return {name: record[name] for name in ("scheme", "unread", "features")}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "the data set does not say how it was tokenized: build_token_dataset makes those that "
            "do; when several are joined, what they say no longer is one text"
        ) from error


def _default_cache() -> Path:
    import datasets

    return Path(datasets.config.HF_DATASETS_CACHE) / "symbolic"


def _fingerprint(
    pieces: Sequence[Piece], vocabulary: TokenVocabulary, feature_names: Sequence[str]
) -> str:
    """32 hex digits of everything that the rows follow from."""
    whole = hashlib.blake2b(digest_size=16)
    whole.update(f"{VERSION}\n{vocabulary.to_json()}\n".encode())
    whole.update(json.dumps(list(feature_names)).encode())
    for piece in pieces:
        try:
            content = hashlib.blake2b(read_bytes(os.fspath(piece.path)), digest_size=16).hexdigest()
        except ReadError as error:
            content = error.reason
        described = {**vars(piece), "path": display_name(piece.path), "content": content}
        whole.update(json.dumps(described, sort_keys=True, default=str).encode() + b"\n")
    return whole.hexdigest()


def _features(
    vocabulary: TokenVocabulary, columns: dict[str, int | None], feature_count: int
) -> Features:
    from datasets import Array2D, Features, List, Value

    ids = Value(vocabulary.dtype.name)
    if not vocabulary.is_flat:  # read as one array, where nested lists would be joined from pieces
        ids = Array2D((None, len(vocabulary.field_names)), vocabulary.dtype.name)
    else:
        ids = List(ids)
    return Features(
        {
            **{name: Value("string") for name in ("path", "group", "corpus", "split")},
            "input_ids": ids,
            "length": Value("int32"),
            "velocity": List(Value("int8")),
            "dropped": Value("int32"),
            **{
                name: Value("int16") if width is None else List(Value("float32"), length=width)
                for name, width in columns.items()
            },
            **({"features": List(Value("float32"), length=feature_count)} if feature_count else {}),
        }
    )


def _build(
    pieces: Sequence[Piece],
    tokenizer: Tokenizer,
    vocabulary: TokenVocabulary,
    columns: dict[str, int | None],
    workers: int | None,
    feature_names: list[str],
) -> tuple[Iterator[Row], dict[str, Any]]:
    """The rows of what can be read, and the record, which has all errors when they are taken."""
    unread: dict[str, str] = {}
    make = partial(
        token_rows, tokenizer=tokenizer, dtype=vocabulary.dtype, feature_names=feature_names
    )
    paths = [piece.path for piece in pieces]

    def rows() -> Iterator[Row]:
        answers = apply_many(make, paths, workers, files_per_task=TOGETHER)
        for piece, row in zip(pieces, answers, strict=True):
            path = display_name(piece.path)
            if isinstance(row, ReadError):
                unread[path] = row.reason
                continue
            yield {
                "path": path,
                "group": display_name(piece.group),
                "corpus": piece.corpus,
                "split": piece.split,
                "input_ids": row.input_ids,
                "length": len(row.input_ids),
                "velocity": row.velocity,
                "dropped": row.dropped,
                **label_values(columns, {"key": row.key, **piece.labels}),
                **({"features": row.features} if feature_names else {}),
            }

    record = {"scheme": vocabulary.to_dict(), "unread": unread, "features": feature_names}
    return rows(), record
