"""Corpora of spectrograms: a table, and an archive of uint8 arrays by name."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import LabelRow, read_rows

Archive = np.lib.npyio.NpzFile


def read_corpus(
    table: Path, archive: Path, columns: Sequence[str], source: str
) -> tuple[list[LabelRow], Archive]:
    """Read the table of a corpus, with certain columns, and open its `.npz` archive.

    Raises:
        FileNotFoundError: a missing table, archive or column; the message gives the `source`.
        ValueError: a table or an archive that cannot be read; the message names the file.
    """
    for path in (table, archive):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not there. Expected is {source}")
    rows = read_rows(table, columns, source)
    try:
        opened = np.load(archive, allow_pickle=False)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: not an archive of arrays: {error}") from error
    if not isinstance(opened, Archive):
        raise ValueError(f"{archive}: one array, not an archive of arrays")
    return rows, opened


def read_spectrogram(arrays: Archive, name: str, height: int, archive: Path) -> np.ndarray:
    """Read the (T, F) uint8 frames of a spectrogram that is saved as (F, T), F is `height`.

    Raises:
        ValueError: no array of this name and kind; the message names the archive.
    """
    try:
        array = arrays[name]
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: {name} cannot be read: {error}") from error
    if array.dtype != np.uint8 or array.ndim != 2 or len(array) != height:
        raise ValueError(
            f"{archive}: {name} is {array.dtype} {array.shape}, not uint8 ({height}, T)"
        )
    return np.ascontiguousarray(array.T)
