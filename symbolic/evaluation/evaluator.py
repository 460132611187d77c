"""Evaluation of trained models on their held-out pieces, with baselines on the same pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data import DataArguments, group_name
from symbolic.evaluation.baselines import BASELINES, fit
from symbolic.evaluation.comparison import Comparison, compare
from symbolic.evaluation.held_out import HeldOut, load_held_out
from symbolic.evaluation.robustness import (
    PERTURBATIONS,
    Predictor,
    Robustness,
    pooled,
    robustness,
    robustness_scores,
)
from symbolic.evaluation.summary import Summary, summarise
from symbolic.inference.prediction_table import (
    REQUIRED,
    SAME_NOTES,
    assert_folds,
    columns_of,
    labels_and_predictions,
    piece_level,
)
from symbolic.notes import read_notes
from symbolic.notes.keys import estimate_key, parse_key
from symbolic.reports.embedding_views import embedding_views
from symbolic.scoring.emotion import EmotionScorer
from symbolic.scoring.progress import progress_bar
from symbolic.tasks import EMOTION, IGNORE, VALENCE_AROUSAL
from symbolic.tasks.intervals import DRAWS
from symbolic.tasks.metrics import mirex_key_score

if TYPE_CHECKING:
    import pandas as pd

MODEL = "model"
REFERENCE = "extra_trees"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Several systems on the same held-out pieces.

    Attributes:
        frames: by name of the system, its predictions: see `symbolic.inference.prediction_table`.
        summaries: their scores.
        differences: by name, comparisons with `extra_trees`, paired.
        robustness: by name.
        left_out: number of pieces left out because their phrases have different classes.
        views: figures of `embedding_views`.
    """

    frames: dict[str, pd.DataFrame]
    summaries: dict[str, Summary]
    differences: dict[str, Comparison] = field(default_factory=dict)
    robustness: dict[str, Robustness] = field(default_factory=dict)
    left_out: int = 0
    views: dict[str, float] = field(default_factory=dict)


def evaluate(
    folders: Sequence[str | Path],
    corpora: DataArguments,
    baselines: Sequence[str] = tuple(BASELINES),
    robust: bool | None = None,
    whole_pieces: bool = False,
    draws: int = DRAWS,
    audio: str | Path | None = None,
    embeddings: str | Path | None = None,
    progress: bool = False,
    hold_out: str = "",
) -> Evaluation:
    """Score the predictions of each model, and of baselines, for its held-out pieces.

    Baselines are fitted on the training pieces of the model; those whose name ends in "own corpus"
    only on those from the corpus of the held-out pieces. Models of notes have baselines of
    emotion; models of spectrograms baselines of their first classes, on means and standard
    deviations of the bands.

    Args:
        folders: models as training saves them. Several folders are folds, or seeds, of one
            protocol. Models trained from a token file have no baselines and no robustness, because
            there are no notes.
        corpora: where the corpora of notes are; the split is read from the models' records.
        baselines: names in `symbolic.evaluation.baselines.BASELINES`.
        robust: whether to predict perturbed pieces as well; by default for models of notes only.
        whole_pieces: average the phrases of a piece, and leave out pieces whose phrases differ.
        draws: bootstrap samples.
        audio: folder of the corpus of recordings.
        embeddings: where to plot the embeddings of the pieces that the first model held out.
        progress: whether to count the predictions of systems on stderr.
        hold_out: other pieces to predict than those that training held out, as `load_held_out`
            takes it.

    Raises:
        LeakError: a model trained on a held-out group, or a held-out group common to two models of
            one seed.
        FileNotFoundError: a folder that is no run, or a missing corpus.
        ValueError: models of different tasks, no labels, or missing inputs for robustness or
            embeddings.
    """
    import pandas as pd

    parts = [load_held_out(folder, corpora, audio, hold_out) for folder in folders]
    if len({tuple((task.name, task.labels) for task in part.tasks) for part in parts}) > 1:
        raise ValueError("these models have different tasks")
    assert_folds({f"{part.folder} ({n})": part.frame for n, part in enumerate(parts, 1)})
    for part in parts:
        if robust or embeddings:
            _check_inputs(part)
    with progress_bar(None, progress, "evaluating", unit=" predictions") as bar:
        systems = [_counted(_systems(part, baselines), bar) for part in parts]
        found = [_robustness(*both, robust) for both in zip(parts, systems, strict=True)]
        each = [_frames(*both) for both in zip(parts, systems, strict=True)]
    frames = {
        name: pd.concat([frames[name] for frames in each], ignore_index=True)
        for name in each[0]
        if all(name in frames for frames in each)
    }
    left_out = 0
    if whole_pieces:
        reduced = {name: piece_level(frame) for name, frame in frames.items()}
        frames = {name: frame for name, (frame, _) in reduced.items()}
        left_out = reduced[MODEL][1]
    protocol = ", ".join(dict.fromkeys(part.protocol for part in parts))
    if parts[0].named:
        protocol = f"{' and '.join(frames[MODEL]['corpus'].unique())} {protocol}"
    stays = {name: pooled([part.get(name, {}) for part in found]) for name in frames}
    summaries = {
        name: summarise(
            frame,
            parts[0].tasks if name == MODEL and not whole_pieces else None,
            draws,
            protocol=protocol,
            robustness=robustness_scores(stays[name]),
            unit=parts[0].unit,
            compared=tuple(k for k in parts[0].compared if all(k in p.compared for p in parts)),
            estimated=tuple(dict.fromkeys(name for part in parts for name in part.estimated)),
        )
        for name, frame in frames.items()
    }
    if not summaries[MODEL].tasks:
        raise ValueError(f"no label of {', '.join(task.name for task in parts[0].tasks)}")
    task, differences = parts[0].classes, {}
    compared = task is not None and task in summaries[MODEL].tasks
    if REFERENCE in frames and task is not None and compared:
        differences = {
            name: compare(frame, frames[REFERENCE], draws, task)
            for name, frame in frames.items()
            if name != REFERENCE
        }
    return Evaluation(
        frames=frames,
        summaries=summaries,
        differences=differences,
        robustness=stays,
        left_out=left_out,
        views=plot_embeddings(parts[0], embeddings) if embeddings else {},
    )


def _check_inputs(part: HeldOut) -> None:
    if not any(task.level == "sequence" for task in part.tasks):
        names = " and ".join(task.name for task in part.tasks)
        raise ValueError(f"robustness and embeddings need tasks of whole pieces, not {names}")
    if part.inputs is None:
        raise ValueError(
            f"{part.folder}: robustness and embeddings need the inputs of the model: give the "
            "corpus, for recordings with --audio"
        )


def _systems(part: HeldOut, names: Sequence[str]) -> dict[str, Predictor]:
    """The model, and baselines fitted on all training pieces and on those of the own corpus."""
    inputs, task = part.inputs, part.classes
    if inputs is None:
        return {}
    systems = {MODEL: inputs.predict}
    if inputs.features is None or inputs.training is None or task is None:
        return systems
    if inputs.columns is not None:
        names = [name for name in names if BASELINES[name].feature_set == "core"]
    elif task.name != EMOTION.name:
        return systems
    pieces, frame = inputs.training(task) if names else ([], None)
    columns: Any = frame
    if not pieces:
        return systems
    y = np.array([piece.labels[task.name] for piece in pieces])
    groups = np.array([group_name(piece.corpus, piece.group) for piece in pieces])
    own = np.array([piece.corpus == part.frame["corpus"].iloc[0] for piece in pieces])
    rows = {"": np.ones(len(pieces), bool)}
    if own.any() and not own.all():
        rows[", own corpus"] = own
    features = _once(inputs.features)

    def system(name: str, used: np.ndarray) -> Predictor:
        k = task.num_labels
        fitted = fit(name, columns[used], y[used], 0, groups[used], k, inputs.columns)
        return lambda pieces: {task.name: fitted(features(pieces))}

    return systems | {
        name + suffix: system(name, used) for name in names for suffix, used in rows.items()
    }


def _counted(systems: dict[str, Predictor], bar: Any) -> dict[str, Predictor]:
    """Count the calls of systems on a bar."""

    def counting(predict: Predictor) -> Predictor:
        def counted(pieces: Any) -> Any:
            found = predict(pieces)
            bar.update()
            return found

        return counted

    return {name: counting(predict) for name, predict in systems.items()}


def _once(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compute the features of a list of pieces once for all baselines."""
    last: list[Any] = [None, None]

    def features(pieces: Any) -> Any:
        if pieces is not last[0]:
            last[:] = pieces, compute(pieces)
        return last[1]

    return features


def _frames(part: HeldOut, systems: dict[str, Predictor]) -> dict[str, pd.DataFrame]:
    """Predictions of each system for the held-out pieces."""
    found, task = {MODEL: part.frame}, part.classes
    if systems.keys() <= {MODEL} or task is None or part.inputs is None:
        return found
    true = (f"true {name}" for name in columns_of(VALENCE_AROUSAL))
    names = (*REQUIRED, SAME_NOTES, task.name, *true)
    labels: Any = part.frame[[name for name in names if name in part.frame]]
    pieces = part.inputs.prepared()
    for name, predict in systems.items():
        if name != MODEL:
            found[name] = labels.copy()
            found[name][columns_of(task)] = predict(pieces)[task.name]
    return found


def _robustness(
    part: HeldOut, systems: dict[str, Predictor], robust: bool | None
) -> dict[str, Robustness]:
    inputs = part.inputs
    if inputs is None or not (inputs.kind == "notes" if robust is None else robust):
        return {}
    # Keys move with a transposition: of the tasks of notes only emotion should stay.
    tasks = [t for t in part.tasks if t.name == EMOTION.name or inputs.kind != "notes"]
    if not tasks:
        return {}
    return robustness(
        systems,
        inputs.read(),
        PERTURBATIONS[inputs.kind](inputs.front_end),
        tasks,
        inputs.prepare,
    )


def plot_embeddings(part: HeldOut, path: str | Path) -> dict[str, float]:
    """Plot the embeddings of held-out pieces, coloured by class.

    Raises:
        ValueError: a model without a task of classes.
    """
    task, inputs = part.classes, part.inputs
    if task is None or inputs is None:
        raise ValueError("embeddings are coloured by class, and the model has no task of classes")
    rows: Any = part.frame if inputs.rows is None else part.frame[inputs.rows]
    labels, _ = labels_and_predictions(rows, task)
    known = labels != IGNORE
    hidden = inputs.embed(inputs.prepared())
    return embedding_views(hidden[known], labels[known], task.labels, path)


def evaluate_keys(
    scorer: EmotionScorer, table: str | Path, folder: str | Path, column: str = "key"
) -> dict[str, int | float]:
    """Compare predicted keys, and those of key profiles, with annotated keys.

    Args:
        scorer: its model has a key task.
        table: CSV with a column `file` and one of keys as `symbolic.notes.keys.parse_key` reads
            them.
        folder: where the files are.
        column: name of the column of keys.

    Returns:
        `files` compared (those that could be read), share of exact keys for `model` and `profiles`,
        their MIREX-weighted scores `model_mirex` and `profiles_mirex`, and the model's mean
        `confidence`.
    """
    import pandas as pd

    rows = pd.read_csv(table, dtype=str)
    scored: Any = scorer.score([Path(folder) / file for file in rows["file"]])
    kept = (scored["error"] == "").to_numpy()
    scored, true = scored[kept], rows.loc[kept, column].map(parse_key).to_numpy()
    keys = {
        "model": scored["key"].map(parse_key).to_numpy(),
        "profiles": scored["path"].map(lambda path: estimate_key(read_notes(path))).to_numpy(),
    }
    return {
        "files": len(scored),
        **{name: float((found == true).mean()) for name, found in keys.items()},
        **{
            f"{name}_mirex": float(mirex_key_score(true, found).mean())
            for name, found in keys.items()
        },
        "confidence": float(scored["key_confidence"].mean()),
    }
