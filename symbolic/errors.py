"""The base of the package's own errors."""

from __future__ import annotations


class SymbolicError(Exception):
    """An error that a user can act on: a file, a data set or an option that cannot be used."""

    kind = ""  # printed before the message on the command line
