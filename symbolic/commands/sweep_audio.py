"""Command line of `scripts/sweep_audio.py`: audio systems on the folds of a corpus."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from symbolic.commands.arguments import guarded
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.sweep.audio import HELP, Plan, audio_sweep_table, run_cell
from symbolic.training.audio_arguments import AudioDataArguments

TABLE = "results.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train audio systems on the folds of a corpus and compare them.

    Returns:
        The exit status.
    """
    return guarded(_main, arguments)


def _main(arguments: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description="Train audio systems on the folds, or a split, of a corpus, and sum them up. "
        "What is finished is not done again."
    )
    parser.add_argument("--output_dir", required=True, help="folder of the grid")
    parser.add_argument("--corpus", help="as of scripts/train.py")
    parser.add_argument("--audio", help="folder of the corpus")
    parser.add_argument("--systems", nargs="+", default=list(AUDIO_SYSTEMS), metavar="SYSTEM")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--hold_out", nargs="+", help="splits of the corpus, instead of all folds")
    for one in fields(Plan):
        kind = type(one.default)
        parser.add_argument(f"--{one.name}", type=kind, default=one.default, help=HELP[one.name])
    parser.add_argument("--most", type=int, default=0, help="so many pieces of it; 0: all")
    parser.add_argument("--cache_dir", help="where features are kept")
    parser.add_argument("--use_cpu", action="store_true")
    parser.add_argument("--table", action="store_true", help="only sum up what is finished")
    options = parser.parse_args(arguments)
    output = Path(options.output_dir)
    if not options.table:
        if not (options.corpus and options.audio):
            raise ValueError("say what to train on: --corpus and --audio")
        plan = Plan(**{one.name: getattr(options, one.name) for one in fields(Plan)})
        data = AudioDataArguments(
            corpus=options.corpus,
            audio=options.audio,
            folds=options.folds,
            most=options.most,
            cache_dir=options.cache_dir,
        )
        for system in options.systems:
            for part in options.hold_out or [f"fold-{k}" for k in range(options.folds)]:
                run_cell(system, part, plan, data, output, options.use_cpu)
    text = audio_sweep_table(output)
    (output / TABLE).write_text(text + "\n", encoding="utf-8")
    print(text)
