"""Readers of all corpora, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.data.corpora.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.corpora.emopia import read_emopia
from symbolic.data.corpora.labelled import read_labelled
from symbolic.data.corpora.vgmidi import read_vgmidi
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.data.recordings.beatles import read_beatles
from symbolic.data.recordings.fma import read_fma
from symbolic.data.recordings.folder import read_audio_folder
from symbolic.data.recordings.gtzan import read_gtzan
from symbolic.data.recordings.magnatagatune import read_magnatagatune
from symbolic.data.recordings.moods import read_moods
from symbolic.data.recordings.pop909_structure import read_pop909_structure
from symbolic.data.recordings.salami import read_salami
from symbolic.tasks import EMOTION, KEY, VALENCE_AROUSAL, Task


@dataclass(frozen=True)
class Reader:
    """The reader of a corpus, and which models can be trained on the corpus.

    Attributes:
        read: takes the folder of the corpus, and options of the reader by name.
        notes: whether its labelled files are MIDI or MusicXML, for models of notes.
        recordings: whether models of audio can be trained on it: it has recordings or spectrograms,
            or MIDI, which is rendered by FluidSynth and a sound font.
    """

    read: Callable[..., Corpus]
    notes: bool = False
    recordings: bool = True

    def __call__(self, folder: str | Path, **options: Any) -> Corpus:
        """Read the corpus in a folder."""
        return self.read(folder, **options)


def of_notes(read: Callable[..., list[Piece]], *tasks: Task, recordings: bool = False) -> Reader:
    """Make a `Reader` from a function that returns labelled pieces.

    Args:
        read: takes the folder of a corpus.
        tasks: of the corpus; folds are stratified by the first one with classes, and models of
            audio learn all of them.
        recordings: as in `Reader`.
    """

    def corpus(folder: str | Path, **options: Any) -> Corpus:
        pieces = read(folder, **options)
        return Corpus(pieces[0].corpus, pieces, tasks)

    return Reader(corpus, notes=True, recordings=recordings)


READERS: dict[str, Reader] = {
    "emopia": of_notes(read_emopia, EMOTION, recordings=True),
    "vgmidi": of_notes(read_vgmidi, EMOTION, recordings=True),
    "labelled": of_notes(read_labelled, EMOTION, VALENCE_AROUSAL, KEY),
    "pop909": of_notes(read_pop909, KEY),
    "when_in_rome": of_notes(read_when_in_rome, KEY),
    "gtzan": Reader(read_gtzan),
    "fma": Reader(read_fma),
    "magnatagatune": Reader(read_magnatagatune),
    "magnatagatune-10": Reader(partial(read_magnatagatune, tags=10, split="9:1")),
    "moods": Reader(read_moods),
    "beatles": Reader(read_beatles),
    "pop909_structure": Reader(read_pop909_structure),
    "salami": Reader(read_salami),
    "salami-segments": Reader(partial(read_salami, level="segments")),
    "folder": Reader(read_audio_folder),
}
"""By name; those of notes join the training pieces in this order."""


def note_corpora() -> list[str]:
    """Names of the corpora that models of notes can be trained on."""
    return [name for name, reader in READERS.items() if reader.notes]


def recording_corpora() -> list[str]:
    """Names of the corpora that models of audio can be trained on."""
    return [name for name, reader in READERS.items() if reader.recordings]
