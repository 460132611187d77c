"""Names of tokenizers as users write them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def spelled(name: str, names: Iterable[str]) -> str | None:
    """Find a name whatever its capitals; None where there is none, or more than one."""
    known = list(names)
    if name in known:
        return name
    alike = [one for one in known if one.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def choices(name: str, names: Iterable[str]) -> str:
    """List names for a message about an unknown one, after the name that is closest to it."""
    folded = {one.casefold(): one for one in names}
    close = get_close_matches(name.casefold(), folded, n=1)
    listed = ", ".join(folded.values())
    return f"{listed}; closest is {folded[close[0]]!r}" if close else listed
