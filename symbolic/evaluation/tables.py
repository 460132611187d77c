"""Tables of results in Markdown, as RESULTS.md and model cards show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symbolic.evaluation.comparison import Comparison
from symbolic.evaluation.summary import Summary
from symbolic.tasks import QUADRANTS

LEAKING = "**LEAKING**"


def _score(name: str) -> Callable[[Summary], str]:
    def cell(summary: Summary) -> str:
        if name not in summary.scores:
            return ""
        low_high = summary.intervals.get(name)
        value = f"{summary.scores[name]:.3f}"
        return f"{value} [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else value

    return cell


def _over_folds(name: str) -> Callable[[Summary], str]:
    def cell(summary: Summary) -> str:
        pair = summary.over_folds.get(name)
        return f"{pair[0]:.3f} ± {pair[1]:.3f}" if pair else ""

    return cell


def _stays(kind: str) -> Callable[[Summary], str]:
    return lambda summary: f"{summary.robustness[kind]:.3f}" if kind in summary.robustness else ""


COLUMNS: dict[str, Callable[[Summary], str]] = {
    "pieces (groups)": lambda summary: f"{summary.pieces} ({summary.groups})",
    "accuracy": _score("accuracy"),
    "macro-F1": _score("macro_f1"),
    "accuracy over folds": _over_folds("accuracy"),
    "macro-F1 over folds": _over_folds("macro_f1"),
    "valence": _score("valence"),
    "arousal": _score("arousal"),
    "surest half": _score("surest_half"),
    "calibration error": _score("calibration_error"),
    "valence CCC": _score("valence_ccc"),
    "arousal CCC": _score("arousal_ccc"),
    "key exact": _score("key_exact"),
    "key MIREX": _score("key_mirex"),
    "velocity": _score("velocity_accuracy"),
    "stays transposed": _stays("transposition"),
    "stays at other tempo": _stays("tempo"),
    "stays at other velocity": _stays("velocity"),
}
"""Header to cell; a column stands in a table where at least one system has it."""


def results_table(
    summaries: Mapping[str, Summary],
    differences: Mapping[str, Comparison] | None = None,
    reference: str = "",
) -> str:
    """Markdown: a row for each system.

    Args:
        summaries: by name of the system.
        differences: by name, what the system is more accurate than the reference; a last column.
        reference: the name of the system that `differences` compare with.

    Returns:
        The table, accuracies with 95 % intervals, folds as mean ± standard deviation. The name of a
        system whose split leaks is marked, and a line below the table says what that means.
    """
    rows = [
        [_name(name, summary), *(cell(summary) for cell in COLUMNS.values())]
        for name, summary in summaries.items()
    ]
    head = ["system", *COLUMNS]
    if differences:
        head.append(f"accuracy above {_escaped(reference)}")
        for row, name in zip(rows, summaries, strict=True):
            row.append(difference_text(differences[name]) if name in differences else "")
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] for row in rows)]
    lines = markdown([head[i] for i in kept], [[row[i] or "-" for i in kept] for row in rows])
    if any(summary.leaks for summary in summaries.values()):
        lines += (
            f"\n\n{LEAKING}: groups are on both sides of this split, so that what was trained on "
            "is partly what was scored. These figures are too good; compare them with nothing."
        )
    return lines


def confusion_table(matrix: np.ndarray, name: str = "", labels: Sequence[str] = QUADRANTS) -> str:
    """Markdown: a (K, K) confusion matrix, rows true and columns predicted classes."""
    whole = np.allclose(matrix, np.round(matrix), atol=1e-6)
    rows = [
        [f"**{label}**", *(f"{count:.{0 if whole else 1}f}" for count in row)]
        for label, row in zip(labels, matrix, strict=True)
    ]
    return markdown([name, *labels], rows)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table of cells that are text."""
    lines = [f"| {' | '.join(cells)} |" for cells in [head, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _name(name: str, summary: Summary) -> str:
    return f"{_escaped(name)} {LEAKING}" if summary.leaks else _escaped(name)


def _escaped(name: str) -> str:
    return name.replace("|", "\\|")


def difference_text(comparison: Comparison) -> str:
    """A difference with its interval, as it stands in a table."""
    low, high = comparison.interval
    return f"{comparison.difference:+.3f} [{low:+.3f}, {high:+.3f}]"
