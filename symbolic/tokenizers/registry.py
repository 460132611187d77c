"""Tables of tokenizers by class and by short name, and how they are made and loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from symbolic.packaged import packaged
from symbolic.tokenizers.base import NoteTokenizer
from symbolic.tokenizers.cp import PRESETS, CPTokenizer
from symbolic.tokenizers.ferreira import FerreiraTokenizer
from symbolic.tokenizers.miditok_tokenizer import MIDITOK, MidiTokTokenizer
from symbolic.tokenizers.names import choices, spelled
from symbolic.tokenizers.saved import saved_class, tokenizer_file

Tokenizer = NoteTokenizer | MidiTokTokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {
    cls.__name__: cls
    for cls in (
        CPTokenizer,
        FerreiraTokenizer,
        MidiTokTokenizer,
    )
}
"""Classes by their names in `SymbolicConfig.tokenizer_class`."""

NAMES: dict[str, Callable[[], Tokenizer]] = {
    **{f"cp-{preset}": partial(CPTokenizer, preset=preset) for preset in PRESETS},
    "ferreira": FerreiraTokenizer,
    **{name: partial(MidiTokTokenizer, name) for name in MIDITOK},
}
"""Tokenizers with default options by short names, for the command line."""


def build_tokenizer(name: str | os.PathLike) -> Tokenizer:
    """Make a tokenizer by name, or load a saved one.

    Args:
        name: in `NAMES` or `TOKENIZERS`, with default options, in capitals or not; or the folder or
            file written by `save_pretrained` of a tokenizer of this package or of MidiTok, trained
            or not.

    Raises:
        ValueError: no such name, folder or file, or not the file of a tokenizer.
        FileNotFoundError: a folder without the file of a tokenizer.
    """
    name = os.fspath(packaged(name))
    known = {**TOKENIZERS, **NAMES}
    if name not in known and os.path.exists(name):
        file = tokenizer_file(name)
        return TOKENIZERS.get(saved_class(file), MidiTokTokenizer).from_pretrained(file)
    found = spelled(name, known)
    if found is None:
        raise ValueError(
            f"no tokenizer {name!r}: not a folder, not a file and not one of "
            f"{choices(name, [*NAMES, *TOKENIZERS])}"
        )
    return known[found]()


def load_tokenizer(tokenizer_class: str, name: str | os.PathLike, **kwargs: Any) -> Tokenizer:
    """Load the tokenizer that was saved with a model.

    Args:
        tokenizer_class: its name in the configuration of the model.
        name: folder or Hub name of the model.
        kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a class that is not in `TOKENIZERS`, or not the file of a tokenizer.
    """
    if tokenizer_class not in TOKENIZERS:
        raise ValueError(f"{name}: unknown tokenizer {tokenizer_class!r}")
    return TOKENIZERS[tokenizer_class].from_pretrained(name, **kwargs)
