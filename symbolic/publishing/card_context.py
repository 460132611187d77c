"""Facts about a model, as plain values that the template of its card turns into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch

from symbolic.audio.front_end import ROLL_WIDTHS, FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.scoring.pipelines.audio import TASK as TAGS_PIPELINE
from symbolic.scoring.pipelines.emotion import TASK as EMOTION_PIPELINE
from symbolic.structure.detection import TOLERANCES, BoundaryArguments, picker
from symbolic.tasks import BOUNDARY, EMOTION, QUADRANT_WORDS, VELOCITY, Task, is_note_task

TAGS = ("symbolic-emotion", "music")
TASK_TAGS = {
    "genre": "music-genre-classification",
    "mood": "music-mood-recognition",
    "tags": "music-tagging",
    "emotion": "music-emotion-recognition",
}
"""Tags of the Hub by name of a task."""

COLUMN_NAMES = {
    "mel": "mel bands",
    "mfcc": "MFCCs",
    "cqt": "constant-Q bins",
    "chroma": "chroma bins",
    "magnitude": "magnitudes",
    "roll": "piano-roll keys",
    "onsets": "onset features",
    "lead_roll": "piano-roll keys of the melody",
    "lead_onsets": "onset features of the melody",
}
LAG_NAMES = {**COLUMN_NAMES, "chroma": "chroma", "euclidean": "Euclidean", "cosine": "cosine"}
"""Kinds of input, and parts of the names of lag matrices, in words."""

SHAPE = ("backbone", "hidden_size", "layers", "heads", "feedforward", "field_embedding_size")
DROPOUTS = ("dropout", "attention_dropout")
WINDOWS = ("window", "training_window", "masked_score_time", "masked_velocity")
ENSEMBLE = ("expert_members", "expert_size", "expert_dropout")
"""Names of settings in `training.json`, by the part of the model that they belong to."""


def model_context(config: SymbolicConfig, record: dict[str, Any]) -> dict[str, Any]:
    """Collect the facts about a model of any kind.

    Args:
        config: of the model.
        record: `training.json`, which names the system; empty if there is none.

    Returns:
        Values for the template, among them `kind`: `notes`, `audio` or `boundaries`. `tags`,
        `pipeline_tag`, `task_type` and `task_name` are for the header of the card.
    """
    names = [task.name for task in config.task_specs]
    if BOUNDARY.name in names:
        collect = boundary_context
    else:
        collect = audio_context if config.inputs == "audio" else notes_context
    settings = record.get("model", {})
    with torch.device("meta"):  # counted, not allocated
        parameters = SymbolicModel(config).num_parameters()
    return {
        "encoder": config.encoder,
        "parameters": f"{parameters:,}",
        "system": _system(settings.get("system", ""), settings.get("width", 1.0)),
        "tasks": [_task(config, task) for task in config.task_specs],
        "task_names": names,
        "sound": not takes_notes(config),
        "example": "song.mid" if takes_notes(config) else "song.wav",
        "tokens": _tokens(config),
        "front": None,
        "unit": "",
        "pipeline": "",
        "note_tasks": [],
        "pipeline_tag": None,
        "peak_picking": [],
        "measures_familiarity": bool(config.ensemble_features),
        **collect(config),
    }


def notes_context(config: SymbolicConfig) -> dict[str, Any]:
    """Collect the facts about a model that predicts from the tokens or the features of a piece."""
    temperature = config.temperatures.get(EMOTION.name, 1.0)
    has_emotion = any(task.name == EMOTION.name for task in config.task_specs)
    emotion_tags = [EMOTION_PIPELINE, TASK_TAGS[EMOTION.name]] if has_emotion else []
    return {
        "kind": "notes",
        "note_tasks": [task.name for task in config.task_specs if is_note_task(task)],
        "feature_count": len(config.feature_names),
        "temperature": f"{temperature:g}" if has_emotion and temperature != 1 else "",
        "pipeline": EMOTION_PIPELINE if has_emotion else "",
        "tags": [*TAGS, "midi", "musicxml", *emotion_tags],
        "task_type": EMOTION_PIPELINE if has_emotion else "music-classification",
        "task_name": "Music emotion recognition" if has_emotion else "Music classification",
    }


def audio_context(config: SymbolicConfig) -> dict[str, Any]:
    """Collect the facts about a model that predicts from recordings."""
    tasks = config.task_specs
    return {
        "kind": "audio",
        "front": _front_end(config),
        "chunks": config.chunks,
        "has_classes": any(task.kind == "single" for task in tasks),
        "pipeline": TAGS_PIPELINE,
        "tags": [
            *(*TAGS, "audio", TAGS_PIPELINE),
            *(TASK_TAGS[task.name] for task in tasks if task.name in TASK_TAGS),
        ],
        "pipeline_tag": "audio-classification",
        "task_type": "audio-classification",
        "task_name": "Audio classification",
    }


def boundary_context(config: SymbolicConfig) -> dict[str, Any]:
    """Collect the facts about a model that predicts boundaries, from recordings or notes."""
    thresholds = config.thresholds.get(BOUNDARY.name, {})
    tolerances: dict[str, list[str]] = {}
    for tolerance in thresholds or map("{:g}".format, TOLERANCES):
        tolerances.setdefault(picker(config.peaks, float(tolerance)), []).append(f"{tolerance} s")
    task_type = "music-boundary-detection"
    formats = ("midi", "musicxml") if takes_notes(config) else ("audio",)
    return {
        "kind": "boundaries",
        "front": _front_end(config),
        "unit": config.metrical_unit,
        "unit_columns": [
            f"{ROLL_WIDTHS[kind]} {COLUMN_NAMES[kind]}"
            for kind in config.metrical_options.get("rolls", ())
        ],
        "lags": config.metrical_options.get("lags"),
        "peak_picking": [{"name": name, "tolerances": of} for name, of in tolerances.items()],
        "thresholds": [f"{value:g} for a tolerance of {of} s" for of, value in thresholds.items()],
        "tags": [*TAGS, "music-structure-analysis", task_type, *formats],
        "task_type": task_type,
        "task_name": "Music boundary detection",
    }


def unused_settings(config: SymbolicConfig, settings: Mapping[str, Any]) -> set[str]:
    """Name the recorded settings of parts that a model does not have.

    Args:
        config: of the model.
        settings: by name. With `pretrained` the shape is that of another model, not of these.
    """
    names = {task.name for task in config.task_specs}
    backbone = config.backbone_config
    unused = {name for name, value in settings.items() if value is None or value == ""}
    if not config.ensemble_features:
        unused |= set(ENSEMBLE)
    if config.inputs == "features":
        unused |= {*SHAPE, *DROPOUTS, *WINDOWS}
    elif backbone is None:
        unused.add("backbone")
    elif settings.get("pretrained"):
        unused |= set(SHAPE)
    elif not hasattr(backbone, "num_attention_heads"):
        unused |= {"heads", "feedforward", "attention_dropout"}
    if not {"Gap", "Hold"} & set(config.field_names):  # of tokens with seconds
        unused.add("masked_score_time")
    if VELOCITY.name not in names or "Velocity" not in config.field_names:
        unused.add("masked_velocity")
    if EMOTION.name not in names:
        unused.add("temperature")
    if not any(task.kind == "single" for task in config.task_specs):
        unused |= {"label_smoothing", "class_weights"}
    if BOUNDARY.name not in names:
        unused |= {field.name for field in fields(BoundaryArguments)}
    return unused


def takes_notes(config: SymbolicConfig) -> bool:
    """Whether the input of a model is computed from notes, without sound."""
    return config.front_end is None or config.front_end.from_notes


def _system(name: str, width: float) -> dict[str, str] | None:
    system = {**AUDIO_SYSTEMS, **BOUNDARY_SYSTEMS, **BEAT_SYSTEMS}.get(name)
    if system is None:
        return None
    purpose, _, text = system.description.rpartition(": ")
    return {"name": name, "description": text, "purpose": purpose, "width": f"{width:g}"}


def _tokens(config: SymbolicConfig) -> dict[str, Any] | None:
    """Collect the facts about the tokens of a model, and the backbone that encodes them, if any."""
    if config.inputs not in ("notes", "beats") or not config.vocab_sizes:
        return None
    backbone = config.backbone_config
    return {
        "tokenizer": config.tokenizer_class,
        "fields": config.field_names,
        "window": config.window,
        "backbone": backbone
        and {
            "type": backbone.model_type.removeprefix("symbolic_"),
            "layers": backbone.num_hidden_layers,
            "width": backbone.hidden_size,
        },
    }


def _task(config: SymbolicConfig, task: Task) -> dict[str, str]:
    labels = [" ".join(filter(None, (name, QUADRANT_WORDS.get(name)))) for name in task.labels]
    if len(labels) > (8 if config.front_end is None else 50):
        labels = [labels[0], "...", f"{labels[-1]} ({len(labels)} in all)"]
    position = config.metrical_unit or ("token" if config.front_end is None else "frame")
    return {
        "name": task.name,
        "kind": "binary" if task.kind == "multi" and task.num_labels == 1 else task.kind,
        "position": position if task.level == "token" else "",
        "labels": ", ".join(labels),
        "weight": f"{task.weight:g}",
    }


def _front_end(config: SymbolicConfig) -> dict[str, Any] | None:
    if (front := config.front_end) is None:
        return None
    decibel_kinds = ("mel", "cqt", "magnitude") if front.decibels else ()
    grid = config.encoder_options.get("grid")
    if config.front_end_in_model or front.takes_samples:
        window_seconds = config.window / front.sampling_rate
    else:
        window_seconds = (config.window - 1) / front.rate  # frames are centred: one at either end
    return {
        "notes": front.from_notes,
        "samples": front.takes_samples,
        "columns": [
            f"{width} {COLUMN_NAMES[kind]}{' in dB' if kind in decibel_kinds else ''}"
            for kind, width in front.widths.items()
            if kind in COLUMN_NAMES
        ],
        "lag_matrices": _lag_matrices(front),
        "sampling_rate": f"{front.sampling_rate:,}",
        "n_fft": front.n_fft,
        "hop": front.hop,
        "pool": front.pool,
        "rate": f"{front.rate:.2f}",
        "inside": config.front_end_in_model,
        "grid": grid and {"bands": grid[0], "rate": f"{grid[1] * front.rate:.1f}"},
        "window_seconds": f"{window_seconds:.1f}",
    }


def _lag_matrices(front: FrontEnd) -> list[dict[str, Any]]:
    """The lag matrices with short lags, and those with long ones."""
    matrices = []
    for far, seconds in ((False, front.lags.seconds), (True, front.lags.far_seconds)):
        kinds = [kind for kind in front.lag_kinds if kind.startswith("far_") == far]
        pairs = [kind.removeprefix("far_").split("_")[1:] for kind in kinds]
        columns = [f"{LAG_NAMES[column]} ({LAG_NAMES[distance]})" for column, distance in pairs]
        if kinds:
            lags = front.widths[kinds[0]]
            matrices.append({"columns": columns, "lags": lags, "seconds": f"{seconds:g}"})
    return matrices
