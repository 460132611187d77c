"""Matrix products small enough to stay on one core."""

from __future__ import annotations

import numpy as np

ONE_THREAD = 2**18  # multiplications up to which OpenBLAS starts no other threads


def product(rows: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """(n, k) = (n, m) rows @ (m, k) bank, some rows at a time.

    On a machine with other work, threads that wait for each other cost more than these products
    take; recordings are what is spread over cores.
    """
    together = max(1, ONE_THREAD // bank.size)
    if together >= len(rows):
        return rows @ bank
    out = np.empty((len(rows), bank.shape[1]), np.result_type(rows, bank))
    for start in range(0, len(rows), together):
        np.matmul(rows[start : start + together], bank, out=out[start : start + together])
    return out
