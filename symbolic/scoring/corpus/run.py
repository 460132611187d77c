"""A run over a corpus: planned, scored shard by shard, written as it goes, and resumed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from symbolic.notes.archives import ArchiveMember
from symbolic.notes.sources import display_name, find_sources
from symbolic.scoring.corpus.arguments import Answer, ScoringArguments
from symbolic.scoring.corpus.checkpoint import Ledger
from symbolic.scoring.corpus.engines import ENGINES, Engine
from symbolic.scoring.corpus.plan import Plan, by_name, make_plan
from symbolic.scoring.corpus.writers import SINKS

if TYPE_CHECKING:
    from symbolic.notes.read import Source

SHARD = 1024
TOLD = 100  # errors that are told beside their rows


class Unfinished(ValueError):
    """A run was interrupted, and it was not said whether to go on with it."""


class NoFiles(FileNotFoundError):
    """There is nothing to score; its text says what was looked for."""


@dataclass
class Tally:
    """What a run has come to.

    Attributes:
        files: rows, one for each file.
        scored: those without an error.
        duplicates: files whose content an earlier one has: they were not read again.
        errors: the first of the paths without a score, each with its reason.
        resumed: how many rows were there from before.
    """

    files: int = 0
    scored: int = 0
    duplicates: int = 0
    errors: list[list[str]] = field(default_factory=list)
    resumed: int = 0

    def add(self, path: str, row: dict[str, Any]) -> None:
        self.files += 1
        if not row["error"]:
            self.scored += 1
        elif len(self.errors) < TOLD:
            self.errors.append([path, row["error"]])


def score_corpus(
    sources: Source | Iterable[Source],
    output: str | Path,
    arguments: ScoringArguments | None = None,
    *,
    timeline: str | Path | None = None,
    resume: bool = False,
    engine: str = "local",
    recursive: bool = True,
    shard: int = SHARD,
    progress: bool = False,
) -> Tally | None:
    """Score any number of files into a table, which holds whole shards of rows at any time.

    Files are sorted by name and cut into shards. Batches never hold files of two shards, and each
    shard is written whole and then entered in a ledger beside the output (`OUTPUT.resume`), so that
    a run that was interrupted at any moment and resumed gives what an uninterrupted one gives: byte
    for byte as CSV and JSON lines, in equal rows as Parquet. Files of the same content are scored
    once, and each has its row. Memory does not grow with the number of files, but for their names.

    Args:
        sources: as `symbolic.notes.sources.find_sources` takes them: files, folders, patterns,
            archives; or `NamedBytes` bytes.
        output: `.csv`, `.jsonl`, or `.parquet`, a folder with a file for each shard.
        arguments: the model and the limits for each file; by default those of `ScoringArguments()`.
        timeline: a second output for the windows of `arguments.sliding`.
        resume: go on with an interrupted run of the same files, model and options. Where none was
            interrupted, begin; where the output is complete, leave it as it is.
        engine: `local`, `ray` or `accelerate`: see `symbolic.scoring.corpus.engines`.
        recursive: whether folders are searched to the bottom.
        shard: files in a shard.
        progress: whether to show a bar on stderr.

    Returns:
        What was done; None in processes of `accelerate` that do not write.

    Raises:
        Unfinished: an interrupted run of this output, and `resume` is not said.
        NoFiles: no file to score.
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
        if one.suffix.lower() not in SINKS:
            raise ValueError(f"{one}: write to {', '.join(SINKS)}")
    if len({one.resolve() for one in outputs}) < len(outputs):
        raise ValueError(f"{outputs[0]}: the table and the timeline cannot be one file")
    ledger = Ledger(outputs[0])
    if not resume and ledger.has_rows:
        raise Unfinished(
            f"{outputs[0]} is of a run that was interrupted: resume it, or remove {ledger.path}"
        )
    who = ENGINES[engine](arguments)
    with TemporaryDirectory() as scratch:
        if not who.writes:
            plan, start = who.shared(None)
            for _ in who.answers(plan, start, lambda _: None):
                pass
            return None
        if resume and not ledger.exists and all(one.exists() for one in outputs):
            who.shared((Plan([], *2 * [None], shard), 0))
            return Tally()
        known = ledger.open() if resume and ledger.exists else None
        if known is None:
            ledger.begin()
        suffixes = who.listener.scorer.suffixes
        found = by_name(find_sources(sources, recursive, suffixes, scratch))
        if not found:
            ledger.remove()
            raise NoFiles(who.listener.scorer.heard)
        if not who.here and any(_is_under(one, scratch) for one in found):
            ledger.remove()
            raise ValueError(f"a compressed tar is expanded here, and {engine} reads elsewhere")
        plan = make_plan(found, shard, progress=progress)
        fingerprint = plan.fingerprint(who.listener.identity)
        if known is None:
            ledger.enter_run(fingerprint)
        elif known != fingerprint:
            ledger.close()
            raise ValueError(
                f"{outputs[0]} cannot be resumed: the files, their content, the model or the "
                f"options are not those of the run that was interrupted. Remove {ledger.path} to "
                "begin anew"
            )
        return run_plan(plan, who, ledger, outputs, progress)


def run_plan(plan: Plan, who: Engine, ledger: Ledger, outputs: list[Path], progress: bool) -> Tally:
    """Score what is left of a plan."""
    from tqdm import tqdm

    last = ledger.last()
    start, marks, tally = 0, [None] * len(outputs), Tally()
    if last is not None:
        start, marks, tally = last[0] + 1, last[1], Tally(**last[2])
    tally.resumed = tally.files
    sinks = [
        SINKS[path.suffix.lower()](path, types)
        for path, types in zip(outputs, who.listener.types, strict=True)
    ]
    recurs = plan.recurs
    done = False
    who.shared((plan, start))
    bar = tqdm(total=len(plan.sources), initial=tally.files, unit="file", disable=not progress)
    try:
        marks = [sink.open(mark) for sink, mark in zip(sinks, marks, strict=True)]
        with bar, _stoppable():
            every = who.answers(plan, start, bar.update)
            for shard, answers in zip(range(start, len(plan)), every, strict=True):
                numbers = plan.unique(shard)
                known = dict(zip(numbers, answers, strict=True))
                span = plan.span(shard)
                known |= ledger.kept(sorted(set(plan.first[span].tolist()) - known.keys()))
                rows = _rows(plan, span, known, tally)
                marks = [sink.write(some) for sink, some in zip(sinks, rows, strict=True)]
                kept = {i: known[i] for i in numbers if recurs[i]}
                ledger.enter(shard, marks, {**vars(tally), "resumed": 0}, kept)
                bar.n = tally.files
                bar.set_postfix(errors=tally.files - tally.scored)
        done = True
    finally:
        for sink, mark in zip(sinks, marks, strict=True):
            sink.close()
            if not done and mark is not None:  # what was written of a shard that was not entered
                sink.open(mark)
                sink.close()
        if done:
            ledger.remove()
        ledger.close()
    return tally


def _rows(
    plan: Plan, span: range, known: dict[int, Answer], tally: Tally
) -> list[list[dict[str, Any]]]:
    """The rows of a shard, of each table, and what they add to the tally."""
    tables = None
    for i, first in zip(span, plan.first[span].tolist(), strict=True):
        path, answer = display_name(plan.sources[i]), known[first]
        tables = tables or [[] for _ in answer]
        for table, rows in zip(tables, answer, strict=True):
            table += [{**row, "path": path} for row in rows]
        tally.add(path, answer[0][0])
        tally.duplicates += first != i
    return tables


def _is_under(source: Source, folder: str) -> bool:
    return isinstance(source, ArchiveMember) and source.archive.startswith(folder)


@contextmanager
def _stoppable() -> Iterator[None]:
    """A polite request to end is taken like Ctrl-C, so that the output is left whole."""
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
