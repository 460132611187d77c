"""Songs of the Beatles with annotated boundaries (Isophonics), as spectrograms."""

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

TABLE, SPECTROGRAMS = "beatles_segments.csv", "beatles_features.npz"
COLUMNS = ("song", "start", "end", "label")
SOURCE = f"a table {TABLE} (columns {', '.join(COLUMNS)}) and the spectrograms {SPECTROGRAMS}"
MAX_DIFFERENCE = 2.0  # seconds between the ends of recording and annotation, else reported
FRONT = replace(STRUCTURE, kinds=("mel", "chroma"), pool=2)


def read_beatles(folder: str | Path) -> Corpus:
    """Read songs with annotated boundaries; each song is a group.

    The spectrograms are saved as uint8: mel bands in steps of 0.31 dB below the maximum of the
    song, and pitch classes in steps of 1/255; each frame is the maximum of two.

    Args:
        folder: with `beatles_segments.csv` and `beatles_features.npz`.

    Returns:
        A piece for each song of the table; `boundary` is a tuple of seconds, with the beginning and
        the end of the annotation.

    Raises:
        FileNotFoundError: a missing table, archive or column.
        ValueError: segments that overlap or have no length, a song without a spectrogram, or
            another kind of spectrogram. The message names the file, and the line of a table.
    """
    folder = Path(folder)
    table, archive = folder / TABLE, folder / SPECTROGRAMS
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
        so_far = times.setdefault(row.text("song"), [start])
        if end <= start or start < so_far[-1] - 1e-3:
            raise row.error(f"a segment from {start:g} to {end:g} s after one to {so_far[-1]:g} s")
        if start > so_far[-1] + 1e-3:
            so_far.append(start)
        so_far.append(end)
    pieces, features, differing = [], [], []
    for song, boundaries in times.items():
        frames = _spectrogram(archive, song)
        lasting = len(frames) / FRONT.rate
        if abs(lasting - boundaries[-1]) > MAX_DIFFERENCE:
            differing.append(f"{song} ({lasting - boundaries[-1]:+.1f} s)")
        features.append(frames)
        pieces.append(Piece(archive / song, song, {"boundary": tuple(boundaries)}, "beatles"))
    findings = []
    if differing:
        findings.append(
            f"{len(differing)} recordings are more than {MAX_DIFFERENCE:g} s longer or shorter "
            f"than their annotation: {', '.join(differing)}"
        )
    return Corpus("beatles", pieces, (BOUNDARY,), findings, features, FRONT)


def _spectrogram(archive: Path, song: str) -> np.ndarray:
    """Read (T, 92) float32: mel bands in dB, and pitch classes."""
    parts = []
    try:
        with np.load(archive, allow_pickle=False) as arrays:
            for kind, rows in FRONT.widths.items():
                part = arrays[f"{song}/{kind}"]
                if part.dtype != np.uint8 or part.ndim != 2 or len(part) != rows:
                    raise ValueError(f"{kind} is {part.dtype} {part.shape}, not uint8 ({rows}, T)")
                parts.append(part.T.astype(np.float32) / np.float32(255))
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: {song} cannot be read: {error}") from error
    mel, chroma = (part[: min(map(len, parts))] for part in parts)
    return np.concatenate(
        [mel * np.float32(-FRONT.floor) + np.float32(FRONT.floor), chroma], axis=1
    )
