"""Whether batches of recordings are there when a step of training on one core wants them.

    python benchmarks/audio_loading.py --gtzan FOLDER --systems cnn_gru_mel sample_cnn

An epoch over all recordings, at full width: features or samples lie in the cache, and a window of
each is cut, changed where it is augmented, and collated. `first` is how long the first step waits
for its batch, with the start of the workers, as the Trainer starts them for each epoch; `wait` how
long the others wait, and `step` how long a step then takes in one thread: means, in seconds.
`share` is how much of the epoch is waiting; `later`, how much of it after the first batch, which is
what is left in a larger corpus. Without workers, loading and training take turns. The clock is the
wall's: other work on the machine counts.
"""

import argparse
import tempfile
import time

import pandas as pd
import torch
from torch.utils.data import DataLoader

from symbolic.data import READERS, AudioDataset, Collator
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.training.audio import build_audio_model, read_recordings
from symbolic.training.audio_arguments import AudioModelArguments
from symbolic.training.audio_augmentation import AugmentArguments, augmentation

CHANGES = {
    "samples": {
        "none": {},
        "light": {"speed": 0.05, "equaliser": 3.0, "gain": 6.0, "noise": 20.0},
        "stretch": {"stretch": 0.1},
        "pitch": {"semitones": 1.0},
    },
    "pictures": {"none": {}, "masks": {"gain": 6.0, "spec_augment": True}},
}
TARGET = 0.1  # of an epoch


def marked(share: float) -> str:
    return f"{share:.1%}" + (" *" if share > TARGET else "  ")


def epoch(model, optimiser, loader: DataLoader) -> tuple[list[float], list[float]]:
    """Seconds that each step waits for its batch, and that it takes."""
    waited, taken = [], []
    last = time.perf_counter()
    for batch in loader:
        ready = time.perf_counter()
        model(**batch).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        done = time.perf_counter()
        waited.append(ready - last)
        taken.append(done - ready)
        last = done
    return waited, taken


def measured(name: str, corpus, cache: str, options: argparse.Namespace) -> list[dict]:
    """Rows of one system: each way to change its input, each number of workers."""
    torch.manual_seed(0)
    model = build_audio_model(corpus, AudioModelArguments(system=name, width=options.width))
    corpus, arrays, _ = read_recordings(corpus, model, cache, None)
    optimiser = torch.optim.AdamW(model.parameters())
    labels = [piece.labels for piece in corpus.pieces]
    collate = Collator(model.tasks, model.config.pad_ids)
    samples = model.config.front_end.takes_samples
    rows = []
    for change, told in CHANGES["samples" if samples else "pictures"].items():
        changed = augmentation(model.config, AugmentArguments(**told))
        dataset = AudioDataset(arrays, labels, model.config.window, augment=changed)
        for workers in options.workers:
            loader = DataLoader(
                dataset, options.batch_size, shuffle=True, collate_fn=collate, num_workers=workers
            )
            if not rows:
                epoch(model, optimiser, [next(iter(loader))])  # warms up
            waited, taken = epoch(model, optimiser, loader)
            share = sum(waited) / (sum(waited) + sum(taken))
            later = sum(waited[1:]) / (sum(waited[1:]) + sum(taken[1:]))
            rows.append(
                {
                    "system": name,
                    "hears": f"{AUDIO_SYSTEMS[name].seconds:.1f} s of "
                    + ("samples" if samples else " and ".join(model.config.front_end.kinds)),
                    "changed": change,
                    "workers": workers,
                    "first": waited[0],
                    "wait": sum(waited[1:]) / len(waited[1:]),
                    "step": sum(taken) / len(taken),
                    "share": marked(share),
                    "later": marked(later),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gtzan", required=True, help="folder of recordings, as GTZAN names them")
    parser.add_argument(
        "--systems",
        nargs="+",
        default=["mel_cnn1d", "cnn_gru_mel", "wave_cnn", "sample_cnn"],
        choices=AUDIO_SYSTEMS,
    )
    parser.add_argument("--width", type=float, default=1.0, help="factor on channels and units")
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--cache_dir", help="where features are kept; by default for this run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = READERS["gtzan"](options.gtzan)
    if len(corpus.pieces) <= options.batch_size:
        raise SystemExit(f"{options.gtzan}: no more recordings than one batch takes")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.systems:
            rows += measured(name, corpus, options.cache_dir or folder, options)
            print(name, flush=True)
    count = len(corpus.pieces)
    print(f"{count} recordings in batches of {options.batch_size}; * over {TARGET:.0%}")
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
