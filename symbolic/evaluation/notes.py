"""Evaluation: models beside the baselines, on the pieces that were held out from both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data import (
    DataArguments,
    Piece,
    assert_disjoint,
    group_name,
    held_out,
    read_tables,
    tokens_of,
)
from symbolic.evaluation.baselines import BASELINES, fit
from symbolic.evaluation.comparison import Comparison, compare
from symbolic.evaluation.robustness import Answer, robustness_of
from symbolic.evaluation.summary import Summary, summarise
from symbolic.features import feature_frame
from symbolic.inference.note_predictions import Row, predictions
from symbolic.inference.prediction import predict
from symbolic.inference.prediction_table import (
    PROBABILITIES,
    assert_folds,
    piece_level,
    read_predictions,
)
from symbolic.notes import NoteTable, read_notes
from symbolic.notes.keys import estimate_key, parse_key
from symbolic.scoring.emotion import EmotionScorer
from symbolic.scoring.notes import load_model
from symbolic.tasks.intervals import DRAWS
from symbolic.tasks.metrics import mirex_key_score
from symbolic.training.run_folder import PREDICTIONS, read_record, recorded_groups

if TYPE_CHECKING:
    import pandas as pd

MODEL = "model"
REFERENCE = "extra_trees"
SEED = 0

# Columns of predictions that are no model's.
LABELS = ("corpus", "file", "group", "fold", "seed", "quadrant", "valence", "arousal")


@dataclass(frozen=True)
class Evaluation:
    """Several systems on the same held-out pieces.

    Attributes:
        frames: by name of the system, its predictions: see `symbolic.inference.prediction_table`.
        summaries: what they score.
        differences: by name, how much more accurate the system is than `extra_trees`, paired.
        left_out: pieces whose phrases have several labels, where results are of whole pieces.
    """

    frames: dict[str, pd.DataFrame]
    summaries: dict[str, Summary]
    differences: dict[str, Comparison] = field(default_factory=dict)
    left_out: int = 0


def evaluate(
    folders: Sequence[str | Path],
    data: DataArguments,
    baselines: Sequence[str] = tuple(BASELINES),
    robust: bool = True,
    whole_pieces: bool = False,
    draws: int = DRAWS,
) -> Evaluation:
    """Predict what each model held out, with the model and with the baselines.

    Baselines are fitted on the pieces that the model was trained on; those whose name ends in
    "own corpus" only on the part of them that comes from the corpus of the held-out pieces.

    Args:
        folders: models as training saves them. Several folders are folds, or seeds, of one
            protocol. Of a model that was trained from a token file what it predicted then is
            taken: there are no notes to ask it, or a baseline, anything else.
        data: where the corpora are; what is held out is read from the models' records.
        baselines: names in `symbolic.evaluation.baselines.BASELINES`.
        robust: whether all systems are asked again with the music played otherwise.
        whole_pieces: average the phrases of a piece, and leave out pieces whose phrases differ.
        draws: bootstrap samples.

    Raises:
        LeakError: a model that was trained on a group it is to be scored on, or two models of one
            seed with a held-out group in common.
        FileNotFoundError: a folder that is no run, or a corpus that is not there.
        ValueError: models of different protocols.
    """
    import pandas as pd

    parts = [_evaluate_one(Path(one), data, baselines, robust) for one in folders]
    assert_folds({f"{one.folder} ({n})": one.frames[MODEL] for n, one in enumerate(parts, 1)})
    names = [name for name in parts[0].frames if all(name in part.frames for part in parts)]
    frames = {name: pd.concat([p.frames[name] for p in parts], ignore_index=True) for name in names}
    left_out = 0
    if whole_pieces:
        reduced = {name: piece_level(frame) for name, frame in frames.items()}
        frames = {name: frame for name, (frame, _) in reduced.items()}
        left_out = reduced[MODEL][1]
    summaries = {
        name: summarise(
            frame,
            draws,
            SEED,
            protocol=", ".join(dict.fromkeys(part.protocol for part in parts)),
            robustness=pooled([part.robustness.get(name, {}) for part in parts]),
        )
        for name, frame in frames.items()
    }
    differences = {}
    if REFERENCE in frames and "q1" in frames[MODEL]:
        differences = {
            name: compare(frame, frames[REFERENCE], draws, SEED)
            for name, frame in frames.items()
            if name != REFERENCE
        }
    return Evaluation(frames, summaries, differences, left_out)


@dataclass(frozen=True)
class _Part:
    """What is known of one folder."""

    folder: Path
    protocol: str
    frames: dict[str, pd.DataFrame]
    robustness: dict[str, dict[str, float]]


def _evaluate_one(
    folder: Path, data: DataArguments, baselines: Sequence[str], robust: bool
) -> _Part:
    record = read_record(folder)
    used = record["data"]
    if "hold_out" not in used:
        frame = read_predictions(folder / PREDICTIONS)
        return _Part(
            folder, f"split {used.get('held_out_split', '')} of tokens", {MODEL: frame}, {}
        )
    train, test = held_out(data.of_record(used))
    assert_disjoint(
        trained_on=recorded_groups(record),
        held_out=[group_name(piece.corpus, piece.group) for piece in test],
    )
    model, tokenizer = load_model(folder)
    tables = read_tables(test)
    tokens = tokens_of(test, tables, tokenizer, model.config.feature_names)
    named = {"fold": used["hold_out"], "seed": record["seed"]}
    frames = {MODEL: _frame(predictions(model, tokens, **named))}
    answers: dict[str, Answer] = {}
    if "emotion" in model.heads:
        answers[MODEL] = lambda tables: predict(model, tables, tokenizer)["emotion"]
        answers |= _baseline_answers(baselines, train, test[0].corpus)
    for name, answer in answers.items():
        if name != MODEL:
            kept = [column for column in frames[MODEL] if column in LABELS]
            frames[name] = frames[MODEL][kept].copy()
            frames[name][PROBABILITIES] = answer(tables)
    stays = robustness_of(answers, tables) if robust else {}
    return _Part(folder, used["hold_out"], frames, stays)


def _baseline_answers(
    names: Sequence[str], train: Sequence[Piece], corpus: str
) -> dict[str, Answer]:
    """Baselines as functions of music, fitted on all training pieces and on those of a corpus."""
    known = [piece for piece in train if "emotion" in piece.labels]
    if not (names and known):
        return {}
    columns = feature_frame(read_tables(known))
    quadrants = np.array([piece.labels["emotion"] for piece in known])
    groups = np.array([group_name(piece.corpus, piece.group) for piece in known])
    own = np.array([piece.corpus == corpus for piece in known])
    rows = {"": np.ones(len(known), bool)}
    if own.any() and not own.all():
        rows[", own corpus"] = own

    seen: list[Any] = [None, None]

    def frame(tables: Sequence[NoteTable]) -> pd.DataFrame:
        if tables is not seen[0]:  # the baselines are asked of the same music one after the other
            seen[:] = tables, feature_frame(tables)
        return seen[1]

    def answer(fitted: Callable, tables: Sequence[NoteTable]) -> np.ndarray:
        return fitted(frame(tables))

    return {
        name + suffix: partial(
            answer, fit(name, columns[used], quadrants[used], SEED, groups[used])
        )
        for name in names
        for suffix, used in rows.items()
    }


def _frame(rows: list[Row]) -> pd.DataFrame:
    """Rows of predictions as a frame, as `read_predictions` would read them."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    numbers = frame.columns.difference(["corpus", "file", "group", "fold", "seed", "quadrant"])
    for column in numbers.drop("predicted", errors="ignore"):
        frame[column] = frame[column].astype(float)
    return frame


def pooled(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    """Robustness over several sets of pieces: their means, by pieces; those of velocity by pieces
    with dynamics."""
    whole: dict[str, float] = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        if name in ("pieces", "velocity_pieces"):
            whole[name] = sum(part.get(name, 0) for part in parts)
            continue
        count = "velocity_pieces" if name.startswith("velocity") else "pieces"
        having = [part for part in parts if name in part]
        weights = [part[count] for part in having]
        whole[name] = float(np.average([part[name] for part in having], weights=weights))
    return whole


def evaluate_keys(
    scorer: EmotionScorer, table: str | Path, folder: str | Path, column: str = "key"
) -> dict[str, int | float]:
    """The key column of scored music, and the profiles, beside annotated keys.

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
    scored = scorer.score([Path(folder) / file for file in rows["file"]])
    kept = (scored["error"] == "").to_numpy()
    scored, true = scored[kept], rows.loc[kept, column].map(parse_key).to_numpy()
    named = {
        "model": scored["key"].map(parse_key).to_numpy(),
        "profiles": scored["path"].map(lambda path: estimate_key(read_notes(path))).to_numpy(),
    }
    return {
        "files": len(scored),
        **{name: float((keys == true).mean()) for name, keys in named.items()},
        **{
            f"{name}_mirex": float(mirex_key_score(true, keys).mean())
            for name, keys in named.items()
        },
        "confidence": float(scored["key_confidence"].mean()),
    }
