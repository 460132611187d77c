"""The progress bar of scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

DELAY = 2.0  # seconds; shorter work shows no bar


class NoBar:
    """A bar that is not shown: what callers of `progress_bar` use of one, without tqdm."""

    n = 0

    def update(self, n: int = 1) -> None:
        pass

    def set_postfix(self, **values: object) -> None:
        pass

    def __enter__(self) -> NoBar:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def progress_bar(
    files: int | None, shown: bool, what: str | None = None, done: int = 0, unit: str = "file"
) -> tqdm | NoBar:
    """Make a bar of files on stderr, which appears only where the work takes more than `DELAY`.

    Args:
        files: in total; None if that is not known.
        shown: whether to show it at all.
        what: text before the bar.
        done: files that were done before.
        unit: what is counted.
    """
    if not shown:
        return NoBar()
    from tqdm import tqdm

    return tqdm(
        total=files,
        initial=done,
        unit=unit,
        desc=what,
        leave=False,
        delay=DELAY,
    )
