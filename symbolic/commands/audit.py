"""`symbolic audit`: check labelled music before training."""

from __future__ import annotations

import json
from collections.abc import Sequence

from symbolic.commands.arguments import (
    CORPORA,
    Parser,
    UsageError,
    guarded,
    make_room,
    path_to,
    values_of,
    whole,
    write,
)


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic audit",
        description="Check labelled music before training: songs in more than one split, duplicate "
        "files, notes and melodies, label balance, dynamics, nominal tempos, files that cannot be "
        "read. The exit status is 1 if a split, or folds by group, would leak.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="folder of EMOPIA or YM2413-MDB (clips.csv), VGMIDI (phrases.csv) or PercePiano "
        "(ratings.csv), folder with labels.csv, any CSV like that, folder of music; several are "
        "audited together",
    )
    corpora = parser.add_argument_group("corpora, as symbolic train takes them")
    corpora.add_argument("--emopia", metavar="FOLDER", help="folder of EMOPIA")
    corpora.add_argument("--vgmidi", metavar="FOLDER", help="folder of VGMIDI")
    corpora.add_argument("--ym2413", metavar="FOLDER", help="folder of YM2413-MDB")
    corpora.add_argument("--percepiano", metavar="FOLDER", help="folder of PercePiano")
    corpora.add_argument("--labelled", metavar="PATH", help="a CSV, or a folder with labels.csv")
    corpora.add_argument(
        "--corpora", nargs="*", default=[], metavar="NAME=FOLDER", help="any corpora"
    )
    parser.add_argument(
        "--split", default="split", metavar="COLUMN", help="column of the split (split)"
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="use the split and the groups of the table as they are, without the reader's merging "
        "of look-alike songs",
    )
    parser.add_argument(
        "--json", type=path_to(".json"), metavar="FILE", help="write the results to a JSON file"
    )
    parser.add_argument(
        "--workers", type=whole(0), metavar="N", help="processes that read files, as for score"
    )
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Check labelled music before training; the exit status is 1 if a split would leak."""
    options = _parser().parse_args(arguments)
    if options.json:
        make_room(options.json)
    from symbolic.data import DataArguments
    from symbolic.data.audit.load import audit_paths
    from symbolic.data.audit.text import audit_dict, audit_text

    folders = DataArguments(**values_of(options, *CORPORA)).folders
    if not (options.paths or folders):
        raise UsageError(
            f"nothing to audit: give a PATH or {', '.join(f'--{name}' for name in CORPORA)}"
        )
    found = audit_paths(options.paths, options.split, options.raw, options.workers, folders)
    if options.json:
        text = json.dumps(audit_dict(found), ensure_ascii=False, indent=1)
        write(lambda path: path.write_text(text + "\n", encoding="utf-8"), options.json)
    print(audit_text(found))
    return 1 if found.leaks else 0
