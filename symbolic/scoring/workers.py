"""From files to answers: what workers make of them, and what a model says of that, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from symbolic.notes.pool import FILES_AHEAD, apply_many
from symbolic.notes.sources import display_name

if TYPE_CHECKING:
    from symbolic.notes.read import Source


def answered(
    sizes: Sequence[int],
    sources: Iterable[Source],
    apply: Callable[[list[Source]], list[Any]],
    answer: Callable[[list[Any]], list[Any]],
    ahead: int = FILES_AHEAD,
    tick: Callable[[Any], object] | None = None,
    **reading: Any,
) -> Iterator[list[Any]]:
    """An answer for each source, a group of them at a time.

    No batch holds files of two groups, so that what a group gets does not depend on the others.

    Args:
        sizes: of the groups.
        sources: of all groups, one after the other.
        apply: what workers make of some of them, as `symbolic.notes.pool.apply_many` takes it.
        answer: answers to what they made, or to the `ReadError` that came in its place.
        ahead: how many are answered at once.
        tick: called with what was made of each source, as soon as it is there.
        reading: of `apply_many`.

    Yields:
        A list of answers for each group.
    """
    made = apply_many(apply, sources, **reading)
    for size in sizes:
        answers: list[Any] = []
        while len(answers) < size:
            chunk = []
            for one in islice(made, min(ahead, size - len(answers))):
                chunk.append(one)
                if tick is not None:
                    tick(one)
            answers += answer(chunk)
        yield answers


def rows_of(
    found: Sequence[Source],
    apply: Callable[[list[Source]], list[Any]],
    answer: Callable[[list[Any]], list[dict]],
    progress: bool,
    ahead: int = FILES_AHEAD,
    **reading: Any,
) -> list[dict]:
    """A row for each source, its path with it.

    Args:
        found: sources.
        apply, answer, ahead, reading: as for `answered`; an answer is a row.
        progress: whether to show a bar on stderr; it follows the reading, which takes most time.
    """
    from tqdm import tqdm

    with tqdm(total=len(found), unit="file", disable=not progress) as bar:
        rows = next(
            answered([len(found)], found, apply, answer, ahead, lambda _: bar.update(), **reading)
        )
    for source, row in zip(found, rows, strict=True):
        row["path"] = display_name(source)
    return rows
