"""Files in a column of a `datasets.Dataset`, and their scores as columns beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from symbolic.notes.archives import NamedBytes, UnreadableFile
from symbolic.scoring.corpus.checkpoint import Checkpoint
from symbolic.scoring.corpus.engines import LocalEngine, ScoringArguments
from symbolic.scoring.corpus.plan import make_plan
from symbolic.scoring.corpus.run import SHARD, run_plan

if TYPE_CHECKING:
    import datasets


class DatasetSources(Sequence):
    """The rows of a dataset as sources, each read when it is needed.

    Args:
        dataset: on disk or in memory.
        column: bytes, or dictionaries with `bytes` as datasets of audio and images have them.
        name: a column that the rows are called by in errors; None is the number of the row.
    """

    def __init__(self, dataset: datasets.Dataset, column: str, name: str | None = None) -> None:
        self.dataset, self.column, self.name = dataset, column, name

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> NamedBytes | UnreadableFile:
        row = self.dataset[index]
        name = str(index if self.name is None else row[self.name])
        content = row[self.column]
        if isinstance(content, dict):
            content = content.get("bytes")
        if isinstance(content, bytes):
            return NamedBytes(name, content)
        return UnreadableFile(name, "no bytes")


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
        dataset: with the content of a MIDI or MusicXML file (of recordings, for a model of
            audio) in each row.
        column: bytes, or dictionaries with `bytes`.
        arguments: the model and the limits for each file; by default those of `ScoringArguments()`.
        name: a column that the rows are called by in progress and errors.
        shard: rows that are scored before they are written, to a temporary file.
        progress: whether to show a bar on stderr.

    Returns:
        The dataset with the columns of the table of scores beside its own, but for `path`.

    Raises:
        ValueError: no such column, or one that a score would be called as well.
    """
    import datasets
    from pyarrow import parquet

    columns = dataset.column_names
    if missing := {column, name} - {*columns, None}:
        raise ValueError(f"no column {', '.join(sorted(missing))} in {', '.join(columns)}")
    engine = LocalEngine(arguments or ScoringArguments())
    (types,) = engine.job.tables
    if both := [one for one in columns if one in types and one != "path"]:
        raise ValueError(f"rename these columns, which scores are called: {', '.join(both)}")
    if not len(dataset):
        return dataset
    plan = make_plan(DatasetSources(dataset, column, name), shard, progress=progress)
    with TemporaryDirectory() as scratch:
        output = Path(scratch, "scores.parquet")
        checkpoint = Checkpoint(output)
        checkpoint.begin()
        run_plan(plan, engine, checkpoint, [output], progress)
        table = parquet.read_table(output).drop_columns("path")
    return datasets.concatenate_datasets([dataset, datasets.Dataset(table)], axis=1)
