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
from symbolic.commands.text_table import MAX_ROWS, cell, counted, text_table

if TYPE_CHECKING:
    from symbolic.structure.segmentation import Segmentation


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic segment",
        description="Find the parts of MIDI and MusicXML files and of recordings: their "
        "boundaries, and which parts of notes are the same. Notes are segmented by the model in "
        "the package, recordings by Foote's novelty, which is not trained, or either by a --model "
        "trained on boundaries. A file that cannot be read gets a row with the reason.",
    )
    parser.renamed = {"--window": "--tolerance"}
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
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
        metavar="FILE",
        help="annotated boundaries of a single file, to plot: one per line, which begins with a "
        "time in seconds",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="folder or Hub name (default: phrases, in the package)"
    )
    parser.add_argument(
        "--method",
        choices=("model", "novelty"),
        default="model",
        help="novelty: Foote's novelty for notes, too, without a model",
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
    if options.method == "novelty" and options.model:
        raise UsageError("--method novelty takes no --model")
    if options.output not in (None, STDOUT):
        make_room(options.output)
    for folder in filter(None, (options.labels, options.plots)):
        make_room(folder / "any")
    reference = options.reference and _read_reference(options.reference)
    from symbolic.notes.sources import find_files, passed_over_line
    from symbolic.structure.segmentation import PARTS, segment_rows
    from symbolic.structure.segmenter import SEGMENTED_SUFFIXES, UNTRAINED, Segmenter

    model = UNTRAINED if options.method == "novelty" else options.model
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
    if reference is not None and len(found) != 1:
        raise UsageError(f"--reference requires a single file, not {len(found)}")
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

            plot = partial(segment_plot, piece, reference=reference)
            write(plot, options.plots / f"{name}.png")
    if not options.quiet and options.output != STDOUT:
        print(text_table(PARTS, [_cells(row) for row in rows], left=["error"], most=MAX_ROWS))
        if len(rows) > MAX_ROWS:  # the rows with errors are not all on the screen
            for piece in found:
                if piece.error:
                    print(f"not segmented: {piece.path}: {piece.error}", file=sys.stderr)
        print(f"\n{_summary(found, options)}")
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


def _read_reference(path: Path) -> list[float]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    times = []
    for number, line in enumerate(lines, 1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            times.append(float(words[0]))
        except ValueError:
            raise UsageError(f"{path}, line {number}: {words[0]!r} is not a time") from None
    return times
