"""The command `symbolic`. Heavy imports wait until the command line is parsed."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from difflib import get_close_matches

from symbolic import __version__
from symbolic.commands.arguments import SUGGESTIONS, Parser, guarded

COMMANDS = {
    "score": "score files, folders and archives for emotion",
    "report": "make an HTML report of a scored corpus",
    "plot": "plot the emotion of a piece over time",
    "segment": "find the boundaries between the parts of recordings and MIDI files",
    "audit": "check a labelled set for leaks before training",
    "train": "train a model on labelled music",
    "train-key": "train the key encoder",
    "train-tokens": "train a model from a token file",
    "make-tokens": "tokenize corpora into a token file",
    "pretrain": "pre-train an encoder on music without labels",
    "convert-tagger": "convert published weights of a tagger of recordings",
    "evaluate": "evaluate trained models on what they held out",
    "compare": "compare generated music with its targets, and two corpora",
    "evaluate-keys": "compare predicted keys with annotated keys",
    "sweep": "train and compare a grid of systems",
    "push": "publish a trained model on the Hugging Face Hub",
}
"""The help of each command. Its module of the same name in `symbolic.commands` has a `main`."""

IN_FOLDERS = {"train-key": "keys", "evaluate-keys": "keys"}
"""The folders of modules that are not in `symbolic.commands` itself."""


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit status is 0 (done), 1 (nothing to do) or 2 (wrong usage)."""
    for stream in (sys.stdout, sys.stderr):
        # The names of files may have letters that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] not in COMMANDS:
        parser = Parser(
            prog="symbolic", description="Emotion, key and dynamics of MIDI and MusicXML."
        )
        parser.add_argument("--version", action="version", version=f"symbolic {__version__}")
        commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
        for name, text in COMMANDS.items():
            commands.add_parser(name, help=text, add_help=False)
        if words and not words[0].startswith("-"):
            parser.error(f"no command {words[0]!r}{_suggestion(words[0])}")
        parser.parse_args(words[:1])  # the others are those of a command
    return importlib.import_module(module_of(words[0])).main(words[1:])


def module_of(command: str) -> str:
    """Return the name of the module of a command."""
    folder = f"{IN_FOLDERS[command]}." if command in IN_FOLDERS else ""
    return f"symbolic.commands.{folder}{command.replace('-', '_')}"


def _suggestion(word: str) -> str:
    """Return a question for the commands that a wrong word may stand for, or all commands."""
    close = get_close_matches(word.lower().replace("_", "-"), COMMANDS, SUGGESTIONS)
    if not close:
        return f"; there are {', '.join(COMMANDS)}"
    return f"; did you mean {' or '.join(close)}?"


if __name__ == "__main__":
    raise SystemExit(main())
