"""Engines of a scoring run: this machine, a Ray cluster, or the processes of `accelerate
launch`."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from symbolic.notes.archives import ArchiveMember
from symbolic.scoring.corpus.arguments import FileRows, ScoringArguments, ScoringJob
from symbolic.scoring.corpus.plan import Plan
from symbolic.scoring.workers import map_groups

if TYPE_CHECKING:
    from symbolic.notes.read import Source

Tick = Callable[[int], object]


class Engine(Protocol):
    """Rows for the shards of a plan.

    Attributes:
        job: of this process.
        writes: whether this process plans and writes.
        here: whether all work is done on this machine, which sees its temporary files.
    """

    job: ScoringJob
    writes: bool
    here: bool

    def shared(self, value: Any) -> Any:
        """Return, in all processes, the value of the process that writes."""

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        """Predict the rows of the unique files of each shard, from the shard `start` on, in order.

        All processes must iterate, but only the one that writes gets rows. `tick` is called with
        the number of files read since, where it is known before a shard is done.
        """
        ...


class LocalEngine:
    """Worker processes of this machine read, and the model runs in this process."""

    writes = here = True

    def __init__(self, arguments: ScoringArguments) -> None:
        self.job = arguments.job()

    def shared(self, value: Any) -> Any:
        return value

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        is_unique = plan.first == np.arange(len(plan.first))
        sizes = np.add.reduceat(is_unique, np.arange(len(plan)) * plan.shard)[start:]
        sources = (plan.sources[i] for k in range(start, len(plan)) for i in plan.unique(k))
        yield from _predicted(self.job, sizes.tolist(), sources, tick)


class AccelerateEngine:
    """The processes of `accelerate launch`, each with the model on its own device.

    They take shards in turn, as many at once as there are processes.
    """

    here = True

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
        shards = _predicted(self.job, list(map(len, numbers)), sources, lambda _: None)
        for _ in range(start, len(plan), count):
            for rows in gather_object([next(shards, None)]):
                if self.writes and rows is not None:
                    tick(len(rows))
                    yield rows


class RayEngine:
    """Actors of Ray Data, on one node or many, each with a model and a process that reads.

    The files must be where every node finds them under the same path. What runs is the cluster that
    `ray.init` finds: the one of `RAY_ADDRESS`, or else one that begins on this machine.
    """

    writes, here = True, False

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
        self.job, self.arguments = arguments.job(), arguments

    def shared(self, value: Any) -> Any:
        return value

    def file_rows(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[FileRows]]:
        import ray

        shards = [
            {"sources": pickle.dumps([_absolute(plan.sources[i]) for i in plan.unique(k)])}
            for k in range(start, len(plan))
        ]
        if not shards:
            return
        cores = int(ray.cluster_resources().get("CPU", 1))
        most = min(self.arguments.workers or cores, len(shards))
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        scored = ray.data.from_items(shards, override_num_blocks=len(shards)).map_batches(
            _Actor,
            fn_constructor_args=[replace(self.arguments, workers=1)],
            batch_size=1,
            num_cpus=1,
            num_gpus=1 if self.arguments.device.startswith("cuda") else None,
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
            (rows,) = _predicted(self.job, [len(sources)], sources, lambda _: None)
            results.append(pickle.dumps(rows))
        return {"rows": results}


ENGINES: dict[str, Callable[[ScoringArguments], Engine]] = {
    "local": LocalEngine,
    "ray": RayEngine,
    "accelerate": AccelerateEngine,
}


def _predicted(job: ScoringJob, sizes, sources, tick: Tick) -> Iterator[list[FileRows]]:
    return map_groups(
        sizes,
        sources,
        job.preprocess,
        job.predict,
        job.scorer.ahead,
        lambda _: tick(1),
        **job.reading,
    )
