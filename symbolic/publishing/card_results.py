"""The results of a run in its model card: figures of `metrics.json`, and no others."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic.scoring.emotion_pipeline import TASK

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

METRICS = "metrics.json"  # beside the weights: what the evaluation of the run has measured

METRIC_NAMES = {  # the Hub's id of a metric, where it has one, and how it is written
    "accuracy": ("accuracy", "accuracy"),
    "macro_f1": ("f1", "macro-F1"),
    "roc_auc": ("roc_auc", "ROC-AUC"),
    "pr_auc": ("pr_auc", "PR-AUC"),
    **{
        f"{key}_{window}": (kind, f"{name} at {window} s")
        for window in ("0.5", "3")
        for key, kind, name in (
            ("f", "f1", "F1"),
            ("precision", "precision", "precision"),
            ("recall", "recall", "recall"),
        )
    },
}
AFTER = {" deviation": "deviation over pieces", " trimmed": "without beginning and end"}
"""What may stand after the name of a score, and what it means: such scores are no headlines."""


SIZES = ("pieces", "recordings", "groups", "folds")


def check_metrics(metrics: dict[str, Any], path: Path) -> None:
    """Refuse what `metrics.json` holds if it lacks a key, with a ValueError that names the file."""
    # Without these a figure means nothing, or could be taken for one of a split without leaks.
    for key, kind in {"protocol": str, "leaks": bool, "scores": dict}.items():
        if not isinstance(metrics.get(key), kind):
            raise ValueError(f"{path}: {key!r} is missing or no {kind.__name__}")


def eval_results(
    metrics: dict[str, Any],
    corpora: Iterable[str],
    task_type: str = TASK,
    task_name: str = "Music emotion recognition",
) -> list[EvalResult]:
    """Figures for the header of a card; none of a split that leaks, and none of `AFTER`.

    Args:
        metrics: what `metrics.json` holds, or nothing.
        corpora: names of corpora, of which a protocol's name may begin with one.
        task_type, task_name: the Hub's id of what was asked, and how it is written.
    """
    from huggingface_hub import EvalResult

    if not metrics or metrics["leaks"]:
        return []
    protocol = metrics["protocol"]
    slug = _slug(protocol)
    results = []
    for key, value in metrics["scores"].items():
        metric, name = _names(key)
        if _is_number(value) and not key.endswith(tuple(AFTER)):
            results.append(
                EvalResult(
                    task_type=task_type,
                    task_name=task_name,
                    dataset_type=next(
                        (c for c in corpora if c and slug.startswith(_slug(c))), slug
                    ),
                    dataset_name=protocol,
                    metric_type=metric,
                    metric_name=name,
                    metric_value=value,
                )
            )
    return results


def results_section(metrics: dict[str, Any]) -> str:
    """Markdown: what was measured and how, or that nothing was."""
    if not metrics:
        return "This model has not been evaluated: there are no figures."
    size = [f"{metrics[key]} {key}" for key in SIZES if metrics.get(key)]
    if seeds := metrics.get("seeds"):
        size.append(f"seeds {', '.join(map(str, seeds))}")
    parts = [f"Protocol `{metrics['protocol']}`" + "".join(f", {part}" for part in size) + "."]
    if metrics["leaks"]:
        parts.insert(
            0,
            "> **Warning: this split leaks.** Pieces of one group stand on both sides of it: for "
            "music that the model has not met, the figures below are too high. Compare them only "
            "with figures of the same split.",
        )
    intervals, spread = metrics.get("intervals") or {}, metrics.get("over_folds") or {}
    rows = []
    for key, value in metrics["scores"].items():
        low_high = _number(intervals.get(key))
        mean_sd = " ± ".join(_number(number) for number in spread.get(key) or ["-"])
        rows.append((_names(key)[1], _number(value), low_high, mean_sd))
    columns = ("metric", "value", "95 % interval", "mean ± sd over folds")
    parts.append(markdown_table(columns, rows))
    if robustness := dict(_flat(metrics.get("robustness") or {})):
        parts.append(
            markdown_table(
                ("robustness", "value"),
                [(name, _number(value)) for name, value in robustness.items()],
            )
        )
    return "\n\n".join(parts)


def markdown_table(columns: tuple[str, ...], rows: list[tuple]) -> str:
    """A table of Markdown, whatever stands in its cells."""
    cells = [columns, ("---",) * len(columns), *rows]
    escaped = [[str(cell).replace("|", "\\|") for cell in row] for row in cells]
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _names(key: str) -> tuple[str, str]:
    task, colon, metric = key.rpartition(": ")  # of audio, before which its task stands
    after = next((one for one in AFTER if metric.endswith(one)), "")
    of = metric.removesuffix(after)
    kind, name = METRIC_NAMES.get(of, (of, of.replace("_", " ")))
    return kind, f"{task}{colon}{name}" + (f", {AFTER[after]}" if after else "")


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{before}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}, ")
        else:
            yield name, value


def _number(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_number, value))}]"
    if not _is_number(value):
        return "-" if value is None or isinstance(value, float) else str(value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
