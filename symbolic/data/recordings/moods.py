"""MIREX-like mood set (Panda 2013): mel spectrograms of songs in five clusters of moods."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.data.corpora.label_rows import read_rows
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.tasks import MOOD

TABLE, SPECTROGRAMS = "moods.csv", "moods_mel.npz"
COLUMNS = ("clip", "cluster", "artist")
SOURCE = (
    f"a table {TABLE} (columns {', '.join(COLUMNS)}) and the mel spectrograms {SPECTROGRAMS} of "
    "the MIREX-like mood set (Panda 2013)"
)
LOWEST, RANGE = -60.0, 120.0  # dB at 0, and dB from 0 to 255
FRONT = FrontEnd(n_fft=2048, hop=2048, n_mels=64, fmin=30.0, fmax=11000.0, floor=LOWEST)


def decibels(spectrogram: np.ndarray) -> np.ndarray:
    """Convert an (F, T) uint8 spectrogram to (T, F) float32 dB."""
    return np.ascontiguousarray(spectrogram.T) * np.float32(RANGE / 255) + np.float32(LOWEST)


def read_moods(folder: str | Path) -> Corpus:
    """Read songs of about 30 s in five clusters of moods; each artist is a group.

    The spectrograms are saved as uint8 in steps of 0.47 dB, from -60 dB on. The scale of their mel
    bands is not documented; that of `FrontEnd` is assumed. With it, excerpts of GTZAN have the same
    mean within 3 dB in all but the four highest bands, which their compression cuts off; bands of
    equal height, or sums of magnitudes, are 10 to 20 dB off.

    Args:
        folder: with `moods.csv` and `moods_mel.npz`.

    Returns:
        A piece for each row of the table, whose path is the archive and the name of the array in
        it; `mood` is 0..4. All spectrograms together take 74 MB.

    Raises:
        FileNotFoundError: a missing table, archive or column.
        ValueError: a cluster that does not exist, a clip with two rows or no spectrogram, or
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
    pieces, features, seen = [], [], {}
    with _opened(archive) as arrays:
        names = set(arrays.files)
        for row in rows:
            clip, cluster = row.text("clip"), row.text("cluster")
            if cluster not in MOOD.labels:
                raise row.error(f"cluster {cluster!r} is none of {', '.join(MOOD.labels)}")
            if (first := seen.setdefault(clip, row.line)) != row.line:
                raise row.error(f"{clip} has a row already, in line {first}")
            if clip not in names:
                raise row.error(f"{clip} has no spectrogram in {archive}")
            features.append(_spectrogram(arrays, clip, archive))
            artist = " ".join(row.text("artist").casefold().split())
            group = artist or f"clip {clip}"
            label = MOOD.labels.index(cluster)
            pieces.append(Piece(archive / clip, group, {"mood": label}, "moods"))
    findings = []
    if unlabelled := names - set(seen):
        findings.append(
            f"{len(unlabelled)} spectrograms of {SPECTROGRAMS} have no row in {TABLE} and are left "
            "out"
        )
    return Corpus("moods", pieces, (MOOD,), findings, features, FRONT)


def _opened(archive: Path) -> np.lib.npyio.NpzFile:
    try:
        opened = np.load(archive, allow_pickle=False)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: not an archive of arrays: {error}") from error
    if not isinstance(opened, np.lib.npyio.NpzFile):
        raise ValueError(f"{archive}: one array, not an archive of arrays")
    return opened


def _spectrogram(arrays: np.lib.npyio.NpzFile, clip: str, archive: Path) -> np.ndarray:
    try:
        array = arrays[clip]
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: {clip} cannot be read: {error}") from error
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[0] != FRONT.width:
        raise ValueError(
            f"{archive}: {clip} is {array.dtype} {array.shape}, not uint8 ({FRONT.width}, T)"
        )
    return decibels(array)
