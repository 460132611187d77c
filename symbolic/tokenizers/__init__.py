"""Tokenizers: notes become ids. One subclass of NoteTokenizer, one line here."""

from symbolic.tokenizers.base import NoteTokenizer
from symbolic.tokenizers.cp import CPTokenizer

TOKENIZERS = {"CPTokenizer": CPTokenizer}

__all__ = ["TOKENIZERS", "CPTokenizer", "NoteTokenizer"]
