"""MIREX-like mood set (Panda 2013): mel spectrograms of songs in five clusters of moods."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.data.recordings.spectrograms import read_corpus, read_spectrogram
from symbolic.tasks import MOOD

TABLE, SPECTROGRAMS = "moods.csv", "moods_mel.npz"
COLUMNS = ("clip", "cluster", "artist")
SOURCE = (
    f"a table {TABLE} (columns {', '.join(COLUMNS)}) and the mel spectrograms {SPECTROGRAMS} of "
    "the MIREX-like mood set (Panda 2013)"
)
LOWEST, RANGE = -60.0, 120.0  # dB at 0, and dB from 0 to 255
FRONT = FrontEnd(n_fft=2048, hop=2048, n_mels=64, fmin=30.0, fmax=11000.0, floor=LOWEST)


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
    rows, arrays = read_corpus(table, archive, COLUMNS, SOURCE)
    pieces, features, seen = [], [], {}
    with arrays:
        names = set(arrays.files)
        for row in rows:
            clip, cluster = row.text("clip"), row.text("cluster")
            if cluster not in MOOD.labels:
                raise row.error(f"cluster {cluster!r} is none of {', '.join(MOOD.labels)}")
            if (first := seen.setdefault(clip, row.line)) != row.line:
                raise row.error(f"{clip} has a row already, in line {first}")
            if clip not in names:
                raise row.error(f"{clip} has no spectrogram in {archive}")
            frames = read_spectrogram(arrays, clip, FRONT.width, archive)
            features.append(frames * np.float32(RANGE / 255) + np.float32(LOWEST))
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
