"""Evaluation: models beside the baselines, on the pieces that were held out from both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from symbolic.baselines import BASELINES, fit_predict
from symbolic.data import (
    Collator,
    DataArguments,
    Piece,
    PieceDataset,
    assert_disjoint,
    group_name,
    held_out,
    read_tables,
)
from symbolic.features import feature_frame
from symbolic.inference import predict
from symbolic.keys import estimate_key, parse_key
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable, read_notes
from symbolic.runs import RECORD
from symbolic.scoring import EmotionScorer
from symbolic.tasks import IGNORE, QUADRANTS, key_label
from symbolic.tasks.metrics import confusion, emotion_metrics, grouped_bootstrap
from symbolic.tokenizers import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    import pandas as pd

SEED = 0


@dataclass
class Evaluation:
    """Predictions of several systems for the same held-out pieces.

    Attributes:
        quadrants: (n,) true quadrants, 0..3.
        groups: the group of each piece.
        probabilities: by name of the system, (n, 4).
        key_agreement: share of the pieces whose key the model names as the profiles do.
        velocity: accuracy of hidden velocities, and the share of the most frequent class among
            them; NaN where the model or the pieces have none.
    """

    quadrants: np.ndarray
    groups: list[str]
    probabilities: dict[str, np.ndarray]
    key_agreement: float
    velocity: tuple[float, float]

    def table(self, reference: str = "extra_trees", draws: int = 2000) -> str:
        """Markdown: scores of every system, 95 % intervals from drawing groups.

        Args:
            reference: the system that the last column compares with, on the same draws.
            draws: bootstrap samples.
        """
        lines = [
            "| system | accuracy | macro-F1 | valence | arousal | calibration error "
            f"| accuracy above {reference} |",
            "|---|---|---|---|---|---|---|",
        ]
        baseline = self._right(reference)
        for name, probabilities in self.probabilities.items():
            scores = emotion_metrics(self.quadrants, probabilities)
            right = self._right(name)
            difference = right - baseline
            against = "-"
            if name != reference:
                against = f"{difference.mean():+.3f} {self._interval(difference, draws)}"
            lines.append(
                f"| {name} | {scores['accuracy']:.3f} {self._interval(right, draws)} "
                f"| {scores['macro_f1']:.3f} | {scores['valence']:.3f} | {scores['arousal']:.3f} "
                f"| {scores['calibration_error']:.3f} | {against} |"
            )
        return "\n".join(lines)

    def confusion_table(self, name: str) -> str:
        """Markdown: the confusion matrix of one system, rows true, columns predicted."""
        rows = confusion(self.quadrants, self.probabilities[name])
        lines = [f"| {name} | " + " | ".join(QUADRANTS) + " |", "|---" * 5 + "|"]
        lines += [
            f"| **{quadrant}** | " + " | ".join(map(str, row)) + " |"
            for quadrant, row in zip(QUADRANTS, rows, strict=True)
        ]
        return "\n".join(lines)

    def _right(self, name: str) -> np.ndarray:
        return (self.probabilities[name].argmax(axis=1) == self.quadrants).astype(float)

    def _interval(self, values: np.ndarray, draws: int) -> str:
        low, high = grouped_bootstrap(lambda rows: values[rows].mean(), self.groups, draws, SEED)
        return f"[{low:.3f}, {high:.3f}]"


def evaluate(folders: Sequence[str | Path], data: DataArguments) -> Evaluation:
    """Predict what each model held out, with the model and with every baseline.

    Baselines are fitted on the pieces that the model was trained on; those whose name ends in
    "own corpus" only on the part of them that comes from the corpus of the held-out pieces.

    Args:
        folders: models as `symbolic.training.train` saves them. Several folders are folds of one
            protocol: their held-out pieces are pooled and must be different ones.
        data: where the corpora are; what is held out is read from the models' records.

    Raises:
        LeakError: a model that was trained on a group it is to be scored on, or two models with a
            held-out group in common.
    """
    parts = [_evaluate_one(Path(folder), data) for folder in folders]
    assert_disjoint(
        **{str(folder): part.groups for folder, part in zip(folders, parts, strict=True)}
    )
    sizes = [len(part.groups) for part in parts]
    return Evaluation(
        quadrants=np.concatenate([part.quadrants for part in parts]),
        groups=[group for part in parts for group in part.groups],
        probabilities={
            name: np.concatenate([part.probabilities[name] for part in parts])
            for name in parts[0].probabilities
        },
        key_agreement=float(np.average([part.key_agreement for part in parts], weights=sizes)),
        velocity=tuple(np.average([part.velocity for part in parts], axis=0, weights=sizes)),
    )


def _evaluate_one(folder: Path, data: DataArguments) -> Evaluation:
    record = json.loads((folder / RECORD).read_text())
    used = record["data"]
    train, test = held_out(
        DataArguments(
            emopia=data.emopia if used["emopia"] else None,
            vgmidi=data.vgmidi if used["vgmidi"] else None,
            hold_out=used["hold_out"],
        )
    )
    assert_disjoint(
        trained_on=record["groups"],
        held_out=[group_name(piece.corpus, piece.group) for piece in test],
    )
    model = SymbolicModel.from_pretrained(folder)
    tokenizer = load_tokenizer(model.config.tokenizer_class, folder)
    tables = read_tables(test)
    answers = predict(model, tables, tokenizer)
    probabilities = {"model": answers["emotion"]}

    train_features, test_features = (
        feature_frame(rows).to_numpy() for rows in (read_tables(train), tables)
    )
    labels = np.array([piece.labels["emotion"] for piece in train])
    own = np.array([piece.corpus == test[0].corpus for piece in train])
    for name in BASELINES:
        for suffix, rows in ("", slice(None)), (", own corpus", own):
            if suffix and own.all():
                continue
            probabilities[name + suffix] = fit_predict(
                name, train_features[rows], labels[rows], test_features, SEED
            )
    keys = np.array([key_label(tokenizer.emitted(table)) for table in tables])
    named = answers["key"].argmax(axis=1) if "key" in answers else np.full(len(keys), np.nan)
    return Evaluation(
        quadrants=np.array([piece.labels["emotion"] for piece in test]),
        groups=[piece.group for piece in test],
        probabilities=probabilities,
        key_agreement=float((named == keys).mean()),
        velocity=velocity_accuracy(model, tokenizer, test, tables),
    )


def velocity_accuracy(
    model: SymbolicModel,
    tokenizer: Tokenizer,
    pieces: Sequence[Piece],
    tables: Sequence[NoteTable],
    seed: int = SEED,
) -> tuple[float, float]:
    """Accuracy of the velocity head on notes whose velocity does not stand in its input.

    Of one window of each piece. Where the tokens show velocities, 15 % of the notes are masked and
    only those are scored; where they show none, all notes are.

    Returns:
        Accuracy, and the share of the most frequent class among the scored notes; NaN, NaN where
        the model has no velocity head or no piece has dynamics.
    """
    if "velocity" not in model.heads:
        return float("nan"), float("nan")
    dataset = PieceDataset(
        pieces,
        tables,
        tokenizer,
        window=model.config.window,
        feature_names=model.config.feature_names,
    )
    collate = Collator(model.tasks, tokenizer.pad_ids)
    right, classes = [], []
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(seed)
        for index in range(len(dataset)):
            batch = collate([dataset[index]])
            labels = batch.pop("labels")["velocity"]
            logits = model.eval()(**batch).logits["velocity"]
            asked = labels != IGNORE
            right.append((logits.argmax(dim=-1) == labels)[asked])
            classes.append(labels[asked])
    right, classes = torch.cat(right), torch.cat(classes)
    if not len(right):
        return float("nan"), float("nan")
    return float(right.float().mean()), float(classes.bincount().max() / len(classes))


def evaluate_keys(
    scorer: EmotionScorer, table: str | Path, folder: str | Path, column: str = "key"
) -> dict[str, int | float]:
    """The key column of scored music, and the profiles, beside annotated keys.

    Args:
        scorer: its model has a key task.
        table: CSV with a column `file` and one of keys as `symbolic.keys.parse_key` reads them.
        folder: where the files are.
        column: name of the column of keys.

    Returns:
        `files` compared (those that could be read), share of exact keys for `model` and `profiles`,
        and the model's mean `confidence`.
    """
    import pandas as pd

    rows = pd.read_csv(table, dtype=str)
    scored = scorer.score([Path(folder) / file for file in rows["file"]])
    kept = scored["error"] == ""
    scored, true = scored[kept], rows.loc[kept, column].map(parse_key)
    profiles = scored["path"].map(lambda path: estimate_key(read_notes(path)))
    return {
        "files": len(scored),
        "model": float((scored["key"].map(parse_key) == true).mean()),
        "profiles": float((profiles == true).mean()),
        "confidence": float(scored["key_confidence"].mean()),
    }


def prediction_frame(
    model: SymbolicModel, tokenizer: Tokenizer, pieces: Sequence[Piece]
) -> pd.DataFrame:
    """What a model says of labelled pieces.

    Returns:
        Columns corpus, file, group, quadrant, predicted, q1, q2, q3, q4; one row per piece.
    """
    import pandas as pd

    emotion = predict(model, read_tables(pieces), tokenizer)["emotion"]
    frame = pd.DataFrame(
        {
            "corpus": [piece.corpus for piece in pieces],
            "file": [piece.path.name for piece in pieces],
            "group": [piece.group for piece in pieces],
            "quadrant": [QUADRANTS[piece.labels["emotion"]] for piece in pieces],
            "predicted": np.array(QUADRANTS)[emotion.argmax(axis=1)],
        }
    )
    frame[["q1", "q2", "q3", "q4"]] = emotion
    return frame
