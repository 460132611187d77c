"""`symbolic segment`: boundaries between the parts of files."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic.commands.arguments import (
    STDOUT,
    Parser,
    UsageError,
    guarded,
    make_room,
    path_to,
    report_nothing_found,
    rows_output,
    whole,
    write,
)
from symbolic.reports.text_table import MAX_ROWS, cell, counted, text_table

if TYPE_CHECKING:
    from symbolic.structure.references import OneReference, ReferenceFolder
    from symbolic.structure.segmentation import Segmentation


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic segment",
        description="Find the parts of MIDI and MusicXML files and of recordings: their "
        "boundaries, and which parts of notes are the same. Notes are segmented by the model in "
        "the package, recordings by Foote's novelty, which is not trained, or either by a --model "
        "trained on boundaries, or notes by the sections that a file marks itself. A file that "
        "cannot be read gets a row with the reason.",
    )
    parser.renamed = {"--window": "--tolerance"}
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders and archives")
    parser.add_argument(
        "-o",
        "--output",
        type=path_to(".csv", ".json", stdout=True),
        metavar="FILE",
        help="write .csv (parts) or .json; - is CSV on standard output",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FOLDER", help="folder for label tracks, NAME.txt"
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="folder for plots, NAME.png")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="annotated boundaries, to score and to plot: of a single file, a text file of lines "
        "that begin with a time in seconds, or a MIDI or MusicXML file with marked sections; of "
        "several, a folder of such files with the same names",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="folder or Hub name (default: phrases, in the package)"
    )
    parser.add_argument(
        "--method",
        choices=("model", "novelty", "marks"),
        default="model",
        help="novelty: Foote's novelty for notes, too, without a model; marks: the sections that "
        "a file of notes marks itself (markers, cue points, rehearsal marks, double bars, "
        "repeats), with its labels; their confidence is 1, since they are read, not predicted",
    )
    parser.add_argument(
        "--tolerance",
        choices=("0.5", "3"),
        default="0.5",
        help="tolerance in seconds the threshold was tuned for (default: 0.5)",
    )
    parser.add_argument(
        "--workers", type=whole(0), metavar="N", help="number of processes that read files"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no table and no progress bar")
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Find the boundaries between parts; the exit status is 1 if no file could be read."""
    options = _parser().parse_args(arguments)
    if options.method != "model" and options.model:
        raise UsageError(f"--method {options.method} takes no --model")
    if options.output not in (None, STDOUT):
        make_room(options.output)
    for folder in filter(None, (options.labels, options.plots)):
        make_room(folder / "any")
    references = options.reference and _references(options.reference)
    from symbolic.notes.sources import find_files, passed_over_line
    from symbolic.structure.segmentation import PARTS, segment_rows
    from symbolic.structure.segmenter import SEGMENTED_SUFFIXES, Segmenter

    model = options.model if options.method == "model" else options.method
    segmenter = Segmenter.from_pretrained(model, tolerance=options.tolerance)
    passed_over: Counter[str] = Counter()
    sources = [
        file
        for path in options.paths
        for file in find_files(path, SEGMENTED_SUFFIXES, passed_over=passed_over)
    ]
    if not sources:
        report_nothing_found("audio, MIDI or MusicXML", options.paths, passed_over)
        return 1
    progress = not options.quiet and sys.stderr.isatty()
    found = segmenter.segment(sources, workers=options.workers, progress=progress)
    if references and not options.reference.is_dir() and len(found) != 1:
        raise UsageError(
            f"--reference {options.reference} is of a single file, not {len(found)}: give a folder"
        )
    rows = [list(row.values()) for row in segment_rows(found)]
    if options.output and options.output.suffix.lower() == ".json":
        text = json.dumps([piece.to_dict() for piece in found], ensure_ascii=False, indent=1)
        write(lambda path: path.write_text(text + "\n", encoding="utf-8"), options.output)
    elif options.output == STDOUT:
        csv.writer(rows_output(), lineterminator="\n").writerows([PARTS, *rows])
    elif options.output:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([PARTS, *rows])
        write(lambda path: path.write_text(text.getvalue(), encoding="utf-8"), options.output)
    for piece, name in zip(found, _names([piece.path for piece in found]), strict=True):
        if piece.error:
            continue
        if options.labels:
            labels = partial(Path.write_text, data=piece.to_audacity(), encoding="utf-8")
            write(labels, options.labels / f"{name}.txt")
        if options.plots:
            from symbolic.reports.segment_plots import segment_plot

            plot = partial(segment_plot, piece, reference=_times(references, piece.path))
            write(plot, options.plots / f"{name}.png")
    if not options.quiet and options.output != STDOUT:
        print(text_table(PARTS, [_cells(row) for row in rows], left=["error"], most=MAX_ROWS))
        if len(rows) > MAX_ROWS:  # the rows with errors are not all on the screen
            for piece in found:
                if piece.error:
                    print(f"not segmented: {piece.path}: {piece.error}", file=sys.stderr)
        print(f"\n{_summary(found, options)}")
    if references and not options.quiet:
        file = sys.stderr if options.output == STDOUT else sys.stdout
        print(f"\n{_score_table(found, references)}", file=file)
    if passed_over and not options.quiet:
        print(passed_over_line(passed_over), file=sys.stderr)
    return 1 if all(piece.error for piece in found) else 0


def _summary(found: Sequence[Segmentation], options: argparse.Namespace) -> str:
    """Count files and parts in a line, and name what was written."""
    segmented = [piece for piece in found if not piece.error]
    parts = sum(len(piece.times) - 1 for piece in segmented)
    done = f"segmented {len(segmented)} of {counted(len(found), 'file')}: {counted(parts, 'part')}"
    places = {"table": options.output, "labels": options.labels, "plots": options.plots}
    return "; ".join([done, *(f"{name} in {path}" for name, path in places.items() if path)])


def _cells(values: list[object]) -> list[str]:
    """Write the values of a row for the printed table; those that are missing are blank."""
    return ["" if value in (None, "") else cell(str(value)) for value in values]


def _names(paths: list[str]) -> list[str]:
    """Return names of files without folders and suffixes; repeated names get a number."""
    seen: dict[str, int] = {}
    names = []
    for path in paths:
        stem = Path(path).stem or "piece"
        seen[stem] = seen.get(stem, 0) + 1
        names.append(stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
    return names


def _references(path: Path) -> OneReference | ReferenceFolder:
    from symbolic.structure.references import BadReference, OneReference, ReferenceFolder

    try:
        return ReferenceFolder(path) if path.is_dir() else OneReference(path)
    except BadReference as error:
        raise UsageError(str(error)) from error


def _times(references: OneReference | ReferenceFolder | None, path: str) -> list[float] | None:
    """Return the annotated boundaries of a piece for its plot; None without any."""
    from symbolic.structure.references import BadReference

    try:
        return references.of(path).times.tolist() if references else None
    except BadReference:  # the table of scores gives the reason
        return None


def _score_table(found: Sequence[Segmentation], references: OneReference | ReferenceFolder) -> str:
    """Write the scores of pieces: precision, recall and F-measure at 0.5 s, at 3 s and by bar."""
    from symbolic.structure.references import SCORES, score_rows

    rows = score_rows(found, references)
    shown = [name for name in SCORES if any(name in row for row in rows)]
    columns = [name for name in ("path", *shown, "error") if any(row.get(name) for row in rows)]
    heading = [name.replace("precision", "P").replace("recall", "R") for name in columns]
    cells = [[cell(row.get(name, "")) for name in columns] for row in rows]
    return text_table(heading, cells, left=["path", "error"], most=MAX_ROWS)
