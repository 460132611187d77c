"""Whether anything breaks the way from bytes to what the model is given.

    python benchmarks/fuzzing.py DATA --midi 100000 --musicxml 5000 --seed 0

Files of DATA are damaged and prepared as in `tests/fuzzing/run.py`. What breaks something is saved
in the folder BROKEN, and the exit status is 1.
"""

import argparse
import os
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import pandas as pd
from fuzzing.mutations import mutant
from fuzzing.run import fuzz

from symbolic.notes.sources import find_files
from symbolic.scoring.emotion import DEFAULT_MODEL
from symbolic.tokenizers import load_tokenizer

BARS = 6  # of a score, besides its first


def midi_bases(folder: Path, count: int = 300) -> list[bytes]:
    """MIDI files, evenly spaced from the smallest on, most of them small; a few large ones."""
    files = sorted(find_files(folder, suffixes=(".mid",)), key=os.path.getsize)
    small = files[: len(files) * 2 // 3]
    return [file.read_bytes() for file in small[:: len(small) // count or 1] + files[-3:]]


def musicxml_bases(folder: Path, count: int = 100) -> list[bytes]:
    """The first bar and a few of the others of scores, as text; of a few small scores all bars."""
    files = sorted(find_files(folder, suffixes=(".mxl",)), key=os.path.getsize)
    bases = []
    for place, file in enumerate(files[:: len(files) // count or 1]):
        with zipfile.ZipFile(file) as archive:
            score = max(archive.infolist(), key=lambda inside: inside.file_size)
            root = ET.fromstring(archive.read(score))
        for part in root.iter("part") if place > 10 else ():
            bars = part.findall("measure")
            first = 1 + place * 7 % len(bars)
            for bar in bars[1:first] + bars[first + BARS :]:
                part.remove(bar)
        bases.append(ET.tostring(root))
    return bases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of MIDI and zipped MusicXML")
    parser.add_argument("--midi", type=int, default=100_000, help="inputs (100000)")
    parser.add_argument("--musicxml", type=int, default=5_000, help="inputs (5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, help="processes (one for each core)")
    parser.add_argument("--broken", type=Path, default=Path("broken"), help="where to save inputs")
    options = parser.parse_args()
    tokenizer = load_tokenizer("CPTokenizer", os.fspath(DEFAULT_MODEL))
    tallies = {}
    for name, read, count in (
        ("midi", midi_bases, options.midi),
        ("musicxml", musicxml_bases, options.musicxml),
    ):
        if not count:
            continue
        bases = read(options.data)
        tally = tallies[name] = fuzz(bases, count, options.seed, tokenizer, options.workers)
        for number, verdict in tally.broken.items():
            options.broken.mkdir(parents=True, exist_ok=True)
            suffix = "mid" if name == "midi" else "musicxml"
            file = options.broken / f"{options.seed}_{number}.{suffix}"
            file.write_bytes(mutant(bases, options.seed, number))
            print(f"{file}: {verdict.outcome}: {verdict.words[:300]}")
    rows = [tally.row() for tally in tallies.values()]
    print(pd.DataFrame(rows, index=list(tallies)).to_string())
    for name, tally in tallies.items():
        print(f"\n{name} refused")
        for reason, count in tally.reasons.most_common():
            print(f"{count:8d}  {reason}")
    return int(any(tally.broken for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
