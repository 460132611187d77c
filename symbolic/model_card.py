"""The model card of a run: a README in the Hub's format, in which every figure is the run's own."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from symbolic.card_results import (
    METRICS,
    check_metrics,
    eval_results,
    markdown_table,
    results_section,
)
from symbolic.configuration import SymbolicConfig
from symbolic.emotion_pipeline import TASK
from symbolic.modeling import SymbolicModel
from symbolic.runs import RECORD
from symbolic.tasks import QUADRANT_WORDS


@dataclass(frozen=True)
class Corpus:
    """What a card says of a corpus; `licence` is an id of the Hub, empty where none is stated."""

    name: str
    music: str
    licence: str


CORPORA = {
    "emopia": Corpus("EMOPIA (Hung 2021)", "transcribed pop piano", "cc-by-nc-sa-4.0"),
    "vgmidi": Corpus("VGMIDI (Ferreira 2019)", "piano arrangements of game music", ""),
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
            (share alike), else none.

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
    if license is None and any(name.lower().startswith("emopia") for name in corpora):
        license = CORPORA["emopia"].licence
    tasks = [task.name for task in config.task_specs]
    results = eval_results(metrics, corpora)
    header = ModelCardData(
        license=license,
        library_name="transformers",
        tags=["symbolic-emotion", "music", "midi", "musicxml"]
        + [TASK, "music-emotion-recognition"] * ("emotion" in tasks),
        datasets=[corpus for corpus in corpora if corpus in CORPORA] or None,
        metrics=list(dict.fromkeys(result.metric_type for result in results)) or None,
        model_name=repo_id.split("/")[-1] if results else None,
        eval_results=results or None,
    )
    name = repo_id.split("/")[-1]
    sections = {
        f"# {name}": _what(config),
        "## Use": _use(repo_id, "emotion" in tasks),
        "## Tasks": _tasks(config),
        "## Trained on": _trained_on(record, corpora),
        "## How": _how(record),
        "## Results": results_section(metrics),
        "## Limits": _limits(config, corpora),
        "## Licence": _licence(license, corpora),
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
from symbolic.inference import predict
from symbolic.scoring import load_model

model, tokenizer = load_model("{repo_id}")
answers = predict(model, [read_notes("song.mid")], tokenizer)
```"""


def _tasks(config: SymbolicConfig) -> str:
    learnt = config.task_weighting == "uncertainty"
    rows = []
    for task in config.task_specs:
        labels = [
            f"{label} {QUADRANT_WORDS[label]}" if label in QUADRANT_WORDS else label
            for label in task.labels
        ]
        if len(labels) > 8:
            labels = [labels[0], "...", f"{labels[-1]} ({len(labels)} in all)"]
        weight = "learnt" if learnt else f"{task.weight:g}"
        rows.append((task.name, task.level, task.kind, ", ".join(labels), weight))
    return markdown_table(("task", "level", "kind", "labels", "weight of its loss"), rows)


def _trained_on(record: dict[str, Any], corpora: Counter) -> str:
    if not record:
        return "There is no record of the training beside the weights."
    rows = []
    for corpus, groups in corpora.items():
        known = CORPORA.get(corpus, Corpus(corpus or "unnamed", "-", ""))
        rows.append((known.name, known.music, groups, known.licence or "none stated"))
    text = markdown_table(("corpus", "music", "groups (songs or pieces)", "licence"), rows)
    data = record.get("data", {})
    held_out = data.get("hold_out") or data.get("held_out_split")
    if held_out and held_out != "none":
        groups = "of whose groups other pieces were" if data.get("leaks") else "never"
        text += f"\n\nHeld out, {groups} trained on: `{held_out}`."
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
    limits = ["A piece has one answer: windows are averaged, and so are changes of mood."]
    if "emotion" in {task.name for task in config.task_specs}:
        limits.append(
            "A quadrant is what annotators would have marked, roughly, and not what a listener "
            "feels; it is no ground for judging single pieces or people."
        )
    known = [CORPORA[corpus] for corpus in corpora if corpus in CORPORA]
    if known:
        heard = " and ".join(corpus.music for corpus in known)
        limits.append(f"Its labelled music is {heard}; of other music its answers say less.")
    limits.append("A high probability on unfamiliar music is no sign that the answer is right.")
    return "\n".join(f"- {limit}" for limit in limits)


def _licence(license: str | None, corpora: Counter) -> str:
    text = f"The weights: `{license}`." if license else "No licence is stated for the weights."
    unclear = [CORPORA[c].name for c in corpora if c in CORPORA and not CORPORA[c].licence]
    if unclear:
        text += f" {', '.join(unclear)} states no licence."
    return f"{text} The code of `symbolic-emotion` has a licence of its own, Apache-2.0."
