"""`symbolic score`: files and folders in, one row per file out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from symbolic.commands.options import UsageError, make_room, natural, path_to, positive, write

WRITERS = {
    ".csv": lambda table, path: table.to_csv(path, index=False),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".jsonl": lambda table, path: table.to_json(
        path, orient="records", lines=True, force_ascii=False, double_precision=15
    ),
}
SHOWN = (
    *("file", "quadrant", "confidence", "valence", "arousal", "key", "mean_velocity"),
    *("notes", "seconds"),
)
PICTURES = (".png", ".pdf", ".svg")


def add_score(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the program."""
    score = commands.add_parser(
        "score",
        help="score files and folders for emotion",
        description="Score MIDI and MusicXML files: quadrant probabilities (Q1 happy, Q2 angry, "
        "Q3 sad, Q4 calm), valence, arousal, key and dynamics, one row per file; or recordings, "
        "with a --model that hears audio. A file that cannot be read gets a row that says why.",
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
        "--batch-size", type=positive, default=32, metavar="N", help="windows at a time (32)"
    )
    score.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: cpu)")
    score.add_argument(
        "--workers",
        type=natural,
        metavar="N",
        help="processes that read files (default: one per core; 0: none, without limits per file)",
    )
    score.add_argument("-q", "--quiet", action="store_true", help="no table and no progress bar")


def _output_path(text: str) -> Path:
    return path_to(text, tuple(WRITERS))


def _plot_path(text: str) -> Path:
    return path_to(text, PICTURES)


def _score(options: argparse.Namespace) -> int:
    for path in filter(None, (options.output, options.plot)):
        make_room(path)
    from symbolic.notes.sources import find_sources

    audio = options.model is not None and _hears_audio(options.model)
    if audio and options.plot:
        raise UsageError(f"model {options.model!r} hears audio: there is no plane to draw")
    suffixes, kind = _listened(audio)
    found = list(find_sources(options.paths, options.recursive, suffixes))
    if not found:
        print(f"symbolic: no {kind} file in {', '.join(options.paths)}", file=sys.stderr)
        return 1
    scorer = _load(options.model, options.device, audio)
    table = scorer.score(
        found,
        batch_size=options.batch_size,
        workers=options.workers,
        progress=not options.quiet,
    )
    if options.output:
        write(lambda path: WRITERS[path.suffix.lower()](table, path), options.output)
    if options.plot:
        from symbolic.plots import valence_arousal_plane

        write(lambda path: valence_arousal_plane(table, path), options.plot)
    if not options.quiet:
        _print(table, options)
    return 0


def _hears_audio(name: str) -> bool:
    from symbolic.configuration import SymbolicConfig

    try:
        return SymbolicConfig.from_pretrained(name).front is not None
    except Exception:  # loading the model tells what is wrong with it
        return False


def _listened(audio: bool) -> tuple[tuple[str, ...], str]:
    """Names that files in folders must end with, and what they are called together."""
    if audio:
        from symbolic.audio_scoring import SUFFIXES

        return SUFFIXES, "audio or MIDI"
    from symbolic.notes.read import SUFFIXES

    return SUFFIXES, "MIDI or MusicXML"


def _load(name: str | None, device: str, audio: bool):
    import torch
    from transformers.utils import logging

    if audio:
        from symbolic.audio_scoring import AudioScorer as Scorer
    else:
        from symbolic.scoring import EmotionScorer as Scorer

    logging.disable_progress_bar()
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"device {device!r} cannot be used: {reason}") from error
    try:
        return Scorer.from_pretrained(name, device=device)
    except Exception as error:  # safetensors, transformers and the hub raise of many kinds
        reason = " ".join(str(error).split())
        raise UsageError(f"model {name!r} cannot be loaded: {reason}") from error


def _print(table, options: argparse.Namespace) -> None:
    shown = table.drop(columns="error")
    names = [Path(path).name for path in table["path"]]
    shown.insert(0, "file", names)
    failed = table["error"] != ""
    if not failed.all():
        columns = [name for name in SHOWN if name in shown]
        if "quadrant" not in shown:
            columns = [name for name in shown if name != "path"]
        print(
            shown.loc[~failed, columns].to_string(
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
