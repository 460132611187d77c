"""The progress bar of scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

DELAY = 2.0  # seconds; shorter work shows no bar


def progress_bar(files: int, shown: bool, what: str | None = None, done: int = 0) -> tqdm:
    """Make a bar of files on stderr, which appears only where the work takes more than `DELAY`.

    Args:
        files: in total.
        shown: whether to show it at all.
        what: text before the bar.
        done: files that were done before.
    """
    from tqdm import tqdm

    return tqdm(
        total=files,
        initial=done,
        unit="file",
        desc=what,
        leave=False,
        delay=DELAY,
        disable=not shown,
    )
