"""The readers of labelled corpora by name."""

from __future__ import annotations

from collections.abc import Callable

from symbolic.data.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.emopia import read_emopia
from symbolic.data.labelled import read_labelled
from symbolic.data.pieces import Piece
from symbolic.data.vgmidi import read_vgmidi

READERS: dict[str, Callable[..., list[Piece]]] = {
    "emopia": read_emopia,
    "vgmidi": read_vgmidi,
    "labelled": read_labelled,
    "pop909": read_pop909,
    "when_in_rome": read_when_in_rome,
}
"""Each takes the folder of a corpus, and gives its pieces."""
