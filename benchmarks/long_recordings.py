"""Memory that hours of a recording need for boundary models.

    OMP_NUM_THREADS=1 python benchmarks/long_recordings.py --hours 3

A stereo file of tones and noise is written to a temporary folder, read by blocks and removed.
Memory is the most that the process had at once, libraries and all.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from symbolic.audio.inputs import frames_of
from symbolic.encoders import BOUNDARY_SYSTEMS

RATE = 44100


def written(path: Path, hours: float) -> None:
    """Write a file of minutes, each of another tone."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for minute in range(round(60 * hours)):
            seconds = np.arange(60 * RATE) / RATE
            tone = 0.2 * np.sin(2 * np.pi * 110 * (1 + minute % 7) * seconds)
            sound = tone + 0.05 * rng.standard_normal(len(seconds))
            file.write(np.stack([sound, sound], axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--systems", nargs="+", default=["mls", "mls_sslm"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        written(path, options.hours)
        print(f"{options.hours:g} hours, {path.stat().st_size / 2**20:,.0f} MiB")
        for name in options.systems:
            start = time.perf_counter()
            frames = frames_of(path, BOUNDARY_SYSTEMS[name].front)
            seconds = time.perf_counter() - start
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            print(f"{name}: {frames.shape} in {seconds:.0f} s, at most {most:,.0f} MiB")


if __name__ == "__main__":
    main()
