"""What the options of commands may be, and what is refused before any work is done."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

PICTURES = (".png", ".pdf", ".svg")


class UsageError(Exception):
    """Something asked for that cannot be had; its text is all the user sees."""


def natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def positive(text: str) -> int:
    if natural(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return int(text)


def path_to(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r}: write to {', '.join(suffixes)}")
    return path


def picture(text: str) -> Path:
    return path_to(text, PICTURES)


def make_room(path: Path, folder: bool = False) -> None:
    """Refuse now what could not be written after hours of scoring.

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
    """Call what writes a file; what goes wrong is told as wrong usage."""
    try:
        writer(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {path}: {error}") from error
