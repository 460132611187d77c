"""Engines of a scoring run, and the job that each of its processes does.

An engine is this machine, a Ray cluster, or the processes of `accelerate launch`.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.inference.reasons import explainable
from symbolic.notes.archives import ArchiveMember
from symbolic.notes.pool import MEMORY_BYTES, TIMEOUT_SECONDS
from symbolic.notes.table import ReadError
from symbolic.scoring.base import Row, Scorer, map_groups
from symbolic.scoring.columns import KEYS_OVER_TIME, LOCAL_KEY, REASONS, TIMELINE
from symbolic.scoring.corpus.plan import Plan
from symbolic.scoring.emotion import EmotionScorer, load_scorer
from symbolic.scoring.keys.local import KeyReader, key_reader
from symbolic.scoring.keys.timelines import KeyTimeline
from symbolic.scoring.notes import NotePreparation, NoteScorer
from symbolic.scoring.timeline import predict_timelines, prepare_many
from symbolic.scoring.windows import SlidingWindow

if TYPE_CHECKING:
    from symbolic.notes.read import Source

FileRows = list[list[Row]]
"""The rows of one file in each of the tables, without its path."""

Tick = Callable[[int], object]


@dataclass(frozen=True)
class ScoringArguments:
    """Arguments of a scoring run, in plain values that travel to other machines.

    Attributes:
        model: a folder or a hub name; None is the model inside the package.
        device: where it runs.
        sliding: windows of a timeline; None is no timeline.
        batch_size: windows in one forward pass; None is the default of the scorer.
        workers: processes that read files; None is one for each core.
        timeout: seconds that one file may take.
        memory: bytes that reading one file may take.
        explain: whether the table has a column `reasons`, which explains the prediction.
        keys: whether the table has the columns `keys` (over time) and `written_key`, and the
            timeline `local_key`.
    """

    model: str | None = None
    device: str = "cpu"
    sliding: SlidingWindow | None = None
    batch_size: int | None = None
    workers: int | None = None
    timeout: float = TIMEOUT_SECONDS
    memory: int = MEMORY_BYTES
    explain: bool = False
    keys: bool = False

    def job(self) -> ScoringJob:
        """Load the model; errors as of `load_scorer` and `ScoringJob`."""
        return ScoringJob(load_scorer(self.model, self.device), self)


class ScoringJob:
    """A scorer and the arguments of a run.

    Args:
        scorer: of notes or of recordings.
        arguments: of the run.

    Raises:
        ValueError: a timeline without emotion, reasons or keys over time of a model of more than
            features, or a model without a task for whole files.

    Attributes:
        tables: of each table, its columns and what is in them.
        preprocess: the function of the workers, as `symbolic.notes.pool.apply_many` takes it.
    """

    def __init__(self, scorer: Scorer, arguments: ScoringArguments) -> None:
        scorer.require_tasks()
        self.scorer, self.arguments = scorer, arguments
        self.tables = [scorer.columns]
        if arguments.explain:
            if not isinstance(scorer, EmotionScorer):
                raise ValueError("reasons need a model of features that predicts emotion")
            explainable(scorer.predictor)
            self.tables = [{**scorer.columns, **REASONS}]
        if arguments.keys:
            if not isinstance(scorer, NoteScorer):
                raise ValueError("keys over time need a model of notes")
            read_keys = key_reader(scorer.predictor, scorer.preprocess)
            self.tables = [{**self.tables[0], **KEYS_OVER_TIME}]
        self.preprocess: Callable[[list[Source]], list[Any]] = scorer.preprocess
        if arguments.sliding is not None:
            if not isinstance(scorer, EmotionScorer):
                raise ValueError("only models of emotion have a timeline")
            self.tables.append(TIMELINE | LOCAL_KEY if arguments.keys else TIMELINE)
            self.preprocess = partial(
                _prepare_both, sliding=arguments.sliding, preparation=scorer.preprocess
            )
        if arguments.keys:
            self.preprocess = partial(_prepare_keys, others=self.preprocess, keys=read_keys)

    def predict(self, prepared: Sequence[Any]) -> list[FileRows]:
        """Predict the rows of each file, from what `preprocess` made of it, or its error."""
        if not self.arguments.keys:
            return self._tables(prepared)
        pairs = [(item, None) if isinstance(item, ReadError) else item for item in prepared]
        found = self._tables([others for others, _ in pairs])
        for tables, (_, keys) in zip(found, pairs, strict=True):
            if keys is not None:
                _add_keys(tables, keys)
        return found

    def _tables(self, prepared: Sequence[Any]) -> list[FileRows]:
        """Predict the rows of each file but for its keys over time."""
        size = self.arguments.batch_size
        if self.arguments.sliding is None:
            return [[[row]] for row in self._rows(prepared)]
        pairs = [(item, item) if isinstance(item, ReadError) else item for item in prepared]
        rows = self._rows([whole for whole, _ in pairs])
        predictor = cast(EmotionScorer, self.scorer).predictor
        windows = predict_timelines(predictor, [cuts for _, cuts in pairs], size)
        return [[[row], timeline] for row, timeline in zip(rows, windows, strict=True)]

    def _rows(self, prepared: Sequence[Any]) -> list[Row]:
        """Predict the row of each file in the table, and explain it where that is asked for."""
        rows = self.scorer.predict_rows(prepared, self.arguments.batch_size)
        if self.arguments.explain:
            found = cast(EmotionScorer, self.scorer).explain_prepared(prepared)
            for row, explanation in zip(rows, found, strict=True):
                if not explanation.error:
                    row["reasons"] = str(explanation)
        return rows

    def file_rows(
        self, sizes: Sequence[int], sources: Iterable[Source], tick: Tick
    ) -> Iterator[list[FileRows]]:
        """Predict the rows of files, in groups of these sizes; `tick` counts files read."""
        arguments, scorer = self.arguments, self.scorer
        return map_groups(
            sizes,
            sources,
            self.preprocess,
            self.predict,
            scorer.ahead,
            tick,
            scorer.files_per_task,
            arguments.workers,
            timeout=arguments.timeout,
            memory=arguments.memory,
        )

    @property
    def identity(self) -> dict[str, Any]:
        """All that the rows depend on, in plain values: every weight of the model, and the rest."""
        arguments = self.arguments
        return {
            "version": sys.modules["symbolic"].__version__,
            "model": self.scorer.digest,
            "tables": [list(columns) for columns in self.tables],
            "sliding": None if arguments.sliding is None else vars(arguments.sliding),
            "batch_size": arguments.batch_size,
            "device": arguments.device,
        }


def _prepare_both(
    sources: list[Source], sliding: SlidingWindow, preparation: NotePreparation
) -> list[Any]:
    """Prepare sources for the table and for the timeline, in a worker.

    A piece without a timeline, because it would have too many windows, still has its row.
    """
    tables = [preparation.emitted(source) for source in sources]
    windows = prepare_many(tables, sliding, preparation)
    return list(zip(preparation.pieces(tables), windows, strict=True))


def _prepare_keys(
    sources: list[Source], others: Callable[[list[Source]], list[Any]], keys: KeyReader
) -> list[Any]:
    """Prepare sources for all tables, each with its keys over time, in a worker."""
    return [
        item if isinstance(item, ReadError) else (item, *keys([source]))
        for source, item in zip(sources, others(sources), strict=True)
    ]


def _add_keys(tables: FileRows, keys: KeyTimeline) -> None:
    """Add keys over time to the row of a piece and to those of its windows."""
    (row,), *timelines = tables
    if not row.get("error"):
        row |= keys.values
    for windows in timelines:
        good = [window for window in windows if not window.get("error")]
        middles = [(window["start"] + window["end"]) / 2 for window in good]
        for window, key in zip(good, keys.at(middles), strict=True):
            window["local_key"] = key.key


class LocalEngine:
    """Worker processes of this machine read, and the model runs in this process.

    Attributes:
        job: of this process.
        writes: whether this process plans and writes.
        here: whether all work is done on this machine, which sees its temporary files.
    """

    writes, here = True, True

    def __init__(self, arguments: ScoringArguments) -> None:
        self.job = arguments.job()

    def shared(self, value: Any) -> Any:
        """Return, in all processes, the value of the process that writes."""
        return value

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        """Predict the rows of the unique files of each shard, from the shard `start` on, in order.

        All processes must iterate, but only the one that writes gets rows. `tick` is called with
        the number of files read since, where it is known before a shard is done.
        """
        is_unique = plan.first == np.arange(len(plan.first))
        sizes = np.add.reduceat(is_unique, np.arange(len(plan)) * plan.shard)[start:]
        sources = (plan.sources[i] for k in range(start, len(plan)) for i in plan.unique(k))
        yield from self.job.file_rows(sizes.tolist(), sources, tick)


class AccelerateEngine(LocalEngine):
    """The processes of `accelerate launch`, each with the model on its own device.

    They take shards in turn, as many at once as there are processes.
    """

    def __init__(self, arguments: ScoringArguments) -> None:
        from accelerate import PartialState

        self.state = PartialState()
        workers = arguments.workers
        if workers is None:
            beside = int(os.environ.get("LOCAL_WORLD_SIZE", self.state.num_processes))
            workers = max(1, (os.cpu_count() or 1) // beside)
        self.job = replace(arguments, device=str(self.state.device), workers=workers).job()
        self.writes = self.state.is_main_process
        self.here = self.state.num_processes == int(os.environ.get("LOCAL_WORLD_SIZE", 1))

    def shared(self, value: Any) -> Any:
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        from accelerate.utils import gather_object

        count, rank = self.state.num_processes, self.state.process_index
        mine = range(start + rank, len(plan), count)
        numbers = [plan.unique(k) for k in mine]
        sources = (plan.sources[i] for some in numbers for i in some)
        shards = self.job.file_rows(list(map(len, numbers)), sources, lambda _: None)
        for _ in range(start, len(plan), count):
            for rows in gather_object([next(shards, None)]):
                if self.writes and rows is not None:
                    tick(len(rows))
                    yield rows


class RayEngine(LocalEngine):
    """Actors of Ray Data, on one node or many, each with a model and a process that reads.

    The files must be where every node finds them under the same path. What runs is the cluster that
    `ray.init` finds: the one of `RAY_ADDRESS`, or else one that begins on this machine.
    """

    here = False

    def __init__(self, arguments: ScoringArguments) -> None:
        try:
            import ray
        except ImportError as error:
            raise ImportError(
                "--engine ray needs Ray: pip install 'symbolic-emotion[ray]'"
            ) from error
        if not ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics are sent
            ray.init(log_to_driver=False)
        if arguments.model is not None and os.path.isdir(arguments.model):
            arguments = replace(arguments, model=os.path.abspath(arguments.model))
        super().__init__(arguments)

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        import ray

        shards = [
            {"sources": pickle.dumps([_absolute(plan.sources[i]) for i in plan.unique(k)])}
            for k in range(start, len(plan))
        ]
        if not shards:
            return
        cores = int(ray.cluster_resources().get("CPU", 1))
        most = min(self.job.arguments.workers or cores, len(shards))
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        scored = ray.data.from_items(shards, override_num_blocks=len(shards)).map_batches(
            _Actor,
            fn_constructor_args=[replace(self.job.arguments, workers=1)],
            batch_size=1,
            num_cpus=1,
            num_gpus=1 if self.job.arguments.device.startswith("cuda") else None,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        )
        for row in scored.iter_rows():
            rows = pickle.loads(row["rows"])
            tick(len(rows))
            yield rows


def _absolute(source: Source) -> Source:
    """Make the path of a source absolute, for processes with another working folder."""
    if isinstance(source, str | os.PathLike):
        return os.path.abspath(source)
    if isinstance(source, ArchiveMember):
        return replace(source, archive=os.path.abspath(source.archive))
    return source


class _Actor:
    """Predict a shard at a time, on a node of a cluster."""

    def __init__(self, arguments: ScoringArguments) -> None:
        self.job = arguments.job()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[bytes]]:
        results = []
        for packed in batch["sources"]:
            sources = pickle.loads(packed)
            (rows,) = self.job.file_rows([len(sources)], sources, lambda _: None)
            results.append(pickle.dumps(rows))
        return {"rows": results}


ENGINES: dict[str, Callable[[ScoringArguments], LocalEngine]] = {
    "local": LocalEngine,
    "ray": RayEngine,
    "accelerate": AccelerateEngine,
}
