"""The readers of labelled corpora by name."""

from __future__ import annotations

from collections.abc import Callable

from symbolic.data.corpora.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.corpora.emopia import read_emopia
from symbolic.data.corpora.labelled import read_labelled
from symbolic.data.corpora.vgmidi import read_vgmidi
from symbolic.data.pieces import Piece

READERS: dict[str, Callable[..., list[Piece]]] = {
    "emopia": read_emopia,
    "vgmidi": read_vgmidi,
    "labelled": read_labelled,
    "pop909": read_pop909,
    "when_in_rome": read_when_in_rome,
}
"""Each takes the folder of a corpus, and gives its pieces."""
