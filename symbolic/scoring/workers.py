"""Workers prepare files while this process predicts; results keep the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from symbolic.notes.pool import apply_many


def map_groups(
    sizes: Sequence[int],
    sources: Iterable[Any],
    preprocess: Callable[[list[Any]], list[Any]],
    predict: Callable[[list[Any]], list[Any]],
    ahead: int,
    tick: Callable[[Any], object],
    **reading: Any,
) -> Iterator[list[Any]]:
    """Compute a result for each source, group by group.

    No batch holds files of two groups, so that the results of a group do not depend on the others.

    Args:
        sizes: of the groups.
        sources: of all groups, one after the other.
        preprocess: applied to sources in workers, as `symbolic.notes.pool.apply_many` takes it.
        predict: from what was prepared, or the `ReadError` in its place, to results.
        ahead: prepared sources that `predict` gets at once.
        tick: called with what was prepared of each source, as soon as it is there.
        reading: of `apply_many`.

    Yields:
        A list of results for each group.
    """
    prepared = apply_many(preprocess, sources, **reading)
    for size in sizes:
        results: list[Any] = []
        while len(results) < size:
            chunk = []
            for item in islice(prepared, min(ahead, size - len(results))):
                chunk.append(item)
                tick(item)
            results += predict(chunk)
        yield results
