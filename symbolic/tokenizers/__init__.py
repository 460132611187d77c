"""Tokenizers: note tables become super-tokens. One subclass of MusicTokenizer, one line here."""

from symbolic.tokenizers.cp import CPTokenizer

TOKENIZERS = {"CPTokenizer": CPTokenizer}

__all__ = ["TOKENIZERS", "CPTokenizer"]
