"""Cache of token data sets: memory-mapped Arrow files with a record, checked before use."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.data.tokens.vocabulary import TokenVocabulary

if TYPE_CHECKING:
    from datasets import Dataset, Features

ROWS, RECORD = "rows.arrow", "record.json"
ROWS_IN_MEMORY = 64  # before they are written

logger = logging.getLogger(__name__)

Row = dict[str, Any]


def cached_dataset(
    folder: Path, features: Features, build: Callable[[], tuple[Iterable[Row], dict[str, Any]]]
) -> Dataset:
    """Load the rows in a folder; build them first if they are missing or damaged.

    Rows are written to a temporary folder that then takes the place of `folder` in one step: an
    interrupted build leaves nothing behind, and several builds at once end with the same rows.

    Args:
        folder: of this data set alone; it is replaced if it is damaged.
        features: the columns of the rows.
        build: returns the rows, and a record that may be filled while they are read; the record
            becomes the description of the data set, in JSON.
    """
    if folder.exists():
        try:
            return _load(folder, features)
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            logger.warning("%s: damaged, built again: %s", folder, reason)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        new = Path(beside, "new")
        new.mkdir()
        _write(new, features, *build())
        return _put(new, folder, features)


def dataset_record(rows: Dataset) -> dict[str, Any]:
    """Return the record of a data set that `symbolic.data.build_token_dataset` returned.

    Returns:
        `scheme`, its vocabulary; `features`, the names of its features; and `unread`, the files
        left out, with reasons.

    Raises:
        ValueError: another data set, or several that were joined.
    """
    try:
        record = json.loads(rows.info.description)
        return {name: record[name] for name in ("scheme", "unread", "features")}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "the data set has no record of its tokenizer: build_token_dataset writes one, and "
            "joining several data sets loses it"
        ) from error


def token_vocabulary(rows: Dataset) -> TokenVocabulary:
    """Return the vocabulary of a data set; see `dataset_record`."""
    return TokenVocabulary.from_dict(dataset_record(rows)["scheme"])


def unread_files(rows: Dataset) -> dict[str, str]:
    """Return the files left out of a data set, with reasons; see `dataset_record`."""
    return dataset_record(rows)["unread"]


def _write(folder: Path, features: Features, rows: Iterable[Row], record: dict[str, Any]) -> None:
    from datasets.arrow_writer import ArrowWriter

    path = folder / ROWS
    count = 0
    rows = iter(rows)
    with ArrowWriter(features=features, path=str(path)) as writer:
        while several := list(islice(rows, ROWS_IN_MEMORY)):
            writer.write_batch({name: [row[name] for row in several] for name in features})
            count += len(several)
        writer.finalize()
    whole = {"rows": count, "bytes": path.stat().st_size, "record": record}
    (folder / RECORD).write_text(json.dumps(whole), encoding="utf-8")


def _load(folder: Path, features: Features) -> Dataset:
    """Load the rows of a folder, memory-mapped.

    Raises:
        OSError, ValueError, KeyError, TypeError: files that are missing, damaged or cut off.
    """
    from datasets import Dataset, DatasetInfo

    whole = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    size = (folder / ROWS).stat().st_size
    if size != whole["bytes"]:
        raise ValueError(f"{ROWS} has {size} bytes, not the {whole['bytes']} that were written")
    info = DatasetInfo(description=json.dumps(whole["record"]), features=features)
    rows = Dataset.from_file(str(folder / ROWS), info=info)
    if len(rows) != whole["rows"]:
        raise ValueError(f"{ROWS} has {len(rows)} rows, not the {whole['rows']} that were written")
    return rows


def _put(new: Path, folder: Path, features: Features) -> Dataset:
    """Move `new` to `folder`, unless another process has filled it just now."""
    for attempt in range(10):
        try:
            new.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        try:
            return _load(folder, features)
        except (OSError, ValueError, KeyError, TypeError):
            if not new.exists():
                raise
        try:
            folder.rename(new.with_name(f"unusable-{attempt}"))  # deleted with its parent
        except FileNotFoundError:
            continue  # another process has moved it away
    raise OSError(f"{folder}: cannot be replaced")
