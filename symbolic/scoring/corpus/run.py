"""Scoring of a corpus: planned, scored shard by shard, written as it goes, resumed."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.errors import SymbolicError
from symbolic.notes.archives import ArchiveMember
from symbolic.notes.sources import display_name, find_sources
from symbolic.scoring.corpus.checkpoint import Checkpoint
from symbolic.scoring.corpus.engines import ENGINES, FileRows, LocalEngine, ScoringArguments
from symbolic.scoring.corpus.plan import Plan, by_name, make_plan
from symbolic.scoring.progress import progress_bar
from symbolic.scoring.table_writers import WRITERS

if TYPE_CHECKING:
    from symbolic.notes.read import Source

SHARD = 1024
KEPT_ERRORS = 100


class InterruptedRunError(SymbolicError, ValueError):
    """A run was interrupted, and `resume` is not given."""


class NoFilesError(SymbolicError, FileNotFoundError):
    """There is no file to score; the text gives the kind of file.

    Attributes:
        passed_over: other files that were found, as of `RunSummary`.
    """

    def __init__(self, kind: str, passed_over: Mapping[str, int] | None = None) -> None:
        super().__init__(kind)
        self.passed_over = passed_over or {}


@dataclass
class RunSummary:
    """Counts of a run.

    Attributes:
        files: rows, one for each file.
        scored: those without an error.
        duplicates: files whose content an earlier one has: they were not read again.
        errors: the first of the paths without a score, each with its reason.
        resumed: how many rows were there from before.
        passed_over: other files in folders and archives, by reason: see `find_sources`.
    """

    files: int = 0
    scored: int = 0
    duplicates: int = 0
    errors: list[list[str]] = field(default_factory=list)
    resumed: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)

    def add(self, path: str, row: dict[str, Any]) -> None:
        self.files += 1
        if not row["error"]:
            self.scored += 1
        elif len(self.errors) < KEPT_ERRORS:
            self.errors.append([path, row["error"]])


def score_corpus(
    sources: Source | Iterable[Source],
    output: str | Path,
    arguments: ScoringArguments | None = None,
    *,
    timeline: str | Path | None = None,
    resume: bool = False,
    resumable: bool = True,
    engine: str = "local",
    recursive: bool = True,
    shard: int = SHARD,
    progress: bool = False,
) -> RunSummary | None:
    """Score any number of files into a table, which holds whole shards of rows at any time.

    Files are sorted by name and cut into shards. Batches never hold files of two shards, and each
    shard is written whole and then entered in a checkpoint beside the output (`OUTPUT.resume`), so
    that a run that was interrupted at any moment and resumed gives what an uninterrupted one gives:
    byte for byte as CSV and JSON, in equal rows as Parquet. Files of the same content are
    scored once, and each has its row. Memory does not grow with the number of files, but for their
    names.

    Args:
        sources: as `symbolic.notes.sources.find_sources` takes them: files, folders, patterns,
            archives; or `NamedBytes` bytes.
        output: `.csv`, `.jsonl`, `.json` (an array), or `.parquet`, a folder with a file for each
            shard.
        arguments: the model and the limits for each file; by default those of `ScoringArguments()`.
        timeline: a second output for the windows of `arguments.sliding`.
        resume: go on with an interrupted run of the same files, model and options. Where none was
            interrupted, begin; where the output is complete, leave it as it is.
        resumable: whether there is a checkpoint; a temporary output needs none.
        engine: `local`, `ray` or `accelerate`: see `symbolic.scoring.corpus.engines`.
        recursive: whether folders are searched recursively.
        shard: files in a shard.
        progress: whether to show a bar on stderr.

    Returns:
        Counts of the run; None in processes of `accelerate` that do not write.

    Raises:
        InterruptedRunError: an interrupted run of this output, without `resume`.
        NoFilesError: no file to score.
        ValueError: an engine or a suffix that does not exist; a timeline without windows or windows
            without one; other files, another model or other options than those of the run that is
            to be resumed; what an engine cannot reach.
        OSError: a model that is not there, or an output that cannot be written.
        ImportError: the engine's library is missing.
        KeyboardInterrupt: after the output was cut to whole shards.
    """
    arguments = arguments or ScoringArguments()
    outputs = [Path(one) for one in (output, timeline) if one is not None]
    if (timeline is None) != (arguments.sliding is None):
        raise ValueError("a timeline takes both: its windows and where to write them")
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}; there are {', '.join(ENGINES)}")
    for one in outputs:
        if one.suffix.lower() not in WRITERS:
            raise ValueError(f"{one}: write to {', '.join(WRITERS)}")
    if len({one.resolve() for one in outputs}) < len(outputs):
        raise ValueError(f"{outputs[0]}: the table and the timeline cannot be one file")
    if resume and not resumable:
        raise ValueError("only a run with a checkpoint can be resumed")
    checkpoint = Checkpoint(outputs[0] if resumable else None)
    if not resume and checkpoint.has_rows:
        raise InterruptedRunError(
            f"{outputs[0]} is of a run that was interrupted: resume it, or remove {checkpoint.path}"
        )
    running = ENGINES[engine](arguments)
    with TemporaryDirectory() as scratch:
        if not running.writes:
            plan, start = running.shared(None)
            for _ in running.file_rows(plan, start, lambda _: None):
                pass
            return None
        if resume and not checkpoint.exists and all(one.exists() for one in outputs):
            nothing = np.zeros(0, np.int64)
            running.shared((Plan([], nothing, nothing, shard), 0))
            return RunSummary()
        interrupted = checkpoint.open() if resume and checkpoint.exists else None
        if interrupted is None:
            checkpoint.begin()
        suffixes = running.job.scorer.suffixes
        passed_over: Counter[str] = Counter()
        found = by_name(find_sources(sources, recursive, suffixes, scratch, passed_over))
        if not found:
            checkpoint.remove()
            raise NoFilesError(running.job.scorer.source_kind, passed_over)
        if not running.here and any(_is_under(one, scratch) for one in found):
            checkpoint.remove()
            raise ValueError(f"a compressed tar is expanded here, and {engine} reads elsewhere")
        plan = make_plan(found, shard, progress=progress)
        fingerprint = plan.fingerprint(running.job.identity)
        if interrupted is None:
            checkpoint.enter_run(fingerprint)
        elif interrupted != fingerprint:
            checkpoint.close()
            raise ValueError(
                f"{outputs[0]} cannot be resumed: the files, their content, the model or the "
                "options are not those of the run that was interrupted. Remove "
                f"{checkpoint.path} to begin anew"
            )
        summary = run_plan(plan, running, checkpoint, outputs, progress)
        return replace(summary, passed_over=dict(passed_over))


def run_plan(
    plan: Plan, engine: LocalEngine, checkpoint: Checkpoint, outputs: list[Path], progress: bool
) -> RunSummary:
    """Score what is left of a plan."""
    last = checkpoint.last()
    start, marks, summary = 0, [None] * len(outputs), RunSummary()
    if last is not None:
        start, marks, summary = last[0] + 1, last[1], RunSummary(**last[2])
    summary.resumed = summary.files
    writers = [
        WRITERS[path.suffix.lower()](path, types)
        for path, types in zip(outputs, engine.job.tables, strict=True)
    ]
    needed_later = plan.needed_later
    done = False
    engine.shared((plan, start))
    bar = progress_bar(len(plan.sources), progress, done=summary.files)
    try:
        marks = [writer.open(mark) for writer, mark in zip(writers, marks, strict=True)]
        with bar, _stoppable():
            shards = engine.file_rows(plan, start, bar.update)
            for shard, results in zip(range(start, len(plan)), shards, strict=True):
                numbers = plan.unique(shard)
                by_file = dict(zip(numbers, results, strict=True))
                span = plan.span(shard)
                by_file |= checkpoint.kept(sorted(set(plan.first[span].tolist()) - by_file.keys()))
                rows = _rows(plan, span, by_file, summary)
                marks = [writer.write(some) for writer, some in zip(writers, rows, strict=True)]
                kept = {i: by_file[i] for i in numbers if needed_later[i]}
                checkpoint.enter(shard, marks, {**vars(summary), "resumed": 0}, kept)
                bar.n = summary.files
                bar.set_postfix(errors=summary.files - summary.scored, refresh=False)
        done = True
    finally:
        for writer, mark in zip(writers, marks, strict=True):
            writer.close()
            if not done and mark is not None:  # what was written of a shard that was not entered
                writer.open(mark)
                writer.close()
        if done:
            checkpoint.remove()
        checkpoint.close()
    return summary


def _rows(
    plan: Plan, span: range, by_file: dict[int, FileRows], summary: RunSummary
) -> list[list[dict[str, Any]]]:
    """Make the rows of a shard for each table, and count them in the summary."""
    tables: list[list[dict[str, Any]]] = []
    for i, first in zip(span, plan.first[span].tolist(), strict=True):
        path, tables_of = display_name(plan.sources[i]), by_file[first]
        tables = tables or [[] for _ in tables_of]
        for table, rows in zip(tables, tables_of, strict=True):
            table += [{**row, "path": path} for row in rows]
        summary.add(path, tables_of[0][0])
        summary.duplicates += first != i
    return tables


def _is_under(source: Source, folder: str) -> bool:
    return isinstance(source, ArchiveMember) and source.archive.startswith(folder)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that the output is left whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
