"""Scorers: models with the preparation of their inputs. Sources in, a row of predictions each."""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from symbolic.notes.pool import (
    FILES_AHEAD,
    MEMORY_BYTES,
    TIMEOUT_SECONDS,
    apply_many,
    process_count,
)
from symbolic.notes.sources import Scratch, display_name, find_sources
from symbolic.notes.table import ReadError
from symbolic.scoring.columns import rows_table
from symbolic.scoring.progress import progress_bar
from symbolic.tasks import is_note_task

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.tasks import Task

logger = logging.getLogger(__name__)

Prepared = TypeVar("Prepared")
"""The input of a model, made of one source."""

Row = dict[str, Any]

TASKS = 8  # of each worker at least, where there are as many files: the last ones end together


def with_errors(
    compute: Callable[[list[Any]], Iterable[Any]], prepared: Iterable[Any]
) -> list[Any]:
    """Compute a result for each item; a `ReadError` among them stays in its place."""
    prepared = list(prepared)
    good = [item for item in prepared if not isinstance(item, ReadError)]
    results = iter(compute(good) if good else ())
    return [item if isinstance(item, ReadError) else next(results) for item in prepared]


class HubMixin(ABC):
    """Saving and publishing of a model with what prepares its input, and its representation."""

    model: Any  # a `SymbolicModel`, or None

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        """Save the model with what prepares its input; `from_pretrained` loads it.

        Args:
            save_directory: made where it is missing.
            kwargs: of `SymbolicModel.save_pretrained`.

        Raises:
            ValueError: there is no model.
        """
        if self.model is None:
            raise ValueError("there is no model to save")
        Path(save_directory).mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(save_directory, **kwargs)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        commit_message: str = "Upload model",
    ) -> str:
        """Publish what `save_pretrained` saves; `from_pretrained(repo_id)` loads it.

        `symbolic push` publishes the folder of a training run with its card and results.

        Args:
            repo_id: name/model on the Hub; made where it is missing.
            private: whether a new repository is private.
            token: of the Hub; None is the one that is stored on this machine.
            revision: a branch; None is the main one.
            commit_message: of the upload.

        Returns:
            The address of the commit.

        Raises:
            huggingface_hub.errors.HfHubHTTPError: the Hub refuses it.
        """
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        api.create_repo(repo_id, private=private, exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return str(
                api.upload_folder(
                    repo_id=repo_id,
                    folder_path=folder,
                    revision=revision,
                    commit_message=commit_message,
                )
            )

    @property
    def _described(self) -> tuple[str, Sequence[Task], str]:
        """The name of the model, its tasks and its device, in which `repr` describes it."""
        model = self.model
        return model.config.name_or_path, model.tasks, str(model.device)

    def __repr__(self) -> str:
        kind = type(self).__name__
        try:
            name, tasks, device = self._described
        except AttributeError:  # None in place of a model
            return f"{kind}(model=None)"
        names = ", ".join(task.name for task in tasks)
        return f"{kind}(model={name or 'not saved'!r}, tasks=[{names}], device={device!r})"


class Scorer(HubMixin, Generic[Prepared]):
    """A model and what prepares its input.

    A subclass prepares sources (`preprocess`), which needs no torch and runs in workers, and turns
    what was prepared into rows (`rows_of`) and vectors (`embed_prepared`).

    Attributes:
        model: in evaluation mode, on its device.
        tasks: those on sequence level.
        suffixes: of the files that are scored in folders.
        source_kind: these files in words, for messages.
        batch_size: windows in one forward pass, where a caller does not choose.
        ahead: prepared sources in memory.
        files_per_task: files that a worker takes at a time, where there are many; else fewer.
    """

    suffixes: ClassVar[tuple[str, ...]]
    source_kind: ClassVar[str]
    batch_size: ClassVar[int] = 32
    ahead: ClassVar[int] = FILES_AHEAD
    files_per_task: ClassVar[int] = 1

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = [task for task in tasks if task.level == "sequence"]

    @property
    @abstractmethod
    def digest(self) -> str:
        """A digest of the configuration and of every weight of the model."""

    @property
    @abstractmethod
    def width(self) -> int:
        """H of the vectors of `embed`."""

    def require_tasks(self) -> None:
        """Refuse a model without a task for whole files, with a ValueError that names a remedy."""
        if self.tasks:
            return
        if names := [task.name for task in self._described[1] if is_note_task(task)]:
            raise ValueError(
                f"the model predicts {' and '.join(names)} for single notes, not for files: call "
                "symbolic.predict_notes in Python"
            )
        raise ValueError("the model has no task for whole files")

    @property
    @abstractmethod
    def columns(self) -> dict[str, str]:
        """Columns of the table by name: `text`, `number` or `count`."""

    @property
    @abstractmethod
    def preprocess(self) -> Callable[[list[Any]], list[Prepared]]:
        """The function that workers apply to sources; it can be pickled."""

    def predict_rows(
        self, prepared: Sequence[Prepared | ReadError], batch_size: int | None = None
    ) -> list[Row]:
        """Predict a row of the table for each source, without its path.

        Args:
            prepared: by `preprocess`, or the error in its place, which becomes the row's.
            batch_size: windows in one forward pass; changes speed, not the result.
        """
        predict = partial(self.rows_of, batch_size=batch_size or self.batch_size)
        rows = with_errors(predict, prepared)
        return [{"error": row.reason} if isinstance(row, ReadError) else row for row in rows]

    @abstractmethod
    def rows_of(self, prepared: Sequence[Prepared], batch_size: int) -> list[Row]:
        """Predict a row of the table for each source, of at least one, without its path."""

    @abstractmethod
    def embed_prepared(self, prepared: Sequence[Prepared], batch_size: int) -> np.ndarray:
        """Compute (n, H) vectors of prepared sources."""

    def find(self, sources: Any, recursive: bool, scratch: os.PathLike[str]) -> list[Any]:
        """List the sources: folders and archives are replaced by the files in them."""
        return list(find_sources(sources, recursive, self.suffixes, scratch))

    def name_of(self, source: Any, number: int) -> str:
        """Return what a source is called in a table: its path, or its type and its number."""
        return display_name(source, number)

    def score(
        self,
        sources: Any,
        *,
        recursive: bool = True,
        batch_size: int | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
        memory: int = MEMORY_BYTES,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Score sources.

        Args:
            sources: a path or an iterable of paths: files, or folders and archives (zip, tar), of
                which every file with a known name is scored; also bytes and objects.
            recursive: whether folders are searched recursively.
            batch_size: windows in one forward pass; changes speed, not the result.
            workers: processes that read files; None is one for each core, 0 reads in this process,
                without limits for each file.
            timeout: seconds that one file may take.
            memory: bytes that reading one file may take.
            progress: whether to show a progress bar on stderr.

        Returns:
            A table with a row for each file, in order and numbered from 0, and columns as of
            `columns`: `path`, ..., `error`, which is empty for a scored file; otherwise the other
            columns are missing. The path of bytes or an object is its type and the number of its
            row, such as `<bytes 3>`; that of `NamedBytes` is their name.

        Raises:
            ValueError: a model of single notes only; `symbolic.predict_notes` predicts these.
        """
        self.require_tasks()
        limits = {"workers": workers, "timeout": timeout, "memory": memory}
        predict = partial(self.predict_rows, batch_size=batch_size)
        rows = self.map_sources(self.preprocess, predict, sources, recursive, progress, **limits)
        return rows_table(({"path": name, **row} for name, row in rows), self.columns)

    __call__ = score

    def embed(
        self,
        sources: Any,
        *,
        recursive: bool = True,
        batch_size: int | None = None,
        workers: int | None = None,
        progress: bool = False,
    ) -> np.ndarray:
        """Compute a vector for each source, for a classifier or an index of one's own.

        Args:
            sources, recursive, batch_size, workers, progress: as of `score`.

        Returns:
            (n, H) float32, in the order of the sources: the mean hidden state of the encoder, or of
            a model of features alone its standardised features. The row of a file that cannot be
            read is NaN, and a warning names the file. `embedding_frame` has the names, too.
        """
        return self._embedded(sources, recursive, batch_size, workers, progress)[1]

    def embedding_frame(
        self,
        sources: Any,
        *,
        recursive: bool = True,
        batch_size: int | None = None,
        workers: int | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Compute the vectors of `embed` as a table that names the sources.

        Args:
            sources, recursive, batch_size, workers, progress: as of `score`.

        Returns:
            A frame of (n, H) float32 with columns `h0`, `h1`, ... Its index, `path`, has the names
            of the column `path` of `score`, in the same order.

        Example:
            >>> frame = scorer.embedding_frame("folder/")
            >>> joined = scorer.score("folder/").set_index("path").join(frame)
        """
        import pandas as pd

        names, vectors = self._embedded(sources, recursive, batch_size, workers, progress)
        columns = [f"h{number}" for number in range(vectors.shape[1])]
        return pd.DataFrame(vectors, pd.Index(names, name="path", dtype=object), columns)

    def _embedded(
        self,
        sources: Any,
        recursive: bool,
        batch_size: int | None,
        workers: int | None,
        progress: bool,
    ) -> tuple[list[str], np.ndarray]:
        """Name the sources and compute their (n, H) vectors."""
        size = batch_size or self.batch_size
        compute = partial(with_errors, partial(self.embed_prepared, batch_size=size))
        found = self.map_sources(
            self.preprocess, compute, sources, recursive, progress, workers=workers
        )
        table = np.full((len(found), self.width), np.nan, np.float32)
        for row, (name, vector) in zip(table, found, strict=True):
            if isinstance(vector, ReadError):
                logger.warning("%s: %s", name, vector.reason)
            else:
                row[:] = vector
        return [name for name, _ in found], table

    def map_sources(
        self,
        preprocess: Callable[[list[Any]], list[Any]],
        predict: Callable[[list[Any]], list[Any]],
        sources: Any,
        recursive: bool,
        progress: bool,
        ahead: int | None = None,
        **limits: Any,
    ) -> list[tuple[str, Any]]:
        """Prepare sources in workers and predict from them here.

        Args:
            preprocess, predict: as of `map_groups`.
            sources, recursive: as of `score`.
            progress: whether to show a bar on stderr; it follows the reading, which takes most
                time.
            ahead: prepared sources in memory; None is that of the scorer.
            limits: of `apply_many`.

        Returns:
            The name and the result of each source.
        """
        with Scratch() as scratch:
            found = self.find(sources, recursive, scratch)
            with progress_bar(len(found), progress) as bar:
                (results,) = map_groups(
                    [len(found)],
                    found,
                    preprocess,
                    predict,
                    ahead or self.ahead,
                    bar.update,
                    self.files_per_task,
                    **limits,
                )
        names = [self.name_of(source, number) for number, source in enumerate(found)]
        return list(zip(names, results, strict=True))


def map_groups(
    sizes: Sequence[int],
    sources: Iterable[Any],
    preprocess: Callable[[list[Any]], list[Any]],
    predict: Callable[[list[Any]], list[Any]],
    ahead: int,
    tick: Callable[[int], object],
    files_per_task: int,
    workers: int | None = None,
    **limits: Any,
) -> Iterator[list[Any]]:
    """Prepare sources in workers and predict from them here, group by group, in order.

    No batch holds files of two groups, so that the results of a group do not depend on the others.

    Args:
        sizes: of the groups.
        sources: of all groups, one after the other.
        preprocess: applied to sources in workers, as `symbolic.notes.pool.apply_many` takes it.
        predict: from what was prepared, or the `ReadError` in its place, to results.
        ahead: prepared sources that `predict` gets at once.
        tick: called with 1 as soon as a source is prepared.
        files_per_task: as of `Scorer`.
        workers, limits: of `apply_many`.

    Yields:
        A list of results for each group.
    """
    shared = sum(sizes) // (TASKS * max(process_count(workers), 1))
    taken = min(max(shared, 1), files_per_task)
    prepared = apply_many(preprocess, sources, workers, files_per_task=taken, **limits)
    for size in sizes:
        results: list[Any] = []
        while len(results) < size:
            chunk = []
            for item in islice(prepared, min(ahead, size - len(results))):
                chunk.append(item)
                tick(1)
            results += predict(chunk)
        yield results
