"""Linear models of emotion on a corpus that was left out of their training, one change at a time.

    OMP_NUM_THREADS=1 python benchmarks/transfer.py --emopia DATA/emopia --vgmidi DATA/vgmidi \
        --ym2413 DATA/ym2413 --percepiano DATA/percepiano

Each row is a linear model, as `symbolic.training.transfer` fits it, trained on all corpora with
quadrants but one and tested on that one: macro-F1 for quadrants, and their mean. For PercePiano:
Pearson's r of valence and of arousal, and of arousal among performances of the same notes. The
predicted key is that of the model in the package, whose network of keys has seen no quadrant.
"""

import numpy as np
from transfer_data import QUADRANTS, RATED, correlations, load, macro_f1, parser, states

from symbolic.features import FEATURE_SETS
from symbolic.features.model_columns import KEY_FEATURES
from symbolic.tasks import IGNORE
from symbolic.tasks.emotion import SIGNS
from symbolic.training import transfer

VALENCE = (*FEATURE_SETS["transfer_valence"], *KEY_FEATURES[::2])
AROUSAL = FEATURE_SETS["transfer_arousal"]
FORMER = (*FEATURE_SETS["harmonic"], *KEY_FEATURES), FEATURE_SETS["temporal"]


def without(columns: tuple[str, ...], *names: str, **other: str) -> tuple[str, ...]:
    """Leave columns out, or put another in the place of one."""
    return tuple(other.get(name, name) for name in columns if name not in names)


# Columns of valence, of arousal, whether corpora and quadrants are balanced, weight of the ratings.
ROWS = {
    "harmonic and temporal columns, each piece counts 1": (*FORMER, False, 0.0),
    "the same, corpora and quadrants balanced": (*FORMER, True, 0.0),
    "transfer columns, each piece counts 1": (VALENCE, AROUSAL, False, 0.0),
    "transfer columns, balanced": (VALENCE, AROUSAL, True, 0.0),
    "and the order of ratings (as trained)": (VALENCE, AROUSAL, True, 1.0),
    "ratings count five times as much": (VALENCE, AROUSAL, True, 5.0),
    "onsets of the piece, not of a voice": (
        *(VALENCE, without(AROUSAL, voice_rate_log="onsets_per_second_log"), True, 1.0),
    ),
    "notes of the piece, not of a voice": (
        *(VALENCE, without(AROUSAL, voice_rate_log="notes_per_second_log"), True, 1.0),
    ),
    "no loudness": (VALENCE, without(AROUSAL, "played_loudness"), True, 1.0),
    "mean velocity, played or nominal": (
        *(VALENCE, without(AROUSAL, played_loudness="velocity_mean"), True, 1.0),
    ),
    "no register": (*(without(VALENCE, "bass_mean"), without(AROUSAL, "pitch_q10"), True, 1.0),),
    "key and mode alone, rate alone": (
        *(("predicted_minor", "major_minus_minor", "key_minor"), ("voice_rate_log",), True, 1.0),
    ),
    "drums, too": (VALENCE, (*AROUSAL, *FEATURE_SETS["drums"]), True, 1.0),
    "all columns for both": (None, None, True, 1.0),
}


def main() -> None:
    found = load(parser(__doc__).parse_args())
    labels, (rows, columns) = found.labels, states(found.tables)
    heads = (*QUADRANTS, "mean", "r valence", "r arousal", "same notes")
    print(f"{'':52}" + "".join(f"{head:>12}" for head in heads))
    for row, (valence, arousal, balanced, rated) in ROWS.items():
        sides = [[columns.index(c) for c in chosen or columns] for chosen in (valence, arousal)]
        cells = []
        for out in (*QUADRANTS, RATED):
            train = (labels.corpora != out) & (labels.quadrants != IGNORE)
            values = predict(rows, labels, train, out, sides, balanced, rated)
            test = labels.corpora == out
            if out != RATED:
                predicted = (values[test] @ SIGNS.T).argmax(1)
                cells.append(macro_f1(labels.quadrants[test], predicted))
                continue
            cells.append(float(np.mean(cells)))
            cells += correlations(values[test], labels.ratings[test], found.same_notes[test])
        print(f"{row:52}" + "".join(f"{cell:12.3f}" for cell in cells), flush=True)


def predict(rows, labels, train, out, sides, balanced, rated) -> np.ndarray:
    """Fit both halves on the training pieces: (n, 2) log odds of all pieces."""
    middle, scale = rows[train].mean(0), rows[train].std(0)
    kept = np.clip((rows - middle) / np.where(scale > 1e-9, scale, 1.0), -2, 2)
    weights = np.full(train.sum(), 1 / train.sum())
    if balanced:
        weights = transfer.balanced_weights(labels.quadrants[train], labels.corpora[train])
    values = []
    for side, chosen in enumerate(sides):
        ordered = np.flatnonzero((labels.corpora == RATED) & (out != RATED))
        pairs = ordered[
            transfer.ordered_pairs(labels.ratings[ordered, side], labels.corpora[ordered])
        ]
        differences = kept[pairs[:, 0]][:, chosen] - kept[pairs[:, 1]][:, chosen]
        found = transfer.fit_side(
            kept[train][:, chosen],
            SIGNS[labels.quadrants[train], side],
            weights,
            differences if rated else differences[:0],
            rated * transfer.RATINGS[side],
        )
        values.append(kept[:, chosen] @ found[:-1] + found[-1])
    return np.stack(values, axis=1)


if __name__ == "__main__":
    main()
