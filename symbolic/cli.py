"""The command `symbolic`. Heavy imports wait until the command line is parsed."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys

from symbolic import __version__
from symbolic.commands.arguments import Parser, UsageError, print_error
from symbolic.commands.audit import add_audit
from symbolic.commands.plot import add_plot
from symbolic.commands.report import add_report
from symbolic.commands.score import add_score
from symbolic.commands.segment import add_segment

COMMANDS = {
    "train": ("train", "train a model on labelled music"),
    "train-key": ("train_key", "train the key encoder"),
    "train-tokens": ("train_tokens", "train a model from a token file"),
    "make-tokens": ("make_tokens", "tokenize corpora into a token file"),
    "pretrain": ("pretrain", "pre-train an encoder on music without labels"),
    "evaluate": ("evaluate", "evaluate trained models on what they held out"),
    "evaluate-keys": ("evaluate_keys", "compare predicted keys with annotated keys"),
    "sweep": ("sweep", "train and compare a grid of systems"),
    "push": ("push", "publish a trained model on the Hugging Face Hub"),
}
"""Commands with a parser of their own: the module in `symbolic.commands`, whose `main` parses the
arguments, and the help."""


def main(arguments: list[str] | None = None) -> int:
    """Run the program; the exit status is 0 (done), 1 (nothing to do) or 2 (wrong usage)."""
    for stream in (sys.stdout, sys.stderr):
        # The names of files may have letters that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments and arguments[0] in COMMANDS:
            module = importlib.import_module(f"symbolic.commands.{COMMANDS[arguments[0]][0]}")
            status = module.main(arguments[1:])
        else:
            options = _parser().parse_args(arguments)
            status = options.run(options)
        sys.stdout.flush()
        return status
    except UsageError as error:
        print_error(str(error))
        return 2
    except BrokenPipeError:  # the reader of the output has gone: `symbolic score ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="symbolic",
        description="Emotion, key and dynamics of MIDI and MusicXML.",
    )
    parser.add_argument("--version", action="version", version=f"symbolic {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_score(commands)
    add_report(commands)
    add_plot(commands)
    add_segment(commands)
    add_audit(commands)
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
