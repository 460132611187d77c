"""HTML report of a scored corpus, in a single file."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from symbolic.notes.keys import KEY_NAMES
from symbolic.reports.corpus.plots import CROWD, confidence_svg, keys_svg, plane_svg
from symbolic.reports.corpus.statistics import CONFIDENCES, FAMILIAR, CorpusReport, corpus_report
from symbolic.reports.plane import COLOURS, elsewhere
from symbolic.tasks import QUADRANT_WORDS, QUADRANTS, valence_arousal

if TYPE_CHECKING:
    import pandas as pd

TEMPLATE = Path(__file__).with_name("page.html.jinja")
STYLE_SHEET = Path(__file__).with_name("style.css")

KINDS = 20  # maximal number of listed kinds of errors
LONGEST = 300  # characters of a shown text
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No scripts, nothing from other sources."""

INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb"
    r"\ufffe\uffff\ud800-\udfff]"
)
"""Invisible characters, those that change the direction of text, and those not in UTF-8."""


def corpus_page(table: pd.DataFrame, name: str) -> str:
    """Make the HTML report of a scored corpus, with reproducible bytes.

    Args:
        table: from `EmotionScorer.score` or `read_scores`.
        name: of the corpus or its table, for the title.

    Raises:
        ValueError: missing columns, or rows that are not scores of emotion.
    """
    report = corpus_report(table)
    title = f"{name}: {counted(report.files, 'file')}, {len(report.scored):,} scored, "
    title += counted(len(report.failed), "error")
    style = STYLE_SHEET.read_text(encoding="utf-8")
    style += "".join(f".{quadrant}{{--c:{colour}}}\n" for quadrant, colour in COLOURS.items())
    values: dict[str, Any] = {
        "report": report,
        "name": name,
        "title": title,
        "tiles": _tiles(report),
        "policy": POLICY,
        "style": style,
        "quadrants": QUADRANTS,
        "words": QUADRANT_WORDS,
        "low": FAMILIAR[0],
        "high": FAMILIAR[1],
        "most_kinds": KINDS,
        "nan": math.nan,
        "split": _split,
    }
    if len(report.scored):
        values |= {"plane": _plane(report), "keys": _keys(report)}
        values |= {"confidence": _confidence(report), "familiarity": _familiarity(report)}
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )
    environment.filters |= {
        "counted": counted,
        "decimal": lambda value: "\N{EN DASH}" if math.isnan(value) else f"{value:.2f}",
        "number": "{:,}".format,
        "percent": "{:.2%}".format,
        "share": share,
        "shown": shown,
    }
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(values)


def shown(text: str) -> str:
    """Shorten a text; invisible characters become escape sequences."""
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def share(part: float) -> str:
    """Format a fraction as per cent; a positive one is never shown as 0."""
    text = "<0.1%" if 0 < part < 0.0005 else f"{part:.1%}"
    return text.replace("%", "\N{NARROW NO-BREAK SPACE}%")


def counted(count: int, noun: str) -> str:
    """Format a number with a noun: `1 file`, `2,000 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _split(path: str, folder: str) -> tuple[str, str]:
    """Split a path into the rest of its folder, below the one of all paths, and its file."""
    rest = path[len(folder) :]
    start = max(rest.rfind("/"), rest.rfind("\\")) + 1
    return rest[:start], rest[start:]


def _tiles(report: CorpusReport) -> list[tuple[str, str]]:
    tiles = [
        ("file" if report.files == 1 else "files", f"{report.files:,}"),
        ("scored", f"{len(report.scored):,}"),
        ("error" if len(report.failed) == 1 else "errors", f"{len(report.failed):,}"),
    ]
    if len(report.scored):
        seconds = np.nansum(report.scored["seconds"]) if "seconds" in report.scored else 0
        if seconds > 0:
            long = seconds >= 2 * 3600
            length = f"{seconds / (3600 if long else 60):,.0f}"
            tiles.append((f"{'hours' if long else 'minutes'} of music", length))
        tiles.append(("mean confidence", share(_mean(report.scored["confidence"]))))
    return tiles


def _mean(values: Any) -> float:
    return float(values.mean())


def _plane(report: CorpusReport) -> dict[str, Any]:
    rows: list[Any] = list(report.quadrants().itertuples())
    shares = ", ".join(f"{share(row.share)} {QUADRANT_WORDS[row.Index]}" for row in rows)
    places = valence_arousal(report.probabilities)
    quadrants = report.scored["quadrant"].to_numpy(object)
    plot = plane_svg(
        places,
        quadrants,
        f"{counted(len(report.scored), 'piece')} on the valence-arousal plane: {shares}.",
    )
    rings = int(elsewhere(places, quadrants).sum())
    return {"rows": rows, "plot": plot, "elsewhere": rings, "points": len(places) <= CROWD}


def _keys(report: CorpusReport) -> dict[str, Any]:
    """Plot and summarise the keys; empty for a table without keys."""
    counts = report.keys()
    total = counts.sum()
    if not total:
        return {}
    order = np.argsort(-counts, kind="stable").tolist()
    often = ", ".join(f"{KEY_NAMES[key]} ({counts[key]:,})" for key in order[:3] if counts[key])
    summary = f"Most frequent: {often}; minor keys: {share(counts[12:].sum() / total)}."
    if total < len(report.scored):
        summary += f" Without a key: {counted(len(report.scored) - total, 'piece')}."
    plot = keys_svg(counts, f"Pieces by key in the order of the circle of fifths. {summary}")
    rows = [(KEY_NAMES[key], counts[key], counts[key] / total) for key in order]
    return {"rows": rows, "plot": plot, "summary": summary}


def _confidence(report: CorpusReport) -> dict[str, Any]:
    counts, confidence = report.confidences(), report.scored["confidence"]
    mean = share(_mean(confidence))
    plot = confidence_svg(counts, f"Pieces by the probability of their quadrant: mean {mean}.")
    bins = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(CONFIDENCES)]
    rows = list(zip(bins, counts.T, strict=True))
    low = share(_mean(confidence < 0.5))
    return {"rows": rows, "plot": plot, "mean": mean, "low": low}


def _familiarity(report: CorpusReport) -> list[Any]:
    """Rows of the groups; empty for a table without familiarity."""
    groups = report.familiarity()
    if not groups["pieces"].to_numpy()[:3].any():
        return []
    rows: list[Any] = list(groups.itertuples())
    return [row for row in rows if row.pieces or row.Index != "unknown"]
