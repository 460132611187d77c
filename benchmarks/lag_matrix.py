"""How fast lag matrices are, beside the double loop that their definition is.

    OMP_NUM_THREADS=1 python benchmarks/lag_matrix.py

Frames are of chance, 13 numbers each and two stacked. The loop takes its distances and quantiles
with numpy, each distance once; ours is the best of several passes. Seconds are of processor time.
`apart` is the greatest difference of two cells, of matrices in float64.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from symbolic.audio.transforms.lag_matrix import METRICS, lag_matrix

SIZES = ("100x20", "200x100", "400x100", "800x100", "400x300")
WIDTH, STACK, QUANTILE, PASSES = 13, 2, 0.1, 5


def timed(function: Callable, *arguments, **options) -> tuple[np.ndarray, float]:
    start = time.process_time()
    result = function(*arguments, **options)
    return result, time.process_time() - start


def distance(one: np.ndarray, other: np.ndarray, metric: str) -> float:
    if metric == "euclidean":
        return np.linalg.norm(one - other)
    norms = np.linalg.norm(one), np.linalg.norm(other)
    if not all(norms):
        return float(any(norms))
    return 1 - one @ other / np.prod(norms)


def loop(frames: np.ndarray, lags: int, metric: str) -> np.ndarray:
    """What `lag_matrix` is, cell by cell."""
    before = lags + STACK - 1
    padded = np.concatenate([np.zeros((before, frames.shape[1])), frames])
    rows = [padded[i : i + STACK].ravel() for i in range(lags + len(frames))]
    distances = np.zeros((len(rows), lags))
    for i in range(lags, len(rows)):
        for lag in range(1, lags + 1):
            distances[i, lag - 1] = distance(rows[i], rows[i - lag], metric)
    out = np.empty((len(frames), lags))
    for i in range(len(frames)):
        for lag in range(1, lags + 1):
            both = np.concatenate([distances[lags + i], distances[lags + i - lag]])
            epsilon = np.quantile(both, QUANTILE)
            with np.errstate(divide="ignore"):
                out[i, lag - 1] = 1 / (1 + np.exp(distances[lags + i, lag - 1] / epsilon - 1))
    return out


def row(frames: np.ndarray, lags: int, metric: str, double_loop: bool = True) -> tuple:
    def ours() -> np.ndarray:
        return lag_matrix(frames, lags, metric, dtype=np.float64)

    found = ours()
    seconds = min(timed(ours)[1] for _ in range(PASSES))
    if not double_loop:
        return metric, len(frames), lags, np.nan, seconds, np.nan, np.nan
    expected, slow = timed(loop, frames, lags, metric)
    apart = np.abs(found - expected).max()
    return metric, len(frames), lags, slow, seconds, slow / seconds, apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="frames x lags, such as 400x100")
    parser.add_argument("--long", default="8000x100", help="ours alone, of so many frames x lags")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = []
    for size in (*options.sizes, options.long):
        count, lags = map(int, size.split("x"))
        frames = rng.normal(size=(count, WIDTH))
        rows += [row(frames, lags, metric, size != options.long) for metric in METRICS]
    columns = ["distances", "frames", "lags", "loop s", "ours s", "ratio", "apart"]
    table = pd.DataFrame(rows, columns=columns)
    formats = {"loop s": "{:.3f}".format, "ours s": "{:.4f}".format, "ratio": "{:,.0f}".format}
    formats["apart"] = "{:.0e}".format
    print(f"ours best of {PASSES}")
    print(table.to_string(index=False, na_rep="", formatters=formats))


if __name__ == "__main__":
    main()
