"""`symbolic report`: HTML report of a scored corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from symbolic.commands.arguments import Parser, UsageError, guarded, make_room, path_to, write


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic report",
        description="Make an HTML report of a table written by `symbolic score --output`: the "
        "valence-arousal plane, quadrants, keys, confidence, familiarity of the playing, the most "
        "and the least confident predictions, and errors.",
    )
    parser.add_argument(
        "scores",
        type=Path,
        metavar="SCORES",
        help=".csv, .jsonl, .json, .parquet, or a folder of part-*.parquet",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=path_to(".html", ".htm"),
        metavar="FILE",
        help="write .html (default: next to the table, with its name)",
    )
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Make an HTML report of a scored corpus."""
    options = _parser().parse_args(arguments)
    from symbolic.reports.corpus.page import corpus_page
    from symbolic.reports.corpus.statistics import NEEDED, OPTIONAL
    from symbolic.scoring.table_kinds import PIECES, refuse_other_tables
    from symbolic.scoring.tables import read_scores, score_files

    scores = options.scores
    takes = "a report is made of the table of `symbolic score --output`"
    refuse_other_tables(scores, takes, PIECES)
    try:
        files = score_files(scores)
        for file in files:
            file.stat()
        output = options.output or _beside(scores)
        make_room(output)
        if output.exists() and any(output.samefile(file) for file in files):
            raise UsageError(f"cannot write {output}: it is the table of scores")
        table = read_scores(scores, NEEDED, OPTIONAL)
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise UsageError(f"cannot read {error.filename or scores}: {reason}") from error
    try:
        page = corpus_page(table, scores.name or scores.resolve().name)
    except ValueError as error:
        raise UsageError(f"{scores}: {error}") from error
    write(lambda path: path.write_bytes(page.encode()), output)
    print(f"page in {output}")


def _beside(scores: Path) -> Path:
    """Return the path of the table with `.html`; a folder name loses only `.parquet`."""
    if not scores.is_dir():
        return scores.with_suffix(".html")
    folder = scores.resolve() if scores.name in ("", "..") else scores
    name = folder.stem if folder.suffix.lower() == ".parquet" else folder.name
    return folder.with_name(f"{name}.html")
