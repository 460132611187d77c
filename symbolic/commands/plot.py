"""`symbolic plot`: a plot of emotion over time."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.commands.arguments import UsageError, make_room, plot_path, write


def add_plot(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program."""
    plot = commands.add_parser(
        "plot",
        help="plot the emotion of a piece over time",
        description="Plot a MIDI or MusicXML file: valence, arousal and quadrant in sliding "
        "windows, and the piano roll.",
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
        "--window", default="30s", metavar="LENGTH", help="window length: 30s (default), 8bars"
    )
    plot.add_argument(
        "--hop",
        metavar="LENGTH",
        help="distance of windows: 5s, 2bars (default: a sixth of the window length)",
    )
    plot.add_argument(
        "--model", metavar="NAME", help="folder or Hub name (default: the model in the package)"
    )
    plot.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: cpu)")


def _plot(options: argparse.Namespace) -> int:
    make_room(options.output)
    path = Path(options.path)
    if options.output.exists() and path.exists() and options.output.samefile(path):
        raise UsageError(f"cannot write {options.output}: it is the input file")
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
        raise UsageError(f"model {options.model!r} takes audio; plot requires a model of notes")
    read = partial(_read, sliding=sliding, prepare_options=scorer.preprocess_options)
    (found,) = apply_many(read, [path], workers=1)  # a worker has time and memory limits
    if isinstance(found, ReadError):
        print(f"symbolic: {path}: {found.reason}", file=sys.stderr)
        return 1
    notes, windows = found
    table = timeline_table(timeline_rows(scorer.model, windows))

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
    """Read the notes of sources and prepare their windows."""
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
