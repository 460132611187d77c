"""Parallel reading in worker processes with limits: a bad file cannot affect the others."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from symbolic.notes.read import NOTATION_SUFFIXES, is_file, name_of, read_notes
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

    Apply = Callable[[list[Source]], list[Any]]

TIMEOUT_SECONDS = 120.0
MEMORY_BYTES = 4 * 2**30  # per worker, beyond the memory at its start
PAUSE_SECONDS = 0.02  # until pebble looks again whether all is done; by default 0.1
FILES_AHEAD = 256  # files that workers read ahead of the caller
TASKS_AHEAD = 2  # of each worker at least


def read_many(
    sources: Iterable[Source], workers: int | None = None, timeout: float = TIMEOUT_SECONDS
) -> Iterator[NoteTable | ReadError]:
    """Read sources in order: a note table or an error of each; errors are not raised.

    Worker processes read paths and bytes, with a time and memory limit for each file; this process
    reads sources that are objects in memory.

    Args:
        sources: as `read_notes` takes them.
        workers: processes; None: one for each core; 0: this process, without limits.
        timeout: seconds per file.
    """
    return apply_many(_read, sources, workers, timeout)


def apply_many(
    apply: Apply,
    sources: Iterable[Source],
    workers: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
    files_per_task: int = 1,
    memory: int | None = None,
) -> Iterator[Any | ReadError]:
    """Apply a function to sources, in order, with the workers and limits of `read_many`.

    Sending a task takes longer than reading a small file, so that a task may hold several files,
    except those of `NOTATION_SUFFIXES`, which are slow to read. If a task fails (exception,
    timeout, dead worker), its files are tried one by one: a bad file costs only itself.

    Args:
        apply: maps a list of sources to a result for each. Workers receive it once, at their start;
            it must be picklable where processes are not forked. Only results are sent back.
        sources: as `read_notes` takes them; this process handles objects in memory.
        workers: as of `read_many`.
        timeout: seconds per task.
        files_per_task: number of files in a task.
        memory: bytes per worker beyond those at its start, on Linux; `MEMORY_BYTES` if None.

    Yields:
        A result or a `ReadError` for each source.
    """
    groups = _groups(sources, files_per_task)
    if workers == 0:
        for group in groups:
            yield from _guarded(apply, group)
        return
    processes = process_count(workers)
    first = list(islice(groups, processes))
    if not first:
        return
    from pebble import CONSTS, ProcessPool

    CONSTS.sleep_unit = min(CONSTS.sleep_unit, PAUSE_SECONDS)
    # Forked workers need no `__main__` guard in the caller's script; none of them runs torch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPool(
        len(first),  # no more than there is work for
        initializer=_start,
        initargs=[apply, memory or MEMORY_BYTES],
        context=cast("Any", context),  # pebble's protocol knows no pipes of Windows
    ) as pool:

        def send(group: list[Source]) -> Any:
            return pool.schedule(_in_worker, args=[group], timeout=timeout)

        def results(group: list[Source], future: Any) -> list[Any | ReadError]:
            if future is None:
                return _guarded(apply, group)
            try:
                return future.result()
            except Exception as error:  # timeout, dead worker, or a result that cannot be sent
                if len(group) == 1:
                    reason = f"the worker process died: {error}"
                    if isinstance(error, TimeoutError):
                        reason = f"not read within {timeout:.0f} s"
                    return [ReadError(reason, name_of(group[0]))]
            single = [[source] for source in group]
            futures = [send(task) for task in single]
            return [results(*pair)[0] for pair in zip(single, futures, strict=True)]

        try:
            waiting: deque = deque()
            most = max(FILES_AHEAD, TASKS_AHEAD * len(first) * files_per_task)
            for group in chain(first, groups):
                waiting.append((group, send(group) if is_file(group[0]) else None))
                if len(waiting) * files_per_task > most:
                    yield from results(*waiting.popleft())
            while waiting:
                yield from results(*waiting.popleft())
        finally:
            pool.stop()


def process_count(workers: int | None) -> int:
    """Return the number of processes: `workers`, or where it is None one for each core."""
    return (os.cpu_count() or 1) if workers is None else workers


def _groups(sources: Iterable[Source], files_per_task: int) -> Iterator[list[Source]]:
    """Group sources that workers read quickly, `files_per_task` at most; others are alone."""
    group: list[Source] = []
    for source in sources:
        name = os.fsdecode(name_of(source) or "").lower()
        quick = is_file(source) and not name.endswith(NOTATION_SUFFIXES)
        if group and (not quick or len(group) == files_per_task):
            yield group
            group = []
        if quick:
            group.append(source)
        else:
            yield [source]
    if group:
        yield group


def _read(sources: list[Source]) -> list[NoteTable]:
    return [read_notes(source) for source in sources]


def _guarded(apply: Apply, sources: list[Source]) -> list[Any | ReadError]:
    """Apply to a group; if that fails, to each source alone, so that one error costs one file."""
    try:
        return apply(sources)
    except Exception as error:
        if len(sources) > 1:
            return [result for source in sources for result in _guarded(apply, [source])]
        return [_read_error(sources[0], error)]


def _read_error(source: Source, error: Exception) -> ReadError:
    name = name_of(source)
    if isinstance(error, ReadError):
        return ReadError(error.reason, error.source)  # without its traceback and causes
    if isinstance(error, MemoryError):
        return ReadError("out of memory: more than one file may take", name)
    if isinstance(error, RecursionError):
        return ReadError("nested too deeply", name)
    # A bug of a reader costs one row, not the corpus.
    return ReadError(f"cannot be read: {type(error).__name__}: {error}", name)


_apply: Apply


def _start(apply: Apply, memory: int) -> None:
    """Initialise a worker: its function and, on Linux, its memory limit and end with the caller."""
    global _apply
    _apply = apply
    if sys.platform != "linux":
        return
    import ctypes
    import resource
    import signal

    # Without a signal at the death of the caller, the worker would wait for tasks for ever.
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, hard))


def _in_worker(sources: list[Source]) -> list[Any | ReadError]:
    return _guarded(_apply, sources)
