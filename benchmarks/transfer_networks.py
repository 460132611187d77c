"""The networks of a model of features with one change each, on corpora left out and within them.

    OMP_NUM_THREADS=1 python benchmarks/transfer_networks.py --emopia DATA/emopia \
        --vgmidi DATA/vgmidi --ym2413 DATA/ym2413 --percepiano DATA/percepiano

Each row trains the networks of `symbolic.encoders.FeatureEnsemble` as the default model is trained,
on copies with other orchestrations, too, but with one change. Columns: macro-F1 of the networks
alone, mean over EMOPIA, VGMIDI and YM2413-MDB, each left out; then of the whole model, with the
linear model and familiarity: of each corpus left out, their mean, and of each within its folds; and
Pearson's r with the ratings of PercePiano, by movement: valence, arousal, and arousal among
performances of the same notes. A row takes about two minutes; `--rows` chooses them by words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from transfer_data import (
    DRUMS,
    QUADRANTS,
    RATED,
    Pieces,
    correlations,
    load,
    macro_f1,
    parser,
    states,
)

from symbolic.configuration import SymbolicConfig
from symbolic.encoders import FeatureEnsemble
from symbolic.features import FEATURE_GROUPS, TONAL_NAMES
from symbolic.features.model_columns import KEY_FEATURES
from symbolic.forward.ensemble import INPUT_RANGE
from symbolic.notes.augment import orchestrations
from symbolic.tasks import EMOTION, IGNORE, valence_arousal
from symbolic.tasks.emotion import SIGNS
from symbolic.training.build import ensemble_features
from symbolic.training.transfer import Labels, balanced_weights, fit_ensemble

EPOCHS, BATCH, RATE, DECAY, WARM_UP, SMOOTHING = 15, 32, 1e-3, 0.05, 0.1, 0.1
TEMPERATURE = 0.8
FOLDS = {"emopia": "emopia-song", "vgmidi": "vgmidi", "ym2413": "ym2413"}


@dataclass(frozen=True)
class Change:
    """Differences from the recipe of the default model.

    Attributes:
        columns: beginnings of the names of columns that are left out.
        pulse: whether the columns of the pulse are taken.
        members: networks.
        dropout: of inputs and hidden units.
        group_dropout: probability that a group of columns is dropped from an example.
        swaps: probability that a group of columns of an example comes from another one of the
            same quadrant, of any corpus.
        weights: of examples: `balanced` as in the linear model, `corpora` by the square roots of
            their sizes.
        repeats: how often VGMIDI is repeated.
        biases: whether each corpus has logits of its own, added in training alone.
        variance: weight of the variance of the corpora's mean losses (V-REx, Krueger 2021).
        alignment: weight of differences between corpora in mean and variance of hidden units (after
            CORAL, Sun & Saenko 2016).
        neighbours: mass of the label that neighbouring quadrants share, none for the opposite one.
        one_corpus: whether each network is trained on one corpus.
        ratings: whether rated pieces are trained on, too: the rank of a rating within its corpus
            stands for the probability of the half of the plane.
    """

    columns: tuple[str, ...] = ()
    pulse: bool = False
    members: int = 8
    dropout: float = 0.3
    group_dropout: float = 0.0
    swaps: float = 0.0
    weights: str = ""
    repeats: int = 1
    biases: bool = False
    variance: float = 0.0
    alignment: float = 0.0
    neighbours: float = 0.0
    one_corpus: bool = False
    ratings: bool = False


ROWS = {
    "as trained": Change(),
    "with the pulse": Change(pulse=True),
    "without chord changes": Change(("chord_change_",)),
    "without tension and registers": Change(("tension_", "register_")),
    "twice as many networks": Change(members=16),
    "dropout 0.5": Change(dropout=0.5),
    "groups of columns dropped": Change(group_dropout=0.3),
    "groups of columns swapped": Change(swaps=0.3),
    "corpora and quadrants balanced": Change(weights="balanced"),
    "corpora by square roots of sizes": Change(weights="corpora"),
    "VGMIDI three times": Change(repeats=3),
    "biases of corpora": Change(biases=True),
    "variance of losses of corpora": Change(variance=1.0),
    "hidden units of corpora aligned": Change(alignment=0.05),
    "labels smoothed by distance": Change(neighbours=0.2),
    "networks of one corpus each": Change(members=12, one_corpus=True),
    "rated performances, too": Change(ratings=True),
}


class Trial:
    """Trainings with one change.

    Args:
        found: the pieces.
        views: (1 + copies, n, C) columns of pieces as they are, and orchestrated anew.
        columns: their names.
        change: of the recipe.
    """

    def __init__(
        self, found: Pieces, views: np.ndarray, columns: Sequence[str], change: Change
    ) -> None:
        out = (*change.columns, *DRUMS, *(() if change.pulse else ("pulse_",)))
        left = [i for i, name in enumerate(columns) if not name.startswith(out)]
        self.labels, self.change = found.labels, change
        self.views, self.columns = views[:, :, left], [columns[i] for i in left]
        self.targets = torch.from_numpy(targets(found.labels, change)).float()
        self.domains = np.unique(found.labels.corpora, return_inverse=True)[1]
        place = {name: i for i, name in enumerate(self.columns)}
        groups = [[place[n] for n in names if n in place] for names in FEATURE_GROUPS.values()]
        self.groups = [group for group in groups if group]

    def __call__(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train on the (n,) chosen pieces: (n, 4) logits of the networks, and of the model."""
        torch.manual_seed(0)
        change, labels = self.change, self.labels
        known = labels.quadrants != IGNORE
        used = np.flatnonzero(train & (known | change.ratings))
        quadrants = train & known
        middle, scale = self.views[0][quadrants].mean(0), self.views[0][quadrants].std(0)
        views = torch.from_numpy((self.views - middle) / np.where(scale > 1e-9, scale, 1)).float()
        order = np.concatenate(
            [used, *[used[labels.corpora[used] == "vgmidi"]] * (change.repeats - 1)]
        )
        copied = order[known[order]]  # rated performances are trained on as they are
        rows = torch.cat([views[0][order], *(view[copied] for view in views[1:])])
        order = np.concatenate([order, *[copied] * (len(views) - 1)])
        head = self.head()
        self.fit(head, rows.clamp(-INPUT_RANGE, INPUT_RANGE), order)
        fit_ensemble(head, views[0][torch.from_numpy(train)], labels.select(train))
        with torch.inference_mode():
            hidden = views[0][:, None]
            logits = head.eval().members(hidden, hidden[..., 0])
            return logits[:-1].mean(0).numpy(), head.combined(logits, hidden).numpy()

    def head(self) -> FeatureEnsemble:
        """Make an ensemble for the columns, with random weights."""
        others = [name for name in self.columns if name not in KEY_FEATURES]
        config = SymbolicConfig(
            encoder="features",
            inputs="features",
            feature_names=[*others, *TONAL_NAMES],
            ensemble_features=ensemble_features([*others, *TONAL_NAMES]),
            ensemble_size=self.change.members,
            ensemble_units=64,
            ensemble_references=1,
            ensemble_share=0.7,
            tasks=[EMOTION],
        )
        made = FeatureEnsemble(config)
        made.reset()
        return made

    def fit(self, head: FeatureEnsemble, rows: torch.Tensor, order: np.ndarray) -> None:
        """Train the networks on (m, C) rows of the pieces of (m,) numbers."""
        change, count = self.change, self.change.members
        targets, domains = self.targets[order], torch.from_numpy(self.domains[order])
        kinds = domains.unique().tolist()
        weights = torch.from_numpy(self.weights(order)).float()
        biases = torch.nn.Parameter(torch.zeros(count, int(domains.max()) + 1, 4))
        networks = (head.inner_weight, head.inner_bias, head.outer_weight, head.outer_bias)
        optimiser = torch.optim.AdamW([*networks, biases], RATE, weight_decay=DECAY)
        steps = EPOCHS * math.ceil(len(rows) / BATCH)
        warm = WARM_UP * steps

        def pace(step: int) -> float:
            if step < warm:
                return step / warm
            return 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, pace)
        own = torch.tensor(kinds).repeat(count)[:count, None]
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(rows)).split(BATCH):
                domain = domains[batch]
                inputs = self.inputs(rows, targets, batch)
                inner = F.gelu(torch.baddbmm(head.inner_bias, inputs, head.inner_weight))
                logits = torch.baddbmm(
                    head.outer_bias, F.dropout(inner, change.dropout), head.outer_weight
                )
                if change.biases:
                    logits = logits + biases[:, domain]
                losses = -(targets[batch] * logits.log_softmax(-1)).sum(-1) * weights[batch]
                if change.one_corpus:
                    losses = losses * (domain == own) * len(kinds)
                loss = losses.mean()
                masks = [domain == kind for kind in kinds]
                if change.variance:
                    means = torch.stack([losses[:, mask].mean() for mask in masks if mask.any()])
                    loss = loss + change.variance * means.var(unbiased=False)
                for mask in masks if change.alignment else ():
                    if 3 < mask.sum() < len(mask) - 3:
                        mine, rest = inner[:, mask], inner[:, ~mask]
                        away = (mine.mean(1) - rest.mean(1)) ** 2 + (mine.var(1) - rest.var(1)) ** 2
                        loss = loss + change.alignment * away.sum() / count
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_([*networks, biases], 1.0)
                optimiser.step()
                schedule.step()

    def inputs(
        self, rows: torch.Tensor, targets: torch.Tensor, batch: torch.Tensor
    ) -> torch.Tensor:
        """Make the (M, b, C) inputs of the networks for the rows of a batch."""
        change, taken = self.change, rows[batch]
        likely = targets.argmax(-1)
        if change.swaps:
            taken = taken.clone()
            for group in self.groups:
                for i in (torch.rand(len(batch)) < change.swaps).nonzero()[:, 0].tolist():
                    alike = (likely == likely[batch[i]]).nonzero()[:, 0]
                    other = alike[torch.randint(len(alike), ())]
                    taken[i, group] = rows[other, group]
        each = taken.expand(change.members, -1, -1)
        if change.group_dropout:
            kept = torch.ones_like(each)
            for group in self.groups:
                kept[..., group] = (torch.rand(*each.shape[:2], 1) >= change.group_dropout).float()
            each = each * kept
        return F.dropout(each, change.dropout)

    def weights(self, order: np.ndarray) -> np.ndarray:
        """(m,) weights of the pieces of (m,) numbers, 1 on average."""
        corpora = self.labels.corpora[order]
        if self.change.weights == "balanced":
            return balanced_weights(self.labels.quadrants[order], corpora) * len(order)
        if self.change.weights == "corpora":
            _, place, sizes = np.unique(corpora, return_inverse=True, return_counts=True)
            return (1 / np.sqrt(sizes))[place] * len(order) / np.sqrt(sizes).sum()
        return np.ones(len(order))


def targets(labels: Labels, change: Change) -> np.ndarray:
    """Make the (n, 4) probabilities that the networks are trained on."""
    distance = np.abs(SIGNS[:, None] - SIGNS).sum(-1) // 2  # 0, 1 for neighbours, 2
    smooth = np.eye(4) * (1 - SMOOTHING) + SMOOTHING / 4
    if change.neighbours:
        smooth = np.eye(4) * (1 - change.neighbours) + (distance == 1) * change.neighbours / 2
    made = smooth[np.where(labels.quadrants == IGNORE, 0, labels.quadrants)]
    rated = labels.corpora == RATED
    ranks = labels.ratings[rated].argsort(0).argsort(0)
    shares = (ranks + 0.5) / len(ranks)  # the logit of a rank has about twice its normal score
    halves = 1 / (1 + np.exp(-np.log(shares / (1 - shares)) / 1.7))
    made[rated] = np.where(SIGNS > 0, halves[:, None], 1 - halves[:, None]).prod(-1)
    return made


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", default="", help="words in the names of rows, by commas")
    options = made.parse_args()
    found = load(options)
    labels = found.labels
    copies = [orchestrations(table) for table in found.tables]
    each = [states(tables) for tables in (found.tables, *map(list, zip(*copies, strict=True)))]
    views, columns = np.stack([rows for rows, _ in each]), each[0][1]
    folds = {
        corpus: [found.held_out(f"{name}-{k}") for k in range(5)] for corpus, name in FOLDS.items()
    }
    movements = [
        labels.groups == group for group in np.unique(labels.groups[labels.corpora == RATED])
    ]
    heads = ["networks", "mean out", *(f"{name} out" for name in QUADRANTS)]
    heads += [*(f"{name} in" for name in QUADRANTS), "r valence", "r arousal", "same notes"]
    print(f"{'':34}" + "".join(f"{head:>12}" for head in heads))
    for row, change in ROWS.items():
        if not any(word in row for word in options.rows.split(",")):
            continue
        trial = Trial(found, views, columns, change)
        alone, left_out, inside = [], [], []
        for corpus in QUADRANTS:
            test = labels.corpora == corpus
            networks, model = trial(~test)
            alone.append(macro_f1(labels.quadrants[test], networks[test].argmax(1)))
            left_out.append(macro_f1(labels.quadrants[test], model[test].argmax(1)))
        for corpus in QUADRANTS:
            test, pooled = labels.corpora == corpus, np.zeros((len(labels.quadrants), 4))
            for fold in folds[corpus]:
                pooled[fold] = trial(~fold)[1][fold]
            inside.append(macro_f1(labels.quadrants[test], pooled[test].argmax(1)))
        test, pooled = labels.corpora == RATED, np.zeros((len(labels.quadrants), 4))
        for movement in movements:
            pooled[movement] = trial(~movement)[1][movement]
        powers = np.exp(pooled[test] / TEMPERATURE)
        plane = valence_arousal(powers / powers.sum(1, keepdims=True))
        cells = [np.mean(alone), np.mean(left_out), *left_out, *inside]
        cells += correlations(plane, labels.ratings[test], found.same_notes[test])
        print(f"{row:34}" + "".join(f"{cell:12.3f}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
