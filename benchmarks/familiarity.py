"""Macro-F1 of models of features by the weight of their networks and the range of familiarity.

    python benchmarks/familiarity.py --runs runs --emopia DATA/emopia --vgmidi DATA/vgmidi \
        --ym2413 DATA/ym2413

RUNS holds the models of docs/experiments/default-model.md: `l-CORPUS`, `e-K`, `v-SEED-K` and `y-K`.
Their held-out pieces are predicted anew with other constants in place of `ensemble_share` and of
`symbolic.forward.ensemble.ALIKE`; those of several folds and seeds are pooled. Below: the
calibration error of the predictions of training, and what it would be if the labels were drawn from
these probabilities, with as many pieces: mean and 95 % quantile of 300 draws.
"""

import argparse
from pathlib import Path

import numpy as np

from symbolic.data import READERS
from symbolic.evaluation.metrics import is_labelled
from symbolic.features import feature_rows
from symbolic.forward import ensemble, numpy_ops
from symbolic.inference.feature_model import load_feature_model
from symbolic.inference.prediction_table import labels_and_predictions, read_predictions
from symbolic.notes import read_notes
from symbolic.tasks.emotion import EMOTION, QUADRANTS
from symbolic.tasks.metrics import emotion_metrics

SETS = ("l-emopia", "l-vgmidi", "l-ym2413", "e-?", "v-?-?", "y-?")
ALWAYS = (9.0, 10.0)
CHOICES = (
    *((1.0, ALWAYS), (0.7, ALWAYS), (0.0, ALWAYS), (0.7, (1.1, 1.35)), (0.7, (1.15, 1.45))),
    *((0.8, (1.1, 1.35)), (0.5, (1.15, 1.5))),
)


def held_out(run: Path, paths: dict[tuple[str, str], Path]) -> tuple[np.ndarray, ...]:
    """Predict the held-out pieces: labels, logits of networks and linear model, strangeness."""
    model, frame = load_feature_model(run), read_predictions(run / "predictions.csv")
    pairs = zip(frame["corpus"], frame["file"], strict=True)
    tables = [model.emitted(read_notes(paths[pair])) for pair in pairs]
    rows = feature_rows(tables, model.config.feature_names).astype(np.float32)
    states, net = model.embed([], rows, 64), model.net.heads.emotion
    members = ensemble.members(net, states, numpy_ops)
    labels = np.array([QUADRANTS.index(name) for name in frame["emotion"]])
    strange = ensemble.strangeness(net, states, numpy_ops)
    return labels, members[:-1].mean(0), members[-1], strange


def calibration(labels: np.ndarray, probable: np.ndarray) -> float:
    """Expected calibration error."""
    return emotion_metrics(labels, probable)["calibration_error"]


def drawn_calibrations(probable: np.ndarray) -> tuple[float, float]:
    """Mean and 95 % quantile of the calibration error of labels drawn from probabilities."""
    rng = np.random.default_rng(0)
    steps = probable.cumsum(1) / probable.sum(1, keepdims=True)
    drawn = [(steps > rng.random((len(steps), 1))).argmax(1) for _ in range(300)]
    found = [calibration(labels, probable) for labels in drawn]
    return float(np.mean(found)), float(np.quantile(found, 0.95))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    for name in ("emopia", "vgmidi", "ym2413"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="folder of the corpus")
    options = vars(parser.parse_args())
    paths = {
        (name, piece.path.name): piece.path
        for name in ("emopia", "vgmidi", "ym2413")
        for piece in READERS[name](options[name]).pieces
    }
    found = {}
    for pattern in SETS:
        parts = [
            held_out(run, paths) for run in sorted(options["runs"].glob(pattern)) if run.is_dir()
        ]
        found[pattern] = [np.concatenate(values) for values in zip(*parts, strict=True)]
    print(f"{'weight, range':20}" + "".join(f"{name:>10}" for name in ("mean left", *SETS)))
    for share, (near, far) in CHOICES:
        scores = []
        for labels, networks, linear, strange in found.values():
            weight = share * np.clip((far - strange) / (far - near), 0, 1)[:, None]
            probable = numpy_ops.softmax(weight * networks + (1 - weight) * linear)
            scores.append(emotion_metrics(labels, probable)["macro_f1"])
        cells = [float(np.mean(scores[:3])), *scores]
        where = "always" if (near, far) == ALWAYS else f"{near} to {far}"
        print(f"{share}, {where:15}" + "".join(f"{cell:10.3f}" for cell in cells), flush=True)
    print(f"{'calibration error':20}" + "".join(f"{h:>12}" for h in ("measured", "drawn", "95 %")))
    for run in filter(Path.is_dir, sorted(options["runs"].glob("l-*"))):
        frame = read_predictions(run / "predictions.csv")
        labels, probable = labels_and_predictions(frame, EMOTION)
        if is_labelled(labels).any():
            cells = [calibration(labels, probable), *drawn_calibrations(probable)]
            print(f"{run.name:20}" + "".join(f"{cell:12.3f}" for cell in cells))


if __name__ == "__main__":
    main()
