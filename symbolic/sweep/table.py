"""What a grid says so far: a table for each protocol, and the published figures beside ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic.evaluation.comparison import compare
from symbolic.evaluation.summary import Summary, summarise
from symbolic.evaluation.tables import COLUMNS, difference_text, markdown
from symbolic.inference.note_predictions import PREDICTIONS
from symbolic.inference.prediction_table import read_predictions
from symbolic.sweep.cells import CELL, CELLS
from symbolic.sweep.grid import PROTOCOLS, SYSTEMS, Cell
from symbolic.tasks.intervals import DRAWS

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    *("accuracy", "accuracy over folds", "macro-F1", "valence", "arousal", "calibration error"),
    *("key exact", "key MIREX", "velocity"),
)


def sweep_frames(output: str | Path) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Predictions of all finished cells of a sweep, by protocol, size and system.

    Raises:
        FileNotFoundError: no finished cell.
        ValueError: predictions that cannot be read.
    """
    import pandas as pd

    parts: dict[tuple[str, str, str], list[pd.DataFrame]] = {}
    for path in sorted(Path(output, CELLS).glob(f"*/{CELL}")):
        done = json.loads(path.read_text(encoding="utf-8"))
        cell = Cell(**{name: done[name] for name in Cell.__dataclass_fields__})
        frame = read_predictions(path.parent / PREDICTIONS)
        parts.setdefault((cell.protocol, cell.size, cell.system), []).append(frame)
    if not parts:
        raise FileNotFoundError(f"{output}: no finished cell")
    return {key: pd.concat(frames, ignore_index=True) for key, frames in parts.items()}


def sweep_table(output: str | Path, reference: str = "", draws: int = DRAWS) -> str:
    """Markdown: for each protocol and size a row for each system, in the order of the grid.

    Published figures are those of the papers, under protocols of their own; sizes and folds that
    are not finished yet are told in the column of folds.

    Args:
        output: folder of the sweep.
        reference: name of a system; a last column says how much more accurate the others are, of
            those that have predicted the same pieces.
        draws: bootstrap samples.

    Raises:
        FileNotFoundError: no finished cell.
        ValueError: a reference that is no system, or predictions that cannot be read.
    """
    if reference and reference not in SYSTEMS:
        raise ValueError(f"no system {reference}; there are {', '.join(SYSTEMS)}")
    texts = []
    frames = sweep_frames(output)
    for protocol, size in dict.fromkeys(key[:2] for key in frames):
        corpus, folded = PROTOCOLS[protocol]
        rows: list[list[str]] = []
        pieces: set[str] = set()
        for name, system in SYSTEMS.items():
            if (frame := frames.get((protocol, size, name))) is None:
                continue
            summary = summarise(frame, draws, protocol=protocol)
            published = system.published.get(corpus, ("", ""))
            runs = f"{summary.folds} x {len(summary.seeds)}" if folded else str(len(summary.seeds))
            above = _above(frame, frames.get((protocol, size, reference)), draws)
            rows.append([system.title, *published, runs, *_cells(summary), above])
            pieces.add(f"{summary.pieces} pieces of {summary.groups} groups")
        head = ["system", "published accuracy, %", "published macro-F1", "folds x seeds", *SHOWN]
        head.append(f"accuracy above {SYSTEMS[reference].title}" if reference else "")
        if not folded:
            head[3] = "seeds"
        kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
        told = f"**{protocol}, size {size}**: {'; '.join(sorted(pieces))}"
        table = markdown([head[i] for i in kept], [[row[i] or "-" for i in kept] for row in rows])
        texts.append(f"{told}\n\n{table}")
    return "\n\n".join(texts) + "\n"


def _cells(summary: Summary) -> Iterable[str]:
    return (COLUMNS[name](summary) for name in SHOWN)


def _above(frame: pd.DataFrame, other: pd.DataFrame | None, draws: int) -> str:
    if other is None or frame is other or set(frame["file"]) != set(other["file"]):
        return ""
    return difference_text(compare(frame, other, draws))
