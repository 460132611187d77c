"""`symbolic audit`: check labelled music before training."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from symbolic.commands.arguments import UsageError, make_room, natural, path_to, write


def add_audit(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the program."""
    check = commands.add_parser(
        "audit",
        help="check a labelled set for leaks before training",
        description="Check labelled music before training: songs in more than one split, duplicate "
        "files, notes and melodies, label balance, dynamics, nominal tempos, files that cannot be "
        "read. The exit status is 1 if a split, or folds by group, would leak.",
    )
    check.set_defaults(run=_audit)
    check.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="folder of EMOPIA (clips.csv) or VGMIDI (phrases.csv), folder with labels.csv, any "
        "CSV like that, folder of music; several are audited together",
    )
    check.add_argument(
        "--split", default="split", metavar="COLUMN", help="column of the split (split)"
    )
    check.add_argument(
        "--raw",
        action="store_true",
        help="use the split and the groups of the table as they are, without the reader's merging "
        "of look-alike songs",
    )
    check.add_argument(
        "--json", type=_json_path, metavar="FILE", help="write the results to a JSON file"
    )
    check.add_argument(
        "--workers", type=natural, metavar="N", help="processes that read files, as for score"
    )


def _json_path(text: str) -> Path:
    return path_to(text, (".json",))


def _audit(options: argparse.Namespace) -> int:
    if options.json:
        make_room(options.json)
    from symbolic.data.audit.load import audit_paths
    from symbolic.data.audit.text import audit_dict, audit_text

    try:
        found = audit_paths(options.paths, options.split, options.raw, options.workers)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    if options.json:
        text = json.dumps(audit_dict(found), ensure_ascii=False, indent=1)
        write(lambda path: path.write_text(text + "\n", encoding="utf-8"), options.json)
    print(audit_text(found))
    return 1 if found.leaks else 0
