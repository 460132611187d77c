"""Command line of `symbolic push`: trained models to the Hugging Face Hub."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from symbolic.commands.arguments import Parser, guarded, values_of
from symbolic.publishing.hub import CARD, PublishError, push
from symbolic.scoring.table_kinds import refuse_other_tables


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Publish a trained model on the Hugging Face Hub; the exit status is 1 if the Hub refuses."""
    parser = Parser(
        prog="symbolic push",
        description="Publish a trained model on the Hugging Face Hub, or with --dry-run write the "
        "files that would be sent. The exit status is 1 where the Hub refuses or is out of reach.",
    )
    parser.add_argument("folder", help="of the trained model")
    parser.add_argument("repo_id", help="name/model on the Hub")
    parser.add_argument("--dry-run", action="store_true", help="send nothing")
    parser.add_argument("--output", help="folder for --dry-run (default: build/hub/MODEL)")
    parser.add_argument("--private", action="store_true", help="make the repository private")
    parser.add_argument("--license", help="licence id of the Hub (default: as the corpora require)")
    parser.add_argument("--card", help="README to publish instead of the generated model card")
    parser.add_argument("--revision", help="branch (default: main)")
    options = parser.parse_args(arguments)
    if options.output and not options.dry_run:
        parser.error("--output needs --dry-run")
    refuse_other_tables(Path(options.folder), "what is published is the folder of a trained model")
    output = options.output or f"build/hub/{options.repo_id.split('/')[-1]}"
    try:
        names = push(
            options.folder,
            options.repo_id,
            dry_run=output if options.dry_run else None,
            card=Path(options.card).read_text(encoding="utf-8") if options.card else None,
            **values_of(options, "private", "license", "revision"),
        )
    except PublishError as error:
        print(f"symbolic: error: {error}", file=sys.stderr)
        return 1
    done = f"published as {options.repo_id}"
    if options.dry_run:
        done = f"written to {output}, the model card as {CARD}"
    print(f"{done}:", *names, sep="\n")
    return 0
