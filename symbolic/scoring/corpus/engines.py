"""Who does the work: this machine, a Ray cluster, or the processes of `accelerate launch`."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from symbolic.notes.read import kind_of
from symbolic.scoring.corpus.arguments import Answer, Listener, ScoringArguments
from symbolic.scoring.corpus.plan import Plan
from symbolic.scoring.workers import answered

if TYPE_CHECKING:
    from symbolic.notes.read import Source

Tick = Callable[[int], object]


class Engine(Protocol):
    """Answers to the shards of a plan.

    Attributes:
        listener: of this process.
        writes: whether this process is the one that plans and writes.
        here: whether all work is done on this machine, which sees its temporary files.
    """

    listener: Listener
    writes: bool
    here: bool

    def shared(self, value: Any) -> Any:
        """What the process that writes has given, in all processes."""

    def answers(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[Answer]]:
        """What is said of the unique files of each shard, from the shard `start` on, in order.

        Only the process that writes is told them; all others must ask as well. `tick` is called
        with how many more files were read, where that is known before a shard is done.
        """


class LocalEngine:
    """Processes of this machine that read, and this one, where the model is."""

    writes = here = True

    def __init__(self, arguments: ScoringArguments) -> None:
        self.listener = arguments.listener()

    def shared(self, value: Any) -> Any:
        return value

    def answers(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[Answer]]:
        of = plan.first == np.arange(len(plan.first))
        sizes = np.add.reduceat(of, np.arange(len(plan)) * plan.shard)[start:]
        sources = (plan.sources[i] for k in range(start, len(plan)) for i in plan.unique(k))
        yield from _answered(self.listener, sizes.tolist(), sources, tick)


class AccelerateEngine:
    """The processes of `accelerate launch`, each with the model on a device of its own.

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
        self.listener = replace(
            arguments, device=str(self.state.device), workers=workers
        ).listener()
        self.writes = self.state.is_main_process
        self.here = self.state.num_processes == int(os.environ.get("LOCAL_WORLD_SIZE", 1))

    def shared(self, value: Any) -> Any:
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def answers(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[Answer]]:
        from accelerate.utils import gather_object

        count, rank = self.state.num_processes, self.state.process_index
        mine = range(start + rank, len(plan), count)
        numbers = [plan.unique(k) for k in mine]
        sources = (plan.sources[i] for some in numbers for i in some)
        said = _answered(self.listener, list(map(len, numbers)), sources, lambda _: None)
        for _ in range(start, len(plan), count):
            for answers in gather_object([next(said, None)]):
                if self.writes and answers is not None:
                    tick(len(answers))
                    yield answers


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
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
            ray.init(log_to_driver=False)
        if arguments.model is not None and os.path.isdir(arguments.model):
            arguments = replace(arguments, model=os.path.abspath(arguments.model))
        self.listener, self.arguments = arguments.listener(), arguments

    def shared(self, value: Any) -> Any:
        return value

    def answers(self, plan: Plan, start: int, tick: Tick) -> Iterator[list[Answer]]:
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
            answers = pickle.loads(row["answers"])
            tick(len(answers))
            yield answers


def _absolute(source: Source) -> Source:
    """A source as processes find it that began in another folder."""
    match kind_of(source):
        case "path":
            return os.path.abspath(source)
        case "member":
            return replace(source, archive=os.path.abspath(source.archive))
    return source


class _Actor:
    """Answers to a shard at a time, on a node of a cluster."""

    def __init__(self, arguments: ScoringArguments) -> None:
        self.listener = arguments.listener()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[bytes]]:
        said = []
        for packed in batch["sources"]:
            sources = pickle.loads(packed)
            (answers,) = _answered(self.listener, [len(sources)], sources, lambda _: None)
            said.append(pickle.dumps(answers))
        return {"answers": said}


ENGINES: dict[str, Callable[[ScoringArguments], Engine]] = {
    "local": LocalEngine,
    "ray": RayEngine,
    "accelerate": AccelerateEngine,
}


def _answered(listener: Listener, sizes, sources, tick: Tick) -> Iterator[list[Answer]]:
    return answered(
        sizes,
        sources,
        listener.hearing,
        listener.answer,
        listener.scorer.ahead,
        lambda _: tick(1),
        **listener.reading,
    )
