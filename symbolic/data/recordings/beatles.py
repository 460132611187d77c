"""Songs of the Beatles with annotated boundaries (Isophonics), as spectrograms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic.audio.front_end import STRUCTURE
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.data.recordings.spectrograms import read_corpus, read_spectrogram
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
    rows, arrays = read_corpus(table, archive, COLUMNS, SOURCE)
    times: dict[str, list[float]] = {}
    for row in rows:
        start, end = row.number("start"), row.number("end")
        so_far = times.setdefault(row.text("song"), [start])
        if not end > start >= so_far[-1] - 1e-3:
            raise row.error(f"a segment from {start:g} to {end:g} s after one to {so_far[-1]:g} s")
        if start > so_far[-1] + 1e-3:
            so_far.append(start)
        so_far.append(end)
    pieces, features, differing = [], [], []
    with arrays:
        for song, boundaries in times.items():
            mel, chroma = (
                read_spectrogram(arrays, f"{song}/{kind}", height, archive) / np.float32(255)
                for kind, height in FRONT.widths.items()
            )
            count = min(len(mel), len(chroma))
            mel = mel * np.float32(-FRONT.floor) + np.float32(FRONT.floor)
            features.append(np.concatenate([mel[:count], chroma[:count]], axis=1))
            pieces.append(Piece(archive / song, song, {"boundary": tuple(boundaries)}, "beatles"))
            late = count / FRONT.rate - boundaries[-1]
            if abs(late) > MAX_DIFFERENCE:
                differing.append(f"{song} ({late:+.1f} s)")
    findings = []
    if differing:
        findings.append(
            f"{len(differing)} recordings are more than {MAX_DIFFERENCE:g} s longer or shorter "
            f"than their annotation: {', '.join(differing)}"
        )
    return Corpus("beatles", pieces, (BOUNDARY,), findings, features, FRONT)
