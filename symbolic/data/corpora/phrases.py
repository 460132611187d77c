"""Phrase strings of POP909 (Dai 2020): the phrases of a song and their lengths in bars."""

from __future__ import annotations

import re

import numpy as np

PHRASE = re.compile(r"([A-Za-z])([0-9]+)")

Phrases = list[tuple[str, int]]


def parse_phrases(text: str) -> Phrases:
    """Parse a string such as `i4A8B8x1`: for each phrase a letter and a number of bars.

    Phrases with a melody have capital letters, others small ones: `i` is an intro, `o` an outro,
    `x` and `X` occur once, and other letters recur.

    Raises:
        ValueError: no phrase, a phrase without bars, or other text; the message gives the place in
            the string.
    """
    text, phrases, at = text.strip(), [], 0
    if not text:
        raise ValueError("no phrase")
    while at < len(text):
        match = PHRASE.match(text, at)
        if match is None:
            what = f"{text[at : at + 8]!r}, character {at + 1} of {text!r}"
            raise ValueError(f"{what}: not a letter and a number of bars")
        if not (bars := int(match[2])):
            raise ValueError(f"{match[0]!r}, character {at + 1} of {text!r}: no bars")
        phrases.append((match[1], bars))
        at = match.end()
    return phrases


def bar_edges(phrases: Phrases) -> np.ndarray:
    """(P + 1,) int64 first bar of each phrase, and the number of bars."""
    return np.cumsum([0] + [bars for _, bars in phrases])


def melodic_bars(phrases: Phrases) -> np.ndarray:
    """(n,) bool: the bars of phrases with a melody."""
    return np.repeat([kind.isupper() for kind, _ in phrases], [bars for _, bars in phrases])
