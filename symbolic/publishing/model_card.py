"""The model card of a run: a README in the Hub's format, in which every figure is the run's own."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.modeling import SymbolicModel
from symbolic.publishing.audio_card import (
    PIPELINE_TAG,
    audio_limits,
    audio_tags,
    use_audio,
    what_audio,
)
from symbolic.publishing.boundary_card import (
    BOUNDARY_TASK,
    boundary_limits,
    boundary_tags,
    finds_boundaries,
    use_boundaries,
    what_boundaries,
)
from symbolic.publishing.card_results import (
    METRICS,
    check_metrics,
    eval_results,
    markdown_table,
    results_section,
)
from symbolic.scoring.emotion_pipeline import TASK
from symbolic.tasks import QUADRANT_WORDS
from symbolic.training.run_folder import RECORD


@dataclass(frozen=True)
class Corpus:
    """What a card says of a corpus.

    Attributes:
        name: and where it was published.
        music: what music it is.
        licence: an id of the Hub; empty where there is none.
        terms: what may be done with it, in words, where the Hub has no id for that.
        hub: name of the data set on the Hub, where it is there under another one.
    """

    name: str
    music: str
    licence: str = ""
    terms: str = ""
    hub: str = ""


CORPORA = {
    "emopia": Corpus("EMOPIA (Hung 2021)", "transcribed pop piano", "cc-by-nc-sa-4.0"),
    "vgmidi": Corpus("VGMIDI (Ferreira 2019)", "piano arrangements of game music"),
    "gtzan": Corpus(
        "GTZAN (Tzanetakis & Cook 2002)",
        "excerpts of half a minute in ten genres, most of them Western and older than 2002",
        terms="research use",
        hub="marsyas/gtzan",
    ),
    "fma": Corpus(
        "FMA (Defferrard 2017)",
        "clips of half a minute of the Free Music Archive",
        terms="Creative Commons, each track its own",
    ),
    "magnatagatune": Corpus(
        "MagnaTagATune (Law 2009)",
        "clips of 29 s of the label Magnatune",
        terms="CC BY-NC-SA 1.0",
    ),
    "moods": Corpus(
        "MIREX-like mood set (Panda 2013)",
        "mel pictures of songs of half a minute in five clusters of moods",
        terms="research use",
    ),
    "beatles": Corpus(
        "Beatles (segments of Isophonics)",
        "songs of the Beatles",
        terms="research use",
    ),
    "pop909_structure": Corpus(
        "POP909 (Wang 2020) with the phrases of Dai 2020",
        "pop songs arranged as MIDI",
        "mit",
    ),
}
"""By the name that stands in `training.json`; a corpus that is missing is named, no more."""


def model_card(
    folder: str | os.PathLike, repo_id: str | None = None, license: str | None = None
) -> str:
    """The README of a trained model, for the Hub.

    Args:
        folder: what training has saved; `config.json` must be there. What `training.json` and
            `metrics.json` do not say, the card does not say either.
        repo_id: where the model will be; by default the snippets say `your-name/` and the folder.
        license: a licence id of the Hub; by default that of EMOPIA for a model trained on it
            (share alike), `other` for one trained on corpora whose terms have no id, else none.

    Returns:
        YAML header and Markdown. Figures of a split that leaks stay out of the header, which has
        no room for a warning.

    Raises:
        OSError: no `config.json`.
        ValueError: a file that is not what it should be; the message names it.
    """
    from huggingface_hub import ModelCardData

    folder = Path(folder)
    repo_id = repo_id or f"your-name/{folder.resolve().name}"
    config = SymbolicConfig.from_pretrained(str(folder))
    record = read_json(folder / RECORD)
    metrics = read_json(folder / METRICS)
    if metrics:
        check_metrics(metrics, folder / METRICS)
        metrics["leaks"] |= bool(record.get("data", {}).get("leaks"))  # either may know
    corpora = Counter(group.partition(": ")[0] for group in record.get("groups", []))
    licence = _weights_licence(license, corpora)
    pipeline_tag, told = None, {}
    if finds_boundaries(config):
        what, use = what_boundaries(config, record), use_boundaries(repo_id, config)
        tags = boundary_tags(config)
        told = {"task_type": BOUNDARY_TASK, "task_name": "Music boundary detection"}
    elif config.front is not None:
        what, use = what_audio(config, record), use_audio(repo_id, config)
        tags, pipeline_tag = audio_tags(config), PIPELINE_TAG
        told = {"task_type": PIPELINE_TAG, "task_name": "Audio classification"}
    else:
        has_emotion = "emotion" in {task.name for task in config.task_specs}
        what, use = _what(config), _use(repo_id, has_emotion)
        tags = ["symbolic-emotion", "music", "midi", "musicxml"]
        tags += [TASK, "music-emotion-recognition"] * has_emotion
    results = eval_results(metrics, corpora, **told)
    header = ModelCardData(
        **licence,
        library_name="transformers",
        pipeline_tag=pipeline_tag,
        tags=tags,
        datasets=[CORPORA[name].hub or name for name in corpora if name in CORPORA] or None,
        metrics=list(dict.fromkeys(result.metric_type for result in results)) or None,
        model_name=repo_id.split("/")[-1] if results else None,
        eval_results=results or None,
    )
    name = repo_id.split("/")[-1]
    sections = {
        f"# {name}": what,
        "## Use": use,
        "## Tasks": _tasks(config),
        "## Trained on": _trained_on(record, corpora),
        "## How": _how(record),
        "## Results": results_section(metrics),
        "## Limits": _limits(config, corpora),
        "## Licence": _licence(licence, corpora),
    }
    body = "\n\n".join(f"{title}\n\n{text}" for title, text in sections.items())
    return f"---\n{header.to_yaml()}\n---\n\n{body}\n"


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no such file.

    Raises:
        ValueError: a file that holds something else.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds {type(content).__name__}, not an object")
    return content


def _what(config: SymbolicConfig) -> str:
    with torch.device("meta"):  # counted, not made
        parameters = SymbolicModel(config).num_parameters()
    backbone, count = config.backbone_config, len(config.feature_names)
    text = "A model of symbolic music (MIDI and MusicXML): "
    if backbone is None:
        text += f"{count} features of the whole piece. {parameters:,} parameters."
    else:
        features = f", and {count} features of the whole piece" if count else ""
        text += (
            f"{backbone.model_type} of {backbone.num_hidden_layers} layers, "
            f"{backbone.hidden_size} wide, over the tokens of `{config.tokenizer_class}` "
            f"({', '.join(config.field_names)}){features}. {parameters:,} parameters; "
            f"windows of {config.window} tokens, averaged over a piece."
        )
    if temperature := config.temperatures.get("emotion"):
        text += f" Logits of the quadrant are divided by {temperature:g}."
    return text


def _use(repo_id: str, has_emotion: bool) -> str:
    if has_emotion:
        return f"""With the package `symbolic-emotion`, one piece as in any pipeline:

```python
import symbolic  # tells transformers of the model
from transformers import pipeline

classify = pipeline("{TASK}", model="{repo_id}")
classify("song.mid")
```

or a corpus as a table, one row per file:

```python
from symbolic import EmotionScorer

table = EmotionScorer.from_pretrained("{repo_id}").score("folder/")
```"""
    return f"""With the package `symbolic-emotion`:

```python
from symbolic import read_notes
from symbolic.inference.prediction import predict
from symbolic.scoring.emotion import load_model

model, tokenizer = load_model("{repo_id}")
answers = predict(model, [read_notes("song.mid")], tokenizer)
```"""


def _tasks(config: SymbolicConfig) -> str:
    rows = []
    for task in config.task_specs:
        labels = [
            f"{label} {QUADRANT_WORDS[label]}" if label in QUADRANT_WORDS else label
            for label in task.labels
        ]
        if len(labels) > (8 if config.front is None else 50):
            labels = [labels[0], "...", f"{labels[-1]} ({len(labels)} in all)"]
        rows.append((task.name, task.level, task.kind, ", ".join(labels), f"{task.weight:g}"))
    return markdown_table(("task", "level", "kind", "labels", "weight of its loss"), rows)


def _trained_on(record: dict[str, Any], corpora: Counter) -> str:
    if not record:
        return "There is no record of the training beside the weights."
    rows = []
    for corpus, groups in corpora.items():
        known = CORPORA.get(corpus, Corpus(corpus or "unnamed", "-"))
        licence = known.licence or known.terms or "none stated"
        rows.append((known.name, known.music, groups, licence))
    unit = "songs or pieces" if "system" not in record.get("model", {}) else "artists or songs"
    text = markdown_table(("corpus", "music", f"groups ({unit})", "licence"), rows)
    data = record.get("data", {})
    held_out = data.get("hold_out") or data.get("held_out_split")
    if held_out and held_out != "none":
        groups = "of whose groups other pieces were" if data.get("leaks") else "never"
        text += f"\n\nHeld out, {groups} trained on: `{held_out}`."
    if findings := data.get("findings"):
        text += "\n\n" + "\n".join(f"- {finding}" for finding in findings)
    return f"{text}\n\n`{RECORD}` lists every group."


def _how(record: dict[str, Any]) -> str:
    if not record:
        return "Not recorded."
    settings = {**record.get("model", {}), **record.get("fit", {})}
    settings |= {key: value for key, value in record.items() if not isinstance(value, dict | list)}
    return markdown_table(
        ("setting", "value"), [(f"`{name}`", value) for name, value in settings.items()]
    )


def _limits(config: SymbolicConfig, corpora: Counter) -> str:
    finds, limits = finds_boundaries(config), []
    if not finds:
        piece = "piece" if config.front is None else "recording"
        limits = [f"A {piece} has one answer: windows are averaged, and so are changes of mood."]
    if "emotion" in {task.name for task in config.task_specs}:
        limits.append(
            "A quadrant is what annotators would have marked, roughly, and not what a listener "
            "feels; it is no ground for judging single pieces or people."
        )
    known = [CORPORA[corpus] for corpus in corpora if corpus in CORPORA]
    if known:
        heard = " and ".join(corpus.music for corpus in known)
        limits.append(f"Its labelled music is {heard}; of other music its answers say less.")
    if finds:
        limits += boundary_limits(config, corpora)
    elif config.front is not None:
        limits += audio_limits(config, corpora)
    limits.append("A high probability on unfamiliar music is no sign that the answer is right.")
    return "\n".join(f"- {limit}" for limit in limits)


def _weights_licence(license: str | None, corpora: Counter) -> dict[str, str]:
    """What the header says of the licence: what was asked for, or what the corpora ask for."""
    if license is not None:
        return {"license": license}
    if any(name.lower().startswith("emopia") for name in corpora):
        return {"license": CORPORA["emopia"].licence}
    terms = dict.fromkeys(CORPORA[name].terms for name in corpora if name in CORPORA)
    if not any(terms):
        return {}
    slugs = [re.sub(r"[^a-z0-9.]+", "-", words.lower()) for words in terms if words]
    return {"license": "other", "license_name": "-and-".join(slugs)}


def _licence(licence: dict[str, str], corpora: Counter) -> str:
    known = [CORPORA[name] for name in corpora if name in CORPORA]
    asked = [f"{corpus.name}: {corpus.terms}" for corpus in known if corpus.terms]
    if "license_name" in licence:
        text = "The weights have no licence of their own: they inherit what their data ask for."
    elif licence:
        text = f"The weights: `{licence['license']}`."
    else:
        text = "No licence is stated for the weights."
    if asked:
        text += f" {'; '.join(asked)}."
    if unclear := [corpus.name for corpus in known if not (corpus.licence or corpus.terms)]:
        text += f" {', '.join(unclear)} states no licence."
    return f"{text} The code of `symbolic-emotion` has a licence of its own, Apache-2.0."
