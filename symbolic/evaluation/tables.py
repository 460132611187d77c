"""Tables of results in Markdown, as RESULTS.md and model cards show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symbolic.evaluation.comparison import Comparison
from symbolic.evaluation.summary import ENSEMBLE, Summary
from symbolic.tasks import QUADRANTS

Cell = Callable[[Summary], str]


def score_cell(name: str) -> Cell:
    """Make a function from a summary to a score, with its interval if there is one."""

    def cell(summary: Summary) -> str:
        if name not in summary.scores:
            return ""
        low_high = summary.intervals.get(name)
        value = f"{summary.scores[name]:.3f}"
        return f"{value} [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else value

    return cell


def _over_folds(name: str) -> Cell:
    def cell(summary: Summary) -> str:
        pair = summary.over_folds.get(name)
        return f"{pair[0]:.3f} ± {pair[1]:.3f}" if pair else ""

    return cell


def _without_quadrants(name: str) -> Cell:
    return lambda summary: "" if "accuracy" in summary.scores else score_cell(name)(summary)


def _stays(kind: str) -> Cell:
    return lambda summary: f"{summary.robustness[kind]:.3f}" if kind in summary.robustness else ""


COLUMNS: dict[str, Cell] = {
    "pieces (groups)": lambda summary: f"{summary.pieces} ({summary.groups})",
    "accuracy": score_cell("accuracy"),
    "seeds averaged": score_cell(ENSEMBLE),
    "macro-F1": score_cell("macro_f1"),
    "accuracy over folds": _over_folds("accuracy"),
    "macro-F1 over folds": _over_folds("macro_f1"),
    "valence": score_cell("valence"),
    "arousal": score_cell("arousal"),
    "surest half": score_cell("surest_half"),
    "calibration error": score_cell("calibration_error"),
    "valence CCC": score_cell("valence_ccc"),
    "arousal CCC": score_cell("arousal_ccc"),
    **{
        f"{name} {title}": score_cell(f"{name.replace(' ', '_')}_{end}")
        for title, end in (("r", "r"), ("r, same notes", "r_same_notes"), ("r of means", "r_means"))
        for name in ("valence", "arousal", "valence strength", "arousal strength")
    },
    **{
        f"{name} {title}": _without_quadrants(f"{name}_{metric}")
        for name in ("valence", "arousal")
        for title, metric in (("RMSE", "rmse"), ("R²", "r2"))
    },
    "key exact": score_cell("key_exact"),
    "key MIREX": score_cell("key_mirex"),
    "velocity": score_cell("velocity_accuracy"),
    "stays transposed": _stays("transposition"),
    "stays at other tempo": _stays("tempo"),
    "stays at other velocity": _stays("velocity"),
    "stays when re-orchestrated": _stays("orchestration"),
    "stays without drums": _stays("drums"),
}
"""Header to cell; a table has the columns that at least one system has figures for."""


def columns_for(summaries: Sequence[Summary]) -> dict[str, Cell]:
    """Make the columns of a table: `COLUMNS`, and one for each score of any other task."""
    names = dict.fromkeys(name for summary in summaries for name in summary.scores if ": " in name)
    folds = dict.fromkeys(name for one in summaries for name in one.over_folds if ": " in name)
    return {
        **COLUMNS,
        **{name.replace("_", " "): score_cell(name) for name in names},
        **{f"{name.replace('_', ' ')} over folds": _over_folds(name) for name in folds},
    }


def results_table(
    summaries: Mapping[str, Summary],
    differences: Mapping[str, Comparison] | None = None,
    reference: str = "",
) -> str:
    """Write `results_cells` as a Markdown table."""
    head, rows = results_cells(summaries, differences, reference)
    named = [[_escaped(system), *cells] for system, *cells in rows]
    return markdown(list(map(_escaped, head)), named)


def results_cells(
    summaries: Mapping[str, Summary],
    differences: Mapping[str, Comparison] | None = None,
    reference: str = "",
) -> tuple[list[str], list[list[str]]]:
    """Make the cells of a table with a row for each system.

    Args:
        summaries: by name of the system.
        differences: by name, comparisons with the reference; a last column.
        reference: name of the system that `differences` compare with.

    Returns:
        Names of the columns, and cells of each row: scores with 95 % intervals, folds as mean ±
        standard deviation. Columns without a figure are left out.
    """
    columns = columns_for(list(summaries.values()))
    rows = [
        [name, *(cell(summary) for cell in columns.values())] for name, summary in summaries.items()
    ]
    head = ["system", *columns]
    if differences:
        score = next(iter(differences.values())).score.replace("_", " ")
        head.append(f"{score} above {reference}")
        for row, name in zip(rows, summaries, strict=True):
            row.append(difference_text(differences[name]) if name in differences else "")
    return filled_columns(head, rows)


def filled_columns(head: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Leave out the columns that are empty in all rows, and fill empty cells with a dash."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return [head[i] for i in kept], [[row[i] or "-" for i in kept] for row in rows]


def fitting_columns(
    head: list[str], rows: list[list[str]], width: int, last: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Leave out the columns that do not fit, two spaces between them.

    The first stays, and with `last` the last if it fits; of the others, those on the left come
    first.
    """
    widths = [max(map(len, cells)) + 2 for cells in zip(head, *rows, strict=True)]
    others = [*range(1, len(head))]
    order = [*others[-1:], *others[:-1]] if last else others
    kept, left = [0], width + 2 - widths[0]
    for i in order:
        if widths[i] <= left:
            kept.append(i)
            left -= widths[i]
    kept.sort()
    return [head[i] for i in kept], [[row[i] for i in kept] for row in rows]


def confusion_table(matrix: np.ndarray, name: str = "", labels: Sequence[str] = QUADRANTS) -> str:
    """Write a (K, K) confusion matrix in Markdown, rows true and columns predicted classes."""
    whole = np.allclose(matrix, np.round(matrix), atol=1e-6)
    rows = [
        [f"**{label}**", *(f"{count:.{0 if whole else 1}f}" for count in row)]
        for label, row in zip(labels, matrix, strict=True)
    ]
    return markdown([name, *labels], rows)


def confusion_tables(summaries: Mapping[str, Summary]) -> list[str]:
    """Write the confusion matrices of systems, named by system and task, after a line on them.

    Without a matrix there is no line either.
    """
    tables = [
        confusion_table(summary.confusion[task.name], f"{_escaped(name)}, {task.name}", task.labels)
        for name, summary in summaries.items()
        for task in summary.tasks
        if task.name in summary.confusion
    ]
    return ["Rows are true classes, columns predicted ones.", *tables] if tables else []


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table of text cells."""
    lines = [f"| {' | '.join(cells)} |" for cells in [head, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _escaped(name: str) -> str:
    return name.replace("|", "\\|")


def difference_text(comparison: Comparison) -> str:
    """Format a difference with its interval for a table."""
    low, high = comparison.interval
    return f"{comparison.difference:+.3f} [{low:+.3f}, {high:+.3f}]"
