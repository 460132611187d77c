"""Use of converted tags for other labels: genre of GTZAN, moods of the MIREX-like set.

    python benchmarks/tagger_transfer.py TAGGER ... --gtzan DIR --moods DIR

TAGGER is a model of `symbolic convert-tagger musicnn`. Its layers are features of classifiers of
scikit-learn, in the folds of `audio_baselines.py`: `pooled`, maxima and means of all filters over
time, `hidden`, the last layer, and `tags`, the logits; each is the mean over windows of 3 s, and
those of several taggers are joined. The encoder is not trained.

The moods are 64 mel bands up to 11 kHz, 10.8 frames a second, without recordings. They are made
into 96 bands up to 8 kHz, 62.5 frames a second, by interpolation between the centres of bands and
between frames, and moved as a whole to the mean of the excerpts of `--gtzan` in dB.
"""

import argparse

import numpy as np
import torch
from audio_baselines import show
from audio_statistics import classical_table

from symbolic.audio.cache import features_of
from symbolic.audio.transforms.banks import mel_bank
from symbolic.data import group_folds, read_gtzan, read_moods
from symbolic.data.datasets.audio_dataset import chunk_starts
from symbolic.encoders.audio.lengths import pool_over_time
from symbolic.inference.prediction import evaluation_mode
from symbolic.scoring.audio import load_audio_model

LAYERS = ("pooled", "hidden", "tags")
SYSTEMS = ("logistic", "svm")


def layers(model, arrays, chunks: int | None) -> dict[str, np.ndarray]:
    """The layers of each recording, (recordings, columns), in one pass over its windows."""
    found = {name: [] for name in LAYERS}
    window, encoder, head = model.config.window, model.encoder, model.heads.get_submodule("tags")
    with evaluation_mode(model):
        for frames in arrays:
            starts = chunk_starts(len(frames), window, chunks)
            parts = np.stack([frames[start : start + window] for start in starts])
            values, _ = encoder.encode(*encoder.prepared(torch.from_numpy(parts).float(), None))
            pooled = pool_over_time(values, None, "max_mean")
            hidden = encoder.dense(pooled)
            tags = head(hidden[:, None], torch.ones(len(hidden), 1))
            for name, layer in zip(LAYERS, (pooled, hidden, tags), strict=True):
                found[name].append(layer.mean(0).numpy())
    return {name: np.stack(rows) for name, rows in found.items()}


def table(title: str, features: list[dict[str, np.ndarray]], names, y, groups) -> None:
    fold = group_folds(y, groups, 5)
    both = [({name: np.hstack([f[name] for f in features]) for name in LAYERS}, " + ".join(names))]
    for one, tagger in [*zip(features, names, strict=True), *(both if len(names) > 1 else [])]:
        for layer in LAYERS:
            shown = f"{title}, {tagger}, {layer}: {one[layer].shape[1]} columns, 5 folds"
            show(shown, classical_table(one[layer], y, fold, groups=groups, systems=SYSTEMS))


def band_centres(front) -> np.ndarray:
    """The centre of each mel band in Hz."""
    bank = mel_bank(front)
    return np.linspace(0, front.sampling_rate / 2, len(bank)) @ (bank / bank.sum(0))


def mapped(frames: np.ndarray, own, front) -> np.ndarray:
    """Frames of one front end in dB as those of another, by interpolation."""
    bands, wanted = band_centres(own), band_centres(front)
    across = np.stack([np.interp(wanted, bands, row) for row in np.asarray(frames, float)])
    length = int((len(frames) - 1) * front.rate / own.rate) + 1
    places = np.arange(length) * own.rate / front.rate
    along = [np.interp(places, np.arange(len(frames)), column) for column in across.T]
    return np.stack(along, axis=1).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("taggers", nargs="+", help="folders of converted models")
    parser.add_argument("--gtzan", required=True, help="folder of excerpts of GTZAN")
    parser.add_argument("--moods", help="folder of the mood set")
    parser.add_argument("--mood-windows", type=int, help="windows a song (as many as cover it)")
    parser.add_argument("--cache-dir", help="of the frames of recordings")
    options = parser.parse_args()
    models = [load_audio_model(folder)[0] for folder in options.taggers]
    names = [folder.rstrip("/").rpartition("/")[2] for folder in options.taggers]
    front = models[0].config.front_end
    corpus = read_gtzan(options.gtzan)
    paths = [piece.path for piece in corpus.pieces]
    frames = features_of(paths, front, options.cache_dir, workers=0)
    if not options.moods:
        y = np.array([piece.labels["genre"] for piece in corpus.pieces])
        found = [layers(model, frames, None) for model in models]
        table(f"GTZAN, {len(y)} excerpts", found, names, y, corpus.groups)
        return
    moods = read_moods(options.moods)
    y = np.array([piece.labels["mood"] for piece in moods.pieces])
    arrays = [mapped(rows, moods.front_end, front) for rows in moods.features]
    offset = np.mean([rows.mean() for rows in frames]) - np.mean([rows.mean() for rows in arrays])
    arrays = [rows + np.float32(offset) for rows in arrays]
    found = [layers(model, arrays, options.mood_windows) for model in models]
    table(f"moods, {len(y)} songs", found, names, y, moods.groups)


if __name__ == "__main__":
    main()
