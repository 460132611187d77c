"""Readers of all corpora, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.data.corpora.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.corpora.emopia import read_emopia
from symbolic.data.corpora.labelled import labelled_tasks, read_labelled
from symbolic.data.corpora.percepiano import read_percepiano
from symbolic.data.corpora.vgmidi import read_vgmidi
from symbolic.data.corpora.ym2413 import read_ym2413
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.data.recordings.beatles import read_beatles
from symbolic.data.recordings.fma import read_fma
from symbolic.data.recordings.folder import read_audio_folder
from symbolic.data.recordings.gtzan import read_gtzan
from symbolic.data.recordings.magnatagatune import read_magnatagatune
from symbolic.data.recordings.marked import read_marked
from symbolic.data.recordings.moods import read_moods
from symbolic.data.recordings.pop909_structure import read_pop909_structure
from symbolic.data.recordings.salami import read_salami
from symbolic.tasks import EMOTION, KEY, VALENCE_AROUSAL, Task


@dataclass(frozen=True)
class CorpusFacts:
    """Facts about a corpus, for the cards of models that were trained on it.

    Attributes:
        name: with its publication.
        music: kind of music.
        licence: id of the Hub; empty if there is none.
        terms: of use, in words, if the Hub has no id for them.
        hub: name of the data set on the Hub; empty if none is known.
        midi: whether the corpus is MIDI, which models of audio are trained on as synthesised sound.
    """

    name: str
    music: str
    licence: str = ""
    terms: str = ""
    hub: str = ""
    midi: bool = False


@dataclass(frozen=True)
class Reader:
    """The reader of a corpus, and which models can be trained on the corpus.

    Attributes:
        read: takes the folder of the corpus, and options of the reader by name; returns the corpus,
            or its labelled files of notes (MIDI or MusicXML).
        tasks: of files of notes; folds are stratified by the first one with classes and labels, and
            models of audio learn all of them. Without tasks models of notes cannot be trained.
        recordings: whether models of audio can be trained on it: it has recordings or spectrograms,
            or MIDI, which is rendered by FluidSynth and a sound font.
        facts: about the corpus; None if there are none to publish.
    """

    read: Callable[..., Corpus | list[Piece]]
    tasks: tuple[Task, ...] = ()
    recordings: bool = True
    facts: CorpusFacts | None = None

    @property
    def notes(self) -> bool:
        """Whether models of notes can be trained on the corpus."""
        return bool(self.tasks)

    def __call__(self, folder: str | Path, **options: Any) -> Corpus:
        """Read the corpus in a folder."""
        found = self.read(folder, **options)
        return Corpus(found[0].corpus, found, self.tasks) if isinstance(found, list) else found


READERS: dict[str, Reader] = {
    "emopia": Reader(
        read_emopia,
        (EMOTION,),
        facts=CorpusFacts(
            "EMOPIA (Hung 2021)", "transcribed pop piano", licence="cc-by-nc-sa-4.0", midi=True
        ),
    ),
    "vgmidi": Reader(
        read_vgmidi,
        (EMOTION,),
        facts=CorpusFacts("VGMIDI (Ferreira 2019)", "piano arrangements of game music", midi=True),
    ),
    "ym2413": Reader(
        read_ym2413,
        (EMOTION,),
        facts=CorpusFacts(
            "YM2413-MDB 1.0.2 (Choi 2022)",
            "game music for FM synthesis, of several instruments with drums",
            midi=True,
        ),
    ),
    "percepiano": Reader(
        read_percepiano,
        (VALENCE_AROUSAL,),
        facts=CorpusFacts(
            "PercePiano (Park 2024)",
            "passages of classical piano music by several players",
            licence="mit",
            midi=True,
        ),
    ),
    "labelled": Reader(read_labelled, tuple(labelled_tasks()), recordings=False),
    "pop909": Reader(
        read_pop909,
        (KEY,),
        False,
        CorpusFacts("POP909 (Wang 2020)", "pop songs arranged as MIDI", licence="mit", midi=True),
    ),
    "when_in_rome": Reader(
        read_when_in_rome,
        (KEY,),
        False,
        CorpusFacts(
            "When in Rome (Gotham 2023)",
            "scores of classical music",
            terms="CC BY-SA 4.0, scores vary",
        ),
    ),
    "gtzan": Reader(
        read_gtzan,
        facts=CorpusFacts(
            "GTZAN (Tzanetakis & Cook 2002)",
            "half-minute excerpts of ten genres, most of them Western and older than 2002",
            terms="research use",
            hub="marsyas/gtzan",
        ),
    ),
    "fma": Reader(
        read_fma,
        facts=CorpusFacts(
            "FMA (Defferrard 2017)",
            "half-minute clips of the Free Music Archive",
            terms="Creative Commons, each track its own",
        ),
    ),
    "magnatagatune": Reader(
        read_magnatagatune,
        facts=CorpusFacts(
            "MagnaTagATune (Law 2009)",
            "29 s clips of the label Magnatune",
            terms="CC BY-NC-SA 1.0",
        ),
    ),
    "magnatagatune-10": Reader(partial(read_magnatagatune, tags=10, split="9:1")),
    "moods": Reader(
        read_moods,
        facts=CorpusFacts(
            "MIREX-like mood set (Panda 2013)",
            "mel spectrograms of half-minute song excerpts in five clusters of moods",
            terms="research use",
        ),
    ),
    "beatles": Reader(
        read_beatles,
        facts=CorpusFacts(
            "Beatles (segments of Isophonics)", "songs of the Beatles", terms="research use"
        ),
    ),
    "pop909_structure": Reader(
        read_pop909_structure,
        facts=CorpusFacts(
            "POP909 (Wang 2020) with the phrases of Dai 2020",
            "pop songs arranged as MIDI",
            licence="mit",
            midi=True,
        ),
    ),
    "salami": Reader(read_salami),
    "salami-segments": Reader(partial(read_salami, level="segments")),
    "marked": Reader(read_marked),
    "marked-folders": Reader(partial(read_marked, by="folder")),
    "folder": Reader(read_audio_folder),
}
"""By name; those of notes join the training pieces in this order."""


FACTS = {name: reader.facts for name, reader in READERS.items() if reader.facts is not None}
"""Facts about corpora, by the name of the corpus in `training.json`."""


def note_corpora() -> list[str]:
    """Names of the corpora that models of notes can be trained on."""
    return [name for name, reader in READERS.items() if reader.notes]


def recording_corpora() -> list[str]:
    """Names of the corpora that models of audio can be trained on."""
    return [name for name, reader in READERS.items() if reader.recordings]
