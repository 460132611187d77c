"""The readers of corpora of recordings by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from symbolic.data.corpus import Corpus
from symbolic.data.recordings.beatles import read_beatles
from symbolic.data.recordings.fma import read_fma
from symbolic.data.recordings.folder import read_audio_folder
from symbolic.data.recordings.gtzan import read_gtzan
from symbolic.data.recordings.magnatagatune import read_magnatagatune
from symbolic.data.recordings.moods import read_moods
from symbolic.data.recordings.pop909_structure import read_pop909_structure
from symbolic.data.recordings.rendered import read_rendered
from symbolic.data.recordings.salami import read_salami

AUDIO_READERS: dict[str, Callable[..., Corpus]] = {
    "gtzan": read_gtzan,
    "fma": read_fma,
    "magnatagatune": read_magnatagatune,
    "magnatagatune-10": partial(read_magnatagatune, tags=10, split="9:1"),
    "moods": read_moods,
    "beatles": read_beatles,
    "pop909_structure": read_pop909_structure,
    "salami": read_salami,
    "salami-segments": partial(read_salami, level="segments"),
    "folder": read_audio_folder,
    "emopia": partial(read_rendered, reader="emopia"),
    "vgmidi": partial(read_rendered, reader="vgmidi"),
}
"""Each takes the folder of a corpus."""
