"""Tokenizers from notes to ids. A new one is a class, an import and a line in `TOKENIZERS`.

`TOKENIZERS` is in `symbolic.tokenizers.registry`. Its names are imported when they are first used:
MidiTok loads PyTorch, and models of features do without.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symbolic.tokenizers.registry import MIDITOK as MIDITOK
    from symbolic.tokenizers.registry import NAMES as NAMES
    from symbolic.tokenizers.registry import PRESETS as PRESETS
    from symbolic.tokenizers.registry import TOKENIZERS as TOKENIZERS
    from symbolic.tokenizers.registry import CPTokenizer as CPTokenizer
    from symbolic.tokenizers.registry import FerreiraTokenizer as FerreiraTokenizer
    from symbolic.tokenizers.registry import MidiTokTokenizer as MidiTokTokenizer
    from symbolic.tokenizers.registry import NoteTokenizer as NoteTokenizer
    from symbolic.tokenizers.registry import Tokenizer as Tokenizer
    from symbolic.tokenizers.registry import build_tokenizer as build_tokenizer
    from symbolic.tokenizers.registry import load_tokenizer as load_tokenizer

_NAMES = (
    *("MIDITOK", "NAMES", "PRESETS", "TOKENIZERS", "CPTokenizer", "FerreiraTokenizer"),
    *("MidiTokTokenizer", "NoteTokenizer", "Tokenizer", "build_tokenizer", "load_tokenizer"),
)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("symbolic.tokenizers.registry"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
