"""Arguments of commands: from the command line or a YAML file to data classes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from symbolic.errors import SymbolicError

SUFFIXES = (".yaml", ".yml", ".json")  # of files of settings

PLOT_SUFFIXES = (".png", ".pdf", ".svg")

GROUPS = {
    "model": ("ModelArguments", "TokenModelArguments", "AudioModelArguments", "ShapeArguments"),
    "fitting": ("FitArguments", "TrainingArguments"),
}
"""Titles in the help, by names of data classes; all others are under `data`."""

USUAL = (
    *("output_dir", "num_train_epochs", "max_steps", "per_device_train_batch_size"),
    *("gradient_accumulation_steps", "learning_rate", "lr_scheduler_type", "warmup_steps"),
    *("weight_decay", "seed", "bf16", "use_cpu", "save_strategy", "resume_from_checkpoint"),
)
"""Options of `transformers.TrainingArguments` that `--help` shows; `--help-all` shows all."""


class Parser(argparse.ArgumentParser):
    """Parser that accepts hyphens and underscores in the names of options."""

    def parse_known_args(self, args=None, namespace=None):
        """Parse arguments; see `argparse.ArgumentParser`."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        words[:end] = map(self._spelled, words[:end])
        return super().parse_known_args(words, namespace)

    def _spelled(self, word: str) -> str:
        """The option as the parser declares it; words that are no options stay as they are."""
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name in self._option_string_actions:
            return word
        hyphens = f"--{name[2:].replace('_', '-')}"
        underscores = f"--{name[2:].replace('-', '_')}"
        name = underscores if underscores in self._option_string_actions else hyphens
        return f"{name}{equals}{value}"


def parsed(
    kinds: Sequence[type],
    arguments: Sequence[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    description: str | None = None,
    prog: str | None = None,
) -> tuple[Any, ...]:
    """Parse options and files of settings into one instance of each data class.

    Args:
        kinds: data classes, as `transformers.HfArgumentParser` takes them.
        arguments: words of the command line; `sys.argv` by default. Files that end with `.yaml`,
            `.yml` or `.json`, each a mapping of names to values, may precede the options; options
            take precedence.
        defaults: values that replace those of the classes.
        description: first lines of the help.
        prog: name of the command in the help.

    Raises:
        SystemExit: with status 2, for invalid arguments.
    """
    from transformers import HfArgumentParser

    words = list(sys.argv[1:] if arguments is None else arguments)
    usage = "%(prog)s [SETTINGS.yaml ...] [OPTIONS]"
    types: Any = list(kinds)
    parser = HfArgumentParser(types, description=description, prog=prog, usage=usage)
    parser.set_defaults(**(defaults or {}))
    _arrange(parser, kinds, everything=not {"--help-all", "--help_all"}.isdisjoint(words))
    given: dict[str, list[str]] = {}
    while words and words[0].lower().endswith(SUFFIXES):
        path = words.pop(0)
        try:
            values = settings(path)
        except (OSError, ValueError) as error:
            parser.error(str(error))
        if unknown := [name for name in values if f"--{name}" not in parser._option_string_actions]:
            parser.error(f"{path}: no setting is called {', '.join(unknown)}")
        given |= values
    for action in parser._actions:  # required options may be in the file
        if any(action.dest == name.replace("-", "_") for name in given):
            action.required = False
    flags = [word for name, values in given.items() for word in (f"--{name}", *values)]
    try:
        return parser.parse_args_into_dataclasses([*flags, *words])
    except (ValueError, ImportError) as error:  # of the data classes themselves
        parser.error(str(error))


def _arrange(parser: argparse.ArgumentParser, kinds: Sequence[type], everything: bool) -> None:
    """Group the options in the help by data class, written with hyphens."""
    titles = {name: title for title, names in GROUPS.items() for name in names}
    groups: dict[str, argparse._ArgumentGroup] = {}
    options = {action: action.dest for action in parser._actions if action.dest != "help"}
    for kind in kinds:
        title = titles.get(kind.__name__, "data")
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        names = {field.name for field in fields(kind)}
        for action in [action for action, dest in options.items() if dest in names]:
            parser._optionals._group_actions.remove(action)
            groups[title]._group_actions.append(action)
            del options[action]
            hyphens = [option.replace("_", "-") for option in action.option_strings]
            action.option_strings = list(dict.fromkeys(hyphens))
            stock = kind.__name__ == "TrainingArguments" and action.dest not in USUAL
            if stock and not everything:
                action.help = argparse.SUPPRESS
    if any(kind.__name__ == "TrainingArguments" for kind in kinds):
        about = "show all options, with those of transformers.TrainingArguments"
        parser.add_argument("--help-all", "--help_all", action="help", help=about)
        parser._actions[-1].option_strings = ["--help-all"]


def settings(path: str | Path) -> dict[str, list[str]]:
    """Read a file of settings as words of a command line, by name, without those of no value.

    Raises:
        OSError: no such file.
        ValueError: no text, no mapping, or a value that is a mapping; naming the file.
    """
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: settings are lines of `name: value`")
    words = {}
    for name, value in values.items():
        if isinstance(value, dict):
            raise ValueError(f"{path}: {name} has settings of its own")
        if value is not None:
            words[str(name)] = list(map(str, value if isinstance(value, list) else [value]))
    return words


def gives(option: str, arguments: Sequence[str] | None = None) -> bool:
    """Whether the command line, or a file of settings in front, has an option of one word."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    while words and words[0].lower().endswith(SUFFIXES):
        try:
            if option in settings(words.pop(0)):
                return True
        except (OSError, ValueError):
            return False  # the parser reports it
    return any(word.partition("=")[0] == f"--{option}" for word in words)


def guarded(
    command: Callable[[Sequence[str] | None], int | None], arguments: Sequence[str] | None = None
) -> int:
    """Run a command; errors of the user's input become one line on stderr and status 2."""
    from symbolic.data.groups import LeakError

    try:
        return command(arguments) or 0
    except LeakError as error:
        print_error(f"leak: {error}")
    except (OSError, SymbolicError, ValueError) as error:
        print_error(str(error))
    return 2


def print_error(message: str) -> None:
    """Print an error as all commands do."""
    print(f"symbolic: error: {message}", file=sys.stderr)


class UsageError(SymbolicError):
    """Arguments that cannot be used; the text is the message for the user."""


def natural(text: str) -> int:
    """Parse a whole number of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def positive(text: str) -> int:
    """Parse a whole number of 1 or more."""
    if natural(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return int(text)


def path_to(text: str, suffixes: tuple[str, ...]) -> Path:
    """Parse a path that ends with one of some suffixes."""
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r}: write to {', '.join(suffixes)}")
    return path


def plot_path(text: str) -> Path:
    """Parse the path of a plot."""
    return path_to(text, PLOT_SUFFIXES)


def make_room(path: Path, folder: bool = False) -> None:
    """Refuse early what could not be written after hours of work.

    Args:
        path: to be written.
        folder: whether a folder may be there: a table in parts.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    if path.is_dir() and not folder:
        raise UsageError(f"cannot write {path}: it is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: permission denied")


def write(writer: Callable[[Path], object], path: Path) -> None:
    """Call a function that writes a file; its errors become `UsageError`."""
    try:
        writer(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {path}: {error}") from error
