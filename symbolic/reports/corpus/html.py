"""HTML elements of the report of a scored corpus: style, escaped text, bars and tables."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from symbolic.reports.plots import COLOURS
from symbolic.tasks import QUADRANTS

STYLE_SHEET = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
STYLE_SHEET += "".join(f".{quadrant}{{--c:{colour}}}\n" for quadrant, colour in COLOURS.items())
INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb"
    r"\ufffe\uffff\ud800-\udfff]"
)
"""Invisible characters, those that change the direction of text, and those not in UTF-8."""

LONGEST = 300  # characters of a shown text


def shown(text: str) -> str:
    """Escape text for HTML; invisible characters become escape sequences."""
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    seen = INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return html.escape(seen)


def share(part: float) -> str:
    """Format a fraction as per cent; a positive one is never shown as 0."""
    if 0 < part < 0.0005:
        return "<0.1\N{NARROW NO-BREAK SPACE}%".replace("<", "&lt;")
    return f"{part:.1%}".replace("%", "\N{NARROW NO-BREAK SPACE}%")


def counted(count: int, noun: str) -> str:
    """Format a number with a noun: `1 file`, `2,000 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def bar(part: float, classes: str) -> str:
    """Make a bar that is filled by a fraction."""
    return f'<span class="bar {classes}"><i style="width:{part:.2%}"></i></span>'


def stack(parts: np.ndarray) -> str:
    """Make a bar that is divided by (4,) quadrant probabilities, and their numbers below."""
    segments = "".join(
        f'<i class="{quadrant}" style="width:{part:.2%}"></i>'
        for quadrant, part in zip(QUADRANTS, parts, strict=True)
    )
    figures = " · ".join(f"{part:.2f}" for part in parts)
    return f'<span class="stack">{segments}</span><span class="figures">{figures}</span>'


def section(name: str, title: str, body: str) -> str:
    """Make a section of the page with a heading; `name` is its id."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>\n{body}</section>'


def html_table(
    label: str, heads: Sequence[str], rows: Iterable[Sequence[str]], classes: str = ""
) -> str:
    """Make a table whose first column names the rows, and that scrolls if it is too wide.

    It has ARIA roles, since class `tall` changes its layout in a narrow window.

    Args:
        label: of the table, for screen readers.
        heads: of the columns, HTML.
        rows: a cell of HTML for each column.
        classes: of the style sheet.
    """
    head = "".join(f'<th role="columnheader" scope="col">{words}</th>' for words in heads)
    body = "\n".join(
        f'<tr role="row"><th role="rowheader" scope="row">{first}</th>'
        + "".join(f'<td role="cell">{cell}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="table" role="region" aria-label="{label}" tabindex="0">'
        f'<table role="table" class="{classes}"><thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead><tbody role="rowgroup">\n{body}\n</tbody></table></div>'
    )
