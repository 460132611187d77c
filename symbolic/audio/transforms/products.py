"""Matrix products in blocks that are small enough to run on one core."""

from __future__ import annotations

import numpy as np

ONE_THREAD = 2**18  # multiplications up to which OpenBLAS starts no other threads


def product(rows: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Compute (n, m) rows @ (m, k) bank in blocks of rows: (n, k).

    On a busy machine, threads that wait for each other cost more than these products take;
    parallelism is over recordings.
    """
    step = max(1, ONE_THREAD // bank.size)
    if step >= len(rows):
        return rows @ bank
    out = np.empty((len(rows), bank.shape[1]), np.result_type(rows, bank))
    for start in range(0, len(rows), step):
        np.matmul(rows[start : start + step], bank, out=out[start : start + step])
    return out
