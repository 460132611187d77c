"""Tables of a sweep: for each protocol, or of audio systems, with the published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.data import DataArguments
from symbolic.encoders.beat_systems import BEAT_SYSTEMS, LENGTH
from symbolic.encoders.systems import SYSTEMS as AUDIO_AND_BOUNDARIES
from symbolic.evaluation.comparison import compare
from symbolic.evaluation.evaluator import MODEL, evaluate
from symbolic.evaluation.summary import Summary, summarise
from symbolic.evaluation.tables import (
    COLUMNS,
    difference_text,
    filled_columns,
    markdown,
    score_cell,
)
from symbolic.inference.prediction_table import read_predictions
from symbolic.reports.confusion import confusion_plots
from symbolic.sweep.cells import CELLS, finished_cells
from symbolic.sweep.grid import PROTOCOLS, PUBLISHED, SYSTEMS, Cell
from symbolic.tasks import EMOTION
from symbolic.tasks.intervals import DRAWS
from symbolic.training.run_folder import PREDICTIONS

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    *("accuracy", "seeds averaged", "accuracy over folds", "macro-F1", "valence", "arousal"),
    *("calibration error", "key exact", "key MIREX", "velocity"),
)


def sweep_frames(output: str | Path) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Read the predictions of all finished cells of a sweep, by protocol, size and system.

    Raises:
        FileNotFoundError: no finished cell.
        ValueError: predictions that cannot be read.
    """
    import pandas as pd

    parts: dict[tuple[str, str, str], list[pd.DataFrame]] = {}
    for folder, done in finished_cells(Path(output, CELLS)):
        cell = Cell(**{name: done[name] for name in Cell.__dataclass_fields__})
        frame = read_predictions(folder / PREDICTIONS)
        parts.setdefault((cell.protocol, cell.size, cell.system), []).append(frame)
    if not parts:
        raise FileNotFoundError(f"{output}: no finished cell")
    return {key: pd.concat(frames, ignore_index=True) for key, frames in parts.items()}


def sweep_table(output: str | Path, reference: str = "", draws: int = DRAWS) -> str:
    """Format a Markdown table for each protocol and size, with a row for each system of the grid.

    Published figures are those of the papers, under other protocols. The column of folds shows how
    many are finished.

    Args:
        output: folder of the sweep.
        reference: name of a system; a last column has the differences in accuracy of the systems
            that have predicted the same pieces.
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
            summary = summarise(frame, draws=draws, protocol=protocol)
            published = PUBLISHED.get(name, {}).get(corpus, ("", ""))
            runs = f"{summary.folds} x {len(summary.seeds)}" if folded else str(len(summary.seeds))
            cells = (COLUMNS[name](summary) for name in SHOWN)
            above = _above(frame, frames.get((protocol, size, reference)), draws)
            rows.append([system.title, *published, runs, *cells, above])
            pieces.add(f"{summary.pieces} pieces of {summary.groups} groups")
        head = ["system", "published accuracy, %", "published macro-F1", "folds x seeds", *SHOWN]
        head.append(f"accuracy above {SYSTEMS[reference].title}" if reference else "")
        if not folded:
            head[3] = "seeds"
        title = f"**{protocol}, size {size}**: {'; '.join(sorted(pieces))}"
        texts.append(f"{title}\n\n{markdown(*filled_columns(head, rows))}")
    return "\n\n".join(texts) + "\n"


def sweep_confusions(output: str | Path) -> list[Path]:
    """Plot the confusion matrices of all systems, a figure for each protocol and size.

    Args:
        output: folder of the sweep, to which `confusion-PROTOCOL-SIZE.png` is written.

    Raises:
        FileNotFoundError: no finished cell.
        ValueError: predictions that cannot be read.
    """
    frames = sweep_frames(output)
    written = []
    for protocol, size in dict.fromkeys(key[:2] for key in frames):
        matrices = {
            system.title: summarise(frame, draws=1, protocol=protocol).confusion[EMOTION.name]
            for name, system in SYSTEMS.items()
            if (frame := frames.get((protocol, size, name))) is not None
        }
        path = Path(output, f"confusion-{protocol}-{size}.png")
        confusion_plots(matrices, path, f"{protocol}, size {size}")
        written.append(path)
    return written


def _above(frame: pd.DataFrame, other: pd.DataFrame | None, draws: int) -> str:
    if other is None or frame is other or set(frame["file"]) != set(other["file"]):
        return ""
    return difference_text(compare(frame, other, draws))


def audio_sweep_table(output: str | Path) -> str:
    """Format a Markdown table with a row for each audio system that has a finished cell.

    Raises:
        FileNotFoundError: no finished cell.
    """
    rows: dict[str, tuple[dict[str, Any], Summary]] = {}
    for system in (*AUDIO_AND_BOUNDARIES, *BEAT_SYSTEMS):
        found = finished_cells(Path(output, system))
        predicted = {f: cell for f, cell in found if (f / PREDICTIONS).is_file()}
        if cells := list(predicted.values()):
            minutes = sum(cell["minutes"] for cell in cells) / len(cells)
            summary = evaluate(list(predicted), DataArguments(), ()).summaries[MODEL]
            rows[system] = {**cells[0], "minutes": minutes}, summary
    if not rows:
        raise FileNotFoundError(f"{output}: no finished cell")
    names = dict.fromkeys(name for _, summary in rows.values() for name in summary.scores)
    head = ["system", "published", "width", "window", "parameters", "epochs", "minutes a fold"]
    table = [
        [
            system,
            AUDIO_AND_BOUNDARIES[system].published if system in AUDIO_AND_BOUNDARIES else "",
            f"{cell['width']:g}",
            _window(system, cell),
            f"{cell['parameters']:,}",
            f"{cell['epochs']:g}",
            f"{cell['minutes']:.1f}",
            str(summary.runs),
            *(score_cell(name)(summary) for name in names),
        ]
        for system, (cell, summary) in rows.items()
    ]
    titles = (name.rpartition(": ")[2].replace("_", " ") for name in names)  # without the task
    return markdown([*head, "folds", *titles], table)


def _window(system: str, cell: dict[str, Any]) -> str:
    """Length of a window in training."""
    if system in BEAT_SYSTEMS:
        return f"{LENGTH} {BEAT_SYSTEMS[system].unit}s"
    return f"{cell['seconds'] or AUDIO_AND_BOUNDARIES[system].seconds:.3g} s"
