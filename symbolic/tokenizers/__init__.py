"""Tokenizers: notes become ids. One class, and one line in `TOKENIZERS`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from symbolic.tokenizers.base import NoteTokenizer
from symbolic.tokenizers.cp import PRESETS, CPTokenizer
from symbolic.tokenizers.ferreira import FerreiraTokenizer
from symbolic.tokenizers.miditok_tokenizer import MIDITOK, MidiTokTokenizer
from symbolic.tokenizers.saved import saved_class, tokenizer_file

Tokenizer = NoteTokenizer | MidiTokTokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {
    "CPTokenizer": CPTokenizer,
    "FerreiraTokenizer": FerreiraTokenizer,
    "MidiTokTokenizer": MidiTokTokenizer,
}
"""By the name that stands in `SymbolicConfig.tokenizer_class`."""

NAMES: dict[str, Callable[[], Tokenizer]] = {
    **{f"cp-{preset}": partial(CPTokenizer, preset=preset) for preset in PRESETS},
    "ferreira": FerreiraTokenizer,
    **{name: partial(MidiTokTokenizer, name) for name in MIDITOK},
}
"""Short names of what a class can be in several ways, for the command line."""


def build_tokenizer(name: str | os.PathLike) -> Tokenizer:
    """A tokenizer by name, or one that was saved.

    Args:
        name: in `NAMES` or `TOKENIZERS`, both with default options; or the folder or file that
            `save_pretrained` of one of ours or of MidiTok's tokenizers has written, trained or not.

    Raises:
        ValueError: no such name, folder or file, or a file of something else.
        FileNotFoundError: a folder without the file of a tokenizer.
    """
    name = os.fspath(name)
    if make := NAMES.get(name) or TOKENIZERS.get(name):
        return make()
    if not os.path.exists(name):
        raise ValueError(
            f"no tokenizer {name!r}: neither a folder nor a file, nor one of {', '.join(NAMES)}"
        )
    file = tokenizer_file(name)
    kind = TOKENIZERS.get(saved_class(file))
    return kind(params=file) if kind else MidiTokTokenizer.from_pretrained(file)


def load_tokenizer(tokenizer_class: str, name: str | os.PathLike, **kwargs: Any) -> Tokenizer:
    """The tokenizer that was saved beside a model.

    Args:
        tokenizer_class: as the model's configuration names it.
        name: folder or hub name of the model.
        kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a class that is not in `TOKENIZERS`, or a file of something else.
    """
    if tokenizer_class not in TOKENIZERS:
        raise ValueError(f"{name}: unknown tokenizer {tokenizer_class!r}")
    return TOKENIZERS[tokenizer_class].from_pretrained(name, **kwargs)


__all__ = [
    "NAMES",
    "TOKENIZERS",
    "CPTokenizer",
    "FerreiraTokenizer",
    "MidiTokTokenizer",
    "NoteTokenizer",
    "Tokenizer",
    "build_tokenizer",
    "load_tokenizer",
]
