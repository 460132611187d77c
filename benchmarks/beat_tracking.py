"""Beats of performances at a nominal tempo: tracked from notes, beside librosa and the file.

    OMP_NUM_THREADS=1 python benchmarks/beat_tracking.py DATA

The 155 songs of POP909 that the model of parts held out, as performances at 120 quarters a minute,
so that the beats of the file say nothing. Scores are those of mir_eval beside the beats of the data
set: the F-measure within 70 ms, and AMLt, the share of beats in a continuous stretch that is right
or at half or twice the beat. librosa's `beat_track` takes the onset strength of the tracker here.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
from mir_eval.beat import continuity, f_measure, trim_beats
from phrase_model import at_nominal_tempo

from symbolic.data import READERS
from symbolic.data.recordings.pop909_structure import read_beats
from symbolic.data.splits.hold_out import hold_out
from symbolic.notes import NoteTable, read_notes
from symbolic.notes.beats import track_beats
from symbolic.notes.beats.tracking import FRAME, onset_strength


def librosa_beats(notes: NoteTable) -> np.ndarray:
    """Track beats with librosa."""
    strength = np.maximum(onset_strength(notes), 0)
    _, frames = librosa.beat.beat_track(
        onset_envelope=strength, sr=round(1 / FRAME), hop_length=1, trim=False, units="frames"
    )
    return frames * FRAME


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pretrain/pop909 and structure")
    options = parser.parse_args()
    songs = READERS["pop909_structure"](options.data)
    _, test = hold_out(songs, "fold-0", 5, 0)
    paths = [songs.pieces[i].path for i in test]
    methods: dict[str, Callable[[NoteTable], np.ndarray]] = {
        "tracked": track_beats,
        "librosa": librosa_beats,
        "beats of the file": lambda notes: np.arange(0, notes.onset.max(), 0.5),
    }
    scores: dict[str, list] = {name: [] for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    librosa_beats(read_notes(paths[0]))  # compiles
    for path in paths:
        notes = at_nominal_tempo(read_notes(path))
        true = trim_beats(read_beats(options.data / "structure" / "beats" / f"{path.stem}.txt"))
        for name, method in methods.items():
            start = time.perf_counter()
            found = trim_beats(np.asarray(method(notes), float))
            seconds[name] += time.perf_counter() - start
            scores[name].append([f_measure(true, found), continuity(true, found)[3]])
    print(f"{len(paths)} songs{'':12}{'F':>8}{'AMLt':>8}{'ms a song':>12}")
    for name, values in scores.items():
        f, continuous = np.mean(values, axis=0)
        print(f"{name:21}{f:>8.3f}{continuous:>8.3f}{1000 * seconds[name] / len(paths):>12.1f}")


if __name__ == "__main__":
    main()
