"""The command `symbolic`. Heavy imports wait until the words on the command line are understood."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from symbolic import __version__

WRITERS = {
    ".csv": lambda table, path: table.to_csv(path, index=False),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".jsonl": lambda table, path: table.to_json(
        path, orient="records", lines=True, force_ascii=False, double_precision=15
    ),
}
PICTURES = (".png", ".pdf", ".svg")


def main(arguments: list[str] | None = None) -> int:
    """Entry point; the exit status: 0 done, 1 nothing to score or a leak, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except _UsageError as error:
        print(f"symbolic: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the output has gone: `symbolic score ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


class _UsageError(Exception):
    """Something asked for that cannot be had; its text is all the user sees."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symbolic",
        description="Emotion, key and dynamics of MIDI and MusicXML.",
    )
    parser.add_argument("--version", action="version", version=f"symbolic {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    score = commands.add_parser(
        "score",
        help="score files and folders for emotion",
        description="Score MIDI and MusicXML files: quadrant probabilities (Q1 happy, Q2 angry, "
        "Q3 sad, Q4 calm), valence, arousal, key and dynamics, one row per file. A file that "
        "cannot be read gets a row that says why.",
    )
    score.set_defaults(run=_score)
    score.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    score.add_argument(
        "-o", "--output", type=_output_path, metavar="FILE", help="write .csv, .parquet or .jsonl"
    )
    score.add_argument(
        "--plot",
        type=_plot_path,
        metavar="FILE",
        help="draw the valence-arousal plane (.png, .pdf, .svg)",
    )
    score.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="search folders to the bottom (default: yes)",
    )
    score.add_argument(
        "--model", metavar="NAME", help="folder or hub name (default: the model in the package)"
    )
    score.add_argument(
        "--batch-size", type=_positive, default=32, metavar="N", help="windows at a time (32)"
    )
    score.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: cpu)")
    score.add_argument(
        "--workers",
        type=_natural,
        metavar="N",
        help="processes that read files (default: one per core; 0: none, without limits per file)",
    )
    score.add_argument("-q", "--quiet", action="store_true", help="no table and no progress bar")
    check = commands.add_parser(
        "audit",
        help="check a labelled set for leaks before training",
        description="Check labelled music before anyone trains on it: songs in more than one "
        "split, files, notes and melodies that occur twice, labels, dynamics, tempos, files that "
        "cannot be read. The exit status is 1 where a split, or folds by group, would leak.",
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
        help="the split and the groups as they stand in the table, without what the reader of the "
        "corpus does about songs that are known to look alike",
    )
    check.add_argument("--json", type=_json_path, metavar="FILE", help="write the findings")
    check.add_argument(
        "--workers", type=_natural, metavar="N", help="processes that read files, as for score"
    )
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _positive(text: str) -> int:
    if _natural(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return int(text)


def _output_path(text: str) -> Path:
    return _path_to(text, tuple(WRITERS))


def _json_path(text: str) -> Path:
    return _path_to(text, (".json",))


def _plot_path(text: str) -> Path:
    return _path_to(text, PICTURES)


def _path_to(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r}: write to {', '.join(suffixes)}")
    return path


def _make_room(path: Path) -> None:
    """Refuse now what could not be written after hours of scoring."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _UsageError(f"cannot write {path}: {error.strerror}") from error
    if path.is_dir():
        raise _UsageError(f"cannot write {path}: it is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _UsageError(f"cannot write {path}: permission denied")


def _score(options: argparse.Namespace) -> int:
    for path in filter(None, (options.output, options.plot)):
        _make_room(path)
    from symbolic.notes.sources import find_sources

    found = list(find_sources(options.paths, options.recursive))
    if not found:
        print(f"symbolic: no MIDI or MusicXML file in {', '.join(options.paths)}", file=sys.stderr)
        return 1
    scorer = _load(options.model, options.device)
    table = scorer.score(
        found,
        batch_size=options.batch_size,
        workers=options.workers,
        progress=not options.quiet,
    )
    if options.output:
        _write(lambda path: WRITERS[path.suffix.lower()](table, path), options.output)
    if options.plot:
        from symbolic.plots import valence_arousal_plane

        _write(lambda path: valence_arousal_plane(table, path), options.plot)
    if not options.quiet:
        _print(table, options)
    return 0


def _audit(options: argparse.Namespace) -> int:
    if options.json:
        _make_room(options.json)
    from symbolic.data.audit_text import audit_dict
    from symbolic.data.audited import audit_paths

    try:
        found = audit_paths(options.paths, options.split, options.raw, options.workers)
    except (OSError, ValueError) as error:
        raise _UsageError(str(error)) from error
    if options.json:
        text = json.dumps(audit_dict(found), ensure_ascii=False, indent=1)
        _write(lambda path: path.write_text(text + "\n", encoding="utf-8"), options.json)
    print(found)
    return 1 if found.leaks else 0


def _load(name: str | None, device: str):
    import torch
    from transformers.utils import logging

    from symbolic.scoring import EmotionScorer

    logging.disable_progress_bar()
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise _UsageError(f"device {device!r} cannot be used: {reason}") from error
    try:
        return EmotionScorer.from_pretrained(name, device=device)
    except Exception as error:  # safetensors, transformers and the hub raise of many kinds
        reason = " ".join(str(error).split())
        raise _UsageError(f"model {name!r} cannot be loaded: {reason}") from error


def _write(write, path: Path) -> None:
    try:
        write(path)
    except (OSError, ValueError) as error:
        raise _UsageError(f"cannot write {path}: {error}") from error


def _print(table, options: argparse.Namespace) -> None:
    shown = table.drop(columns="error")
    names = [Path(path).name for path in table["path"]]
    shown.insert(0, "file", names)
    failed = table["error"] != ""
    if not failed.all():
        columns = ["file", "quadrant", "confidence", "valence", "arousal", "key", "mean_velocity"]
        print(
            shown.loc[~failed, [*columns, "notes", "seconds"]].to_string(
                index=False,
                max_rows=60,
                na_rep="-",
                float_format="{:.2f}".format,
                formatters={"seconds": "{:.0f}".format},
            )
        )
    for path, error in table.loc[failed, ["path", "error"]].itertuples(index=False):
        print(f"not scored: {path}: {error}", file=sys.stderr)
    print(f"\nscored {(~failed).sum()} of {len(table)} files", end="")
    for what, path in (("table", options.output), ("picture", options.plot)):
        if path:
            print(f"; {what} in {path}", end="")
    print()
