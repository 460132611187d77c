"""Pictures of the structure of a piece: pooled frames, and how each frame is like those before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic.audio.front import Front, Lags
from symbolic.audio.transforms.banks import cepstral_bank
from symbolic.audio.transforms.lag_matrix import lag_matrix, pooled
from symbolic.audio.transforms.products import product

MADE_OF = {"mfcc": "mel", "chroma": "chroma", "onsets": "onsets"}


def intermediate(front: Front) -> Front:
    """What `structured` makes the pictures of a front end of.

    The kinds of the front end that are no lag matrices, and those that its lag matrices are made
    of, with as many frames as these compare: an hour takes 15 MB.
    """
    kinds = [kind for kind in front.kinds if kind not in front.lag_kinds]
    kinds += [MADE_OF[_column(kind)] for kind in front.lag_kinds]
    pool = front.lags.pool if front.lag_kinds else front.pool
    return replace(front, kinds=tuple(dict.fromkeys(kinds)), pool=pool)


def shared(front: Front) -> Front | None:
    """Pictures of which those of a front end are made, and those of many others.

    Mel bands and chroma together: to hear a recording takes far longer than to make of them what
    another system hears. None where a front end is not made of these, or is of notes.
    """
    made_of = intermediate(front)
    if front.of_notes or not front.structured or set(made_of.kinds) - {"mel", "chroma"}:
        return None
    return replace(made_of, kinds=("mel", "chroma"), lags=Lags())


def structured(frames: np.ndarray, made_of: Front, front: Front) -> np.ndarray:
    """The pictures of a front end.

    Args:
        frames: (T, ·) what there is of a piece.
        made_of: what the frames are: kinds as `intermediate` has them, and maybe more, of as many
            pooled frames or of fewer.
        front: the front end that is wanted.

    Returns:
        (T', F) float32, T' = T // (`front.pool` / `made_of.pool`), at least 1.

    Raises:
        ValueError: frames that lack a kind, or do not pool to those that are wanted.
    """
    wanted = intermediate(front)
    if missing := set(wanted.kinds) - set(made_of.kinds):
        raise ValueError(f"there are no {' and '.join(sorted(missing))} to make {front.kinds} of")
    if wanted.pool % made_of.pool:
        raise ValueError(f"{made_of.pool} frames that are one do not pool to {wanted.pool}")
    ends = np.cumsum([*made_of.widths.values()])
    parts = dict(zip(made_of.widths, np.split(frames, ends[:-1], axis=1), strict=True))
    parts = {k: pooled(parts[k], wanted.pool // made_of.pool) for k in wanted.kinds}
    rest = front.pool // wanted.pool
    columns = [
        _lags(parts[MADE_OF[_column(kind)]], kind, front, rest)
        if kind in front.lag_kinds
        else pooled(parts[kind], rest)
        for kind in front.kinds
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _column(kind: str) -> str:
    """`far_sslm_mfcc_cosine` is made of `mfcc`."""
    return kind.split("sslm_")[1].split("_")[0]


def _lags(frames: np.ndarray, kind: str, front: Front, rest: int) -> np.ndarray:
    """(T, rows) lag matrix, its frames pooled by `rest`.

    Cepstra and pitch classes are without their first, as in Hernandez-Olivan (2020): that of
    cepstra is loudness. Silence, which stands before the piece, is zero in what is left.
    """
    lags, column = front.lags, _column(kind)
    if column == "mfcc":
        every = replace(front, kinds=("mfcc",), n_mfcc=front.n_mels, pool=1, of_notes=False)
        frames = product(frames - np.float32(front.floor), cepstral_bank(every))
    if column == "mfcc" or (column == "chroma" and not front.of_notes):
        frames = frames[:, 1:]
    matrix = lag_matrix(
        frames,
        front.lag_count(kind),
        kind.rsplit("_", 1)[1],
        stack=lags.stack,
        quantile=lags.quantile,
    )
    starts = np.linspace(0, matrix.shape[1], front.lag_rows(kind), endpoint=False).astype(int)
    return np.maximum.reduceat(pooled(matrix, rest), starts, axis=1)
