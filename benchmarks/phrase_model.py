"""The model of phrases in the package beside novelty: F-measures of held-out songs, and seconds.

    OMP_NUM_THREADS=1 python benchmarks/phrase_model.py DATA

The 155 songs of POP909 that the model in the package held out (fold-0): as they are, with the beats
of the file; and as performances at a nominal tempo, 120 quarters a minute, so that the beats of the
file say nothing. Intervals are 95 %, from drawing songs. Times are of one process, from file to
parts, after the first song.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from symbolic import Segmenter
from symbolic.data import READERS
from symbolic.data.splits.hold_out import hold_out
from symbolic.notes import NoteTable, note_table, read_notes
from symbolic.notes.score import table_score
from symbolic.structure.detection import TOLERANCES, boundaries_of
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import grouped_bootstraps

QUARTER, TICKS_A_SECOND = 480, 960


def at_nominal_tempo(notes: NoteTable) -> NoteTable:
    """Return the same notes at the same seconds, with other beats."""
    onset, duration = (np.rint(s * TICKS_A_SECOND) for s in (notes.onset, notes.duration))
    columns = notes.pitch, notes.velocity, notes.track, notes.is_drum
    return note_table(onset, duration, *columns, ticks_per_quarter=QUARTER)


def as_file(change: Callable[[NoteTable], NoteTable], path: Path) -> bytes | Path:
    """Return a changed piece as the bytes of a MIDI file."""
    return table_score(change(read_notes(path))).dumps_midi()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pretrain/pop909")
    options = parser.parse_args()
    corpus = READERS["pop909_structure"](options.data)
    _, test = hold_out(corpus, "fold-0", 5, 0)
    pieces = [corpus.pieces[i] for i in test]
    views = {
        "beats of the file": [piece.path for piece in pieces],
        "nominal tempo": [as_file(at_nominal_tempo, piece.path) for piece in pieces],
    }
    segmenters = {
        "model in the package": partial(Segmenter.from_pretrained, "phrases"),
        "novelty": lambda tolerance: Segmenter(tolerance=tolerance),
    }
    heads = (*(f"F at {t:g} s" for t in TOLERANCES), "parts a song", "seconds a song")
    print(f"{'':42}" + "".join(f"{head:>24}" for head in heads))
    for view, sources in views.items():
        for name, make in segmenters.items():
            cells, seconds, parts = [], 0.0, 0.0
            for tolerance in TOLERANCES:
                segmenter = make(tolerance=f"{tolerance:g}")
                segmenter.segment(sources[:1], workers=0)
                start = time.perf_counter()
                found = segmenter.segment(sources, workers=0)
                seconds = (time.perf_counter() - start) / len(sources)
                parts = float(np.mean([len(one.times) - 1 for one in found]))
                scores = np.array(
                    [
                        boundary_scores(boundaries_of(piece), one.times, (tolerance,))[
                            f"f_{tolerance:g}"
                        ]
                        for piece, one in zip(pieces, found, strict=True)
                    ]
                )
                low, high = grouped_bootstraps(
                    lambda rows, scores=scores: [float(scores[rows].mean())],
                    [piece.group for piece in pieces],
                )
                cells.append(f"{scores.mean():.3f} [{low[0]:.3f}, {high[0]:.3f}]")
            cells += [f"{parts:.1f}", f"{seconds:.3f}"]
            print(f"{view + ', ' + name:42}" + "".join(f"{c:>24}" for c in cells), flush=True)


if __name__ == "__main__":
    main()
