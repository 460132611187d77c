"""HTML elements of the report of a scored corpus: style, escaped text, bars and tables."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

import numpy as np

from symbolic.reports.plots import COLOURS
from symbolic.tasks import QUADRANTS

STYLE_SHEET = """
:root{color-scheme:light dark;
--page:#f6f5f2;--card:#fff;--ink:#22252b;--soft:#5d626c;--line:#e3e1dc;
--plain:#6a6fd0}
@media(prefers-color-scheme:dark){:root{--page:#16181c;--card:#1f2228;--ink:#e6e6e3;--soft:#a6abb4;
--line:#343842;--plain:#9498ec}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
main{max-width:70rem;margin:auto;padding:2rem 1.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 1.25rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 .75rem}
p{margin:.75rem 0;max-width:46rem}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.25rem;
margin:1.25rem 0;min-width:0}
dl{display:flex;flex-wrap:wrap;gap:.75rem;margin:0}
dl div{display:flex;flex-direction:column;justify-content:space-between;flex:1 1 7.5rem;
background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.75rem 1rem}
dd{margin:0;font-size:1.6rem;font-weight:650;line-height:1.25}
dt,figcaption,footer,section p,summary{color:var(--soft);font-size:.9rem}
footer{overflow-wrap:anywhere}
.caution{border-left:4px solid var(--plain);padding-left:1rem;margin:1.5rem 0}
.pair,.plane{display:grid;gap:1.25rem;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.pair>section{margin:0}
.plane{align-items:center}
figure{margin:0}
figcaption{margin-top:.5rem}
svg{display:block;width:100%;height:auto;font-family:inherit}
.table{overflow-x:auto}
.table:focus-visible,summary:focus-visible{outline:2px solid var(--plain);outline-offset:2px}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{padding:.4rem .6rem .4rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--line);
font-weight:400}
thead th{color:var(--soft);font-size:.82rem;vertical-align:bottom}
tbody th{overflow-wrap:anywhere;min-width:9rem}
tbody tr:last-child>*{border-bottom:0}
.top th:first-child{width:50%}
.wide th:first-child{width:45%}
.key,.figures{white-space:nowrap}
small{display:block;color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}
b{font-weight:650;white-space:nowrap}
b::before,.top thead th:first-child::before{content:"";display:inline-block;width:.7em;height:.7em;
border-radius:2px;background:var(--c);margin-right:.45em}
.top thead th:first-child{color:var(--ink);font-size:1rem;font-weight:650}
.bar,.stack{display:flex;height:.5rem;border-radius:3px;overflow:hidden;background:var(--line);
margin:.2rem 0;min-width:5rem;max-width:16rem;print-color-adjust:exact}
.bar i,.stack i{background:var(--c)}
.pale i{opacity:.55}
.plain{--c:var(--plain)}
details{margin-top:.5rem}
@media(max-width:46rem){main{padding:1.25rem .75rem}section{padding:1rem}h1{font-size:1.5rem}
.pair,.plane{grid-template-columns:minmax(0,1fr)}dl div{flex-basis:6rem}
th,td{padding-right:.45rem}.tall tr{display:flex;flex-wrap:wrap;border-bottom:1px solid var(--line);
padding:.35rem 0}.tall tr>*{border:0;padding:.1rem .45rem .1rem 0;flex:0 0 24%;
min-width:0}
.tall tr>:first-child{flex-basis:100%;width:auto}.tall tr>:nth-child(2){flex-basis:52%}
.tall.errors tr>:last-child{flex-basis:100%}.tall.errors tr>:nth-child(2){flex-basis:30%}
.tall.errors tr>:nth-child(3){flex-basis:70%}.tall tbody tr:last-child{border:0}
.figures{font-size:.85rem}tbody th{min-width:6.5rem}.bar{min-width:3.5rem}}
@media print{section{break-inside:avoid}}
""" + "".join(f".{quadrant}{{--c:{colour}}}\n" for quadrant, colour in COLOURS.items())
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
