"""`symbolic plot`: a plot of emotion over time, or of the reasons for a prediction."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from symbolic.scoring.emotion import EmotionScorer
    from symbolic.scoring.windows import SlidingWindow


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic plot",
        description="Plot a MIDI or MusicXML file: valence, arousal and quadrant in sliding "
        "windows, the keys over time where the model has a network of keys, and the piano roll; or "
        "with --explain what its prediction is made of.",
    )
    parser.add_argument("path", type=Path, metavar="FILE", help="MIDI or MusicXML")
    parser.add_argument(
        "-o",
        "--output",
        type=path_to(*PLOT_SUFFIXES),
        metavar="FILE",
        help="write .png, .pdf or .svg (default: next to the piece, NAME.emotion.png, with "
        "--explain NAME.reasons.png)",
    )
    parser.add_argument("--window", metavar="LENGTH", help="window length: 30s (default), 8bars")
    parser.add_argument(
        "--hop",
        metavar="LENGTH",
        help="distance of windows: 5s, 2bars (default: a sixth of the window length)",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="plot what groups of features contribute to valence and arousal",
    )
    parser.add_argument(
        "--among",
        type=Path,
        metavar="CORPUS",
        help="with --explain: a table of `symbolic score --output`, or music, whose pieces are "
        "shown around the piece",
    )
    add_model(parser)
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Plot the emotion of a piece; the exit status is 1 if it cannot be read."""
    options = _parser().parse_args(arguments)
    path = options.path
    if options.explain and (options.window or options.hop):
        raise UsageError("--window and --hop are of a plot over time, without --explain")
    if options.among and not options.explain:
        raise UsageError("--among goes with --explain")
    kind = "reasons" if options.explain else "emotion"
    output = options.output or path.with_suffix(f".{kind}.png")
    make_room(output)
    if output.exists() and path.exists() and output.samefile(path):
        raise UsageError(f"cannot write {output}: it is the input file")
    from symbolic.scoring.corpus import load_scorer
    from symbolic.scoring.emotion import EmotionScorer
    from symbolic.scoring.table_kinds import refuse_other_tables
    from symbolic.scoring.windows import SlidingWindow

    refuse_other_tables(path, "a plot is made of a MIDI or MusicXML file")
    sliding = SlidingWindow.parse(options.window or "30s", options.hop)
    scorer = load_scorer(options.model, options.device)
    if not isinstance(scorer, EmotionScorer):
        raise UsageError(f"model {options.model!r} takes audio; plot requires a model of notes")
    if options.explain:
        return _plot_reasons(scorer, path, output, options.among)
    return _plot_windows(scorer, path, output, sliding)


def _plot_reasons(scorer: EmotionScorer, path: Path, output: Path, among: Path | None) -> int:
    """Plot the reasons for a prediction, and the piece among those of a corpus."""
    from symbolic.reports.reason_plots import reasons_plot
    from symbolic.scoring.table_kinds import PIECES, refuse_other_tables
    from symbolic.scoring.table_writers import SUFFIXES
    from symbolic.scoring.tables import read_scores

    try:
        (found,) = scorer.explain([path], workers=1)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if found.error:
        print(f"symbolic: {path}: {found.error}", file=sys.stderr)
        return 1
    corpus = None
    if among is not None:
        refuse_other_tables(among, "--among takes the table of `symbolic score --output`", PIECES)
        is_table = among.suffix.lower() in SUFFIXES or any(among.glob("part-*.parquet"))
        corpus = read_scores(among) if is_table else scorer.score(among)
    write(lambda place: reasons_plot(found, place, path.name, corpus), output)
    print(found)
    print(f"plot in {output}")
    return 0


def _plot_windows(scorer: EmotionScorer, path: Path, output: Path, sliding: SlidingWindow) -> int:
    """Plot the emotion of a piece over time."""
    from symbolic.notes import ReadError
    from symbolic.notes.pool import apply_many
    from symbolic.reports.timeline_plots import timeline_plot
    from symbolic.scoring.columns import TIMELINE, rows_table
    from symbolic.scoring.keys.local import key_network
    from symbolic.scoring.keys.timelines import keys_over_time
    from symbolic.scoring.timeline import predict_timelines

    read = partial(_read, sliding=sliding, preparation=scorer.preprocess)
    (found,) = apply_many(read, [path], workers=1)  # a worker has time and memory limits
    if isinstance(found, ReadError):
        print(f"symbolic: {path}: {found.reason}", file=sys.stderr)
        return 1
    notes, windows = found
    table = rows_table(predict_timelines(scorer.predictor, [windows])[0], TIMELINE)
    network = key_network(scorer.predictor)
    keys = () if network is None else keys_over_time(network, scorer.preprocess.kept(notes))
    write(lambda place: timeline_plot(notes, table, place, path.name, keys), output)
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
