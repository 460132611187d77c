"""Phrase strings of POP909 (Dai 2020): which phrases a song has, and how many bars each lasts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

PHRASE = re.compile(r"([A-Za-z])([0-9]+)")

Phrases = list[tuple[str, int]]


def parse_phrases(text: str) -> Phrases:
    """The phrases of a string such as `i4A8B8x1`: a letter for the kind, and a number of bars.

    A capital has a melody, a small letter has none: `i` is an intro, `o` an outro, `x` and `X`
    whatever occurs once; others come again.

    Raises:
        ValueError: no phrase, a phrase of no bars, or anything that is no phrase; the message says
            where in the string.
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
    """(P + 1,) int64: bars that are over where each phrase begins, and at the end."""
    return np.cumsum([0] + [bars for _, bars in phrases])


def melodic_bars(phrases: Phrases) -> np.ndarray:
    """(n,) bool: whether each bar belongs to a phrase with a melody."""
    return np.repeat([kind.isupper() for kind, _ in phrases], [bars for _, bars in phrases])


def phrase_boundaries(phrases: Phrases, downbeats: Sequence[float] | np.ndarray) -> np.ndarray:
    """Where phrases begin, and the end of the last one.

    Args:
        phrases: P of them, of n bars.
        downbeats: (D,) seconds at which bars begin, in order; the first is that of the first
            phrase. Those after the last phrase do not count. Where only the end of the last bar is
            missing, that bar lasts as long as the one before.

    Returns:
        (P + 1,) float64 seconds.

    Raises:
        ValueError: fewer downbeats than bars, or downbeats that are not in order.
    """
    downbeats = np.asarray(downbeats, np.float64)
    edges = bar_edges(phrases)
    if not (np.diff(downbeats) > 0).all():
        raise ValueError("downbeats that are not in order")
    if len(downbeats) == edges[-1] and len(downbeats) > 1:
        downbeats = np.append(downbeats, 2 * downbeats[-1] - downbeats[-2])
    if len(downbeats) <= edges[-1]:
        raise ValueError(f"phrases of {edges[-1]} bars over {len(downbeats)} downbeats")
    return downbeats[edges]
