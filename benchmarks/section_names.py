"""Names of parts beside the annotators of POP909: which parts are the same.

    OMP_NUM_THREADS=1 python benchmarks/section_names.py DATA
    OMP_NUM_THREADS=1 python benchmarks/section_names.py DATA --fit

Scores are those of mir_eval: precision, recall and F-measure of pairs of moments that are in parts
of one name, and the V-measure, means over the 155 songs that the model of phrases held out
(fold-0), by the first annotator. `X` and `x` of the annotation occur once each. Names that are all
the same, or all different, are what any method has to beat. `intro` and `outro` are counted for
parts of the annotation. `--fit` fits the weights of `symbolic.structure.naming` to the pairs of
parts of the other songs, as they are and with all notes in one track, and prints them.
"""

import argparse
import csv
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mir_eval.segment import pairwise, vmeasure
from mir_eval.util import adjust_intervals

from symbolic import Segmenter
from symbolic.audio.beat_rows import BeatRow, beat_row
from symbolic.data import READERS
from symbolic.data.corpora.phrases import parse_phrases
from symbolic.data.recordings.pop909_structure import structured_songs
from symbolic.data.splits.hold_out import hold_out
from symbolic.notes import NoteTable, read_notes
from symbolic.structure.naming import NAMING_ROLLS, beats_of, part_names, similarities

FRAME = 0.25  # seconds


@dataclass(frozen=True)
class Song:
    """A song with its parts by both annotators: boundaries in seconds and names; or None."""

    path: Path
    annotations: list[tuple[np.ndarray, list[str]] | None]

    def row(self, one_track: bool = False) -> BeatRow:
        """Read the song by beats."""
        notes: NoteTable = read_notes(self.path)
        if one_track:
            notes = replace(notes, track=np.zeros_like(notes.track))
        return beat_row(notes, "beat", None, NAMING_ROLLS)


def read_songs(data: Path) -> tuple[list[Song], list[Song]]:
    """Read the songs that the model of phrases was trained on, and those it held out."""
    with (data / "structure" / "pop909_phrases.csv").open(encoding="utf-8") as table:
        strings = {Path(row["file"]).stem: row for row in csv.DictReader(table)}
    songs = {}
    for song in structured_songs(data):
        annotations = []
        for number, boundaries in enumerate(song.boundaries, 1):
            phrases = parse_phrases(strings[song.path.stem][f"annotator{number}"])
            fits = len(boundaries) == len(phrases) + 1
            names = [f"{kind}{i}" if kind in "xX" else kind for i, (kind, _) in enumerate(phrases)]
            annotations.append((np.array(boundaries), names) if fits else None)
        songs[song.path] = Song(song.path, annotations)
    corpus = READERS["pop909_structure"](data)
    parts = [
        [songs[corpus.pieces[i].path] for i in chosen]
        for chosen in hold_out(corpus, "fold-0", 5, 0)
    ]
    train, test = ([song for song in part if song.annotations[0]] for part in parts)
    return train, test


def scores(reference: tuple[np.ndarray, list[str]], times: np.ndarray, names: list[str]) -> list:
    """Compute precision, recall, F-measure and V-measure."""
    edges, true = reference
    low, high = edges[0], edges[-1]
    found = np.stack([times[:-1], times[1:]], axis=1)
    inside = (found[:, 1] > low) & (found[:, 0] < high)
    names = [name for name, kept in zip(names, inside, strict=True) if kept]
    found, names = adjust_intervals(found[inside], names, t_min=low, t_max=high)
    spans = np.stack([edges[:-1], edges[1:]], axis=1)
    pairs = pairwise(spans - low, true, found - low, names, frame_size=FRAME)
    return [*pairs, vmeasure(spans - low, true, found - low, names, frame_size=FRAME)[2]]


def plain(labels: tuple[str, ...]) -> list[str]:
    """Return names without primes."""
    return [label.rstrip("'") for label in labels]


def fit(songs: list[Song]) -> None:
    """Fit the weights, and print them."""
    from sklearn.linear_model import LogisticRegression

    inputs, same = [], []
    for song in songs:
        edges, names = song.annotations[0]
        first, second = np.triu_indices(len(names), 1)
        for one_track in (False, True):
            row = song.row(one_track)
            inputs.append(similarities(row, beats_of(row, edges)))
            same.append([names[a] == names[b] for a, b in zip(first, second, strict=True)])
    model = LogisticRegression(max_iter=1000).fit(np.concatenate(inputs), np.concatenate(same))
    print("weights", np.round(model.coef_[0], 2).tolist(), "bias", round(model.intercept_[0], 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pretrain/pop909 and structure")
    parser.add_argument("--fit", action="store_true", help="print weights of the other songs")
    options = parser.parse_args()
    train, test = read_songs(options.data)
    if options.fit:
        fit(train)
        return
    rows = {song.path: song.row() for song in test}
    found: dict[str, list] = {}
    ends = {"intro": np.zeros(3, int), "outro": np.zeros(3, int)}  # both, named, annotated
    start, named = time.perf_counter(), 0
    for song in test:
        reference = song.annotations[0]
        edges, true = reference
        names = part_names(rows[song.path], edges).labels
        named += 1
        found.setdefault("parts of the annotation", []).append(
            scores(reference, edges, plain(names))
        )
        for place, name in ((0, "intro"), (-1, "outro")):
            is_named, is_true = names[place] == name, true[place] == name[0]
            ends[name] += [is_named and is_true, is_named, is_true]
        for name, labels in (("all the same", ["A"] * len(true)), ("all different", None)):
            labels = labels or [str(i) for i in range(len(true))]
            found.setdefault(f"the same, {name}", []).append(scores(reference, edges, labels))
        if song.annotations[1]:
            found.setdefault("second annotator", []).append(scores(reference, *song.annotations[1]))
    seconds = (time.perf_counter() - start) / named
    for model in ("phrases", "novelty"):
        for tolerance in ("0.5", "3"):
            segmenter = Segmenter.from_pretrained(model, tolerance=tolerance)
            for song, one in zip(test, segmenter.segment([s.path for s in test]), strict=True):
                names = plain(part_names(rows[song.path], one.times).labels)
                key = f"parts of {model}, {tolerance} s"
                found.setdefault(key, []).append(scores(song.annotations[0], one.times, names))
    print(f"{'':32}{'songs':>6}" + "".join(f"{h:>11}" for h in ("precision", "recall", "F", "V")))
    for key, values in found.items():
        cells = "".join(f"{value:>11.3f}" for value in np.mean(values, axis=0))
        print(f"{key:32}{len(values):>6}{cells}")
    for name, (both, is_named, is_true) in ends.items():
        print(f"{name}: precision {both / is_named:.3f}, recall {both / is_true:.3f}", end="; ")
        print(f"{is_true / len(test):.3f} of the songs have one")
    print(f"{1000 * seconds:.1f} ms a song, with four scores")


if __name__ == "__main__":
    main()
