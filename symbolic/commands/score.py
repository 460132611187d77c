"""`symbolic score`: files and folders in, one row per file out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from symbolic.commands.arguments import (
    PLOT_SUFFIXES,
    Parser,
    UsageError,
    add_model,
    guarded,
    make_room,
    path_to,
    values_of,
    whole,
    write,
)
from symbolic.scoring.tables import SUFFIXES

SHOWN = (
    *("file", "quadrant", "confidence", "valence", "arousal", "key", "mean_velocity"),
    *("notes", "seconds"),
)
MAX_SHOWN = 1000  # files; the table of more is not printed


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic score",
        description="Score MIDI and MusicXML files (also Humdrum, ABC and MEI with the extra "
        "`formats`, and MuseScore's files where the program is installed): quadrant "
        "probabilities (Q1 happy, Q2 angry, Q3 sad, Q4 calm), valence, arousal, key and dynamics, "
        "one row per file; or recordings, with a --model of audio. A file that cannot be read "
        "has a row with the reason. "
        "With an --output rows are written as they come, and an interrupted run can be resumed.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files, folders, archives (.zip, .tar, .tar.gz), quoted patterns such as "
        "'music/**/*.mid', or - for a list of paths on standard input, one a line or ended by NUL",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=path_to(*SUFFIXES),
        metavar="FILE",
        help="write .csv or .jsonl, or .parquet, a folder of parts",
    )
    parser.add_argument(
        "--plot",
        type=path_to(*PLOT_SUFFIXES),
        metavar="FILE",
        help="draw the valence-arousal plane (.png, .pdf, .svg)",
    )
    parser.add_argument(
        "--timeline",
        type=path_to(*SUFFIXES),
        metavar="FILE",
        help="beside --output: emotion in windows that slide over each piece",
    )
    parser.add_argument(
        "--window", metavar="LENGTH", help="of the timeline: 30s (the default), 8bars"
    )
    parser.add_argument("--hop", metavar="LENGTH", help="from window to window: 5s, 2bars")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the interrupted run of this --output"
    )
    parser.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="search folders recursively (default: yes)",
    )
    add_model(parser)
    parser.add_argument(
        "--batch-size", type=whole(1), metavar="N", help="windows at a time (32; of audio 16)"
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray", "accelerate"),
        default="local",
        help="this machine, a Ray cluster, or the processes of accelerate launch",
    )
    parser.add_argument(
        "--workers",
        type=whole(0),
        metavar="N",
        help="processes that read files (default: one per core; 0: none, without limits per file); "
        "of ray, actors",
    )
    parser.add_argument(
        "--timeout", type=whole(1), metavar="SECONDS", help="that one file may take (120)"
    )
    parser.add_argument(
        "--memory", type=whole(1), metavar="MIB", help="that reading one file may take (4096)"
    )
    parser.add_argument(
        "--shard", type=whole(1), metavar="N", help="files that are written at once (1024)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the rows as JSON, one object a line, instead of the table",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no table and no progress bar")
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Score files and folders; the exit status is 1 if there is no file."""
    options = _parser().parse_args(arguments)
    _check(options)
    paths = list(options.paths)
    if "-" in paths:
        from symbolic.notes.sources import read_list

        place = paths.index("-")
        paths[place : place + 1] = read_list(sys.stdin.buffer.read())
    with TemporaryDirectory() as scratch:
        output = options.output or Path(scratch, "scores.csv")
        summary = _run(paths, output, options)
        if summary is None:  # no file was found, or another process writes
            return 0 if options.engine == "accelerate" else 1
        table = None
        shown = not options.quiet and summary.files <= MAX_SHOWN
        if options.plot or options.json or shown:
            from symbolic.scoring.tables import read_scores

            table = read_scores(output)
    if table is not None and options.plot:
        from symbolic.reports.plots import valence_arousal_plane

        write(partial(valence_arousal_plane, table), options.plot)
    if table is not None and options.json:
        print(table.to_json(orient="records", lines=True, force_ascii=False), end="")
    if not options.quiet:
        _print(summary, table, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    """Refuse invalid options before anything is loaded."""
    for path in filter(None, (options.output, options.timeline)):
        make_room(path, folder=path.suffix.lower() == ".parquet")
    if options.plot:
        make_room(options.plot)
    if not options.output:
        needing = {"timeline": options.timeline, "resume": options.resume}
        needing["engine"] = options.engine != "local"
        for name in (name for name, value in needing.items() if value):
            raise UsageError(f"--{name} goes with an --output")
    if (options.window or options.hop) and not options.timeline:
        raise UsageError("--window and --hop are of a --timeline")
    if options.plot and options.model is not None and _is_of_audio(options.model):
        raise UsageError(f"model {options.model!r} is one of audio: there is no plane to draw")


def _is_of_audio(name: str) -> bool:
    from symbolic.configuration import SymbolicConfig

    try:
        return SymbolicConfig.from_pretrained(name).inputs == "audio"
    except Exception:  # loading the model reports the error
        return False


def _run(paths: list[str], output: Path, options: argparse.Namespace):
    """Score into a table; None where there is no file to score."""
    from symbolic.scoring.corpus import SHARD, NoFilesError, ScoringArguments, score_corpus
    from symbolic.scoring.windows import SlidingWindow

    names = ("model", "device", "batch_size", "workers", "timeout")
    values = {k: v for k, v in values_of(options, *names).items() if v is not None}
    if options.memory is not None:
        values["memory"] = options.memory << 20
    if options.timeline:
        values["sliding"] = SlidingWindow.parse(options.window or "30s", options.hop)
    try:
        return score_corpus(
            paths,
            output,
            ScoringArguments(**values),
            shard=options.shard or SHARD,
            progress=not options.quiet,
            **values_of(options, "timeline", "resume", "engine", "recursive"),
        )
    except NoFilesError as error:
        print(f"symbolic: no {error} file in {', '.join(options.paths)}", file=sys.stderr)
        return None
    except KeyboardInterrupt:
        if options.output:
            print(
                f"\nsymbolic: interrupted; what {output} has is valid, and --resume goes on",
                file=sys.stderr,
            )
        raise


def _print(summary, table, options: argparse.Namespace) -> None:
    into = sys.stderr if options.json else sys.stdout  # programs read the rows from stdout
    if table is not None and not options.json:
        _print_rows(table)
    for path, error in summary.errors:
        print(f"not scored: {path}: {error}", file=sys.stderr)
    failed = summary.files - summary.scored
    if failed > len(summary.errors):
        print(f"not scored: {failed - len(summary.errors)} more", file=sys.stderr)
    done = f"\nscored {summary.scored} of {summary.files} files"
    if summary.duplicates:
        done += f", of which {summary.duplicates} are the same as others"
    places = {"table": options.output, "timeline": options.timeline, "plot": options.plot}
    print(
        done, *(f"{name} in {path}" for name, path in places.items() if path), sep="; ", file=into
    )


def _print_rows(table) -> None:
    """Print the rows that have a score; of many the first and the last."""
    shown = table[table["error"] == ""].drop(columns="error")
    if not len(shown):
        return
    shown.insert(0, "file", [Path(path).name for path in shown["path"]])
    columns = [name for name in SHOWN if name in shown]
    if "quadrant" not in shown:
        columns = [name for name in shown if name != "path"]
    print(
        shown[columns].to_string(
            index=False,
            max_rows=60,
            na_rep="-",
            float_format="{:.2f}".format,
            formatters={"seconds": "{:.0f}".format},
        )
    )
