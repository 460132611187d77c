"""`symbolic plot`: a plot of emotion over time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from symbolic.commands.arguments import (
    PLOT_SUFFIXES,
    Parser,
    UsageError,
    add_model,
    guarded,
    make_room,
    path_to,
    write,
)


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic plot",
        description="Plot a MIDI or MusicXML file: valence, arousal and quadrant in sliding "
        "windows, and the piano roll.",
    )
    parser.add_argument("path", type=Path, metavar="FILE", help="MIDI or MusicXML")
    parser.add_argument(
        "-o",
        "--output",
        type=path_to(*PLOT_SUFFIXES),
        metavar="FILE",
        help="write .png, .pdf or .svg (default: next to the piece, NAME.emotion.png)",
    )
    parser.add_argument(
        "--window", default="30s", metavar="LENGTH", help="window length: 30s (default), 8bars"
    )
    parser.add_argument(
        "--hop",
        metavar="LENGTH",
        help="distance of windows: 5s, 2bars (default: a sixth of the window length)",
    )
    add_model(parser)
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Plot the emotion of a piece over time; the exit status is 1 if it cannot be read."""
    options = _parser().parse_args(arguments)
    path = options.path
    output = options.output or path.with_suffix(".emotion.png")
    make_room(output)
    if output.exists() and path.exists() and output.samefile(path):
        raise UsageError(f"cannot write {output}: it is the input file")
    from symbolic.notes import ReadError
    from symbolic.notes.pool import apply_many
    from symbolic.reports.timeline_plots import timeline_plot
    from symbolic.scoring.columns import TIMELINE, rows_table
    from symbolic.scoring.corpus import load_scorer
    from symbolic.scoring.emotion import EmotionScorer
    from symbolic.scoring.table_kinds import refuse_other_tables
    from symbolic.scoring.timeline import predict_timelines
    from symbolic.scoring.windows import SlidingWindow

    refuse_other_tables(path, "a plot is made of a MIDI or MusicXML file")
    sliding = SlidingWindow.parse(options.window, options.hop)
    scorer = load_scorer(options.model, options.device)
    if not isinstance(scorer, EmotionScorer):
        raise UsageError(f"model {options.model!r} takes audio; plot requires a model of notes")
    read = partial(_read, sliding=sliding, preparation=scorer.preprocess)
    (found,) = apply_many(read, [path], workers=1)  # a worker has time and memory limits
    if isinstance(found, ReadError):
        print(f"symbolic: {path}: {found.reason}", file=sys.stderr)
        return 1
    notes, windows = found
    table = rows_table(predict_timelines(scorer.predictor, [windows])[0], TIMELINE)
    write(lambda place: timeline_plot(notes, table, place, path.name), output)
    print(f"{len(table)} {'window' if len(table) == 1 else 'windows'}; plot in {output}")
    return 0


def _read(sources: list, sliding, preparation) -> list[tuple]:
    """Read the notes of sources and prepare their windows."""
    from symbolic.notes import read_notes
    from symbolic.scoring.timeline import prepare_windows

    found = []
    for source in sources:
        notes = read_notes(source)
        found.append((notes, prepare_windows(preparation.emitted(notes), sliding, preparation)))
    return found
