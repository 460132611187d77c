"""How fast recordings become features, on one core, beside librosa's plain calls.

    python benchmarks/audio_features.py --gtzan FOLDER

Figures are seconds of sound for each second of a core's work. librosa's calls are those of its
tutorial, but that chroma is given the tuning, as it is here, which librosa would estimate. `apart`
is the greatest difference between the two: in dB, for MFCC in theirs, for chroma of the loudest
pitch class.
"""

import argparse
import io
import time
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
import torch
from threadpoolctl import threadpool_limits

from symbolic.audio import AUDIO_SUFFIXES, FrontEnd, front_features, read_audio
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd

RATE = 22050


def decibels(power) -> np.ndarray:
    return librosa.power_to_db(power, amin=1e-10, top_db=None)


def librosa_mel(samples) -> np.ndarray:
    return decibels(librosa.feature.melspectrogram(y=samples, sr=RATE))


LIBROSA = {
    "mel": librosa_mel,
    "mfcc": lambda y: librosa.feature.mfcc(S=librosa_mel(y), sr=RATE),
    "cqt": lambda y: decibels(np.abs(librosa.cqt(y, sr=RATE)) ** 2),
    "chroma": lambda y: librosa.feature.chroma_stft(y=y, sr=RATE, tuning=0),
    "magnitude": lambda y: decibels(np.abs(librosa.stft(y)) ** 2),
}


def timed(function, items, seconds: float) -> float:
    """Seconds of sound for each second of a core, the best of three rounds after one to warm up."""
    function(items[0])
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        for item in items:
            function(item)
        best = min(best, time.process_time() - start)
    return seconds / best


def recordings(folder: Path | None, count: int) -> list[bytes]:
    if folder is not None:
        files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in AUDIO_SUFFIXES]
        if not files:
            raise SystemExit(f"{folder}: no recordings")
        return [file.read_bytes() for file in files[:: max(1, len(files) // count)][:count]]
    rng, found = np.random.default_rng(0), []
    for _ in range(count):
        file = io.BytesIO()
        soundfile.write(file, rng.normal(0, 0.1, 30 * RATE), RATE, format="OGG")
        found.append(file.getvalue())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gtzan", type=Path, help="folder of recordings; noise where it is not")
    parser.add_argument("--files", type=int, default=20, help="how many of them (20)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    files = recordings(options.gtzan, options.files)
    sounds = [read_audio(file, RATE)[0] for file in files]
    seconds = sum(map(len, sounds)) / RATE

    rows = []
    for kind, plain in LIBROSA.items():
        front = FrontEnd(kinds=(kind,), sampling_rate=RATE)
        apart = max(np.abs(front_features(y, front) - plain(y).T).max() for y in sounds[:5])
        ours = timed(lambda y, front=front: front_features(y, front), sounds, seconds)
        rows.append((kind, ours, timed(plain, sounds, seconds), apart))
    front = FrontEnd(kinds=("mel", "mfcc", "cqt", "chroma"), sampling_rate=RATE)
    ours = timed(lambda y: front_features(y, front), sounds, seconds)
    rows.append(("mel, mfcc, cqt, chroma at once", ours, np.nan, np.nan))
    inner = SpectralFrontEnd(FrontEnd())
    with torch.inference_mode():
        tensors = [torch.from_numpy(y)[None] for y in sounds]
        rows.append(("mel in torch", timed(inner, tensors, seconds), np.nan, np.nan))

    def load(file, rate):
        return librosa.load(io.BytesIO(file), sr=rate)

    for what, rate in (("decode", None), ("decode, to 16 kHz", 16000)):
        ours = timed(lambda file, rate=rate: read_audio(file, rate), files, seconds)
        theirs = timed(lambda file, rate=rate: load(file, rate), files, seconds)
        rows.append((what, ours, theirs, np.nan))

    def whole(file):
        return front_features(read_audio(file, RATE)[0], FrontEnd())

    theirs = timed(lambda file: librosa_mel(load(file, RATE)[0]), files, seconds)
    rows.append(("file to mel", timed(whole, files, seconds), theirs, np.nan))
    table = pd.DataFrame(rows, columns=["what", "symbolic", "librosa", "apart"])
    table["times"] = table["symbolic"] / table["librosa"]
    print(f"{len(files)} recordings, {seconds:,.0f} s at {RATE} Hz; times real time of one core")
    formats = {
        "symbolic": "{:,.0f}".format,
        "librosa": "{:,.0f}".format,
        "apart": "{:.1e}".format,
        "times": "{:.1f}".format,
    }
    print(table.to_string(index=False, formatters=formats, na_rep="-"))


if __name__ == "__main__":
    main()
