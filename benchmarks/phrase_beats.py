"""How often the beat is found on which the phrases of POP909 begin, by melodies as published.

   python benchmarks/phrase_beats.py --data DATA --melodies MELODIES

MELODIES has `001/melody.txt` and so on as the project of the phrases publishes them (Dai 2020): on
each line a pitch, 0 for a rest, and sixteenths. The first rest tells the beat. Songs that are not
there are left out.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from symbolic.data.corpora.phrase_alignment import MELODY, beat_numbers
from symbolic.data.recordings.pop909_structure import read_beats, structured_songs
from symbolic.notes import read_notes

FIRST = 8  # lines of a melody that are matched with the notes


def true_beat(melody: Path, beats: np.ndarray, path: Path) -> float:
    """The beat of a song, with fractions, on which its published melody begins."""
    lines = [line.split() for line in melody.read_text(encoding="utf-8").splitlines()[:FIRST]]
    pitch, length = np.array(lines, float).T
    at = (np.cumsum(length) - length)[pitch > 0] / 4
    pitch = pitch[pitch > 0]
    notes = read_notes(path)
    notes = notes.select(notes.track == MELODY)
    onsets = beat_numbers(beats, notes.onset)
    starts = onsets[:60] - at[0]  # the first of them might be any of the first notes
    apart = np.abs(onsets - (starts[:, None, None] + at[:, None]))  # (starts, lines, notes)
    same = (notes.pitch - pitch[:, None]) % 12 == 0
    return float(starts[((apart < 0.3) & same).any(axis=2).sum(axis=1).argmax()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for `read_pop909_structure`")
    parser.add_argument("--melodies", type=Path, required=True)
    options = parser.parse_args()
    late: Counter[int] = Counter()
    for song in structured_songs(options.data):
        melody = options.melodies / song.path.stem / "melody.txt"
        if song.alignment is not None and melody.is_file():
            beats = read_beats(options.data / "structure" / "beats" / f"{song.path.stem}.txt")
            late[song.alignment.start - round(true_beat(melody, beats, song.path))] += 1
    print(f"{late[0]} of {sum(late.values())} right; beats late: {dict(sorted(late.items()))}")


if __name__ == "__main__":
    main()
