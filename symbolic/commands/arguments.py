"""Arguments of commands: from the command line or a YAML file to data classes."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import wraps
from itertools import takewhile
from pathlib import Path
from typing import Any, TextIO

from symbolic.errors import SymbolicError

SUFFIXES = (".yaml", ".yml", ".json")  # of files of settings

PLOT_SUFFIXES = (".png", ".pdf", ".svg")

CORPORA = ("emopia", "vgmidi", "ym2413", "percepiano", "labelled", "corpora")
"""Fields of `DataArguments` that name folders of corpora."""

SUGGESTIONS = 3  # at most, for an option that does not exist
SIMILAR = 0.7  # least ratio of `difflib` of a suggestion

MODEL_KINDS = ("ModelArguments", "TokenModelArguments", "AudioModelArguments", "ShapeArguments")
TITLES = {
    **dict.fromkeys(MODEL_KINDS, "model"),
    "FitArguments": "fitting",
    "TrainingArguments": "training",
}
"""Titles in the help, by names of data classes; all others are under `data`."""

USUAL = (
    *("output_dir", "num_train_epochs", "max_steps", "per_device_train_batch_size"),
    *("gradient_accumulation_steps", "learning_rate", "lr_scheduler_type", "warmup_steps"),
    *("weight_decay", "seed", "bf16", "use_cpu", "save_strategy", "resume_from_checkpoint"),
)
"""Options of `transformers.TrainingArguments` that `--help` shows; `--help-all` shows all."""


class Parser(argparse.ArgumentParser):
    """Parser that accepts hyphens and underscores in the names of options.

    Attributes:
        renamed: names of options by their old names, which work for one release.
    """

    renamed: Mapping[str, str] = {}

    def parse_known_args(self, args=None, namespace=None):
        """Parse arguments; see `argparse.ArgumentParser`."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        words[:end] = map(self._spelled, words[:end])
        refuse_unknown(self, words)
        return super().parse_known_args(words, namespace)

    def _spelled(self, word: str) -> str:
        """The option as the parser declares it; words that are no options stay as they are."""
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name in self._option_string_actions:
            return word
        if name in self.renamed:
            print(f"symbolic: {name} is now {self.renamed[name]}", file=sys.stderr)
            return f"{self.renamed[name]}{equals}{value}"
        hyphens = f"--{name[2:].replace('_', '-')}"
        underscores = f"--{name[2:].replace('-', '_')}"
        name = underscores if underscores in self._option_string_actions else hyphens
        return f"{name}{equals}{value}"


def refuse_unknown(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """End with an error if an option is neither one of a parser nor the beginning of one."""
    known = parser._option_string_actions
    for word in takewhile(lambda word: word != "--", words):
        name = word.partition("=")[0]
        is_option = name.startswith("--") and len(name) > 2 and " " not in name
        if is_option and not any(option.startswith(name) for option in known):
            parser.error(f"no option {name}{suggestion(parser, name)}")


def suggestion(parser: argparse.ArgumentParser, name: str) -> str:
    """Return a question for the options of a parser that a wrong name may stand for, or nothing.

    These are the options with all words of the name, those in the help first; or else similar ones.
    """
    actions = sorted(parser._actions, key=lambda action: action.help == argparse.SUPPRESS)
    options = [option for action in actions for option in action.option_strings]
    name = f"--{name.lstrip('-').replace('_', '-').lower()}"
    words = set(name[2:].split("-"))
    close = [option for option in options if words <= set(option[2:].split("-"))]
    close = close or difflib.get_close_matches(name, options, cutoff=SIMILAR)
    close = list(dict.fromkeys(close))[:SUGGESTIONS]
    return f"; did you mean {' or '.join(close)}?" if close else ""


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Help with the defaults that have a value."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default in ("", []):
            return action.help
        return super()._get_help_string(action)


def parsed(
    kinds: Sequence[type],
    arguments: Sequence[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    description: str | None = None,
    prog: str | None = None,
    unused: Collection[str] = (),
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
        unused: fields of the classes that are no options, since they would change nothing.

    Raises:
        SystemExit: with status 2, for invalid arguments.
    """
    from transformers import HfArgumentParser

    words = list(sys.argv[1:] if arguments is None else arguments)
    usage = "%(prog)s [SETTINGS.yaml ...] [OPTIONS]"
    types: Any = list(kinds)
    looks: dict[str, Any] = {"usage": usage, "formatter_class": _Formatter}
    parser = HfArgumentParser(types, description=description, prog=prog, **looks)
    parser.set_defaults(**(defaults or {}))
    _remove(parser, unused)
    _arrange(parser, kinds, everything=not {"--help-all", "--help_all"}.isdisjoint(words))
    given: dict[str, list[str]] = {}
    while words and words[0].lower().endswith(SUFFIXES):
        path = words.pop(0)
        try:
            values = settings(path)
        except (OSError, ValueError) as error:
            parser.error(str(error))
        if unknown := [name for name in values if f"--{name}" not in parser._option_string_actions]:
            close = suggestion(parser, unknown[0])
            parser.error(f"{path}: no setting is called {', '.join(unknown)}{close}")
        given |= values
    flags = [word for name, values in given.items() for word in (f"--{name}", *values)]
    options = [word.partition("=")[0] for word in takewhile(lambda word: word != "--", words)]
    if wasted := [one for one in options if one.lstrip("-").replace("-", "_") in unused]:
        parser.error(f"no option {wasted[0]}: it would change nothing")
    refuse_unknown(parser, words)
    try:
        *found, rest = parser.parse_args_into_dataclasses([*flags, *words], True)
    except (ValueError, ImportError) as error:  # of the data classes themselves
        parser.error(str(error))
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return tuple(found)


def _remove(parser: argparse.ArgumentParser, names: Collection[str]) -> None:
    """Remove options by the names of their fields, which keep their defaults."""
    for action in [action for action in parser._actions if action.dest in names]:
        parser._optionals._group_actions.remove(action)
        parser._actions.remove(action)
        parser.set_defaults(**{action.dest: action.default})
        for option in action.option_strings:
            del parser._option_string_actions[option]


def _arrange(parser: argparse.ArgumentParser, kinds: Sequence[type], everything: bool) -> None:
    """Group the options in the help by data class, written with hyphens."""
    ungrouped = parser._optionals._group_actions
    groups: dict[str, argparse._ArgumentGroup] = {}
    others: list[argparse.Action] = []
    for kind in kinds:
        title = TITLES.get(kind.__name__, "data")
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        names = {field.name for field in fields(kind)}
        for action in [action for action in ungrouped if action.dest in names]:
            ungrouped.remove(action)
            groups[title]._group_actions.append(action)
            hyphens = [option.replace("_", "-") for option in action.option_strings]
            action.option_strings = list(dict.fromkeys(hyphens))
            if kind.__name__ == "TrainingArguments" and action.dest not in USUAL:
                groups[title]._group_actions.remove(action)
                others.append(action)
                if not everything:
                    action.help = argparse.SUPPRESS
    if others:
        stock = parser.add_argument_group("other options of transformers.TrainingArguments")
        stock._group_actions.extend(others)
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


def guarded(command: Callable[[Sequence[str] | None], int | None]) -> Callable[..., int]:
    """Make the `main` of a command, which returns the exit status.

    Errors of the user's input become one line on stderr and status 2.

    Args:
        command: parses the words of the command line, `sys.argv` by default, and runs; it returns
            a status, or None for 0.
    """

    @wraps(command)
    def main(arguments: Sequence[str] | None = None) -> int:
        try:
            status = command(arguments) or 0
            sys.stdout.flush()
            return status
        except BrokenPipeError:  # the reader of the output has gone: `symbolic score ... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            return 130
        except (ImportError, OSError, SymbolicError, ValueError) as error:
            kind = error.kind if isinstance(error, SymbolicError) else ""
            print(f"symbolic: error: {kind}{error}", file=sys.stderr)
            return 2

    return main


def add_fields(parser: argparse._ActionsContainer, kind: type, *names: str) -> None:
    """Add options for fields of a data class, with their defaults and help texts."""
    for option in fields(kind):
        if option.name not in names:
            continue
        several = option.default_factory is not MISSING
        default = None if option.default is MISSING else option.default
        about = option.metadata["help"]
        parser.add_argument(
            f"--{option.name.replace('_', '-')}",
            nargs="*" if several else None,
            type=str if several or default is None else type(default),
            default=[] if several else default,
            help=about if default in (None, "") else f"{about} (default: {default})",
        )


def add_model(parser: argparse._ActionsContainer) -> None:
    """Add the options of the model that predicts and of its device."""
    parser.add_argument(
        "--model", metavar="NAME", help="folder or Hub name (default: the model in the package)"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: cpu)")


def values_of(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return some parsed options by name."""
    return {name: getattr(options, name) for name in names}


class UsageError(SymbolicError):
    """Arguments that cannot be used; the text is the message for the user."""


def whole(least: int) -> Callable[[str], int]:
    """Make a parser of whole numbers that are not below a limit."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return number


STDOUT = Path("-")
"""An output that is standard output."""


def path_to(*suffixes: str, stdout: bool = False) -> Callable[[str], Path]:
    """Make a parser of paths that end with one of some suffixes, or of `-` if `stdout`."""

    def path(text: str) -> Path:
        if stdout and text == str(STDOUT):
            return STDOUT
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r}: write to {', '.join(suffixes)}")
        return Path(text)

    return path


def report_nothing_found(kind: str, paths: Sequence[str], passed_over: Mapping[str, int]) -> None:
    """Print on stderr that there is no file of a kind under some paths, and what else there is."""
    from symbolic.notes.sources import passed_over_line

    lines = [f"symbolic: no {kind} file in {', '.join(paths)}", passed_over_line(passed_over)]
    print(*filter(None, lines), sep="; ", file=sys.stderr)


def rows_output() -> TextIO:
    """Return standard output, in UTF-8, for rows that programs read."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


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
