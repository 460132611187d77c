"""What the card of a model of audio says of the model itself: what it hears, how to ask, limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from symbolic.audio.front import Front
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.scoring.audio_pipeline import TASK

PIPELINE_TAG = "audio-classification"
TAGS = ("symbolic-emotion", "music", "audio", TASK)
TASK_TAGS = {
    "genre": "music-genre-classification",
    "mood": "music-mood-recognition",
    "tags": "music-tagging",
    "emotion": "music-emotion-recognition",
}

WORDS = {
    "mel": "mel bands",
    "mfcc": "MFCC",
    "cqt": "constant-Q bins",
    "chroma": "chroma",
    "roll": "keys of a piano roll",
    "onsets": "columns of what begins",
    "lead_roll": "keys of the leading voice",
    "lead_onsets": "columns of what the leading voice begins",
}
LAG_WORDS = {"mfcc": "cepstra", "euclidean": "Euclidean"}
"""Kinds of a front end, and parts of the names of its lag matrices, as they are told."""


def audio_tags(config: SymbolicConfig) -> list[str]:
    """Tags of the Hub."""
    return [*TAGS, *(TASK_TAGS[task.name] for task in config.task_specs if task.name in TASK_TAGS)]


def what_audio(config: SymbolicConfig, record: dict[str, Any]) -> str:
    """What the model is, and what it hears.

    Args:
        config: of a model of audio.
        record: `training.json`, which names the system; empty where there is none.
    """
    with torch.device("meta"):  # counted, not made
        parameters = SymbolicModel(config).num_parameters()
    told = record.get("model", {})
    system = AUDIO_SYSTEMS.get(told.get("system", ""))
    text = "A model of recordings: "
    if system is not None:
        kind, _, words = system.description.rpartition(": ")
        made = f", made for {kind}" if kind else ""
        text += f"the system `{told['system']}` ({words}{made}), "
        if (width := told.get("width", 1.0)) != 1.0:
            text += f"with {width:g} times its channels, "
    text += f"with the encoder `{config.encoder}`. {parameters:,} parameters.\n\n"
    return text + heard(config) + _windows(config)


def heard(config: SymbolicConfig) -> str:
    """What a model of audio hears, or reads of notes, in sentences."""
    front = config.front_end
    kinds = [_kind(front, kind) for kind in front.kinds if kind not in front.lag_kinds]
    kinds = listed([*kinds, *_lag_matrices(front)])
    if front.of_notes:
        return f"It reads notes, without sound, {front.rate:.2f} frames a second: {kinds}."
    text = f"It hears one channel at {front.sampling_rate:,} Hz"
    if front.hears_samples:
        return f"{text}, as samples."
    text += f": {kinds}, of {front.n_fft} samples every {front.hop}."
    if front.pool > 1:
        text += f" Every {front.pool} are one, their maximum: {front.rate:.2f} frames a second."
    if config.front_inside:
        text += " The model takes samples and makes these pictures itself."
    if grid := config.encoder_options.get("grid"):
        text += f" They are stretched to {grid[0]} bands and {grid[1] * front.rate:.1f} frames/s."
    return text


def _kind(front: Front, kind: str) -> str:
    text = f"{front.widths[kind]} {WORDS.get(kind, 'magnitudes')}"
    return f"{text} in dB" if front.decibels and kind in ("mel", "cqt", "magnitude") else text


def _lag_matrices(front: Front) -> list[str]:
    """The near lag matrices and the far ones, each in a phrase."""
    found = []
    for far, seconds in ((False, front.lags.seconds), (True, front.lags.far_seconds)):
        kinds = [kind for kind in front.lag_kinds if kind.startswith("far_") == far]
        if kinds:
            parts = [kind.removeprefix("far_").split("_")[1:] for kind in kinds]
            columns = [f"{LAG_WORDS.get(of, of)} ({LAG_WORDS.get(by, by)})" for of, by in parts]
            one = len(kinds) == 1
            found.append(
                f"{'a ' if one else ''}self-similarity lag {'matrix' if one else 'matrices'} of "
                f"{listed(columns)} ({front.widths[kinds[0]]} lags of up to {seconds:g} s)"
            )
    return found


def listed(words: Sequence[str]) -> str:
    """Words as they are read out: with commas, and `and` before the last."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def window_seconds(config: SymbolicConfig) -> float:
    """Seconds of a window."""
    front = config.front_end
    if config.front_inside or front.hears_samples:
        return config.window / front.sampling_rate
    return (config.window - 1) / front.rate  # frames are centred: one stands at either end


def _windows(config: SymbolicConfig) -> str:
    many = "as many as cover a recording"
    if config.chunks is not None:
        many = f"{config.chunks} evenly spaced ones"
    return f" Windows last {window_seconds(config):.1f} s; the answers of {many} are averaged."


def use_audio(repo_id: str, config: SymbolicConfig) -> str:
    """How to ask the model: as a pipeline, from the shell, as a table, through Auto classes."""
    task = config.task_specs[0].name
    return f"""With the package `symbolic-emotion` and its extra `audio`
(`pip install 'symbolic-emotion[audio]'`), one recording as in any pipeline; MIDI is made to sound:

```python
import symbolic  # tells transformers of the model
from transformers import pipeline

tag = pipeline("{TASK}", model="{repo_id}")
tag("song.wav", top_k=3)
```

or many as a table, one row per file:

```bash
symbolic score song.wav folder/ --model {repo_id} --output scores.csv
```

```python
from symbolic import AudioScorer

table = AudioScorer.from_pretrained("{repo_id}").score(["song.wav", "folder/"])
```

or one window, for the bare logits:

```python
import symbolic
from transformers import AutoFeatureExtractor, AutoModel

model = AutoModel.from_pretrained("{repo_id}")
extractor = AutoFeatureExtractor.from_pretrained("{repo_id}")
inputs = extractor(
    "song.wav", max_length=model.config.window, truncation=True, return_tensors="pt"
)
logits = model(**inputs).logits["{task}"]
```"""


CORPUS_LIMITS = {
    "gtzan": "GTZAN has excerpts that repeat, artists that recur and labels that are disputed "
    "(Sturm 2013). Folds keep the known repetitions apart, not the artists; only the "
    "fault-filtered split does. Figures of folds are too high for unfamiliar artists.",
    "fma": "A genre of FMA is what the artist chose when uploading.",
    "magnatagatune": "A tag of MagnaTagATune that is not set was not necessarily denied: players "
    "of a game agreed on those that are.",
    "moods": "The pictures of the mood set came ready-made, without the audio and without a word "
    "on their mel scale: those of other recordings are like them only as far as that was guessed. "
    "Its clusters overlap.",
}
"""By the name of a corpus in `training.json`."""

OF_NOTES = {"emopia", "vgmidi"}  # corpora of MIDI, which is made to sound
SYNTHESISED = (
    "What it learnt from was played by a synthesiser from notes (FluidSynth and a sound font): "
    "recordings of people and rooms are unfamiliar to it."
)


def audio_limits(config: SymbolicConfig, corpora: Iterable[str]) -> list[str]:
    """What the answers of a model of audio are not worth, beside what is true of every model."""
    corpora = list(corpora)
    limits = [CORPUS_LIMITS[corpus] for corpus in corpora if corpus in CORPUS_LIMITS]
    if OF_NOTES & set(corpora):
        limits.append(SYNTHESISED)
    limits.append(
        "It may have learnt of the recordings what is no music, an equaliser or the loudness of "
        "a record (Sturm 2014): `scripts/evaluate.py --probe` asks it."
    )
    if any(task.kind == "single" for task in config.task_specs):
        limits.append(
            "Probabilities of classes sum to 1 whatever is heard, speech and noise included."
        )
    return limits
