"""Words on a command line, or in a YAML file, to the arguments of what is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUFFIXES = (".yaml", ".yml", ".json")


def parsed(
    kinds: Sequence[type],
    arguments: Sequence[str] | None = None,
    defaults: dict[str, Any] | None = None,
    description: str | None = None,
    prog: str | None = None,
) -> tuple[Any, ...]:
    """One instance of each data class, from flags and from files of settings.

    Args:
        kinds: data classes, as `transformers.HfArgumentParser` takes them.
        arguments: words; those of the command line by default. Before the flags may stand files
            that end with `.yaml`, `.yml` or `.json`, each a mapping of names to values; flags win.
        defaults: other values than those of the classes.
        description: what the help says first.
        prog: what the help calls the command.

    Raises:
        SystemExit: with status 2, for words that are not understood.
    """
    from transformers import HfArgumentParser

    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = HfArgumentParser(kinds, description=description, prog=prog)
    parser.set_defaults(**(defaults or {}))
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
    for action in parser._actions:  # what a file gives need not be given again
        if any(option.removeprefix("--") in given for option in action.option_strings):
            action.required = False
    flags = [word for name, values in given.items() for word in (f"--{name}", *values)]
    try:
        return parser.parse_args_into_dataclasses([*flags, *words])
    except (ValueError, ImportError) as error:  # of the classes themselves, as they are made
        parser.error(str(error))


def settings(path: str | Path) -> dict[str, list[str]]:
    """A file of settings, by name, as words of a command line; those without a value are left out.

    Raises:
        OSError: no such file.
        ValueError: no text, no mapping, or a value that is a mapping itself; naming the file.
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
    """Whether words of a command line, or a file of settings before them, give an option."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    while words and words[0].lower().endswith(SUFFIXES):
        try:
            if option in settings(words.pop(0)):
                return True
        except (OSError, ValueError):
            return False  # which the parser will tell
    return any(word.partition("=")[0] == f"--{option}" for word in words)


def guarded(door, arguments: Sequence[str] | None = None) -> int:
    """Run a command; what the user can mend is one line on stderr, and status 2."""
    from symbolic.data.groups import LeakError
    from symbolic.notes import ReadError

    try:
        return door(arguments) or 0
    except LeakError as error:
        print(f"symbolic: error: leak: {error}", file=sys.stderr)
    except (OSError, ReadError, ValueError) as error:
        print(f"symbolic: error: {error}", file=sys.stderr)
    return 2
