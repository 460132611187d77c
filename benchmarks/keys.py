"""How fast keys are found, and whether they are those of music21's `stream.analyze`.

    OMP_NUM_THREADS=1 python benchmarks/keys.py FOLDER... --files 40

Both sides weigh notes by their quarters, against the same profile. music21 reads and analyses each
file once, past its cache of parsed files; ours is the best of several passes over all files, as one
pass takes milliseconds. Seconds are of processor time, so that other work on the machine counts
less. Scores (MusicXML) are parsed by music21 on both sides: only the key is timed.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from music21 import converter, stream

from symbolic import read_notes
from symbolic.notes import MIDI_SUFFIXES, NoteTable, ReadError
from symbolic.notes.batch import NoteBatch, note_batch, read_batch
from symbolic.notes.keys import (
    KEY_NAMES,
    estimate_key,
    key_scores,
    parse_key,
    pitch_class_histogram,
)
from symbolic.notes.sources import find_files

METHODS = {"krumhansl-kessler": "key.krumhanslschmuckler", "aarden-essen": "key"}
"""What music21 calls our profiles; the first is timed."""

PASSES = 7
BATCH = 100


def timed(function: Callable, *arguments, **options) -> tuple[object, float]:
    start = time.process_time()
    result = function(*arguments, **options)
    return result, time.process_time() - start


def best(function: Callable) -> float:
    return min(timed(function)[1] for _ in range(PASSES))


@dataclass
class Compared:
    """One file on both sides; keys by profile."""

    file: Path
    notes: NoteTable
    music21: dict[str, int]
    unrounded: dict[str, int]  # by music21 again, told to keep the times of a MIDI file
    from_its_notes: dict[str, int]  # by our correlation, from the histogram of music21's notes
    parse_seconds: float
    key_seconds: float
    unrounded_seconds: float  # parse and key

    @property
    def is_midi(self) -> bool:
        return self.file.suffix.lower() in MIDI_SUFFIXES


def key_name(key: int | None) -> str:
    return "no key" if key is None else KEY_NAMES[key]


def key_number(score: stream.Stream, method: str) -> int:
    key = score.analyze(method)
    return parse_key(f"{key.tonic.name} {key.mode}")


def histogram(score: stream.Stream) -> np.ndarray:
    """(12,) quarters of each pitch class as music21 has read them."""
    heard = [
        (pitch.pitchClass, float(one.quarterLength))
        for one in score.flatten().notes
        for pitch in one.pitches
    ]
    pitch_class, quarters = np.array(heard).T
    return np.bincount(pitch_class.astype(int), quarters, minlength=12)


def compare(file: Path) -> Compared:
    """Raises whatever music21 raises at the file."""
    score, parse_seconds = timed(converter.parse, file, forceSource=True)
    first, *others = METHODS.items()
    number, key_seconds = timed(key_number, score, first[1])
    keys = {first[0]: number} | {name: key_number(score, method) for name, method in others}
    heard = histogram(score)
    own = {name: int(key_scores(heard, name).argmax()) for name in METHODS}
    if file.suffix.lower() in MIDI_SUFFIXES:
        notes = read_notes(file)
        score, kept_seconds = timed(converter.parse, file, forceSource=True, quantizePost=False)
        kept_seconds += timed(key_number, score, first[1])[1]
        unrounded = {name: key_number(score, method) for name, method in METHODS.items()}
    else:
        # What a score says is not rounded in the first place.
        notes, unrounded, kept_seconds = read_notes(score), keys, np.nan
    return Compared(file, notes, keys, unrounded, own, parse_seconds, key_seconds, kept_seconds)


def overlaps(notes: NoteTable) -> bool:
    """Whether a pitch is struck while it sounds: which of its ends belongs to which is open."""
    order = np.lexsort((notes.onset_ticks, notes.pitch, notes.track))
    end = (notes.onset_ticks + notes.duration_ticks)[order]
    same = (np.diff(notes.track[order]) == 0) & (np.diff(notes.pitch[order]) == 0)
    return bool((same & (notes.onset_ticks[order][1:] < end[:-1])).any())


def near(notes: NoteTable) -> bool:
    """Whether music21 makes a chord of one length of notes that differ, its rounding switched off.

    It gathers what begins and ends within a 16th of a quarter and takes the length of the last.
    """
    order = np.lexsort((notes.onset_ticks, notes.track))
    begin, track = notes.onset_ticks[order], notes.track[order]
    end = begin + notes.duration_ticks[order]
    steps = np.abs(np.stack([np.diff(begin), np.diff(end)]))
    gathered = (steps < notes.ticks_per_quarter / 16).all(axis=0) & (np.diff(track) == 0)
    return bool((gathered & steps.any(axis=0)).any())


def cause(one: Compared, name: str, ours: int | None) -> str:
    """Why the key of a file differs."""
    if one.from_its_notes[name] != one.music21[name]:
        return "keys that fit equally well"
    if not one.is_midi:
        return "music21 weighs what is written, we what sounds: repeats, graces, chord symbols"
    if one.unrounded[name] == ours:
        return "music21 rounds times to sixteenths and triplets"
    if overlaps(one.notes):
        return "notes of one pitch overlap: their ends are paired otherwise"
    if near(one.notes):
        return "music21 gathers notes that begin and end nearly together into chords of one length"
    return "unexplained"


def estimate_keys(batch: NoteBatch, profile: str = "krumhansl-kessler") -> np.ndarray:
    """Estimate the key of each piece of a batch as `estimate_key` does by quarters, in one call.

    Returns:
        (p,) int64 keys; -1 where no note has a length. Where keys fit equally well but for
        rounding, the order of the notes in a batch may choose another of them.
    """
    sounds = batch.counts > 0
    lowest = np.zeros(len(batch), np.int64)
    if sounds.any():  # pieces without notes leave no gap between those beside them
        lowest[sounds] = np.minimum.reduceat(batch.pitch, batch.starts[sounds])
    above = (batch.pitch - lowest.repeat(batch.counts)) % 12
    piece = np.arange(len(batch)).repeat(batch.counts)
    histograms = np.bincount(piece * 12 + above, batch.duration_ticks, minlength=12 * len(batch))
    histograms = histograms.reshape(-1, 1, 12)
    # A row at a time inside one product: that of whole matrices rounds otherwise, and keys that
    # fit equally well would not be ordered as in `estimate_key`.
    best = key_scores(histograms, profile).argmax(axis=-1)[:, 0]
    keys = (lowest + best) % 12 + 12 * (best >= 12)
    return np.where(histograms.any(axis=-1)[:, 0], keys, -1)


def speed_rows(folder: str, pieces: list[Compared]) -> list[tuple]:
    files = [str(one.file) for one in pieces]
    tables = [one.notes for one in pieces]
    groups = [slice(i, i + BATCH) for i in range(0, len(files), BATCH)]
    batches = [note_batch(tables[group]) for group in groups]

    def keys():
        return [estimate_key(table, "quarters") for table in tables]

    def keys_of_batches():
        return [estimate_keys(batch) for batch in batches]

    def read_and_keys():
        return [estimate_key(read_notes(file), "quarters") for file in files]

    def read_and_keys_of_batches():
        return [estimate_keys(read_batch(files[group])[0]) for group in groups]

    key = sum(one.key_seconds for one in pieces)
    whole = key + sum(one.parse_seconds for one in pieces)
    unrounded = sum(one.unrounded_seconds for one in pieces)
    jobs = [("key", key, np.nan, keys), ("key, batch", key, np.nan, keys_of_batches)]
    if all(one.is_midi for one in pieces):
        jobs += [
            ("read, key", whole, unrounded, read_and_keys),
            ("read, key, batch", whole, unrounded, read_and_keys_of_batches),
        ]
    count, notes = len(files), sum(map(len, tables))
    rows = []
    for what, theirs, kept, job in jobs:
        ours = best(job)
        speeds = (theirs, ours, count / theirs, count / ours, theirs / ours, kept / ours)
        rows.append((folder, what, count, notes, *speeds))
    return rows


def agreement(folder: str, pieces: list[Compared]) -> tuple[list[tuple], list[str]]:
    """Rows of how many keys are the same, and a line for each file whose key is not."""
    rows, lines = [], []
    for name in METHODS:
        ours = [estimate_key(one.notes, "quarters", name) for one in pieces]
        pairs = list(zip(pieces, ours, strict=True))
        same = sum(one.music21[name] == key for one, key in pairs)
        unrounded = sum(one.unrounded[name] == key for one, key in pairs)
        seconds = sum(one.music21[name] == estimate_key(one.notes, profile=name) for one in pieces)
        own = sum(one.from_its_notes[name] == one.music21[name] for one in pieces)
        n = len(pieces)
        rows.append((folder, name, n, same, same / n, seconds / n, unrounded / n, own / n))
        for one, key in pairs:
            if (other := one.music21[name]) != key:
                scores = key_scores(pitch_class_histogram(one.notes, "quarters"), name)
                margin = scores.max() - scores[other]
                keys = f"{key_name(key)}, music21 {key_name(other)}, {margin:.4f} below"
                lines.append(f"  {one.file.name}, {name}: {keys}: {cause(one, name, key)}")
    return rows, lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="MIDI files or scores")
    parser.add_argument(
        "--files", type=int, default=40, help="how many of each, evenly spaced (40)"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # music21's, about files
    speeds, agreements, lines = [], [], []
    for folder in options.folders:
        files = list(find_files(folder))
        count = min(options.files, len(files))
        pieces = []
        for file in (files[i * len(files) // count] for i in range(count)):
            try:
                pieces.append(compare(file))
            except ReadError as error:
                lines.append(f"  left out, {error}")
            except Exception as error:  # music21 raises whatever its parser stumbles over
                lines.append(f"  left out, music21 fails: {file.name}: {error!r:.90}")
        if not pieces:
            parser.error(f"nothing to compare in {folder}")
        name = "/".join(folder.parts[-2:])
        speeds += speed_rows(name, pieces)
        rows, differences = agreement(name, pieces)
        agreements += rows
        lines += differences
    columns = ["folder", "what", "files", "notes", "music21 s", "ours s", "music21 files/s"]
    table = pd.DataFrame(speeds, columns=[*columns, "ours files/s", "ratio", "times kept"])
    print(f"one thread; ours best of {PASSES}; batches of {BATCH}")
    print("ratio: music21's seconds to ours; times kept: where it does not round them either")
    formats = {"ours s": "{:.5f}".format, "music21 s": "{:.2f}".format}
    formats["music21 files/s"] = "{:.2f}".format
    print(
        table.to_string(index=False, na_rep="", float_format="{:,.0f}".format, formatters=formats)
    )
    columns = ["folder", "profile", "files", "same", "share"]
    columns += ["by seconds", "times kept", "its own notes"]
    table = pd.DataFrame(agreements, columns=columns)
    print(
        "\nSame key as music21: by quarters, by seconds, where it keeps the times, from its notes"
    )
    print(table.to_string(index=False, float_format="{:.4f}".format))
    print(
        "\nFiles that differ, with how much less music21's key fits our notes, or were left out",
        *lines or ["  none"],
        sep="\n",
    )


if __name__ == "__main__":
    main()
