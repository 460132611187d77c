"""What each part of the default model's recipe is worth: the same folds, one thing changed.

    python benchmarks/ablation.py --emopia DIR --vgmidi DIR --key runs/key

Columns: accuracy over folds of EMOPIA by song and VGMIDI by piece, trained on both corpora or on
that one alone, and from one corpus to the whole of the other; of EMOPIA trained alone also valence,
arousal, the surest half and the calibration error. `--key` is what scripts/train_key.py has left,
`--music DATA/pretrain` what two of the recipes learn from beside.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from ablation_parts import (
    CONTRASTED,
    LABELS,
    LIKENESS,
    PLAYED,
    Corpus,
    Versions,
    WeightAveraging,
    changed,
    contrasted,
    in_parts,
    likeness,
    mixed,
    other_music,
    soft_labels,
)
from transformers import TrainingArguments, set_seed

from symbolic.data import READERS, group_folds, read_tables
from symbolic.features import FEATURE_NAMES, FEATURE_SETS, TONAL_NAMES
from symbolic.inference.prediction import predict_features
from symbolic.notes import NoteTable
from symbolic.tasks.metrics import emotion_metrics
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model, standardise_features
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments, fit

Answers = Callable[[np.ndarray], np.ndarray]  # (n, k, C) features of pieces to (n, 4)


@dataclass(frozen=True)
class Recipe:
    """How a model is made; the defaults are those of the default model."""

    shape: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = FEATURE_NAMES
    hears_key: bool = True
    repeats: int = 3
    versions: Callable[[Corpus, Sequence[str], int], np.ndarray] = changed
    copies: int = 0  # versions that are trained on, beside the piece
    asked: int = 0  # versions that are asked, beside the piece
    told: dict[str, Any] = field(default_factory=dict)
    average_from: float = 1.0
    teacher: "Recipe | None" = None  # whose answers are learnt, not the annotators'
    excerpts: int = 0  # of other music, with the answers of the default model
    mix_up: float = 0.0
    contrast: bool = False
    likeness: bool = False


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
    "mix-up": replace(DEFAULT, mix_up=0.4),
    "8 changed copies are asked": replace(DEFAULT, asked=8),
    "8 parts are asked": replace(DEFAULT, versions=in_parts, asked=8),
    "8 parts are learnt and asked": replace(DEFAULT, versions=in_parts, copies=8, asked=8),
    "which corpus it is like": replace(DEFAULT, likeness=True),
    "features by contrast": replace(DEFAULT, contrast=True),
    "2,000 excerpts, self-taught": replace(DEFAULT, excerpts=2000),
}


def read(name: str, folder: str, emitted: Callable[[NoteTable], NoteTable]) -> Corpus:
    pieces = READERS[name](folder).pieces
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
        key: folder of the key encoder.
        others: (p, k, C) `FEATURE_NAMES` and `TONAL_NAMES` of excerpts of other music, for the
            recipes that learn from it.
    """

    def __init__(
        self, recipe: Recipe, corpora: dict[str, Corpus], key: str, others: np.ndarray | None
    ) -> None:
        self.recipe, self.key, self.corpora = recipe, key, corpora
        self.names = [*recipe.features, *(TONAL_NAMES if recipe.hears_key else ())]
        count = max(recipe.copies, recipe.asked)
        self.data = {name: recipe.versions(one, self.names, count) for name, one in corpora.items()}
        self.others = others
        if (recipe.contrast or recipe.excerpts) and others is None:
            raise ValueError("the recipe learns from other music: name some with --music")
        if recipe.contrast:
            told = contrasted(others[..., : len(recipe.features)])
            self.data = {
                name: np.concatenate([rows, told(rows[..., : len(recipe.features)])], axis=-1)
                for name, rows in self.data.items()
            }
            self.names += CONTRASTED
        self.tokenizer = build_tokenizer("cp-performance")

    def fitted(self, chosen: dict[str, np.ndarray], seed: int) -> Answers:
        """What a model answers that is trained on chosen pieces of each corpus."""
        recipe, names, added = self.recipe, self.names, None
        known = {name: self.data[name][pieces] for name, pieces in chosen.items()}
        if recipe.likeness and len(known) > 1:
            columns = [names.index(name) for name in PLAYED]
            added = likeness([rows[:, 0] for rows in known.values()], columns)
            names = [*names, LIKENESS]

        def widened(rows: np.ndarray) -> np.ndarray:
            return rows if added is None else np.concatenate([rows, added(rows)], axis=-1)

        rows, quadrants = [], []
        for name, pieces in chosen.items():
            times = recipe.repeats if name == "vgmidi" and len(chosen) > 1 else 1
            rows.append(widened(known[name])[:, : 1 + recipe.copies].repeat(times, axis=0))
            quadrants += self.corpora[name].quadrants[pieces].repeat(times).tolist()
        rows, quadrants = np.concatenate(rows), np.array(quadrants)
        if recipe.teacher is not None:
            model = self._taught(recipe.teacher, names, rows, quadrants, seed)
            which, quadrants = soft_labels(predict_features(model, rows[:, 0])["emotion"])
            rows = rows[which]
        if recipe.mix_up:
            rows, quadrants = mixed(rows[:, 0], quadrants, recipe.mix_up, seed)
            rows = rows[:, None]
        if recipe.excerpts:
            model = self._taught(DEFAULT, names, rows, quadrants, seed)
            heard = self.others.reshape(-1, self.others.shape[-1])
            heard = np.random.default_rng(seed).permutation(heard)[: recipe.excerpts]
            which, answers = soft_labels(predict_features(model, heard)["emotion"])
            rows = np.concatenate([rows.repeat(LABELS, axis=0), heard[which, None]])
            quadrants = np.concatenate([quadrants.repeat(LABELS), answers])
        model = self._taught(recipe, names, rows, quadrants, seed)

        def answers_to(rows: np.ndarray) -> np.ndarray:
            asked = widened(rows)[:, : 1 + recipe.asked]
            said = predict_features(model, asked.reshape(-1, asked.shape[-1]))["emotion"]
            return said.reshape(*asked.shape[:2], -1).mean(axis=1)

        return answers_to

    def _taught(
        self,
        recipe: Recipe,
        names: Sequence[str],
        rows: np.ndarray,
        quadrants: np.ndarray,
        seed: int,
    ):
        """A model of a recipe, trained on (n, k, C) features with (n,) quadrants."""
        labels = [{"emotion": int(q)} for q in quadrants]
        set_seed(seed)
        shape = ShapeArguments(
            encoder="features",
            tasks="emotion,key=0" if recipe.hears_key else "emotion",
            pretrained=self.key if recipe.hears_key else "",
            **recipe.shape,
        )
        model = build_model(self.tokenizer, shape, names)
        standardise_features(model, rows[:, 0])
        with tempfile.TemporaryDirectory() as folder:
            told = {
                **TRAINING_DEFAULTS,
                "num_train_epochs": 30,
                "save_strategy": "no",
                "logging_strategy": "no",
                "disable_tqdm": True,
                "use_cpu": True,
                "output_dir": folder,
                "seed": seed,
                **recipe.told,
            }
            # Each piece once an epoch, however many labels it has.
            several = recipe.teacher is not None or recipe.mix_up or recipe.excerpts
            told["num_train_epochs"] /= LABELS if several else 1
            fitting = FitArguments(freeze="encoder" if recipe.hears_key else "none")
            averaging = [WeightAveraging(recipe.average_from)] if recipe.average_from < 1 else []
            fit(model, Versions(rows, labels), None, fitting, TrainingArguments(**told), averaging)
        return model

    def over_folds(self, name: str, others: Sequence[str], seed: int) -> np.ndarray:
        """(n, 4) probabilities of a corpus, by models that did not see the group."""
        corpus = self.corpora[name]
        fold = group_folds(corpus.quadrants, corpus.groups, 5, seed=seed)
        answers = np.empty((len(fold), 4))
        for k in range(5):
            chosen = {other: np.arange(len(self.data[other])) for other in others}
            chosen[name] = np.flatnonzero(fold != k)
            answers[fold == k] = self.fitted(chosen, seed)(self.data[name][fold == k])
        return answers

    def across(self, trained: str, tested: str, seed: int) -> np.ndarray:
        """(n, 4) probabilities of a corpus by a model of the other one."""
        everything = {trained: np.arange(len(self.data[trained]))}
        return self.fitted(everything, seed)(self.data[tested])


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
    parser.add_argument("--music", nargs="+", help="folders of other music, without labels")
    parser.add_argument("--seeds", default="1,2", help="of folds and training, by commas (1,2)")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), help="some of them")
    options = parser.parse_args()
    torch.set_num_threads(1)
    emitted = build_tokenizer("cp-performance").emitted
    corpora = {name: read(name, getattr(options, name), emitted) for name in ("emopia", "vgmidi")}
    seeds = [int(seed) for seed in options.seeds.split(",")]
    others = None
    if options.music:
        others = other_music(options.music, [*FEATURE_NAMES, *TONAL_NAMES], emitted)
    rows = {}
    for name in options.recipes:
        rows[name] = row(Trial(RECIPES[name], corpora, options.key, others), seeds)
        print(pd.DataFrame(rows).T.to_string(float_format="{:.3f}".format), flush=True)


if __name__ == "__main__":
    main()
