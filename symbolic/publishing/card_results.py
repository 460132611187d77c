"""Results of a run for its model card: the figures of `metrics.json`, and no others."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

METRIC_NAMES = {  # the Hub's id of a metric, if it has one, and its name in the card
    "accuracy": ("accuracy", "accuracy"),
    "macro_f1": ("f1", "macro-F1"),
    # Of the half of the plane that a quadrant is in, not of valence and arousal as numbers.
    "valence": ("accuracy", "valence (high or low), accuracy"),
    "arousal": ("accuracy", "arousal (high or low), accuracy"),
    "roc_auc": ("roc_auc", "ROC-AUC"),
    "pr_auc": ("pr_auc", "PR-AUC"),
    **{
        f"{key}_{tolerance}": (metric, f"{name} at {tolerance} s")
        for tolerance in ("0.5", "3")
        for key, metric, name in (
            ("f", "f1", "F1"),
            ("precision", "precision", "precision"),
            ("recall", "recall", "recall"),
        )
    },
}
VARIANTS = {
    " deviation": "standard deviation over pieces",
    " trimmed": "without beginning and end",
}
"""Ends of the keys of scores that are for the table only, and their meaning."""

ENSEMBLE = "ensemble_accuracy"  # of several trainings, whereas a card is that of one model
DISTANCE = "_distance"  # end of the key of a mean distance of the predictions
COUNT = "pieces"  # end of the key of a number of perturbed pieces
UNCHANGED = 1e-6  # a smaller distance is of the arithmetic alone

MAJORITY = "majority"  # name of the baseline that predicts the most frequent class

ESTIMATED = " (agreement with estimates from the notes)"

SIZES = ("pieces", "recordings", "groups", "folds")


def check_metrics(metrics: dict[str, Any], path: Path) -> None:
    """Refuse the content of `metrics.json` if it lacks a key, with a ValueError naming the file."""
    # Without these a figure means nothing, or could be taken for one of a split without leaks.
    for key, kind in {"protocol": str, "leaks": bool, "scores": dict}.items():
        if not isinstance(metrics.get(key), kind):
            raise ValueError(f"{path}: {key!r} is missing or no {kind.__name__}")


def eval_results(
    metrics: dict[str, Any], corpora: Iterable[str], task_type: str, task_name: str
) -> list[EvalResult]:
    """Collect the figures for the header of a card; none of a split that leaks, of `VARIANTS` or of
    labels that are estimates.

    Args:
        metrics: content of `metrics.json`, or nothing.
        corpora: names of corpora; the name of a protocol may begin with one of them.
        task_type, task_name: the Hub's id of the task, and its name.
    """
    from huggingface_hub import EvalResult

    if not metrics or metrics["leaks"]:
        return []
    protocol = metrics["protocol"]
    slug = _slug(protocol)
    corpus = next((name for name in corpora if name and slug.startswith(_slug(name))), slug)
    return [
        EvalResult(
            task_type=task_type,
            task_name=task_name,
            dataset_type=corpus,
            dataset_name=protocol,
            metric_type=_names(key)[0],
            metric_name=_names(key)[1],
            metric_value=value,
        )
        for key, value in metrics["scores"].items()
        if _is_number(value)
        and not key.endswith((*VARIANTS, ENSEMBLE))
        and not _is_estimated(metrics, key)
    ]


def results_context(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Collect protocol, sizes and figures for the template of the card; None without metrics."""
    if not metrics:
        return None
    sizes = [
        f"{metrics[key]} {key[:-1] if metrics[key] == 1 else key}"
        for key in SIZES
        if metrics.get(key) and (key, metrics[key]) != ("folds", 1)
    ]
    if seeds := metrics.get("seeds"):
        sizes.append(f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}")
    intervals, spread = metrics.get("intervals") or {}, metrics.get("over_folds") or {}
    baselines = _shown_baselines(metrics)
    return {
        "protocol": metrics["protocol"],
        "leaks": metrics["leaks"],
        "groups_alone": metrics.get("compared") == ["group"],
        "sizes": sizes,
        "intervals": bool(intervals),
        "scores": [
            (
                _names(key)[1] + (ESTIMATED if _is_estimated(metrics, key) else ""),
                _number(value),
                _number(intervals.get(key)),
                " ± ".join(_number(number) for number in spread.get(key) or ["-"]),
                [_with_interval(one, key) for one in baselines.values()],
            )
            for key, value in metrics["scores"].items()
        ],
        "spread": bool(spread),
        "baselines": list(baselines),
        "robustness": _robustness(metrics.get("robustness") or {}),
    }


def _shown_baselines(metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The majority class and the best other baseline, by their titles, as far as there are any."""
    found: dict[str, dict[str, Any]] = dict(metrics.get("baselines") or {})
    shown = {}
    if MAJORITY in found:
        shown["majority class"] = found.pop(MAJORITY)
    theirs = {key for one in found.values() for key in one["scores"]}
    score = next((key for key in metrics["scores"] if key in theirs), None)
    if score is not None:
        best = max(found, key=lambda name: found[name]["scores"].get(score, -math.inf))
        shown[f"best baseline ({best})"] = found[best]
    return shown


def _with_interval(values: dict[str, Any], key: str) -> str:
    """A score of a baseline with its interval, if it has one."""
    interval = (values.get("intervals") or {}).get(key)
    value = _number(values["scores"].get(key))
    return value if interval is None else f"{value} {_number(interval)}"


def _robustness(values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the robustness: perturbation, pieces, share of predictions that stay, mean distance.

    What changes no prediction, and so is no input, has one row.
    """
    figures = dict(_flat(values))
    unused = {
        key.removesuffix(DISTANCE)
        for key, value in figures.items()
        if key.endswith(DISTANCE) and _is_number(value) and value < UNCHANGED
    }
    dropped = tuple(f"{kind}{end}" for kind in unused for end in (" ", "_"))
    rows = []
    for key, value in figures.items():
        if key.startswith(dropped) or key.endswith((COUNT, DISTANCE)):
            continue
        task, colon, name = key.rpartition(": ")
        of_kind = f"{task}{colon}{name.split(' ')[0]}_{COUNT}"
        pieces = figures.get(of_kind, figures.get(f"{task}{colon}{COUNT}"))
        stays = "not an input" if key in unused else _number(value)
        distance = figures.get(f"{key}{DISTANCE}") if key not in unused else None
        rows.append((key.replace("_", " "), _number(pieces), stays, _number(distance)))
    return rows


def _is_estimated(metrics: dict[str, Any], key: str) -> bool:
    """Whether the labels of a score are estimates: `key_exact` of the task `key`."""
    return any(key.startswith(f"{task}_") for task in metrics.get("estimated") or ())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _names(key: str) -> tuple[str, str]:
    """The Hub's id and the name of a metric, by its key in `metrics.json`."""
    task, colon, metric = key.rpartition(": ")  # for audio the key begins with the task
    variant = next((end for end in VARIANTS if metric.endswith(end)), "")
    metric = metric.removesuffix(variant)
    metric_type, name = METRIC_NAMES.get(metric, (metric, metric.replace("_", " ")))
    return metric_type, f"{task}{colon}{name}" + (f", {VARIANTS[variant]}" if variant else "")


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
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
