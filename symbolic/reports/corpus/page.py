"""The page about a scored corpus: one HTML file that needs nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

KINDS = 20  # of errors that are told apart on the page
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No scripts, and nothing from elsewhere."""

WORTH = (
    "The probabilities are of the emotion that a few annotators perceived in piano music. On "
    "pieces held out of the corpora that it learnt from, those of the default model were off by "
    "five to fifteen in a hundred; on another kind of music they are further off, and on this "
    "corpus nobody has measured them."
)


def corpus_page(table: pd.DataFrame, name: str) -> str:
    """A page of HTML about a scored corpus: the same text for the same table and name.

    Args:
        table: as `EmotionScorer.score` or `read_scores` returns it.
        name: of the corpus or its table, for the title.

    Raises:
        ValueError: another table, or rows that are not scores of emotion.
    """
    report = corpus_report(table)
    title = f"{name}: {counted(report.files, 'file')}, {len(report.scored):,} scored, "
    title += counted(len(report.failed), "error")
    sections = [f"<header><h1>{shown(name)}</h1>{_tiles(report)}</header>"]
    if len(report.scored):
        sections += [
            f'<p class="worth">{WORTH}</p>',
            _plane(report),
            f'<div class="pair">{_keys(report)}{_confidence(report)}</div>',
            _familiarity(report),
            _most_certain(report),
            _least_certain(report),
        ]
    else:
        sections.append(section("nothing", "Nothing to show", "<p>No file was scored.</p>"))
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
            f"<title>{shown(title)}</title><style>{STYLE_SHEET}</style></head><body><main>",
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
        seconds = report.scored["seconds"].sum() if "seconds" in report.scored else 0
        if seconds > 0:
            long = seconds >= 2 * 3600
            length = f"{seconds / (3600 if long else 60):,.0f}"
            tiles.append((f"{'hours' if long else 'minutes'} of music", length))
        tiles.append(("mean confidence", share(report.scored["confidence"].mean())))
    tiles = "".join(f"<div><dt>{words}</dt><dd>{number}</dd></div>" for words, number in tiles)
    return f"<dl>{tiles}</dl>"


def _plane(report: CorpusReport) -> str:
    quadrants = report.quadrants()
    rows = [
        (
            f'<b class="{row.Index}">{row.Index} {QUADRANT_WORDS[row.Index]}</b>',
            f"{row.pieces:,}",
            f"{share(row.share)}{bar(row.share, row.Index)}",
            f"{share(row.expected)}{bar(row.expected, f'{row.Index} pale')}",
        )
        for row in quadrants.itertuples()
    ]
    told = ", ".join(f"{share(part)} {QUADRANT_WORDS[q]}" for q, part in quadrants["share"].items())
    picture = plane_svg(
        valence_arousal(report.probabilities),
        report.scored["quadrant"].to_numpy(object),
        f"{counted(len(report.scored), 'piece')} on the valence-arousal plane: {told}.",
    )
    heads = ("Quadrant", "Pieces", "Share", "Expected share")
    body = f"""<div class="plane"><figure>{picture}</figure>
<div>{html_table("Pieces by quadrant", heads, rows)}
<p>A piece counts for its most probable quadrant. The expected share is the mean probability of
the quadrant, which also counts the doubts: as far as the probabilities hold, it is nearer to the
truth than the share.</p>
<p>Valence is q1 + q4 &minus; q2 &minus; q3 and arousal q1 + q2 &minus; q3 &minus; q4: how
sure the model is of a half of the plane, and not how strong a feeling is.</p></div></div>"""
    return section("plane", "On the valence-arousal plane", body)


def _keys(report: CorpusReport) -> str:
    counts = report.keys()
    known = counts.sum()
    if not known:
        return section("keys", "Keys", "<p>The table tells no keys.</p>")
    order = np.argsort(-counts, kind="stable")
    often = ", ".join(f"{KEY_NAMES[key]} ({counts[key]:,})" for key in order[:3] if counts[key])
    told = f"Most are in {often}; {share(counts[12:].sum() / known)} are in minor."
    if known < len(report.scored):
        told += f" The table tells no key of {counted(len(report.scored) - known, 'piece')}."
    picture = keys_svg(counts, f"Pieces by key along the circle of fifths. {told}")
    rows = [(KEY_NAMES[key], f"{counts[key]:,}", share(counts[key] / known)) for key in order]
    body = f"""<figure>{picture}<figcaption>Along the circle of fifths, relative keys above one
another. {told}</figcaption></figure>
<details><summary>All keys</summary>
{html_table("Pieces by key", ("Key", "Pieces", "Share"), rows)}</details>"""
    return section("keys", "Keys", body)


def _confidence(report: CorpusReport) -> str:
    counts, confidence = report.confidences(), report.scored["confidence"]
    mean = share(confidence.mean())
    picture = confidence_svg(
        counts, f"Pieces by the probability of their quadrant: {mean} on average."
    )
    rows = [
        (f"{low:.2f} to {high:.2f}", *(f"{count:,}" for count in column))
        for low, high, column in zip(CONFIDENCES, CONFIDENCES[1:], counts.T, strict=False)
    ]
    table = html_table("Pieces by probability and quadrant", ("Probability", *QUADRANTS), rows)
    body = f"""<figure>{picture}<figcaption>As far as the probabilities hold, {mean} of the
quadrants named are right. For {share((confidence < 0.5).mean())} of the pieces no quadrant has a
probability of a half or more.</figcaption></figure>
<details><summary>All bins</summary>{table}</details>"""
    return section("confidence", "Confidence", body)


def _familiarity(report: CorpusReport) -> str:
    groups = report.familiarity()
    low, high = FAMILIAR
    words = {
        "familiar": f"Familiar <small>familiarity {high} and more</small>",
        "between": f"In between <small>{low} to {high}</small>",
        "unfamiliar": f"Unfamiliar <small>less than {low}</small>",
        "unknown": "Not judged",
    }
    if groups.loc["unknown", "pieces"] == len(report.scored):
        told = "The table does not tell how familiar a piece is to the model."
        return section("familiarity", "Familiarity", f"<p>{told}</p>")
    rows = [
        (
            words[row.Index],
            f"{row.pieces:,}",
            f"{share(row.share)}{bar(row.share, 'plain')}",
            share(row.confidence) if row.pieces else "&ndash;",
        )
        for row in groups.itertuples()
        if row.pieces or row.Index != "unknown"
    ]
    heads = ("To the model", "Pieces", "Share", "Mean confidence")
    body = f"""<p>How far the pieces are played like those that the model was trained on. Trust the
answers for unfamiliar pieces less, however sure they are.</p>
{html_table("Pieces by familiarity", heads, rows)}"""
    return section("familiarity", "Familiarity", body)


def _piece(path: str, folder: str) -> str:
    """A cell that names a piece: its file, below it the folder that is not common to all."""
    place, name = re.fullmatch(r"(.*[/\\])?(.*)", path[len(folder) :], re.DOTALL).groups()
    place = f"<small><bdi>{shown(place)}</bdi></small>" if place else ""
    return f"<bdi>{shown(name)}</bdi>{place}"


def _row(piece, folder: str) -> tuple[str, ...]:
    known = getattr(piece, "familiarity", np.nan)
    key = shown(getattr(piece, "key", "")) or "&ndash;"
    return (
        _piece(piece.path, folder),
        share(piece.confidence),
        f'<span class="key">{key}</span>',
        "&ndash;" if np.isnan(known) else f"{known:.2f}",
    )


def _most_certain(report: CorpusReport) -> str:
    tables = []
    for quadrant in QUADRANTS:
        name = f"{quadrant} {QUADRANT_WORDS[quadrant]}"
        rows = [_row(piece, report.folder) for piece in report.most_certain(quadrant).itertuples()]
        if rows:
            heads = (name, "Probability", "Key", "Familiarity")
            told = f"The most certain pieces of {name}"
            tables.append(html_table(told, heads, rows, f"top tall {quadrant}"))
    body = f'<div class="pair">{"".join(tables)}</div>'
    return section("most", "The most certain pieces", body)


def _least_certain(report: CorpusReport) -> str:
    pieces = report.least_certain()
    rows = []
    for piece in pieces.itertuples():
        name, _, key, known = _row(piece, report.folder)
        rows.append((name, stack(np.array([piece.q1, piece.q2, piece.q3, piece.q4])), key, known))
    heads = ("Piece", "Probability of Q1, Q2, Q3, Q4", "Key", "Familiarity")
    table = html_table("The least certain pieces", heads, rows, "wide tall")
    body = f"<p>The pieces whose most probable quadrant is least probable.</p>\n{table}"
    return section("least", "The least certain pieces", body)


def _errors(report: CorpusReport) -> str:
    kinds = report.error_kinds()
    count = kinds["count"].sum()
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
    more = f"<p>And {counted(len(left), 'kind')} more, of {counted(left.sum(), 'file')}.</p>"
    heads = ("Kind", "Files", "Share of errors", "An example")
    body = f"""<p>{counted(count, "file")} could not be scored. Reasons that differ only in numbers
or in what they quote are of one kind.</p>
{html_table("Errors by kind", heads, rows, "wide tall errors")}{more if len(left) else ""}"""
    return section("errors", "Errors", body)
