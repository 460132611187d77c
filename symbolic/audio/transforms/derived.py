"""Derived frames of structure analysis: max-pooled frames and self-similarity lag matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic.audio.front_end import FrontEnd, Lags
from symbolic.audio.transforms.banks import cepstral_bank
from symbolic.audio.transforms.lag_matrix import lag_matrix, pooled
from symbolic.audio.transforms.products import product

MADE_OF = {"mfcc": "mel", "chroma": "chroma", "onsets": "onsets"}


def intermediate(front: FrontEnd) -> FrontEnd:
    """Return the front end whose frames `derived_frames` needs.

    Its kinds are those of `front` that are not lag matrices and those that the lag matrices are
    computed from, pooled as the lag matrices need them: an hour takes 15 MB.
    """
    kinds = [kind for kind in front.kinds if kind not in front.lag_kinds]
    kinds += [MADE_OF[_column(kind)] for kind in front.lag_kinds]
    pool = front.lags.pool if front.lag_kinds else front.pool
    return replace(front, kinds=tuple(dict.fromkeys(kinds)), pool=pool)


def shared(front: FrontEnd) -> FrontEnd | None:
    """Return a front end whose frames serve `front` and many others: mel bands and chroma.

    Transforming a recording takes far longer than deriving the input of another system. None where
    `front` is not derived from these frames, or is computed from notes.
    """
    made_of = intermediate(front)
    if front.from_notes or not front.is_derived or set(made_of.kinds) - {"mel", "chroma"}:
        return None
    return replace(made_of, kinds=("mel", "chroma"), lags=Lags())


def derived_frames(frames: np.ndarray, made_of: FrontEnd, front: FrontEnd) -> np.ndarray:
    """Derive the frames of a front end from those of another.

    Args:
        frames: (T, ·) frames of a piece.
        made_of: the front end of `frames`: at least the kinds of `intermediate(front)`, with the
            same pooling or less.
        front: the front end whose frames are wanted.

    Returns:
        (T', F) float32, T' = T // (`front.pool` / `made_of.pool`), at least 1.

    Raises:
        ValueError: frames that lack a kind, or whose pooling does not divide the one wanted.
    """
    wanted = intermediate(front)
    if missing := set(wanted.kinds) - set(made_of.kinds):
        raise ValueError(f"{front.kinds} need {' and '.join(sorted(missing))}, which are missing")
    if wanted.pool % made_of.pool:
        raise ValueError(f"pooling of {made_of.pool} frames does not divide {wanted.pool}")
    parts = {
        kind: pooled(frames[:, made_of.slices[kind]], wanted.pool // made_of.pool)
        for kind in wanted.kinds
    }
    rest = front.pool // wanted.pool
    columns = [
        _lags(parts[MADE_OF[_column(kind)]], kind, front, rest)
        if kind in front.lag_kinds
        else pooled(parts[kind], rest)
        for kind in front.kinds
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _column(kind: str) -> str:
    """Return what a lag matrix is computed from: `mfcc` for `far_sslm_mfcc_cosine`."""
    return kind.split("sslm_")[1].split("_")[0]


def _lags(frames: np.ndarray, kind: str, front: FrontEnd, rest: int) -> np.ndarray:
    """Compute a (T, rows) lag matrix whose frames are pooled by `rest`.

    The first cepstral coefficient, loudness, and the first pitch class are left out, as in
    Hernandez-Olivan (2020). The silence before the piece is zero in the other columns.
    """
    lags, column = front.lags, _column(kind)
    if column == "mfcc":
        every = replace(front, kinds=("mfcc",), n_mfcc=front.n_mels, pool=1, from_notes=False)
        frames = product(frames - np.float32(front.floor), cepstral_bank(every))
    if column == "mfcc" or (column == "chroma" and not front.from_notes):
        frames = frames[:, 1:]
    count, metric = front.lag_count(kind), kind.rsplit("_", 1)[1]
    matrix = lag_matrix(frames, count, metric, stack=lags.stack, quantile=lags.quantile)
    starts = np.linspace(0, matrix.shape[1], front.lag_rows(kind), endpoint=False).astype(int)
    return np.maximum.reduceat(pooled(matrix, rest), starts, axis=1)
