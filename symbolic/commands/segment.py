"""`symbolic segment`: files in, the boundaries of their parts out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from symbolic.commands.options import UsageError, make_room, natural, path_to, write

SUFFIXES = (".csv", ".json")


def add_segment(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the program."""
    segment = commands.add_parser(
        "segment",
        help="find where the parts of recordings and MIDI begin",
        description="Find the boundaries of the parts of recordings and of MIDI and MusicXML "
        "files: by a --model that was trained on boundaries or, without one, by Foote's novelty, "
        "which has learnt nothing. A file that cannot be read gets a row that says why.",
    )
    segment.set_defaults(run=_segment)
    segment.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    segment.add_argument(
        "-o", "--output", type=_output_path, metavar="FILE", help="write .csv (parts) or .json"
    )
    segment.add_argument(
        "--labels", type=Path, metavar="FOLDER", help="write NAME.txt for audio editors there"
    )
    segment.add_argument("--plots", type=Path, metavar="FOLDER", help="draw NAME.png there")
    segment.add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        help="boundaries that somebody has marked in the one file, to draw: a line for each, its "
        "first word a time in seconds",
    )
    segment.add_argument("--model", metavar="NAME", help="folder or hub name (default: novelty)")
    segment.add_argument(
        "--window",
        choices=("0.5", "3"),
        default="0.5",
        help="seconds that a boundary may be off: few that are sure, or more (0.5)",
    )
    segment.add_argument(
        "--workers", type=natural, metavar="N", help="processes that read files, as for score"
    )
    segment.add_argument("-q", "--quiet", action="store_true", help="no table")


def _output_path(text: str) -> Path:
    return path_to(text, SUFFIXES)


def _segment(options: argparse.Namespace) -> int:
    if options.output:
        make_room(options.output)
    for folder in filter(None, (options.labels, options.plots)):
        make_room(folder / "any")
    marked = _reference(options.reference)
    from symbolic.structure.segmenter import (
        Segmenter,
        segment_labels,
        segment_record,
        segment_table,
    )

    segmenter = Segmenter()
    if options.model:
        try:
            segmenter = Segmenter.from_pretrained(options.model, options.window)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    try:
        found = segmenter.segment(options.paths, workers=options.workers)
    except (OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    if not found:
        print(
            f"symbolic: no audio, MIDI or MusicXML file in {', '.join(options.paths)}",
            file=sys.stderr,
        )
        return 1
    if marked is not None and len(found) != 1:
        raise UsageError(f"--reference is of one file, and there are {len(found)}")
    table = segment_table(found)
    if options.output and options.output.suffix.lower() == ".json":
        text = json.dumps([segment_record(one) for one in found], ensure_ascii=False, indent=1)
        write(lambda path: path.write_text(text + "\n", encoding="utf-8"), options.output)
    elif options.output:
        write(lambda path: table.to_csv(path, index=False), options.output)
    names = _names([one.path for one in found])
    for one, name in zip(found, names, strict=True):
        if one.error:
            continue
        if options.labels:
            text = segment_labels(one)
            place = options.labels / f"{name}.txt"
            write(lambda path, text=text: path.write_text(text, encoding="utf-8"), place)
        if options.plots:
            from symbolic.reports.segment_plots import segment_plot

            place = options.plots / f"{name}.png"
            write(lambda path, one=one: segment_plot(one, path, marked), place)
    if not options.quiet:
        print(table.astype(object).fillna("").to_string(index=False))
    return 0


def _names(paths: list[str]) -> list[str]:
    """Names of files without folders; those that occur again get a number."""
    seen: dict[str, int] = {}
    names = []
    for path in paths:
        stem = Path(path).stem or "piece"
        seen[stem] = seen.get(stem, 0) + 1
        names.append(stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
    return names


def _reference(path: Path | None) -> list[float] | None:
    if path is None:
        return None
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
            raise UsageError(f"{path}, line {number}: {words[0]!r} is no time") from None
    return times
