"""Files in a column of a `datasets.Dataset`, and their scores as columns beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from symbolic.notes.archives import NamedBytes, UnreadableFile
from symbolic.scoring.corpus.checkpoint import Checkpoint
from symbolic.scoring.corpus.engines import LocalEngine, ScoringArguments
from symbolic.scoring.corpus.plan import make_plan
from symbolic.scoring.corpus.run import SHARD, run_plan

if TYPE_CHECKING:
    import datasets

FILE_TYPES = ("binary", "large_binary", "string", "large_string")


class DatasetSources(Sequence):
    """The rows of a dataset as sources, each read when it is needed.

    Args:
        dataset: on disk or in memory.
        column: paths, bytes, or dictionaries with `bytes` or a `path`, as datasets of audio and
            images have them.
        name: a column that the rows are called by in errors; None is the number of the row. A path
            keeps its own name.
    """

    def __init__(self, dataset: datasets.Dataset, column: str, name: str | None = None) -> None:
        read = [column] if name in (None, column) else [column, name]  # others may be recordings
        self.dataset, self.column, self.name = dataset.select_columns(read), column, name

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> str | NamedBytes | UnreadableFile:
        row = self.dataset[index]
        name = str(index if self.name is None else row[self.name])
        content = row[self.column]
        if isinstance(content, dict):
            content = content.get("path") if content.get("bytes") is None else content["bytes"]
        if isinstance(content, bytes):
            return NamedBytes(name, content)
        return content or UnreadableFile(name, "neither bytes nor a path")


def score_dataset(
    dataset: datasets.Dataset,
    column: str = "bytes",
    arguments: ScoringArguments | None = None,
    *,
    name: str | None = None,
    shard: int = SHARD,
    progress: bool = False,
) -> datasets.Dataset:
    """Score the files in a column.

    Args:
        dataset: with a MIDI or MusicXML file (a recording, for a model of audio) in each row. It
            is not streamed: see the part on data sets of docs/corpora.md.
        column: paths, bytes, dictionaries with `bytes` or a `path`, or `datasets.Audio`.
        arguments: the model and the limits for each file; by default those of `ScoringArguments()`.
        name: a column that the rows are called by in progress and errors.
        shard: rows that are scored before they are written, to a temporary file.
        progress: whether to show a bar on stderr.

    Returns:
        The dataset with the columns of the table of scores beside its own, but for `path`.

    Raises:
        TypeError: a streamed data set, or several splits.
        ValueError: no such column, one of other values, or one that a score would be called as
            well.
    """
    import datasets
    from pyarrow import parquet

    if not isinstance(dataset, datasets.Dataset):
        raise TypeError(_not_one_dataset(dataset))
    columns = dataset.column_names
    if missing := {column, name} - {*columns, None}:
        raise ValueError(f"no column {', '.join(sorted(missing))} in {', '.join(columns)}")
    files = _undecoded(dataset, column)
    engine = LocalEngine(arguments or ScoringArguments())
    (types,) = engine.job.tables
    if both := [one for one in columns if one in types and one != "path"]:
        raise ValueError(f"rename these columns, which scores are called: {', '.join(both)}")
    if not len(dataset):
        return dataset
    plan = make_plan(DatasetSources(files, column, name), shard, progress=progress)
    with TemporaryDirectory() as scratch:
        output = Path(scratch, "scores.parquet")
        checkpoint = Checkpoint(None)
        checkpoint.begin()
        run_plan(plan, engine, checkpoint, [output], progress)
        table = parquet.read_table(output).drop_columns("path")
    return datasets.concatenate_datasets([dataset, datasets.Dataset(table)], axis=1)


def _not_one_dataset(given: object) -> str:
    """Explain what to do with an object that is no `datasets.Dataset`."""
    kind = type(given).__name__
    if kind == "IterableDataset":
        return (
            "a streamed data set (IterableDataset): score its batches with map and a scorer, as "
            "docs/corpora.md shows, or load it with streaming=False"
        )
    if isinstance(given, Mapping):
        return f"a {kind} of several data sets: give one of them, {', '.join(map(repr, given))}"
    return f"expected a datasets.Dataset, got {kind}"


def _undecoded(dataset: datasets.Dataset, column: str) -> datasets.Dataset:
    """Keep the files of a column of recordings as they are.

    Raises:
        ValueError: a column of something that is no file.
    """
    import datasets

    feature: Any = dataset.features[column]
    if isinstance(feature, datasets.Audio):
        return dataset.cast_column(column, datasets.Audio(decode=False))
    inner = feature if isinstance(feature, dict) else {"bytes": feature}
    files = (inner.get(name) for name in ("bytes", "path"))
    if not any(getattr(one, "dtype", None) in FILE_TYPES for one in files):
        raise ValueError(f"column {column} has neither bytes nor paths, but {feature}")
    return dataset
