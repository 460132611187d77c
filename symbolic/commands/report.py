"""`symbolic report`: HTML report of a scored corpus."""

from __future__ import annotations

import argparse
from pathlib import Path

from symbolic.commands.arguments import UsageError, make_room, path_to, write

PAGES = (".html", ".htm")


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program."""
    report = commands.add_parser(
        "report",
        help="make an HTML report of a scored corpus",
        description="Make an HTML report of a table written by `symbolic score --output`: the "
        "valence-arousal plane, quadrants, keys, confidence, familiarity to the model, the most "
        "and the least confident predictions, and errors.",
    )
    report.set_defaults(run=_report)
    report.add_argument(
        "scores",
        type=Path,
        metavar="SCORES",
        help=".csv, .jsonl, .parquet, or a folder of part-*.parquet",
    )
    report.add_argument(
        "-o",
        "--output",
        type=_output_path,
        metavar="FILE",
        help="write .html (default: next to the table, with its name)",
    )


def _output_path(text: str) -> Path:
    return path_to(text, PAGES)


def _report(options: argparse.Namespace) -> int:
    from symbolic.scoring.tables import read_scores, score_files

    scores = options.scores
    try:
        files = score_files(scores)
        for file in files:
            file.stat()
        output = options.output or _beside(scores)
        make_room(output)
        if output.exists() and any(output.samefile(file) for file in files):
            raise UsageError(f"cannot write {output}: it is the table of scores")

        from symbolic.reports.corpus.statistics import NEEDED, OPTIONAL

        table = read_scores(scores, NEEDED, OPTIONAL)
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise UsageError(f"cannot read {error.filename or scores}: {reason}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error

    from symbolic.reports.corpus.page import corpus_page

    try:
        page = corpus_page(table, scores.name or scores.resolve().name)
    except ValueError as error:
        raise UsageError(f"{scores}: {error}") from error
    write(lambda path: path.write_bytes(page.encode()), output)
    print(f"page in {output}")
    return 0


def _beside(scores: Path) -> Path:
    """Return the path of the table with `.html`; a folder name loses only `.parquet`."""
    if not scores.is_dir():
        return scores.with_suffix(".html")
    folder = scores.resolve() if scores.name in ("", "..") else scores
    name = folder.stem if folder.suffix.lower() == ".parquet" else folder.name
    return folder.with_name(f"{name}.html")
