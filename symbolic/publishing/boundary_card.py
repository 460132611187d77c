"""What the card of a model that finds boundaries says: what it is, how to ask, limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from symbolic.audio.front import NOTE_WIDTHS
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.beat_systems import UNIT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.publishing.audio_card import SYNTHESISED, WORDS, heard, listed
from symbolic.structure.detection import WINDOWS, picker
from symbolic.tasks import BOUNDARY

BOUNDARY_TASK = "music-boundary-detection"
TAGS = ("symbolic-emotion", "music", "music-structure-analysis", BOUNDARY_TASK)

PEAKS = {
    "apart": "peaks of its activation: the highest within 6 s that reach a threshold",
    "window": "peaks of its activation: the highest within 6 s that are above the mean of the 12 s "
    "before and the 6 s after by more than a threshold",
    "close": "times that are near enough to as many boundaries as can be expected by its "
    "activation, to no fewer than a threshold; of times that are near to as many, one that is "
    "close",
    "hits": "times that are near enough to as many boundaries as can be expected by its "
    "activation, to no fewer than a threshold, however close: they may be between likely places",
}
"""How boundaries are picked, by name in `symbolic.structure.detection.PICKERS`."""


def finds_boundaries(config: SymbolicConfig) -> bool:
    """Whether a model tells where the parts of a piece begin."""
    return any(task.name == BOUNDARY.name for task in config.task_specs)


def reads_notes(config: SymbolicConfig) -> bool:
    """Whether it takes notes, which are not made to sound."""
    return config.front is None or config.front_end.of_notes


def boundary_tags(config: SymbolicConfig) -> list[str]:
    """Tags of the Hub."""
    return [*TAGS, *(("midi", "musicxml") if reads_notes(config) else ("audio",))]


def what_boundaries(config: SymbolicConfig, record: dict[str, Any]) -> str:
    """What the model is, what it hears, and how boundaries are picked.

    Args:
        config: of a model with the task `boundary`.
        record: `training.json`, which names the system; empty where there is none.
    """
    with torch.device("meta"):  # counted, not made
        parameters = SymbolicModel(config).num_parameters()
    told = record.get("model", {})
    name = told.get("system", "")
    system = BOUNDARY_SYSTEMS.get(name) or UNIT_SYSTEMS.get(name)
    piece, end = ("piece", ", from its notes") if reads_notes(config) else ("recording", "")
    text = f"A model that tells where the parts of a {piece} begin{end}"
    if system is not None:
        text += f": the system `{name}` ({system.description.partition(': ')[2]})"
        if (width := told.get("width", 1.0)) != 1.0:
            text += f" with {width:g} times its width"
    text += f", encoder `{config.encoder}`. {parameters:,} parameters.\n\n"
    hears = _units(config) if config.unit else heard(config)
    return f"{text}{hears}\n\n{_peaks(config)}"


def _units(config: SymbolicConfig) -> str:
    """What a model that answers for bars or beats takes of them."""
    unit, takes = config.unit, []
    if (backbone := config.backbone_config) is not None:
        takes.append(
            f"the tokens of `{config.tokenizer_class}` ({', '.join(config.field_names)}), which "
            f"hear one another in windows of {config.window} through {backbone.model_type} of "
            f"{backbone.num_hidden_layers} layers, {backbone.hidden_size} wide"
        )
    if pictures := config.unit_options.get("pictures", ()):
        kinds = listed([f"{NOTE_WIDTHS[kind]} {WORDS[kind]}" for kind in pictures])
        takes.append(f"pictures of the notes ({kinds})")
    text = f"It reads notes and answers for each {unit}, of which it takes {', and '.join(takes)}."
    if lags := config.unit_options.get("lags"):
        text += f" Each {unit} is compared with the {lags} before it."
    return text


def _peaks(config: SymbolicConfig) -> str:
    known = config.thresholds.get(BOUNDARY.name, {})
    ways: dict[str, list[str]] = {}
    for window in known or map("{:g}".format, WINDOWS):
        ways.setdefault(picker(config.peaks, float(window)), []).append(f"{window} s")
    text = " ".join(
        f"Boundaries{f' that may be off by {listed(windows)}' if len(ways) > 1 else ''} are "
        f"{PEAKS[name]}."
        for name, windows in ways.items()
    )
    if not known:
        return f"{text} It has no threshold yet."
    each = [f"{value:g} for those that may be off by {window} s" for window, value in known.items()]
    return f"{text} {'Thresholds are' if len(each) > 1 else 'The threshold is'} {listed(each)}."


def use_boundaries(repo_id: str, config: SymbolicConfig) -> str:
    """How to ask the model: from the shell, and from Python."""
    song = "song.mid" if reads_notes(config) else "song.wav"
    kinds = "MIDI or MusicXML" if reads_notes(config) else "recordings; MIDI is made to sound"
    return f"""With the package `symbolic-emotion` and its extra `audio`
(`pip install 'symbolic-emotion[audio]'`), a table with a row for each part, of one file or of many
({kinds}):

```bash
symbolic segment {song} --model {repo_id} --output parts.csv
```

or the seconds at which parts begin, with the beginning and the end, and how sure each is:

```python
from symbolic.structure.segmenter import Segmenter

found = Segmenter.from_pretrained("{repo_id}").segment(["{song}"])
found[0].times, found[0].confidence
```

`window="3"` after the name, `--window 3` in the shell, picks boundaries with the threshold for
those that may be off by 3 s; the default is `0.5`."""


CORPUS_LIMITS = {
    "pop909_structure": (
        "On which beat the phrases of POP909 begin is inferred, and may be wrong by half a bar or "
        "a bar: what is scored within 0.5 s is to be read with care.",
        "POP909 are pop songs with the melody in the first track: of files that have it elsewhere "
        "its answers say less.",
    ),
    "beatles": (
        "Recordings of the Beatles and their annotations match within 2 s: what is scored within "
        "0.5 s is rough.",
        "The pictures of the Beatles came ready-made, in decibels below the loudest of each song; "
        "other recordings are heard as loud as they are.",
    ),
}
"""By the name of a corpus in `training.json`."""

OF_NOTES = {"pop909_structure"}  # corpora of MIDI, which a model of recordings hears synthesised


def boundary_limits(config: SymbolicConfig, corpora: Iterable[str]) -> list[str]:
    """What boundaries are not worth, beside what is true of every model.

    Args:
        config: of a model with the task `boundary`.
        corpora: that it was trained on, by their names in `training.json`.
    """
    corpora = list(corpora)
    limits = [limit for corpus in corpora for limit in CORPUS_LIMITS.get(corpus, ())]
    if OF_NOTES & set(corpora) and not reads_notes(config):
        limits.append(SYNTHESISED)
    if config.unit:
        limits.append(
            f"Boundaries stand where {config.unit}s begin, as the time signatures of a file count "
            "them (4/4 where it has none): where these are not the music's, they are off."
        )
    limits += [
        "A threshold is tuned for one window: boundaries that are found with that for 0.5 s are "
        "not the best within 3 s, nor the other way round.",
        "But for the beginning and the end, boundaries are at least 6 s apart: of a shorter part "
        "one end is missed.",
        "Scores count the beginning and the end, which are always known, as found.",
    ]
    return limits
