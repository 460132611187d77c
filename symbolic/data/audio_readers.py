"""The readers of corpora of recordings by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from symbolic.data.audio_corpora import AudioCorpus
from symbolic.data.audio_folder import read_audio_folder
from symbolic.data.beatles import read_beatles
from symbolic.data.fma import read_fma
from symbolic.data.gtzan import read_gtzan
from symbolic.data.magnatagatune import read_magnatagatune
from symbolic.data.moods import read_moods
from symbolic.data.pop909_structure import read_pop909_structure
from symbolic.data.rendered import read_rendered
from symbolic.data.salami import read_salami

AUDIO_READERS: dict[str, Callable[..., AudioCorpus]] = {
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
