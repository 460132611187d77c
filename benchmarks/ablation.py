"""What each part of the default model's recipe is worth: the same folds, one thing changed.

    python benchmarks/ablation.py --emopia DIR --vgmidi DIR --key runs/key

Columns: accuracy over folds of EMOPIA by song and VGMIDI by piece, trained on both corpora or on
that one alone, and from one corpus to the whole of the other; of EMOPIA trained alone also valence,
arousal, the surest half and the calibration error. `--key` is what scripts/train_key.py has left.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import TrainingArguments, set_seed

from symbolic.augment import Augmentation
from symbolic.building import ShapeArguments, build_model, standardise_features
from symbolic.data import READERS, FeatureDataset, Piece, group_folds, read_tables
from symbolic.features import FEATURE_NAMES, FEATURE_SETS, TONAL_NAMES
from symbolic.inference import predict_features
from symbolic.notes import NoteTable
from symbolic.tasks.metrics import emotion_metrics
from symbolic.tokenizers import build_tokenizer
from symbolic.trainer import TRAINING_DEFAULTS, FitArguments, fit

LABELS = 10  # of a piece whose probabilities are learnt
AUGMENTATION = Augmentation(semitones=6, tempo=0.1, velocity=10, drop_dynamics=0.1)


@dataclass(frozen=True)
class Recipe:
    """How a model is made; the defaults are those of the default model."""

    shape: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = FEATURE_NAMES
    hears_key: bool = True
    repeats: int = 3
    copies: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    average_from: float = 1.0
    teacher: "Recipe | None" = None  # whose answers are learnt, not the annotators'


DEFAULT = Recipe()
RECIPES = {
    "default": DEFAULT,
    "without the key": replace(DEFAULT, hears_key=False),
    "one network, not eight": replace(DEFAULT, shape={"expert_members": 1}),
    "one network, taught by eight": replace(
        DEFAULT, shape={"expert_members": 1, "label_smoothing": 0.0}, teacher=DEFAULT
    ),
    "averaged weights": replace(DEFAULT, average_from=0.5),
    "averaged weights, constant rate": replace(
        DEFAULT, average_from=0.5, told={"lr_scheduler_type": "constant_with_warmup"}
    ),
    "16 networks": replace(DEFAULT, shape={"expert_members": 16}),
    "128 hidden units": replace(DEFAULT, shape={"expert_size": 128}),
    "dropout .5": replace(DEFAULT, shape={"expert_dropout": 0.5}),
    "60 epochs": replace(DEFAULT, told={"num_train_epochs": 60}),
    "without label smoothing": replace(DEFAULT, shape={"label_smoothing": 0.0}),
    "VGMIDI counts once": replace(DEFAULT, repeats=1),
    "4 augmented copies": replace(DEFAULT, copies=4),
    "core features": replace(DEFAULT, features=FEATURE_SETS["core"]),
    "without dynamics": replace(
        DEFAULT, features=tuple(n for n in FEATURE_NAMES if "velocity" not in n)
    ),
}


@dataclass(frozen=True)
class Corpus:
    """Pieces with (n,) quadrants and groups, and their notes as the tokenizer emits them."""

    pieces: list[Piece]
    tables: list[NoteTable]
    quadrants: np.ndarray
    groups: np.ndarray


def read(name: str, folder: str, emitted: Callable[[NoteTable], NoteTable]) -> Corpus:
    pieces = READERS[name](folder)
    return Corpus(
        pieces,
        [emitted(table) for table in read_tables(pieces)],
        np.array([piece.labels["emotion"] for piece in pieces]),
        np.array([piece.group for piece in pieces]),
    )


class Trial:
    """A recipe, and the features that it takes of both corpora.

    Args:
        recipe: the recipe.
        corpora: by name.
        key: folder of the encoder that hears the key.
    """

    def __init__(self, recipe: Recipe, corpora: dict[str, Corpus], key: str) -> None:
        self.recipe, self.key = recipe, key
        self.names = [*recipe.features, *(TONAL_NAMES if recipe.hears_key else ())]
        self.data = {
            name: FeatureDataset.of(
                one.pieces, one.tables, self.names, AUGMENTATION, recipe.copies
            ).rows
            for name, one in corpora.items()
        }
        self.corpora = corpora
        self.tokenizer = build_tokenizer("cp-performance")

    def fitted(self, chosen: dict[str, np.ndarray], seed: int):
        """A model trained on chosen pieces of each corpus."""
        rows, quadrants = [], []
        for name, pieces in chosen.items():
            times = self.recipe.repeats if name == "vgmidi" and len(chosen) > 1 else 1
            rows.append(self.data[name][pieces].repeat(times, axis=0))
            quadrants += self.corpora[name].quadrants[pieces].repeat(times).tolist()
        rows, quadrants = np.concatenate(rows), np.array(quadrants)
        if (teacher := self.recipe.teacher) is not None:
            answers = predict_features(self._taught(teacher, rows, quadrants, seed), rows[:, 0])
            which, quadrants = soft_labels(answers["emotion"])
            rows = rows[which]
        return self._taught(self.recipe, rows, quadrants, seed)

    def _taught(self, recipe: Recipe, rows: np.ndarray, quadrants: np.ndarray, seed: int):
        """A model of a recipe, trained on (n, k, C) features with (n,) quadrants."""
        labels = [[{"emotion": int(q)}] * rows.shape[1] for q in quadrants]
        set_seed(seed)
        shape = ShapeArguments(
            encoder="features",
            tasks="emotion,key=0" if recipe.hears_key else "emotion",
            pretrained=self.key if recipe.hears_key else "",
            **recipe.shape,
        )
        model = build_model(self.tokenizer, shape, self.names)
        standardise_features(model, rows[:, 0])
        with tempfile.TemporaryDirectory() as folder:
            told = {
                **TRAINING_DEFAULTS,
                "num_train_epochs": 30,
                "warmup_steps": 0.1,
                "save_strategy": "no",
                "logging_strategy": "no",
                "use_cpu": True,
                "output_dir": folder,
                "seed": seed,
                **recipe.told,
            }
            # Each piece once an epoch, however many labels it has.
            told["num_train_epochs"] /= 1 if recipe.teacher is None else LABELS
            fitting = FitArguments(
                freeze="encoder" if recipe.hears_key else "none", average_from=recipe.average_from
            )
            data = FeatureDataset(rows, labels)
            fit(model, data, None, fitting, TrainingArguments(**told))
        return model

    def over_folds(self, name: str, others: Sequence[str], seed: int) -> np.ndarray:
        """(n, 4) probabilities of a corpus, by models that did not see the group."""
        corpus = self.corpora[name]
        fold = group_folds(corpus.quadrants, corpus.groups, 5, seed=seed)
        answers = np.empty((len(fold), 4))
        for k in range(5):
            chosen = {other: np.arange(len(self.data[other])) for other in others}
            chosen[name] = np.flatnonzero(fold != k)
            model = self.fitted(chosen, seed)
            held = self.data[name][fold == k, 0]
            answers[fold == k] = predict_features(model, held)["emotion"]
        return answers

    def across(self, trained: str, tested: str, seed: int) -> np.ndarray:
        """(n, 4) probabilities of a corpus by a model of the other one."""
        model = self.fitted({trained: np.arange(len(self.data[trained]))}, seed)
        return predict_features(model, self.data[tested][:, 0])["emotion"]


def soft_labels(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels that say in their numbers what (n, 4) probabilities say: `LABELS` of each piece.

    Returns:
        (n * LABELS,) number of the piece, and its quadrant: as many of each as its probability
        asks for, the last ones by the largest remainders.
    """
    wanted = probabilities * LABELS
    counts = np.floor(wanted).astype(int)
    order = np.argsort(counts - wanted, axis=1)
    left = LABELS - counts.sum(axis=1, keepdims=True)
    np.put_along_axis(
        counts, order, np.take_along_axis(counts, order, axis=1) + (np.arange(4) < left), axis=1
    )
    pieces = np.arange(len(probabilities)).repeat(LABELS)
    return pieces, np.tile(np.arange(4), len(counts)).repeat(counts.ravel())


def row(trial: Trial, seeds: Sequence[int]) -> dict[str, float]:
    """Mean figures over seeds of folds and training."""
    answers = {
        **{
            (name, others): [trial.over_folds(name, others, seed) for seed in seeds]
            for name, other in (("emopia", "vgmidi"), ("vgmidi", "emopia"))
            for others in ((other,), ())
        },
        **{
            (tested, trained): [trial.across(trained, tested, seed) for seed in seeds]
            for trained, tested in (("emopia", "vgmidi"), ("vgmidi", "emopia"))
        },
    }

    def mean(key: tuple, figure: str) -> float:
        truth = trial.corpora[key[0]].quadrants
        return float(np.mean([emotion_metrics(truth, p)[figure] for p in answers[key]]))

    alone = ("emopia", ())
    return {
        "emopia": mean(alone, "accuracy"),
        "valence": mean(alone, "valence"),
        "arousal": mean(alone, "arousal"),
        "surest half": mean(alone, "surest_half"),
        "calibration": mean(alone, "calibration_error"),
        "emopia, both": mean(("emopia", ("vgmidi",)), "accuracy"),
        "vgmidi": mean(("vgmidi", ()), "accuracy"),
        "vgmidi, both": mean(("vgmidi", ("emopia",)), "accuracy"),
        "to vgmidi": mean(("vgmidi", "emopia"), "accuracy"),
        "to emopia": mean(("emopia", "vgmidi"), "accuracy"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emopia", required=True, help="folder of EMOPIA")
    parser.add_argument("--vgmidi", required=True, help="folder of VGMIDI")
    parser.add_argument("--key", required=True, help="folder of the encoder of the key")
    parser.add_argument("--seeds", default="1,2", help="of folds and training, by commas (1,2)")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), help="some of them")
    options = parser.parse_args()
    torch.set_num_threads(1)
    emitted = build_tokenizer("cp-performance").emitted
    corpora = {name: read(name, getattr(options, name), emitted) for name in ("emopia", "vgmidi")}
    seeds = [int(seed) for seed in options.seeds.split(",")]
    rows = {}
    for name in options.recipes:
        rows[name] = row(Trial(RECIPES[name], corpora, options.key), seeds)
        print(pd.DataFrame(rows).T.to_string(float_format="{:.3f}".format), flush=True)


if __name__ == "__main__":
    main()
