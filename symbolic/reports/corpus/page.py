"""HTML report of a scored corpus, in a single file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.notes.keys import KEY_NAMES
from symbolic.reports.corpus.html import (
    STYLE_SHEET,
    bar,
    counted,
    html_table,
    section,
    share,
    shown,
    stack,
)
from symbolic.reports.corpus.plots import confidence_svg, keys_svg, plane_svg
from symbolic.reports.corpus.statistics import CONFIDENCES, FAMILIAR, CorpusReport, corpus_report
from symbolic.tasks import QUADRANT_WORDS, QUADRANTS, valence_arousal

if TYPE_CHECKING:
    import pandas as pd

KINDS = 20  # maximal number of listed kinds of errors
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No scripts, nothing from other sources."""

CAUTION = (
    "The probabilities refer to the emotion that a few annotators perceived in piano music. On "
    "held-out pieces of the training corpora, the calibration error of the default model is 5 to "
    "15&nbsp;%. It is larger for other kinds of music, and unknown for this corpus."
)


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
    sections = [f"<header><h1>{shown(name)}</h1>{_tiles(report)}</header>"]
    if len(report.scored):
        sections += [
            f'<p class="caution">{CAUTION}</p>',
            _plane(report),
            f'<div class="pair">{_keys(report)}{_confidence(report)}</div>',
            _familiarity(report),
            _most_certain(report),
            _least_certain(report),
        ]
    else:
        sections.append(section("nothing", "No scores", "<p>No file was scored.</p>"))
    if len(report.failed):
        sections.append(_errors(report))
    if report.folder:
        sections.append(f"<footer>All paths begin with <bdi>{shown(report.folder)}</bdi></footer>")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{shown(title)}</title><style>\n{STYLE_SHEET}</style></head><body><main>",
            *sections,
            "</main></body></html>\n",
        )
    )


def _tiles(report: CorpusReport) -> str:
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
    items = "".join(f"<div><dt>{words}</dt><dd>{number}</dd></div>" for words, number in tiles)
    return f"<dl>{items}</dl>"


def _mean(values: Any) -> float:
    return float(values.mean())


def _rows(table: pd.DataFrame) -> Iterable[Any]:
    """Iterate over rows as named tuples, whose columns pandas does not type."""
    return table.itertuples()


def _plane(report: CorpusReport) -> str:
    quadrants = report.quadrants()
    rows = [
        (
            f'<b class="{row.Index}">{row.Index} {QUADRANT_WORDS[row.Index]}</b>',
            f"{row.pieces:,}",
            f"{share(row.share)}{bar(row.share, row.Index)}",
            f"{share(row.expected)}{bar(row.expected, f'{row.Index} pale')}",
        )
        for row in _rows(quadrants)
    ]
    shares = ", ".join(
        f"{share(row.share)} {QUADRANT_WORDS[row.Index]}" for row in _rows(quadrants)
    )
    plot = plane_svg(
        valence_arousal(report.probabilities),
        report.scored["quadrant"].to_numpy(object),
        f"{counted(len(report.scored), 'piece')} on the valence-arousal plane: {shares}.",
    )
    heads = ("Quadrant", "Pieces", "Share", "Expected share")
    body = f"""<div class="plane"><figure>{plot}</figure>
<div>{html_table("Pieces by quadrant", heads, rows)}
<p>Each piece is counted in its most probable quadrant. The expected share is the mean probability
of the quadrant: it takes uncertainty into account and is more accurate than the share if the
probabilities are calibrated.</p>
<p>Valence is q1 + q4 &minus; q2 &minus; q3 and arousal q1 + q2 &minus; q3 &minus; q4: the
confidence in a half of the plane, not the intensity of an emotion.</p></div></div>"""
    return section("plane", "Valence-arousal plane", body)


def _keys(report: CorpusReport) -> str:
    counts = report.keys()
    total = counts.sum()
    if not total:
        return section("keys", "Keys", "<p>The table has no keys.</p>")
    order = np.argsort(-counts, kind="stable").tolist()
    often = ", ".join(f"{KEY_NAMES[key]} ({counts[key]:,})" for key in order[:3] if counts[key])
    summary = f"Most frequent: {often}; minor keys: {share(counts[12:].sum() / total)}."
    if total < len(report.scored):
        summary += f" Without a key: {counted(len(report.scored) - total, 'piece')}."
    plot = keys_svg(counts, f"Pieces by key in the order of the circle of fifths. {summary}")
    rows = [(KEY_NAMES[key], f"{counts[key]:,}", share(counts[key] / total)) for key in order]
    body = f"""<figure>{plot}<figcaption>Keys in the order of the circle of fifths, major keys above
their relative minor keys. {summary}</figcaption></figure>
<details><summary>All keys</summary>
{html_table("Pieces by key", ("Key", "Pieces", "Share"), rows)}</details>"""
    return section("keys", "Keys", body)


def _confidence(report: CorpusReport) -> str:
    counts, confidence = report.confidences(), report.scored["confidence"]
    mean = share(_mean(confidence))
    plot = confidence_svg(counts, f"Pieces by the probability of their quadrant: mean {mean}.")
    rows = [
        (f"{low:.2f} to {high:.2f}", *(f"{count:,}" for count in column))
        for low, high, column in zip(CONFIDENCES, CONFIDENCES[1:], counts.T, strict=False)
    ]
    table = html_table("Pieces by probability and quadrant", ("Probability", *QUADRANTS), rows)
    body = f"""<figure>{plot}<figcaption>If the probabilities are calibrated, {mean} of the
predicted quadrants are correct. For {share(_mean(confidence < 0.5))} of the pieces no quadrant has
a probability of 0.5 or more.</figcaption></figure>
<details><summary>All bins</summary>{table}</details>"""
    return section("confidence", "Confidence", body)


def _familiarity(report: CorpusReport) -> str:
    groups = report.familiarity()
    low, high = FAMILIAR
    words = {
        "familiar": f"Familiar <small>familiarity {high} and more</small>",
        "between": f"In between <small>{low} to {high}</small>",
        "unfamiliar": f"Unfamiliar <small>less than {low}</small>",
        "unknown": "Unknown",
    }
    if not groups["pieces"].to_numpy()[:3].any():
        return section("familiarity", "Familiarity", "<p>The table has no familiarity.</p>")
    rows = [
        (
            words[row.Index],
            f"{row.pieces:,}",
            f"{share(row.share)}{bar(row.share, 'plain')}",
            share(row.confidence) if row.pieces else "&ndash;",
        )
        for row in _rows(groups)
        if row.pieces or row.Index != "unknown"
    ]
    heads = ("Group", "Pieces", "Share", "Mean confidence")
    body = f"""<p>Similarity of the performances to the training data of the model. Predictions for
unfamiliar pieces are less reliable, whatever their confidence.</p>
{html_table("Pieces by familiarity", heads, rows)}"""
    return section("familiarity", "Familiarity", body)


def _piece(path: str, folder: str) -> str:
    """Make a cell with the file of a piece and, below it, the rest of its folder."""
    rest = path[len(folder) :]
    start = max(rest.rfind("/"), rest.rfind("\\")) + 1
    place = f"<small><bdi>{shown(rest[:start])}</bdi></small>" if start else ""
    return f"<bdi>{shown(rest[start:])}</bdi>{place}"


def _row(piece: Any, folder: str) -> tuple[str, ...]:
    familiarity = getattr(piece, "familiarity", np.nan)
    key = shown(getattr(piece, "key", "")) or "&ndash;"
    return (
        _piece(piece.path, folder),
        share(piece.confidence),
        f'<span class="key">{key}</span>',
        "&ndash;" if np.isnan(familiarity) else f"{familiarity:.2f}",
    )


def _most_certain(report: CorpusReport) -> str:
    tables = []
    for quadrant in QUADRANTS:
        name = f"{quadrant} {QUADRANT_WORDS[quadrant]}"
        rows = [_row(piece, report.folder) for piece in _rows(report.most_certain(quadrant))]
        if rows:
            heads = (name, "Probability", "Key", "Familiarity")
            label = f"Most confident predictions of {name}"
            tables.append(html_table(label, heads, rows, f"top tall {quadrant}"))
    body = f'<div class="pair">{"".join(tables)}</div>'
    return section("most", "Most confident predictions", body)


def _least_certain(report: CorpusReport) -> str:
    rows = []
    for piece in _rows(report.least_certain()):
        name, _, key, familiarity = _row(piece, report.folder)
        probabilities = np.array([piece.q1, piece.q2, piece.q3, piece.q4])
        rows.append((name, stack(probabilities), key, familiarity))
    heads = ("Piece", "Probability of Q1, Q2, Q3, Q4", "Key", "Familiarity")
    table = html_table("Least confident predictions", heads, rows, "wide tall")
    body = f"<p>Pieces whose most probable quadrant has the smallest probability.</p>\n{table}"
    return section("least", "Least confident predictions", body)


def _errors(report: CorpusReport) -> str:
    kinds = report.error_kinds()
    count = len(report.failed)
    rows = [
        (shown(kind), f"{files:,}", f"{share(files / count)}{bar(files / count, 'plain')}", example)
        for kind, files, example in zip(
            kinds["kind"][:KINDS],
            kinds["count"],
            (_piece(path, report.folder) for path in kinds["example"]),
            strict=False,
        )
    ]
    left = kinds["count"][KINDS:]
    more = f"<p>And {counted(len(left), 'kind')} more, in {counted(int(sum(left)), 'file')}.</p>"
    heads = ("Kind", "Files", "Share of errors", "Example")
    body = f"""<p>{counted(count, "file")} could not be scored. Errors that differ only in numbers
or quoted text are one kind.</p>
{html_table("Errors by kind", heads, rows, "wide tall errors")}{more if len(left) else ""}"""
    return section("errors", "Errors", body)
