"""Data sets of token ids with labels, built in parallel and cached by a digest of their sources."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.labels import derived_tasks, label_columns, token_dtype
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.tokens.cache import Row, cached_dataset, unread_files
from symbolic.data.tokens.file import TokenFile, token_file
from symbolic.data.tokens.rows import token_rows
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.notes import ReadError
from symbolic.notes.pool import apply_many
from symbolic.notes.read import read_bytes
from symbolic.notes.sources import display_name

if TYPE_CHECKING:
    import numpy as np
    from datasets import Array2D, Dataset, Features, List

    from symbolic.tokenizers import Tokenizer

VERSION = 2  # of the columns and of their values: a change of either makes old caches void
KNOWN = ("key", "velocity")  # derived labels of version 2; others are part of the digest
FILES_PER_TASK = 32  # of a worker
LOGGED_FILES = 10  # that cannot be read, in one line of the log

logger = logging.getLogger(__name__)


def build_token_dataset(
    pieces: Iterable[Piece | str | os.PathLike] | str | os.PathLike,
    tokenizer: Tokenizer,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    feature_names: Sequence[str] = (),
) -> Dataset:
    """Build a `datasets.Dataset` of token ids with labels, memory-mapped from the cache.

    A data set is built once for the same contents of files, in the same order, with the same names,
    groups and labels, the same settings of the tokenizer and the same version of the columns. A
    damaged cache is built again, with a warning.

    | column | of each piece |
    |---|---|
    | path, group, corpus, split | as in `symbolic.data.Piece` |
    | input_ids | (T, F) or (T,), int16 where every id fits |
    | length | T |
    | velocity | (T,) dynamic class of each note; -100 for other tokens, or without dynamics |
    | dropped | pitched notes that the tokenizer cannot hold |
    | emotion | quadrant 0..3, or -100 |
    | key | 0..23, estimated by `symbolic.tasks.key_label` unless the piece has a label, or -100 |
    | features | (C,) features of the notes in the ids, if `feature_names` are given |
    | valence_arousal, ... | any other label of a piece: -100 or NaN for pieces without |

    Further tasks in `symbolic.tasks.TASKS` whose labels follow from the notes (`Task.label`) have
    columns like velocity at token level, and like key at sequence level.

    Args:
        pieces: pieces; or files and folders, which have no labels.
        tokenizer: makes the ids.
        cache_dir: folder of the cache; by default that of `datasets`.
        workers: processes; None is one for each core, 0 reads in this process, without limits for
            a file.
        feature_names: columns of `symbolic.features` to add.

    Returns:
        A row for each file that can be read, in order. `token_vocabulary` and `unread_files` return
        its vocabulary and the files left out, also after `filter`, `select` and the like.

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
        named = [f"{path}: {reason}" for path, reason in list(unread.items())[:LOGGED_FILES]]
        more = f"; and {len(unread) - LOGGED_FILES} more" if len(unread) > LOGGED_FILES else ""
        logger.warning(
            "%d of %d files left out: %s%s", len(unread), len(pieces), "; ".join(named), more
        )
    if not len(rows):
        raise ValueError(f"none of {len(pieces)} files can be read: {next(iter(unread.items()))}")
    return rows


def fingerprinted(rows: Dataset) -> TokenFile:
    """Join the rows of `build_token_dataset` to a token file with fingerprints of its pieces."""
    columns = ("path", "group", "corpus")
    pieces = [
        Piece(Path(path), group, corpus=corpus)
        for path, group, corpus in zip(*(rows[name] for name in columns), strict=True)
    ]
    return replace(token_file(rows), fingerprints=Fingerprints.of_pieces(pieces))


def _default_cache() -> Path:
    import datasets

    config = datasets.config  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
    return Path(config.HF_DATASETS_CACHE) / "symbolic"


def _fingerprint(
    pieces: Sequence[Piece], vocabulary: TokenVocabulary, feature_names: Sequence[str]
) -> str:
    """Digest everything that the rows depend on to 32 hex digits."""
    whole = hashlib.blake2b(digest_size=16)
    tasks = [task.name for level in ("sequence", "token") for task in derived_tasks(level)]
    if further := [name for name in tasks if name not in KNOWN]:
        whole.update(f"{further}\n".encode())
    whole.update(f"{VERSION}\n{vocabulary.to_json()}\n".encode())
    whole.update(json.dumps(list(feature_names)).encode())
    for piece in pieces:
        try:
            content = hashlib.blake2b(read_bytes(os.fspath(piece.path)), digest_size=16).hexdigest()
        except ReadError as error:
            content = error.reason
        described = {**vars(piece), "path": display_name(piece.path), "content": content}
        del described["same_notes"]  # no column
        whole.update(json.dumps(described, sort_keys=True, default=str).encode() + b"\n")
    return whole.hexdigest()


def _features(
    vocabulary: TokenVocabulary, columns: dict[str, int | None], feature_count: int
) -> Features:
    from datasets import Array2D, Features, List, Value

    def of_tokens(dtype: np.dtype, width: int | None) -> List | Array2D:
        # An array is read at once, nested lists value by value.
        return List(Value(dtype.name)) if width is None else Array2D((None, width), dtype.name)

    return Features(
        {
            **{name: Value("string") for name in ("path", "group", "corpus", "split")},
            "input_ids": of_tokens(
                vocabulary.dtype, None if vocabulary.is_flat else len(vocabulary.field_names)
            ),
            "length": Value("int32"),
            **{
                task.name: of_tokens(
                    token_dtype(task), None if task.kind == "single" else task.num_labels
                )
                for task in derived_tasks("token")
            },
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
    """Make rows of readable files, and the record; iterating the rows fills in its errors."""
    unread: dict[str, str] = {}
    make = partial(
        token_rows, tokenizer=tokenizer, dtype=vocabulary.dtype, feature_names=feature_names
    )
    paths = [piece.path for piece in pieces]

    def rows() -> Iterator[Row]:
        results = apply_many(make, paths, workers, files_per_task=FILES_PER_TASK)
        for piece, row in zip(pieces, results, strict=True):
            path = display_name(piece.path)
            if isinstance(row, ReadError):
                unread[path] = row.reason
                continue
            described = row.columns(piece, columns)
            yield {**described, "path": path, "group": display_name(piece.group)}

    record = {"scheme": vocabulary.to_dict(), "unread": unread, "features": feature_names}
    return rows(), record
