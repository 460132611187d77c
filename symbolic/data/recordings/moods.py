"""The MIREX-like mood set (Panda 2013): songs as mel pictures, in five clusters of moods."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.data.corpora.label_rows import read_rows
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.tasks import MOOD

TABLE, PICTURES = "moods.csv", "moods_mel.npz"
COLUMNS = ("clip", "cluster", "artist")
SOURCE = (
    f"a table {TABLE} (columns {', '.join(COLUMNS)}) and the mel pictures {PICTURES} of the "
    "MIREX-like mood set (Panda 2013)"
)
LOWEST, RANGE = -60.0, 120.0  # dB at 0, and dB from 0 to 255
FRONT = FrontEnd(n_fft=2048, hop=2048, n_mels=64, fmin=30.0, fmax=11000.0, floor=LOWEST)


def decibels(picture: np.ndarray) -> np.ndarray:
    """(T, F) float32 dB of an (F, T) uint8 picture."""
    return np.ascontiguousarray(picture.T) * np.float32(RANGE / 255) + np.float32(LOWEST)


def read_moods(folder: str | Path) -> Corpus:
    """Songs of about 30 s in five clusters; an artist is a group.

    The pictures were saved as uint8 in steps of 0.47 dB, from -60 dB on. The scale of their bands
    is not said and taken for that of `FrontEnd`: so heard, excerpts of GTZAN have the same mean
    within 3 dB in all but the four highest bands, which their compression cuts off. Bands of equal
    height, or sums of magnitudes, are 10 to 20 dB off.

    Args:
        folder: with `moods.csv` and `moods_mel.npz`.

    Returns:
        A piece for each row of the table, whose path is the archive and the name of the picture in
        it; `mood` is 0..4. All pictures together take 74 MB.

    Raises:
        FileNotFoundError: table, pictures or a column that is not there.
        ValueError: a cluster that does not exist, a clip that has two rows or no picture, or
            pictures of another kind. The message names the file, and the line where there is one.
    """
    folder = Path(folder)
    table, archive = folder / TABLE, folder / PICTURES
    for path in (table, archive):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not there. Expected is {SOURCE}")
    rows = read_rows(table)
    if missing := set(COLUMNS) - set(rows[0].values):
        raise FileNotFoundError(f"{table}: no column {', '.join(sorted(missing))}, of {SOURCE}")
    pieces, features, seen = [], [], {}
    with _opened(archive) as pictures:
        names = set(pictures.files)
        for row in rows:
            clip, cluster = row.text("clip"), row.text("cluster")
            if cluster not in MOOD.labels:
                raise row.error(f"cluster {cluster!r} is none of {', '.join(MOOD.labels)}")
            if (first := seen.setdefault(clip, row.line)) != row.line:
                raise row.error(f"{clip} has a row already, in line {first}")
            if clip not in names:
                raise row.error(f"{clip} has no picture in {archive}")
            features.append(_picture(pictures, clip, archive))
            artist = " ".join(row.text("artist").casefold().split())
            group = artist or f"clip {clip}"
            labels = {"mood": MOOD.labels.index(cluster)}
            pieces.append(Piece(archive / clip, group, labels, "moods"))
    findings = []
    if unlabelled := names - set(seen):
        findings.append(
            f"{len(unlabelled)} pictures of {PICTURES} have no row in {TABLE} and are left out"
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


def _picture(pictures: np.lib.npyio.NpzFile, clip: str, archive: Path) -> np.ndarray:
    try:
        picture = pictures[clip]
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive}: {clip} cannot be read: {error}") from error
    if picture.dtype != np.uint8 or picture.ndim != 2 or picture.shape[0] != FRONT.width:
        raise ValueError(
            f"{archive}: {clip} is {picture.dtype} {picture.shape}, not uint8 ({FRONT.width}, T)"
        )
    return decibels(picture)
