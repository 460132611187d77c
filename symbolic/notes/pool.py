"""Reading many files in processes of their own, so that no file can take the others down."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError
from typing import TYPE_CHECKING

from symbolic.notes.read import kind_of, read_notes
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

TIMEOUT_SECONDS = 120.0
MEMORY_BYTES = 4 * 2**30  # what one file may take beyond the process as it starts
AHEAD = 256  # files read before they are asked for


def read_many(
    sources: Iterable[Source], workers: int | None = None, timeout: float = TIMEOUT_SECONDS
) -> Iterator[NoteTable | ReadError]:
    """Read sources in order; what cannot be read comes as the error, never raised.

    Paths and bytes are read in worker processes with a time and memory limit for each file; other
    sources are in memory already and are read here.

    Args:
        sources: as `read_notes` takes them.
        workers: processes; None is one for each core, 0 reads everything here, without limits.
        timeout: seconds that one file may take.

    Yields:
        A note table or a `ReadError` for each source.
    """
    if workers == 0:
        yield from map(_read_here, sources)
        return
    from pebble import ProcessPool

    # A forked worker needs no guard in the caller's script and no imports. It never runs torch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPool(
        workers or os.cpu_count() or 1, initializer=_limit_memory, context=context
    ) as pool:
        try:
            waiting: deque = deque()
            for source in sources:
                if kind_of(source) in ("path", "bytes"):
                    future = pool.schedule(_read_here, args=[source], timeout=timeout)
                    waiting.append((source, future))
                else:
                    waiting.append((source, None))
                if len(waiting) > AHEAD:
                    yield _result(*waiting.popleft(), timeout)
            while waiting:
                yield _result(*waiting.popleft(), timeout)
        finally:
            pool.stop()


def _result(source: Source, future, timeout: float) -> NoteTable | ReadError:
    if future is None:
        return _read_here(source)
    name = os.fspath(source) if kind_of(source) == "path" else None
    try:
        return future.result()
    except TimeoutError:
        return ReadError(f"not read within {timeout:.0f} s", name)
    except Exception as error:  # the worker died, or its answer could not be sent
        return ReadError(f"reading it ended the process: {error}", name)


def _read_here(source: Source) -> NoteTable | ReadError:
    """The table or the error, whatever happens: no file may cost the others."""
    name = os.fspath(source) if kind_of(source) == "path" else None
    try:
        return read_notes(source)
    except ReadError as error:
        return ReadError(error.reason, error.source)  # without its traceback and causes
    except MemoryError:
        return ReadError("takes more memory than one file may have", name)
    except RecursionError:
        return ReadError("nested too deeply", name)
    except Exception as error:  # a reader's bug on strange input: one row, not the corpus
        return ReadError(f"cannot be read: {type(error).__name__}: {error}", name)


def _limit_memory() -> None:
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, hard))
