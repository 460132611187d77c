"""How soon the first row is there, and how fast rows, features, ids and parts come after it.

    python benchmarks/first_call.py DATA --former CHECKOUT

Every figure is the median of `--runs` runs, each in a Python of its own, in turns for this checkout
and for that of an older commit (`git worktree add CHECKOUT 94a8d69`). `import of transformers` is
`from transformers import PreTrainedModel` in the same turn: what any model that transformers loads
takes before it does anything. Processor seconds are those of all processes. Parts are those of 61
songs of POP909, from file to result: the median of songs, in milliseconds of the processor; without
names nothing is computed that only names need. `--what` chooses rows by words in their names.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]

# What measured code has at hand; it prints a number.
BEFORE = """
import glob, os, resource, statistics, sys, time
data, scratch = sys.argv[1:]
def files(*folders):
    return sorted(f for folder in folders
                  for f in glob.glob(data + "/" + folder + "/**/*.mid*", recursive=True))
clip = files("emopia/midi")[0]
def best(function, runs=3):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
def used():
    return sum(sum(resource.getrusage(kind)[:2])
               for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
def mebibytes(kind):
    return resource.getrusage(kind).ru_maxrss / 1024
"""

TRANSFORMERS = "from transformers import PreTrainedModel\nprint(used())"
COMMAND = """
from symbolic.cli import main
sys.argv = ["symbolic", "score", clip]
sys.stdout = open(os.devnull, "w")
main(sys.argv[1:])
sys.stdout = sys.__stdout__
"""
LARGEST = "print(max(map(mebibytes, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))))"
SCORER = """
import symbolic
symbolic.EmotionScorer.from_pretrained().score(clip)
print(used())
"""
CORPUS = """
from symbolic import score_corpus
found = files("emopia/midi", "vgmidi/midi", "pretrain")
start = time.perf_counter()
tally = score_corpus(found, scratch + "/scores.csv")
assert tally.files == len(found)
print(len(found) / (time.perf_counter() - start))
"""
TABLES = """
from symbolic import read_notes
tables = [read_notes(f) for f in files("emopia/midi")]
"""
FEATURES = (
    TABLES
    + """
from symbolic.features import FEATURE_NAMES, TONAL_NAMES
import symbolic.features as features
names = (*FEATURE_NAMES, *TONAL_NAMES)
if hasattr(features, "feature_rows"):
    compute = lambda: features.feature_rows(tables, names)
else:
    compute = lambda: [features.features(table, names) for table in tables]
print(len(tables) / best(compute))
"""
)
ONE_BY_ONE = (
    TABLES
    + """
from symbolic.features import FEATURE_NAMES, TONAL_NAMES, features
names = (*FEATURE_NAMES, *TONAL_NAMES)
print(len(tables) / best(lambda: [features(table, names) for table in tables]))
"""
)
TIMELINE = """
import numpy as np, symbolic
from symbolic.notes import note_table
try:
    from symbolic.scoring.timeline import timeline
except ModuleNotFoundError:  # before packages of modules
    from symbolic.timeline import timeline
rng = np.random.default_rng(0)
n = 6000  # ten minutes, ten notes a second
notes = note_table(np.sort(rng.integers(0, 600 * 960, n)), rng.integers(50, 900, n),
                   rng.integers(36, 96, n), rng.integers(30, 110, n))
scorer = symbolic.EmotionScorer.from_pretrained()
timeline(scorer, [notes], workers=0)
print(best(lambda: timeline(scorer, [notes], workers=0)))
"""
IDS = """
from symbolic.tokenizers import build_tokenizer
tokenizer = build_tokenizer({name!r})
clips = files("emopia/midi")
print(len(clips) / best(lambda: [tokenizer.ids(f) for f in clips]))
"""
FIXED = """
import symusic
from symbolic.tokenizers import build_tokenizer
score, track = symusic.Score(480), symusic.Track()
for onset, duration, pitch in ((0, 900, 48), (0, {lasting}, 64), (480, 420, 67), (960, 400, 72)):
    track.notes.append(symusic.Note(onset, duration, pitch, 60 + pitch // 4))
score.tracks.append(track)
score.tempos.append(symusic.Tempo(0, 120))
score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
path = scratch + "/four.mid"
score.dump_midi(path)
tokenizer, calls = build_tokenizer({name!r}), 2000
print(1e6 / calls * best(lambda: [tokenizer.ids(path) for _ in range(calls)], 9))
"""
PARTS = """
from symbolic import Segmenter
from symbolic.structure import segmenter
if not {names}:
    segmenter.part_names = lambda *rest: segmenter.PartNames()
    segmenter._with_named_rows = lambda prepare, sources: prepare(sources)  # of former commits
    if {method!r} == "novelty":
        segmenter.beat_row = lambda *rest: None
songs = files("pretrain/pop909")[::15]
segment = Segmenter.from_pretrained({method!r}).segment
def taken(song):
    start = time.process_time()
    segment(song, workers=0)
    return time.process_time() - start
print(1000 * statistics.median(min(taken(song) for _ in range(5)) for song in songs))
"""
MIDITOK = """
from miditok import CPWord
tokenizer, clips = CPWord(), files("emopia/midi")[::10]
print(len(clips) / best(lambda: [tokenizer(f) for f in clips], 1))
"""


@dataclass(frozen=True)
class Measure:
    """A row of the table.

    Attributes:
        what: its name.
        unit: of the number that the code prints.
        code: measured code.
        beside: code whose number is measured in the same turn, for the ratio to it.
    """

    what: str
    unit: str
    code: str
    beside: str = ""


TOKENIZERS = ("cp-midibert", "cp-score", "cp-performance", "ferreira")
MEASURES = [
    Measure("import of transformers", "processor s", TRANSFORMERS),
    Measure("symbolic score one.mid", "processor s", COMMAND + "print(used())", TRANSFORMERS),
    Measure("memory of it, largest process", "MiB", COMMAND + LARGEST),
    Measure("first row of EmotionScorer", "processor s", SCORER, TRANSFORMERS),
    Measure("MIDI files, path to row", "files/s", CORPUS),
    Measure("features of many clips", "clips/s", FEATURES),
    Measure("features of single clips", "clips/s", ONE_BY_ONE),
    Measure("timeline of ten minutes", "s", TIMELINE),
    *(
        Measure(f"ids of single clips, {name}", "clips/s", IDS.format(name=name), MIDITOK)
        for name in TOKENIZERS
    ),
    *(
        Measure(f"ids of four notes, {name}", "microseconds", FIXED.format(name=name, lasting=400))
        for name in TOKENIZERS
    ),
    # Notes that end together: their order is that of the note-offs, which are looked up.
    Measure(
        "ids of four tied notes, ferreira",
        "microseconds",
        FIXED.format(name="ferreira", lasting=900),
    ),
    *(
        Measure(f"parts of a song, {method}{words}", "ms", PARTS.format(method=method, names=names))
        for names, words in ((False, ""), (True, ", names"))
        for method in ("novelty", "phrases")
    ),
]


def run(code: str, checkout: Path, data: Path) -> float:
    """Run code in a Python of its own with the package of a checkout; return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"}
    if "score_corpus" not in code:
        environment["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as scratch:
        done = subprocess.run(
            [sys.executable, "-c", BEFORE + code, str(data), scratch],
            env=environment,
            cwd=scratch,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with emopia, vgmidi and pretrain")
    parser.add_argument("--former", type=Path, help="checkout of an older commit")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is shown (5)")
    parser.add_argument("--what", default="", help="words in the names of rows, by commas")
    options = parser.parse_args()
    checkouts = {"now": ROOT} | ({"former": options.former.resolve()} if options.former else {})
    words = options.what.split(",")
    print(f"{os.cpu_count()} cores; medians of {options.runs} runs")
    heads = ["unit", *checkouts]
    if options.former:
        heads.append("times as good")
    heads += ["beside", "former beside"][: len(checkouts)]
    print(f"{'':34}" + "".join(f"{head:>15}" for head in heads))
    for measure in MEASURES:
        if not any(word in measure.what for word in words):
            continue
        found: dict[str, list[float]] = {name: [] for name in (*checkouts, "beside")}
        for _ in range(options.runs):
            for name, checkout in checkouts.items():
                found[name].append(run(measure.code, checkout, options.data.resolve()))
            if measure.beside:
                found["beside"].append(run(measure.beside, ROOT, options.data.resolve()))
        middle = {name: median(values) for name, values in found.items() if values}
        cells = [measure.unit, *(f"{middle[name]:,.3f}" for name in checkouts)]
        if options.former:
            ratio = middle["now"] / middle["former"]
            cells.append(f"{ratio if '/' in measure.unit else 1 / ratio:.2f}")
        if measure.beside:
            cells += [f"{middle[name] / middle['beside']:.2f}" for name in checkouts]
        print(f"{measure.what:34}" + "".join(f"{cell:>15}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
