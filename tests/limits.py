"""Limits of tests: counted work, which is the same on every machine, and a time for what hangs."""

import sys
import time
from collections.abc import Callable

HANGS = 1800  # seconds; ends what hangs, and is far beyond what anything takes


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds.

    Raises:
        TimeoutError: it does not, for as long as `HANGS`.
    """
    ends = time.monotonic() + HANGS
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError("the condition never held")
        time.sleep(0.002)


class TooMuchWork(BaseException):  # not an Exception: readers turn those into refusals
    """More lines of Python have run than allowed."""


def lines_run(function: Callable, *arguments, most: float = float("inf")) -> int:
    """Count the lines of Python that a call executes; array operations are one line whatever size.

    Raises:
        TooMuchWork: more than `most`, as soon as they have run.
    """
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        if count > most:
            raise TooMuchWork(f"more than {most:.0f} lines, in {frame.f_code.co_qualname}")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count
