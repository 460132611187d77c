"""`symbolic compare`: generated music against targets, and two corpora side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symbolic.commands.arguments import (
    Parser,
    UsageError,
    guarded,
    make_room,
    path_to,
    whole,
    write,
)
from symbolic.evaluation.generation.frechet import DEALS


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic compare",
        description="Compare two corpora, such as generated music and the music of its training: "
        "the Fréchet distance of their vectors beside what chance gives, and predicted quadrants. "
        "With --targets: how often the pieces of A are predicted in their target quadrants. The "
        "figures are predictions of a model: they compare systems, and do not replace listeners.",
    )
    parser.add_argument("a", metavar="A", help="file, folder or archive")
    parser.add_argument("b", metavar="B", nargs="?", help="another, if corpora are compared")
    parser.add_argument(
        "--targets",
        metavar="TARGETS",
        help="Q1, Q2, Q3 or Q4 for all pieces of A, or a CSV with a column path, file or name, and "
        "target, or valence and arousal",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="of quadrants (default: the model in the package)"
    )
    parser.add_argument(
        "--encoder", default="base", metavar="NAME", help="whose vectors are compared"
    )
    parser.add_argument(
        "--deals",
        type=whole(1),
        default=DEALS,
        metavar="N",
        help="random divisions of all pieces, by which chance is estimated",
    )
    parser.add_argument("--workers", type=whole(0), metavar="N", help="processes that read files")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--rows",
        type=path_to(".csv"),
        metavar="FILE",
        help="with --targets, write a row for each piece of A, .csv",
    )
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Compare generated music with its targets, and two corpora with one another."""
    options = _parser().parse_args(arguments)
    if options.b is None and options.targets is None:
        raise UsageError("a second corpus or --targets is needed")
    if options.rows is not None:
        if options.targets is None:
            raise UsageError("--rows are those of --targets")
        make_room(options.rows)
    for path in (options.a, options.b):
        if path is not None and not Path(path).exists():
            raise UsageError(f"{path} does not exist")
    from symbolic.evaluation.generation.corpora import compare_corpora
    from symbolic.evaluation.generation.generated import as_scorer, evaluate_generated

    found: dict[str, Any] = {}
    try:
        model = as_scorer(options.model)
        if options.targets is not None:
            found["targets"] = evaluation = evaluate_generated(
                options.a, options.targets, model, workers=options.workers
            )
            if options.rows is not None:
                write(lambda path: evaluation.rows.to_csv(path, index=False), options.rows)
        if options.b is not None:
            found["corpora"] = compare_corpora(
                options.a,
                options.b,
                options.encoder,
                model,
                deals=options.deals,
                workers=options.workers,
            )
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps({name: one.to_dict() for name, one in found.items()}, allow_nan=False))
    else:
        print("\n\n".join(map(str, found.values())))
