"""Models of audio at the door of `scripts/evaluate.py`: tables, the probe, views of embeddings."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.audio.synthesis.rendering import read_sound
from symbolic.audio.transforms.spectral import front_features
from symbolic.data import READERS, Corpus
from symbolic.evaluation.audio import AudioSummary, audio_table, evaluate_audio
from symbolic.evaluation.audio_robustness import (
    Probed,
    frame_perturbations,
    probe,
    sample_perturbations,
)
from symbolic.evaluation.tables import confusion_table, markdown
from symbolic.inference.audio_predictions import read_audio_rows
from symbolic.inference.prediction import embed_audio
from symbolic.modeling import SymbolicModel
from symbolic.reports.embedding_views import embedding_views
from symbolic.scoring.audio import load_audio_model
from symbolic.tasks import IGNORE
from symbolic.training.run_folder import METRICS, PREDICTIONS, read_record


def report_audio(
    folders: Sequence[str | Path],
    audio: str | None = None,
    probed: bool = False,
    views: str | None = None,
    metrics_into: str | Path | None = None,
) -> None:
    """Print what runs have scored on what they held out, and write it down.

    Args:
        folders: runs of one protocol.
        audio: folder of the corpus, for what asks the models again.
        probed: whether to ask them again with the recordings changed a little.
        views: a picture to draw of the embeddings of what was held out.
        metrics_into: folder of the model that the scores are to be published with, in
            `metrics.json`; by default the model, where only one is given.

    Raises:
        ValueError: a probe or views without the corpus or of a model of frames, or views of a
            model without classes.
    """
    summaries = evaluate_audio(folders)
    if metrics_into is None and len(folders) == 1:
        metrics_into = folders[0]
    if metrics_into is not None:
        text = json.dumps(audio_metrics(folders, summaries), indent=2, ensure_ascii=False)
        Path(metrics_into).mkdir(parents=True, exist_ok=True)
        (Path(metrics_into) / METRICS).write_text(text + "\n", encoding="utf-8")
    for summary in summaries:
        name = Path(folders[0]).name if len(folders) == 1 else f"{len(folders)} models"
        print(f"{summary.task.name}\n\n{audio_table({name: summary})}\n")
        if summary.confusion is not None:
            labels = summary.task.labels
            print(confusion_table(summary.confusion, name, labels), end="\n\n")
    if not (probed or views):
        return
    if not audio:
        raise ValueError("to ask the models again, say where the corpus is: --audio DIR")
    for summary in summaries:
        if summary.task.level != "sequence":
            raise ValueError(f"probe and views are of whole recordings, not of {summary.task.name}")
    asked = [_asked(folder, audio) for folder in folders]
    if probed:
        print(probe_table([_probed(*one) for one in asked]))
    if views:
        hidden = [embed_audio(model, arrays) for model, _, arrays, _ in asked]
        _draw(asked, hidden, views)


def audio_metrics(
    folders: Sequence[str | Path], summaries: Sequence[AudioSummary]
) -> dict[str, Any]:
    """What `metrics.json` holds: plain numbers, lists and strings; no NaN.

    Keys are those of `symbolic.evaluation.summary.Summary.to_dict`, as far as they apply; before
    the name of a
    score stands its task, `genre: accuracy`. Nothing leaks: a run refuses groups on both sides.

    Args:
        folders: runs of one protocol.
        summaries: of them, one for each task.
    """
    records = [read_record(folder) for folder in folders]
    parts = sorted({record["data"]["hold_out"] for record in records})
    frames = [read_audio_rows(Path(folder) / PREDICTIONS) for folder in folders]
    corpora = dict.fromkeys(name for frame in frames for name in frame["corpus"].unique())
    return {
        "protocol": f"{' and '.join(corpora)} {', '.join(parts)}",
        "leaks": False,
        "recordings": max(one.recordings for one in summaries),
        "groups": max(one.groups for one in summaries),
        "folds": len(parts),
        "seeds": sorted({record["seed"] for record in records}),
        "scores": {
            f"{one.task.name}: {name}": value
            for one in summaries
            for name, value in one.scores.items()
            if math.isfinite(value)
        },
        "counts": {one.task.name: one.recordings for one in summaries},
        "intervals": {
            f"{one.task.name}: {name}": list(interval)
            for one in summaries
            for name, interval in one.intervals.items()
            if all(map(math.isfinite, interval))
        },
    }


def _asked(
    folder: str | Path, audio: str
) -> tuple[SymbolicModel, Corpus, list[np.ndarray], np.ndarray]:
    """A model, its corpus, what it takes of the recordings it held out, and their numbers.

    Which those are, its predictions say: folds of the corpus are others as soon as a file of it is
    missing, or cannot be read.
    """
    record = read_record(folder)["data"]
    model, extractor = load_audio_model(folder)
    corpus = READERS[record["corpus"]](audio).with_front_end(model.config.front_end)
    rows = read_audio_rows(Path(folder) / PREDICTIONS)
    held = set(zip(rows["file"].astype(str), rows["group"], strict=True))
    names = [(piece.path.name, str(piece.group)) for piece in corpus.pieces]
    test = np.array([i for i, name in enumerate(names) if name in held], int)
    if not len(test):
        raise ValueError(f"{audio}: none of the recordings that {folder} has held out")
    if corpus.features is not None:
        return model, corpus, [corpus.features[i] for i in test], test
    return model, corpus, [extractor.features(corpus.pieces[i].path) for i in test], test


def _probed(
    model: SymbolicModel, corpus: Corpus, arrays: list[np.ndarray], test: np.ndarray
) -> tuple[int, dict[str, dict[str, Probed]]]:
    front = model.config.front_end
    if corpus.features is not None:
        return len(test), probe(model, arrays, frame_perturbations(front))

    heard = model.config.feature_extractor().input_front_end
    sounds = [read_sound(corpus.pieces[i].path, front.sampling_rate) for i in test]
    changes = sample_perturbations(front.sampling_rate)
    return len(test), probe(model, sounds, changes, lambda one: front_features(one, heard))


def probe_table(parts: Sequence[tuple[int, dict[str, dict[str, Probed]]]]) -> str:
    """Markdown: for each change how often answers change, pooled by the number of recordings."""
    weights = np.array([count for count, _ in parts], float)
    rows = []
    for task, changes in parts[0][1].items():
        for name in changes:
            each = [found[task][name] for _, found in parts]
            changed = np.average([one.changed for one in each], weights=weights)
            distance = np.average([one.distance for one in each], weights=weights)
            rows.append([task, name, f"{changed:.3f}", f"{distance:.3f}"])
    return markdown(["task", "change", "answers that change", "mean distance"], rows)


def _draw(asked: Sequence[Any], hidden: Sequence[np.ndarray], path: str) -> None:
    """Views of the first run's recordings: embeddings of different models have no common axes."""
    model, corpus, _, test = asked[0]
    tasks = [task for task in model.tasks if task.kind == "single"]
    if not tasks:
        raise ValueError("views are coloured by class, and the model has no task of classes")
    labels = np.array([corpus.pieces[i].labels.get(tasks[0].name, IGNORE) for i in test])
    known = labels != IGNORE
    figures = embedding_views(hidden[0][known], labels[known], tasks[0].labels, path)
    print(", ".join(f"{name} {value:.3f}" for name, value in figures.items()), f"in {path}")
