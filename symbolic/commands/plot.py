"""`symbolic plot`: a plot of emotion over time."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.commands.arguments import UsageError, make_room, plot_path, write


def add_plot(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the program."""
    plot = commands.add_parser(
        "plot",
        help="draw the emotion of a piece over time",
        description="Draw one MIDI or MusicXML file: valence, arousal and quadrant in windows that "
        "slide over it, above its notes.",
    )
    plot.set_defaults(run=_plot)
    plot.add_argument("path", metavar="FILE", help="MIDI or MusicXML")
    plot.add_argument(
        "-o",
        "--output",
        type=plot_path,
        required=True,
        metavar="FILE",
        help="write .png, .pdf or .svg",
    )
    plot.add_argument(
        "--window", default="30s", metavar="LENGTH", help="of a window: 30s (the default), 8bars"
    )
    plot.add_argument(
        "--hop",
        metavar="LENGTH",
        help="from window to window: 5s, 2bars (default: a sixth of the window)",
    )
    plot.add_argument(
        "--model", metavar="NAME", help="folder or hub name (default: the model in the package)"
    )
    plot.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: cpu)")


def _plot(options: argparse.Namespace) -> int:
    make_room(options.output)
    path = Path(options.path)
    if options.output.exists() and path.exists() and options.output.samefile(path):
        raise UsageError(f"cannot write {options.output}: it is the file to draw")
    from symbolic.notes import ReadError
    from symbolic.notes.pool import apply_many
    from symbolic.scoring.emotion import EmotionScorer
    from symbolic.scoring.timeline import timeline_rows, timeline_table
    from symbolic.scoring.windows import SlidingWindow

    try:
        sliding = SlidingWindow.parse(options.window, options.hop)
    except ValueError as error:
        raise UsageError(str(error)) from error
    scorer = _scorer(options)
    if not isinstance(scorer, EmotionScorer):
        raise UsageError(f"model {options.model!r} hears audio: there is no timeline to draw")
    read = partial(_read, sliding=sliding, prepare_options=scorer.preprocess_options)
    (found,) = apply_many(read, [path], workers=1)  # in a worker for its limits
    if isinstance(found, ReadError):
        print(f"symbolic: {path}: {found.reason}", file=sys.stderr)
        return 1
    notes, heard = found
    table = timeline_table(timeline_rows(scorer.model, heard))

    from symbolic.reports.timeline_plots import timeline_plot

    write(lambda place: timeline_plot(notes, table, place, path.name), options.output)
    print(f"{len(table)} windows; plot in {options.output}")
    return 0


def _scorer(options: argparse.Namespace):
    from symbolic.scoring.corpus import load_scorer

    try:
        return load_scorer(options.model, options.device)
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(str(error)) from error


def _read(sources: list, sliding, prepare_options: dict[str, Any]) -> list[tuple]:
    """The notes of sources, and their windows as a model takes them."""
    from symbolic.notes import read_notes
    from symbolic.scoring.notes import emitted_notes
    from symbolic.scoring.timeline import prepare_windows

    tables = [read_notes(source) for source in sources]
    return [
        (
            notes,
            prepare_windows(
                emitted_notes(notes, prepare_options["tokenizer"]), sliding, **prepare_options
            ),
        )
        for notes in tables
    ]
