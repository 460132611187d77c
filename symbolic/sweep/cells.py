"""Training of the cells of a grid, one after the other, and their results.

The folder of a cell has its run; `cell.json` is written last and marks finished cells. All cells
except the baselines need only torch, transformers, accelerate, numpy and safetensors.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments
from transformers.utils import SAFE_WEIGHTS_NAME

from symbolic.data.groups import assert_disjoint
from symbolic.inference.note_predictions import token_pieces
from symbolic.inference.prediction_table import Row, prediction_rows, write_predictions
from symbolic.sweep.bundle import Bundle
from symbolic.sweep.encoders import check_encoders
from symbolic.sweep.grid import SIZES, SYSTEMS, Cell, System
from symbolic.tasks import EMOTION, IGNORE
from symbolic.training.procedure import train_model
from symbolic.training.run_folder import PREDICTIONS
from symbolic.training.tokens import TokenInputs, TokenModelArguments
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments

BUNDLE = "grid.zip"
CELLS = "cells"
CELL = "cell.json"
RESULTS = "results.csv"


def run_cells(
    bundle: Bundle,
    output: str | Path,
    shard: tuple[int, int] = (0, 1),
    keep_weights: bool = True,
    baselines: bool = True,
    report: Callable[[str], None] = print,
    pretrained: str | Path | None = None,
    **training: Any,
) -> None:
    """Train every cell of a grid that is not finished.

    Args:
        bundle: the grid and its data.
        output: folder of the sweep.
        shard: (i, n): only every n-th cell, from the i-th, for n processes that share the work.
        keep_weights: otherwise they are deleted after the predictions.
        baselines: whether to fit the baselines, which need scikit-learn and pandas.
        report: called with a line for each cell.
        pretrained: folder of encoders, if an unfinished cell begins with one.
        training: of `TrainingArguments`, in place of those of the size.

    Raises:
        ValueError, FileNotFoundError, LeakError: before the first cell, see `check_encoders`.
    """
    output = Path(output)
    wanted = [c for c in bundle.cells if baselines or not SYSTEMS[c.system].baseline]
    digests = {cell: bundle.digest(cell) for cell in wanted[shard[0] :: shard[1]]}
    left = [c for c, digest in digests.items() if not finished(output / CELLS / c.name, digest)]
    check_encoders(bundle, left, pretrained)
    for cell, digest in digests.items():
        folder = output / CELLS / cell.name
        encoder = Path(pretrained, cell.encoder) if pretrained and cell.encoder else None
        train = partial(_train, bundle, cell, folder, encoder, training)
        if (done := complete(folder, digest, train, keep_weights)) is not None:
            write_results(output)
            figures = f"accuracy {done['accuracy']:.3f} of {done['pieces']}"
            report(f"{cell.name}: {figures}, {done['seconds']:.0f} s")


def complete(
    folder: Path, inputs: str, train: Callable[[], dict[str, Any]], keep_weights: bool = True
) -> dict[str, Any] | None:
    """Train a cell unless it is finished; its description is written last, and whole.

    Args:
        folder: of the cell; emptied before.
        inputs: digest; a cell that was trained from others is not finished.
        train: leaves the run in the folder and describes it.
        keep_weights: otherwise they are deleted.

    Returns:
        The description; None for a cell that is finished already.
    """
    if finished(folder, inputs):
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = {**train(), "inputs": inputs}
    if not keep_weights:
        (folder / SAFE_WEIGHTS_NAME).unlink(missing_ok=True)
    unfinished = folder / f"{CELL}.part"
    unfinished.write_text(json.dumps(done), encoding="utf-8")
    unfinished.replace(folder / CELL)
    return done


def _train(
    bundle: Bundle, cell: Cell, folder: Path, encoder: Path | None, training: dict[str, Any]
) -> dict[str, Any]:
    """Train a cell and describe it."""
    begun = time.perf_counter()
    rows, parameters = run_cell(bundle, cell, folder, encoder=encoder, **training)
    labelled = [row for row in rows if row["emotion"]]
    hits = sum(row["emotion"] == row["emotion predicted"] for row in labelled)
    return {
        **asdict(cell),
        "pieces": len(labelled),
        "accuracy": hits / len(labelled) if labelled else math.nan,
        "parameters": parameters,
        "seconds": round(time.perf_counter() - begun, 1),
    }


def run_cell(
    bundle: Bundle, cell: Cell, folder: Path, encoder: Path | None = None, **training: Any
) -> tuple[list[Row], int]:
    """Train one cell in its folder; return its predictions and number of parameters."""
    system, split = SYSTEMS[cell.system], bundle.splits[cell.hold_out]
    columns = {"fold": 0 if cell.fold is None else cell.fold, "seed": cell.seed}
    if system.baseline:
        rows = _baseline_rows(bundle, cell, system, columns)
        write_predictions(rows, folder / PREDICTIONS)
        return rows, 0
    tokens = bundle.tokens(cell)
    shape, settings = SIZES[cell.size].of(system.backbone, split["corpus"])
    arguments = TokenModelArguments(
        pretrained=str(encoder or ""),
        backbone=system.backbone,
        tasks=system.tasks,
        features=system.features,
        **shape,
    )
    fit = {f.name: settings.pop(f.name) for f in fields(FitArguments) if f.name in settings}
    fitting = TrainingArguments(
        **{
            **TRAINING_DEFAULTS,
            "logging_strategy": "epoch",
            "save_strategy": "no",
            "disable_tqdm": True,
            **settings,
            **training,
            "output_dir": str(folder),
            "seed": cell.seed,
        }
    )
    source = {
        "emopia": None,
        "vgmidi": None,
        split["corpus"]: split["corpus"],
        "hold_out": cell.hold_out,
        "folds": split["folds"],
    }
    inputs = TokenInputs(tokens, split["train"], split["held"], arguments, source)
    model, rows = train_model(inputs, FitArguments(**fit), fitting, **columns)
    return rows, sum(p.numel() for p in model.parameters() if p.requires_grad)


def _baseline_rows(
    bundle: Bundle, cell: Cell, system: System, columns: dict[str, int]
) -> list[Row]:
    import pandas as pd

    from symbolic.evaluation.baselines import fit

    tokens, split = bundle.tokens(cell), bundle.splits[cell.hold_out]
    train, held = np.array(split["train"]), np.array(split["held"])
    groups = np.array(tokens.groups)
    assert_disjoint(train=groups[train], held_out=groups[held])
    features = pd.DataFrame(tokens.features, columns=list(tokens.feature_names))
    quadrants = tokens.labels["emotion"]
    train = train[quadrants[train] != IGNORE]
    rows = features.iloc[train], quadrants[train]
    predicted = fit(system.baseline, *rows, cell.seed, groups[train].tolist())(features.iloc[held])
    pieces = token_pieces(tokens, held)
    return prediction_rows((EMOTION,), pieces, {EMOTION.name: predicted}, **columns)


def read_cell(folder: Path) -> dict[str, Any] | None:
    """Read the description of a finished cell; None for an unfinished one."""
    try:
        done = json.loads((folder / CELL).read_text())
    except (OSError, ValueError):
        return None
    return done if isinstance(done, dict) else None


def finished_cells(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """List the folders of finished cells in a folder, with their descriptions."""
    places = sorted(path.parent for path in folder.glob(f"*/{CELL}"))
    return [(place, done) for place in places if (done := read_cell(place))]


def finished(folder: Path, inputs: str) -> bool:
    """Whether a cell is finished, and was trained from the inputs of a digest.

    Cells of audio systems of version 0.1.0 have no digest, and count as finished.
    """
    done = read_cell(folder)
    return done is not None and done.get("inputs", inputs) == inputs


def write_results(output: str | Path) -> list[dict[str, Any]]:
    """Write `results.csv`, a row for each finished cell of any grid in the folder."""
    found = [done for _, done in finished_cells(Path(output, CELLS))]
    if found:
        path = Path(output, RESULTS)
        partial = path.with_suffix(f".{time.perf_counter_ns()}")  # several processes may write
        with open(partial, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
        partial.replace(path)
    return found


def import_cells(bundle: Bundle, output: str | Path, others: Iterable[str | Path]) -> list[str]:
    """Copy finished cells of a grid that were trained elsewhere.

    Args:
        bundle: the grid.
        output: folder of the sweep.
        others: folders of sweeps of the same grid, or of a grid with some of its cells.

    Returns:
        Names of the copied cells, without those that were finished here already.

    Raises:
        ValueError: a folder without a finished cell of this grid.
    """
    digests = {cell.name: bundle.digest(cell) for cell in bundle.cells}
    taken = []
    for other in map(Path, others):
        found = [name for name, digest in digests.items() if finished(other / CELLS / name, digest)]
        if not found:
            raise ValueError(f"{other}: no finished cell of this grid")
        for name in found:
            place = Path(output, CELLS, name)
            if not finished(place, digests[name]):
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(other / CELLS / name, place, ignore=shutil.ignore_patterns(CELL))
                shutil.copy(other / CELLS / name / CELL, place)  # last, as in training
                taken.append(name)
    if taken:
        write_results(output)
    return taken
