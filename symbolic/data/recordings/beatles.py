"""Songs of the Beatles with the boundaries of their parts (Isophonics), as pictures."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic.audio.front_end import STRUCTURE
from symbolic.data.corpora.label_rows import read_rows
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.tasks import BOUNDARY

TABLE, PICTURES = "beatles_segments.csv", "beatles_features.npz"
COLUMNS = ("song", "start", "end", "label")
SOURCE = f"a table {TABLE} (columns {', '.join(COLUMNS)}) and the pictures {PICTURES}"
APART = 2.0  # seconds between the end of a recording and of its annotation that are reported
FRONT = replace(STRUCTURE, kinds=("mel", "chroma"), pool=2)


def read_beatles(folder: str | Path) -> Corpus:
    """Songs whose boundaries are annotated; a song is a group.

    The pictures were saved as uint8: mel bands in steps of 0.31 dB below the loudest of the song,
    pitch classes in steps of 1/255, both maxima of two frames.

    Args:
        folder: with `beatles_segments.csv` and `beatles_features.npz`.

    Returns:
        A piece for each song of the table; `boundary` is a tuple of seconds with the beginning and
        the end of the annotation.

    Raises:
        FileNotFoundError: table, pictures or a column that is not there.
        ValueError: segments that overlap or do not last, a song without pictures, or pictures of
            another kind. The message names the file, and the line where there is one.
    """
    folder = Path(folder)
    table, archive = folder / TABLE, folder / PICTURES
    for path in (table, archive):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not there. Expected is {SOURCE}")
    rows = read_rows(table)
    if missing := set(COLUMNS) - set(rows[0].values):
        raise FileNotFoundError(f"{table}: no column {', '.join(sorted(missing))}, of {SOURCE}")
    times: dict[str, list[float]] = {}
    for row in rows:
        try:
            start, end = float(row.text("start")), float(row.text("end"))
        except ValueError:
            raise row.error("start and end are not both numbers") from None
        known = times.setdefault(row.text("song"), [start])
        if end <= start or start < known[-1] - 1e-3:
            raise row.error(f"a segment from {start:g} to {end:g} s after one to {known[-1]:g} s")
        if start > known[-1] + 1e-3:
            known.append(start)
        known.append(end)
    pieces, features, apart = [], [], []
    for song, boundaries in times.items():
        picture = _picture(archive, song)
        lasting = len(picture) / FRONT.rate
        if abs(lasting - boundaries[-1]) > APART:
            apart.append(f"{song} ({lasting - boundaries[-1]:+.1f} s)")
        features.append(picture)
        pieces.append(Piece(archive / song, song, {"boundary": tuple(boundaries)}, "beatles"))
    findings = []
    if apart:
        findings.append(
            f"{len(apart)} recordings are more than {APART:g} s longer or shorter than their "
            f"annotation: {', '.join(apart)}"
        )
    return Corpus("beatles", pieces, (BOUNDARY,), findings, features, FRONT)


def _picture(archive: Path, song: str) -> np.ndarray:
    """(T, 92) float32, decibels of the mel bands and pitch classes."""
    parts = []
    try:
        with np.load(archive, allow_pickle=False) as pictures:
            for kind, rows in FRONT.widths.items():
                part = pictures[f"{song}/{kind}"]
                if part.dtype != np.uint8 or part.ndim != 2 or len(part) != rows:
                    raise ValueError(f"{kind} is {part.dtype} {part.shape}, not uint8 ({rows}, T)")
                parts.append(part.T.astype(np.float32) / np.float32(255))
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: {song} cannot be read: {error}") from error
    mel, chroma = (part[: min(map(len, parts))] for part in parts)
    return np.concatenate(
        [mel * np.float32(-FRONT.floor) + np.float32(FRONT.floor), chroma], axis=1
    )
