"""Whether anything breaks the way from bytes to what the model is given.

    python benchmarks/fuzzing.py DATA --midi 100000 --musicxml 5000 --seed 0

Files of DATA are damaged (`mutations.py`) and heard as the scorer hears them, in workers with their
limits. An input is either heard (ids within their vocabularies, all numbers finite) or refused with
a reason of one line, in seconds and in modest memory. Whatever else happens is counted, the input
saved in the folder BROKEN, and the exit status is 1.
"""

import argparse
import os
import re
import resource
import sys
import time
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy

import numpy as np
import pandas as pd
from mutations import mutant

from symbolic.features import FEATURE_NAMES, TONAL_NAMES
from symbolic.notes import ReadError
from symbolic.notes.pool import apply_many
from symbolic.notes.sources import find_files
from symbolic.scoring.emotion import DEFAULT_MODEL
from symbolic.scoring.notes import PieceInputs, prepare
from symbolic.tokenizers import Tokenizer, load_tokenizer

NAMES = FEATURE_NAMES + TONAL_NAMES
SLOW = 10.0  # seconds
LARGE = 2**30  # bytes that one input may add to the most that its process has taken
BROKEN = (
    "lost",
    "out of time",
    "exception",
    "not finite",
    "bad ids",
    "bad reason",
    "slow",
    "large",
)
TOGETHER = 8
BARS = 6  # of a score, besides its first


@dataclass(frozen=True)
class Verdict:
    """What came of an input: "scored", "refused" or one of `BROKEN`, and the words for it."""

    outcome: str
    words: str = ""


def judged(sources: Sequence[bytes], tokenizer: Tokenizer) -> list[Verdict]:
    """What comes of each input, all features and ids asked for."""
    return [_judged(source, tokenizer) for source in sources]


def _judged(source: bytes, tokenizer: Tokenizer) -> Verdict:
    memory, start = _peak(), time.perf_counter()
    try:
        verdict = _heard(prepare([source], tokenizer, NAMES, True)[0], tokenizer)
    except ReadError as error:
        verdict = _refused(error)
    except Exception as error:
        verdict = Verdict("exception", f"{type(error).__name__}: {error}")
    if (seconds := time.perf_counter() - start) > SLOW:
        return Verdict("slow", f"{seconds:.0f} s, then {verdict.outcome}: {verdict.words}")
    if (grown := _peak() - memory) > LARGE:
        return Verdict("large", f"{grown >> 20} MiB, then {verdict.outcome}: {verdict.words}")
    return verdict


def _heard(piece: PieceInputs, tokenizer: Tokenizer) -> Verdict:
    numbers = [*piece.features, piece.seconds]
    if not (np.isfinite(numbers).all() and 1 <= np.nan_to_num(piece.mean_velocity, nan=1) <= 127):
        names = np.array([*NAMES, "seconds"])[~np.isfinite(numbers)]
        return Verdict("not finite", ", ".join(names[:5]) or "mean_velocity")
    ids, sizes = piece.ids, tokenizer.vocab_sizes
    if ids.shape != (piece.notes, len(sizes)) or (ids < 0).any() or (ids >= sizes).any():
        return Verdict("bad ids", f"{ids.min(axis=0)} to {ids.max(axis=0)}")
    return Verdict("scored")


def _refused(error: ReadError) -> Verdict:
    reason = error.reason
    good = 0 < len(reason) < 400 and len(reason.splitlines()) == 1 and reason.isprintable()
    return Verdict("refused" if good and "Traceback" not in reason else "bad reason", reason)


def _peak() -> int:
    """Bytes, the most that this process has taken."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def verdicts(
    inputs: Iterable[bytes], tokenizer: Tokenizer, workers: int | None = None
) -> Iterator[Verdict]:
    """What comes of each input in workers, where one that takes its process down is lost."""
    apply = partial(judged, tokenizer=tokenizer)
    for answer in apply_many(apply, inputs, workers, files_per_task=TOGETHER):
        if isinstance(answer, ReadError):
            late = answer.reason.startswith("not read within")
            answer = Verdict("out of time" if late else "lost", answer.reason)
        yield answer


@dataclass
class RunSummary:
    """What came of many inputs."""

    seconds: float = 0.0
    outcomes: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    broken: dict[int, Verdict] = field(default_factory=dict)

    def add(self, number: int, verdict: Verdict) -> None:
        self.outcomes[verdict.outcome] += 1
        if verdict.outcome == "refused":
            self.reasons[kind(verdict.words)] += 1
        elif verdict.outcome != "scored":
            self.broken[number] = verdict

    def row(self) -> dict[str, object]:
        inputs = self.outcomes.total()
        counts = {name: self.outcomes[name] for name in ("scored", "refused", *BROKEN)}
        rate = round(inputs / self.seconds, 1)
        return {"inputs": inputs, **counts, "seconds": round(self.seconds), "inputs/s": rate}


def kind(reason: str) -> str:
    """A reason without its numbers, names and details."""
    head, _, rest = re.sub(r"b?'.*|<.*| \(.*", "...", reason).partition(":")
    if head.startswith("music21"):
        head += f": {rest.split(':')[0].strip()}"
    return re.sub(r"\b\d[\w.,+-]*", "#", head)


def fuzz(
    bases: Sequence[bytes], count: int, seed: int, tokenizer: Tokenizer, workers: int | None
) -> RunSummary:
    """Hear as many inputs as `count`, made of the bases."""
    from tqdm import tqdm

    tally, start = RunSummary(), time.perf_counter()
    inputs = (mutant(bases, seed, number) for number in range(count))
    answers = verdicts(inputs, tokenizer, workers)
    for number, verdict in enumerate(tqdm(answers, total=count, unit="input", mininterval=5)):
        tally.add(number, verdict)
    tally.seconds = time.perf_counter() - start
    if tally.outcomes.total() != count:
        raise AssertionError(f"{tally.outcomes.total()} answers to {count} inputs")
    return tally


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
