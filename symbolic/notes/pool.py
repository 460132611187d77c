"""Reading many files in processes of their own, so that no file can take the others down."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError
from typing import TYPE_CHECKING, Any, cast

from symbolic.notes.formats.notations import NOTATION_SUFFIXES
from symbolic.notes.read import is_file, name_of, read_notes
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

    Apply = Callable[[list[Source]], list[Any]]

TIMEOUT_SECONDS = 120.0
MEMORY_BYTES = 4 * 2**30  # what one file may take beyond the process as it starts
FILES_AHEAD = 256  # files read before they are asked for


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
    return apply_many(_read, sources, workers, timeout)


def apply_many(
    apply: Apply,
    sources: Iterable[Source],
    workers: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
    files_per_task: int = 1,
    memory: int | None = None,
) -> Iterator[Any | ReadError]:
    """What `apply` makes of sources, in order, with the workers and limits of `read_many`.

    A task costs more to hand over than a small file takes to read, so several files make a task,
    except those of `NOTATION_SUFFIXES`, which take long enough. If their worker dies, runs out
    of time or raises, they are tried one by one: a bad file costs only itself.

    Args:
        apply: from a list of sources to one answer for each. Workers get it once, when they start;
            where processes are not forked it must be picklable. Only answers are sent back.
        sources: as `read_notes` takes them; those that are in memory already are done here.
        workers: processes; None is one for each core, 0 does everything here, without limits.
        timeout: seconds that one task may take.
        files_per_task: files in a task.
        memory: bytes that a worker may take beyond what it begins with, heeded on Linux;
            `MEMORY_BYTES` where None.

    Yields:
        An answer or a `ReadError` for each source.
    """
    groups = _groups(sources, files_per_task)
    if workers == 0:
        for group in groups:
            yield from _guarded(apply, group)
        return
    from pebble import ProcessPool

    # A forked worker needs no guard in the caller's script and no imports. It never runs torch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPool(
        workers or os.cpu_count() or 1,
        initializer=_start,
        initargs=[apply, memory or MEMORY_BYTES],
        context=cast("Any", context),  # pebble's protocol knows no pipes of Windows
    ) as pool:

        def send(group: list[Source]):
            return pool.schedule(_in_worker, args=[group], timeout=timeout)

        def answers(group: list[Source], future) -> list[Any | ReadError]:
            if future is None:
                return _guarded(apply, group)
            try:
                return future.result()
            except Exception as error:  # out of time, the worker died, or no answer could be sent
                if len(group) == 1:
                    return [_lost(group[0], error, timeout)]
            alone = [[source] for source in group]
            futures = [send(one) for one in alone]
            return [answers(*both)[0] for both in zip(alone, futures, strict=True)]

        try:
            waiting: deque = deque()
            for group in groups:
                waiting.append((group, send(group) if is_file(group[0]) else None))
                if len(waiting) * files_per_task > FILES_AHEAD:
                    yield from answers(*waiting.popleft())
            while waiting:
                yield from answers(*waiting.popleft())
        finally:
            pool.stop()


def _groups(sources: Iterable[Source], files_per_task: int) -> Iterator[list[Source]]:
    """Group sources that workers read quickly, `files_per_task` at most; others are alone."""
    group: list[Source] = []
    for source in sources:
        quick = is_file(source) and not _takes_long(source)
        if group and (not quick or len(group) == files_per_task):
            yield group
            group = []
        if quick:
            group.append(source)
        else:
            yield [source]
    if group:
        yield group


def _takes_long(source: Source) -> bool:
    return os.fsdecode(name_of(source) or "").lower().endswith(NOTATION_SUFFIXES)


def _read(sources: list[Source]) -> list[NoteTable]:
    return [read_notes(source) for source in sources]


def _guarded(apply: Apply, sources: list[Source]) -> list[Any | ReadError]:
    """The answers or the errors, whatever happens: no file may cost the others."""
    try:
        return apply(sources)
    except Exception as error:
        if len(sources) > 1:
            return [answer for source in sources for answer in _guarded(apply, [source])]
        return [_refused(sources[0], error)]


def _refused(source: Source, error: Exception) -> ReadError:
    name = name_of(source)
    if isinstance(error, ReadError):
        return ReadError(error.reason, error.source)  # without its traceback and causes
    if isinstance(error, MemoryError):
        return ReadError("takes more memory than one file may have", name)
    if isinstance(error, RecursionError):
        return ReadError("nested too deeply", name)
    # A reader's bug on strange input: one row, not the corpus.
    return ReadError(f"cannot be read: {type(error).__name__}: {error}", name)


def _lost(source: Source, error: Exception, timeout: float) -> ReadError:
    if isinstance(error, TimeoutError):
        return ReadError(f"not read within {timeout:.0f} s", name_of(source))
    return ReadError(f"reading it ended the process: {error}", name_of(source))


_apply: Apply


def _start(apply: Apply, memory: int) -> None:
    """Once in every worker: what it is to do, and with how much memory."""
    global _apply
    _apply = apply
    if sys.platform == "linux":
        _end_with_the_caller()
        _limit_memory(memory)


def _in_worker(sources: list[Source]) -> list[Any | ReadError]:
    return _guarded(_apply, sources)


def _end_with_the_caller() -> None:
    """No worker outlives a caller that is killed: it would wait for work for ever."""
    import ctypes
    import signal

    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(memory: int) -> None:
    import resource

    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, hard))
