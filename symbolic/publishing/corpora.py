"""Corpora that cards describe: their music, and the terms on which they may be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CorpusFacts:
    """Facts about a corpus.

    Attributes:
        name: with its publication.
        music: kind of music.
        licence: id of the Hub; empty if there is none.
        terms: of use, in words, if the Hub has no id for them.
        hub: name of the data set on the Hub, if it is another one.
        midi: whether the corpus is MIDI, which models of audio are trained on as synthesised sound.
    """

    name: str
    music: str
    licence: str = ""
    terms: str = ""
    hub: str = ""
    midi: bool = False


CORPORA = {
    "emopia": CorpusFacts(
        "EMOPIA (Hung 2021)", "transcribed pop piano", licence="cc-by-nc-sa-4.0", midi=True
    ),
    "vgmidi": CorpusFacts("VGMIDI (Ferreira 2019)", "piano arrangements of game music", midi=True),
    "pop909": CorpusFacts(
        "POP909 (Wang 2020)", "pop songs arranged as MIDI", licence="mit", midi=True
    ),
    "when_in_rome": CorpusFacts(
        "When in Rome (Gotham 2023)",
        "scores of classical music",
        terms="CC BY-SA 4.0, scores vary",
    ),
    "gtzan": CorpusFacts(
        "GTZAN (Tzanetakis & Cook 2002)",
        "half-minute excerpts of ten genres, most of them Western and older than 2002",
        terms="research use",
        hub="marsyas/gtzan",
    ),
    "fma": CorpusFacts(
        "FMA (Defferrard 2017)",
        "half-minute clips of the Free Music Archive",
        terms="Creative Commons, each track its own",
    ),
    "magnatagatune": CorpusFacts(
        "MagnaTagATune (Law 2009)",
        "29 s clips of the label Magnatune",
        terms="CC BY-NC-SA 1.0",
    ),
    "moods": CorpusFacts(
        "MIREX-like mood set (Panda 2013)",
        "mel spectrograms of half-minute song excerpts in five clusters of moods",
        terms="research use",
    ),
    "beatles": CorpusFacts(
        "Beatles (segments of Isophonics)", "songs of the Beatles", terms="research use"
    ),
    "pop909_structure": CorpusFacts(
        "POP909 (Wang 2020) with the phrases of Dai 2020",
        "pop songs arranged as MIDI",
        licence="mit",
        midi=True,
    ),
}
"""By the name of the corpus in `training.json`."""
