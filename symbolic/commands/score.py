"""`symbolic score`: files and folders in, one row per file out."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from symbolic.commands.arguments import (
    PLOT_SUFFIXES,
    STDOUT,
    Parser,
    UsageError,
    add_model,
    guarded,
    make_room,
    path_to,
    report_nothing_found,
    rows_output,
    values_of,
    whole,
    write,
)
from symbolic.reports.text_table import MAX_ROWS, cell, text_table
from symbolic.scoring.table_writers import SUFFIXES
from symbolic.scoring.tables import read_rows, read_scores

if TYPE_CHECKING:
    from symbolic.scoring.corpus import RunSummary

SHOWN = (
    *("path", "quadrant", "confidence", "valence", "arousal", "key", "mean_velocity"),
    *("notes", "seconds"),
)
DECIMALS = {"seconds": 0}  # in the printed table, of which numbers have 2
BELOW = ("error", "reasons", "keys", "written_key")  # columns that are not in the printed table
MANY, MOST_LABELS = 12, 5  # labels of a task: of more than that, so many are printed
TOP_LABELS = f": top {MOST_LABELS}"  # after the task, the heading of their column
MAX_SHOWN = 1000  # files; the table of more is not printed


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic score",
        description="Score MIDI and MusicXML files (also Humdrum, ABC and MEI with the extra "
        "`formats`, and MuseScore's files where the program is installed): quadrant "
        "probabilities (Q1 happy, Q2 angry, Q3 sad, Q4 calm), valence, arousal, their strengths "
        "(log odds, by which pieces can be ordered), familiarity (low: "
        "played unlike the training music; high: no sign that a row is right, since most other "
        "music has it, too), key and dynamics, one row per file; or recordings, with a --model of "
        "audio. A file that cannot be read has a row with the reason. "
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
        type=path_to(*SUFFIXES, stdout=True),
        metavar="FILE",
        help="write .csv, .jsonl (a JSON object a line), .json (one array), or .parquet, a folder "
        "of parts; - is CSV on standard output, with --json JSON lines",
    )
    parser.add_argument(
        "--plot",
        type=path_to(*PLOT_SUFFIXES),
        metavar="FILE",
        help="draw the valence-arousal plane (.png, .pdf, .svg)",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="say what the prediction of each piece is made of, in a line below the table and in a "
        "column `reasons` of what is written; of models of features",
    )
    parser.add_argument(
        "--keys",
        action="store_true",
        help="find the keys over time, in a line below the table and in columns `keys` and "
        "`written_key` of what is written, and in a column `local_key` of a timeline",
    )
    parser.add_argument(
        "--velocities",
        type=path_to(".mid", ".midi"),
        metavar="FILE",
        help="write the notes of a single file to a MIDI file, with velocities that the encoder in "
        "the package predicts: dynamics for a score that has none",
    )
    parser.add_argument(
        "--velocity-model",
        metavar="NAME",
        help="folder or hub name of a model with the task velocity, for --velocities (base)",
    )
    parser.add_argument(
        "--timeline",
        type=path_to(*SUFFIXES),
        metavar="FILE",
        help="write emotion in windows that slide over each piece, with or without --output",
    )
    parser.add_argument(
        "--window",
        metavar="LENGTH",
        help="of the timeline: 30s (default), 8bars; the last window ends with the piece",
    )
    parser.add_argument(
        "--hop",
        metavar="LENGTH",
        help="from window to window: 5s, 2bars (default: a sixth of the window length)",
    )
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
        help="print the rows as JSON, one object a line, instead of the table; as --output -",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no table and no progress bar")
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Score files and folders; the exit status is 1 if no file could be scored."""
    options = _parser().parse_args(arguments)
    _check(options)
    paths = list(options.paths)
    if "-" in paths:
        from symbolic.notes.sources import read_list

        place = paths.index("-")
        paths[place : place + 1] = read_list(sys.stdin.buffer.read())
    from symbolic.scoring.corpus import NoFilesError

    if options.velocities:
        from symbolic.scoring.velocities import VelocityModel

        dynamics = VelocityModel(options.velocity_model)
    with TemporaryDirectory() as scratch:
        output = options.output
        if output is None:
            csv = options.rows_only and not options.json
            output = Path(scratch, "scores.csv" if csv else "scores.jsonl")
        try:
            summary = _run(paths, output, options)
        except NoFilesError as error:
            report_nothing_found(str(error), options.paths, error.passed_over)
            return 1
        if summary is None:  # another process writes
            return 0
        if options.rows_only:
            with output.open(encoding="utf-8", newline="") as rows:
                shutil.copyfileobj(rows, rows_output())
        shown = not options.quiet and not options.rows_only and 0 < summary.files <= MAX_SHOWN
        rows = read_rows(output) if shown else None
        if options.plot:
            from symbolic.reports.plots import valence_arousal_plane

            write(partial(valence_arousal_plane, read_scores(output)), options.plot)
    if options.velocities and summary.scored:
        write(partial(dynamics.write, options.paths[0]), options.velocities)
    if not options.quiet:
        _print(summary, rows, options)
    return 0 if summary.scored or not summary.files else 1  # no files: all were scored before


def _check(options: argparse.Namespace) -> None:
    """Refuse invalid options before anything is loaded; complete the others."""
    if options.json and options.output not in (None, STDOUT):
        raise UsageError("--json prints the rows; --output FILE.jsonl or FILE.json writes them")
    options.rows_only = options.json or options.output == STDOUT
    options.output = None if options.output == STDOUT else options.output
    for path in filter(None, (options.output, options.timeline)):
        make_room(path, folder=path.suffix.lower() == ".parquet")
    for path in filter(None, (options.plot, options.velocities)):
        make_room(path)
    if options.velocity_model and not options.velocities:
        raise UsageError("--velocity-model is for --velocities FILE")
    if options.velocities and not (len(options.paths) == 1 and Path(options.paths[0]).is_file()):
        raise UsageError("--velocities writes the notes of one file: give the path of one")
    if not options.output:
        needing = {"resume": options.resume, "engine": options.engine != "local"}
        for name in (name for name, value in needing.items() if value):
            raise UsageError(f"--{name} goes with an --output file")
    if (options.window or options.hop) and not options.timeline:
        raise UsageError("--window and --hop are of a --timeline")
    if options.plot and options.model is not None:
        _check_plane(options.model)


def _check_plane(name: str) -> None:
    """Refuse a plot with a model without a plane."""
    from symbolic.configuration import SymbolicConfig

    try:
        config = SymbolicConfig.from_pretrained(name)
    except Exception:  # loading the model reports the error
        return
    if config.inputs == "audio":
        raise UsageError(f"model {name!r} is one of audio: there is no plane to draw")


def _run(paths: list[str], output: Path, options: argparse.Namespace):
    """Score into a table; None where another process writes it."""
    from symbolic.scoring.corpus import SHARD, ScoringArguments, score_corpus
    from symbolic.scoring.windows import SlidingWindow

    names = ("model", "device", "batch_size", "workers", "timeout", "explain", "keys")
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
            resumable=options.output is not None,
            progress=not options.quiet and sys.stderr.isatty(),
            **values_of(options, "timeline", "resume", "engine", "recursive"),
        )
    except KeyboardInterrupt:
        if options.output:
            print(
                f"\nsymbolic: interrupted; what {output} has is valid, and --resume goes on",
                file=sys.stderr,
            )
        raise


def _print(
    summary: RunSummary, rows: list[dict[str, Any]] | None, options: argparse.Namespace
) -> None:
    """Print the rows, if they are shown, and what became of the files."""
    from symbolic.notes.sources import passed_over_line

    into = sys.stderr if options.rows_only else sys.stdout
    if rows is not None:
        print(_table(rows), end="\n\n")
        for name, asked in (("keys", options.keys), ("reasons", options.explain)):
            if asked and (lines := _lines(rows, name)):
                print(*lines, sep="\n", end="\n\n")
    if rows is None or len(rows) > MAX_ROWS:  # the rows with errors are not all on the screen
        for path, error in summary.errors:
            print(f"not scored: {path}: {error}", file=sys.stderr)
        failed = summary.files - summary.scored
        if failed > len(summary.errors):
            print(f"not scored: {failed - len(summary.errors)} more", file=sys.stderr)
    done = f"scored {summary.scored} of {summary.files} files"
    if not summary.files:
        done = "complete: nothing is left to score"
    if summary.duplicates:
        done += f", of which {summary.duplicates} are the same as others"
    places = {"table": options.output, "timeline": options.timeline, "plot": options.plot}
    if summary.scored:
        places["notes"] = options.velocities
    print(
        done, *(f"{name} in {path}" for name, path in places.items() if path), sep="; ", file=into
    )
    if line := passed_over_line(summary.passed_over):
        print(line, file=into)


def _lines(rows: list[dict[str, Any]], name: str) -> list[str]:
    """Make a line of a column for each row of the table shown, with its name if there are more."""
    half = MAX_ROWS // 2
    shown = rows if len(rows) <= MAX_ROWS else rows[:half] + rows[half - MAX_ROWS :]
    given = [row for row in shown if row[name]]
    if len(rows) == 1:
        return [row[name] for row in given]
    return [f"{cell(Path(row['path']).name)}: {row[name]}" for row in given]


def _table(rows: list[dict[str, Any]]) -> str:
    """Make the table that is printed, with an error beside rows without a score.

    Of a task of more than `MANY` labels, the most probable labels of each row are shown.
    """
    rows = _with_top_labels(rows)
    columns = [name for name in SHOWN if name in rows[0]]
    if "quadrant" not in rows[0]:
        columns = [name for name in rows[0] if name not in BELOW]
    errors = [row["error"] or "" for row in rows]
    if all(errors):
        columns = ["path"]
    cells = [[cell(row[name], DECIMALS.get(name, 2)) for name in columns] for row in rows]
    names = [Path(row["path"]).name for row in rows]
    if len(set(names)) == len(names):
        cells = [[cell(name), *others] for name, (_, *others) in zip(names, cells, strict=True)]
    if any(errors):
        columns.append("error")
        for row, error in zip(cells, errors, strict=True):
            row.append(error and cell(error))
    top = [name for name in columns if name.endswith(TOP_LABELS)]
    return text_table(columns, cells, left=["error", *top], most=MAX_ROWS)


def _with_top_labels(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace the columns of each task of many labels by one of the most probable labels."""
    columns: dict[str, list[str]] = {}
    for name in rows[0]:
        task, separator, _ = name.partition(": ")
        if separator:
            columns.setdefault(task, []).append(name)
    for task, names in columns.items():
        if len(names) > MANY:
            heading = f"{task}{TOP_LABELS}"
            rows = [_replaced(row, heading, names) for row in rows]
    return rows


def _replaced(row: dict[str, Any], heading: str, names: list[str]) -> dict[str, Any]:
    """Put the largest of some values of a row into one column, in the place of the first."""
    best = [] if row["error"] else sorted(names, key=lambda name: -row[name])[:MOST_LABELS]
    text = ", ".join(f"{name.partition(': ')[2]} {row[name]:.2f}" for name in best)
    values = {heading if name == names[0] else name: value for name, value in row.items()}
    values[heading] = text
    return {name: value for name, value in values.items() if name not in names}
