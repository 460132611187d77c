"""The model of parts in the package beside novelty: F-measures, calibration and seconds.

    OMP_NUM_THREADS=1 python benchmarks/phrase_model.py DATA

- The 155 songs of POP909 that the model in the package held out (fold-0): as they are, with the
  beats of the file; and as performances at a nominal tempo, 120 quarters a minute, so that the
  beats of the file say nothing and are tracked.
- Every third score of music21's corpus (without the chorales of Bach and the songs of Essen) and of
  When in Rome that has two repeats or double bars within, and lasts 40 s: played as written, with
  these as boundaries. They are weak labels: most parts of a piece begin without one.
- Phrases of VGMIDI, five of different games end to end: where the music changes.
- Made songs: forms of eight parts of three kinds, with a marker at each, read by their markers.

Intervals are 95 %, from drawing pieces. The calibration error is the mean difference between the
confidence of boundaries and the share that is within the tolerance, in ten bins. Times are of one
process, from file to parts with their names, after the first piece.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import symusic
from music21 import corpus

from symbolic import Segmenter
from symbolic.data import READERS
from symbolic.data.splits.hold_out import hold_out
from symbolic.notes import NoteTable, ReadError, note_table, read_notes
from symbolic.notes.marks import read_marks
from symbolic.notes.score import table_score
from symbolic.notes.sections import sections_of
from symbolic.structure.detection import TOLERANCES, boundaries_of
from symbolic.tasks.boundary_metrics import boundary_scores, matched
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


def scores_with_barlines(data: Path) -> tuple[list, list]:
    """Find scores whose repeats and double bars give two boundaries within; and these."""
    paths = [Path(path) for path in corpus.getPaths()]
    paths = [path for path in paths if path.suffix in (".mxl", ".xml", ".musicxml")]
    paths = [path for path in paths if not {"bach", "essenFolksong"} & {*path.parts}]
    sources, references = [], []
    for path in [*sorted(paths), *sorted((data / "key" / "when_in_rome").glob("*.mxl"))]:
        try:
            sections = sections_of(read_marks(path))
        except ReadError:
            continue
        if (
            len(sections.times) >= 4
            and sections.times[-1] > 40
            and "rehearsal" not in sections.kinds
        ):
            sources.append(path)
            references.append(sections.times)
    return sources[::3], references[::3]


def joined_phrases(data: Path, count: int = 5) -> tuple[list, list]:
    """Join phrases of VGMIDI end to end, and return where they begin."""
    files = sorted((data / "vgmidi" / "midi").glob("*.mid"))
    order = np.random.default_rng(0).permutation(len(files))
    sources, references = [], []
    for first in range(0, len(files) - count + 1, count):
        tables = [read_notes(files[i]) for i in order[first : first + count]]
        begins = np.cumsum([0.0] + [table.seconds for table in tables])
        onset = [table.onset + begin for table, begin in zip(tables, begins, strict=False)]
        columns = [np.concatenate(onset)] + [
            np.concatenate([getattr(table, name) for table in tables])
            for name in ("duration", "pitch", "velocity")
        ]
        ticks = [np.rint(column * TICKS_A_SECOND) for column in columns[:2]]
        notes = note_table(*ticks, *columns[2:], ticks_per_quarter=QUARTER)
        sources.append(table_score(notes).dumps_midi())
        references.append(begins)
    return sources, references


def made_songs(count: int = 40) -> tuple[list, list]:
    """Make songs with a marker at each part, and read where their markers are."""
    rng = np.random.default_rng(0)
    sources, references = [], []
    for _ in range(count):
        kinds = [made_part(rng, int(rng.choice([4, 8, 8, 12]))) for _ in range(3)]
        form = [int(rng.integers(3))]
        while len(form) < 8:
            form.append(int(rng.choice([kind for kind in range(3) if kind != form[-1]])))
        score, track, start = symusic.Score(QUARTER), symusic.Track(), 0
        score.tempos.append(symusic.Tempo(0, float(rng.uniform(80, 140))))
        score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
        for kind in form:
            notes, bars = kinds[kind]
            score.markers.append(symusic.TextMeta(start, "ABC"[kind]))
            for onset, duration, pitch, velocity in notes:
                track.notes.append(symusic.Note(start + onset, duration, pitch, velocity))
            start += bars * 4 * QUARTER
        score.tracks.append(track)
        sources.append(score.dumps_midi())
        references.append(sections_of(read_marks(sources[-1])).times)
    return sources, references


def made_part(rng: np.random.Generator, bars: int) -> tuple[list, int]:
    """Make a part of a song: chords of a key in a rhythm, and a melody of chord tones and steps."""
    key, step = int(rng.integers(12)), int(rng.choice([240, 480, 960]))
    chords = rng.choice([0, 2, 4, 5, 7, 9], bars)
    every, velocity, low = int(rng.choice([240, 480, 1920])), int(rng.integers(50, 100)), 36
    notes = []
    for bar, chord in enumerate(chords.tolist()):
        start = bar * 4 * QUARTER
        for onset in range(start, start + 4 * QUARTER, every):
            for tone in (0, 4, 7):
                notes.append((onset, every, low + 12 + key + chord + tone, velocity))
        for onset in range(start, start + 4 * QUARTER, step):
            pitch = 72 + key + int(rng.choice([0, 2, 4, 7, 9, 12]))
            notes.append((onset, step, min(pitch, 108), min(velocity + 15, 127)))
    return notes, bars


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Compute the mean difference of confidence and share of right ones over ten bins."""
    place = np.minimum((confidence * 10).astype(int), 9)
    parts = [place == i for i in range(10)]
    return float(
        sum(abs(confidence[part].sum() - right[part].sum()) for part in parts) / len(right)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pretrain, key and vgmidi")
    options = parser.parse_args()
    songs = READERS["pop909_structure"](options.data)
    _, test = hold_out(songs, "fold-0", 5, 0)
    pieces = [songs.pieces[i] for i in test]
    annotated = [boundaries_of(piece) for piece in pieces]
    views = {
        "POP909": ([piece.path for piece in pieces], annotated),
        "nominal tempo": ([as_file(at_nominal_tempo, p.path) for p in pieces], annotated),
        "scores": scores_with_barlines(options.data),
        "joined phrases": joined_phrases(options.data),
        "made songs": made_songs(),
    }
    segmenters = {
        "model": partial(Segmenter.from_pretrained, "phrases"),
        "novelty": partial(Segmenter.from_pretrained, "novelty"),
    }
    heads = (
        *(f"F at {t:g} s" for t in TOLERANCES),
        *(f"calibration {t:g} s" for t in TOLERANCES),
        *("parts", "annotated", "seconds"),
    )
    print(f"{'':26}{'pieces':>7}" + "".join(f"{head:>22}" for head in heads))
    for view, (sources, references) in views.items():
        for name, make in segmenters.items():
            cells, errors, seconds, parts = [], [], 0.0, 0.0
            for tolerance in TOLERANCES:
                segmenter = make(tolerance=f"{tolerance:g}")
                segmenter.segment(sources[:1], workers=0)
                start = time.perf_counter()
                found = segmenter.segment(sources, workers=0)
                seconds = (time.perf_counter() - start) / len(sources)
                parts = float(np.mean([len(one.times) - 1 for one in found]))
                scores = np.array(
                    [
                        boundary_scores(reference, one.times, (tolerance,))[f"f_{tolerance:g}"]
                        for reference, one in zip(references, found, strict=True)
                    ]
                )
                low, high = grouped_bootstraps(
                    lambda rows, scores=scores: [float(scores[rows].mean())],
                    [str(number) for number in range(len(sources))],
                )
                cells.append(f"{scores.mean():.3f} [{low[0]:.3f}, {high[0]:.3f}]")
                errors.append(
                    calibration_error(
                        np.concatenate([one.confidence[1:-1] for one in found]),
                        np.concatenate(
                            [
                                matched(reference, one.times[1:-1], tolerance)
                                for reference, one in zip(references, found, strict=True)
                            ]
                        ),
                    )
                )
            true = np.mean([len(reference) - 1 for reference in references])
            cells += [*(f"{error:.3f}" for error in errors), f"{parts:.1f}", f"{true:.1f}"]
            cells.append(f"{seconds:.3f}")
            row = "".join(f"{cell:>22}" for cell in cells)
            print(f"{view + ', ' + name:26}{len(sources):>7}{row}", flush=True)


if __name__ == "__main__":
    main()
