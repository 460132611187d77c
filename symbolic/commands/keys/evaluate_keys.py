"""`symbolic evaluate-keys`: predicted keys beside annotated keys."""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.commands.arguments import Parser, add_model, guarded


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Compare the predicted keys of files, and those of key profiles, with annotated keys."""
    parser = Parser(
        prog="symbolic evaluate-keys",
        description="Compare the predicted keys of files, and those of key profiles, with "
        "annotated keys. The model in the package was trained on the keys of POP909 and When in "
        "Rome, so that its figures on these corpora are too good; symbolic train-key "
        "cross-validates.",
    )
    parser.add_argument("table", help="CSV with a column `file` and one of annotated keys")
    parser.add_argument("folder", help="folder of the files")
    parser.add_argument("--column", default="key", help="name of the column of keys")
    add_model(parser)
    options = parser.parse_args(arguments)
    from symbolic.evaluation.evaluator import evaluate_keys
    from symbolic.scoring.emotion import EmotionScorer

    scorer = EmotionScorer.from_pretrained(options.model, device=options.device)
    found = evaluate_keys(scorer, options.table, options.folder, options.column)
    for name, value in found.items():
        print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")
