"""Whether two commits find the same parts: boundaries, names, activations, and frames of plots.

    python benchmarks/same_parts.py DATA --former CHECKOUT

100 songs of POP909 and 30 MusicXML scores of music21's corpus, drawn by chance, by the model in the
package and by novelty, for both tolerances.
"""

import argparse
import os
import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).parents[1]
CODE = """
import pickle, random, sys
from pathlib import Path
from music21 import corpus
from symbolic import Segmenter
random.seed(0)
songs = sorted(Path(sys.argv[1]).rglob("*.mid"))
scores = sorted(path for path in map(Path, corpus.getPaths()) if path.suffix == ".mxl")
files = random.sample(songs, 100) + random.sample(scores, 30)
found = []
for method in ("phrases", "novelty"):
    for tolerance in ("0.5", "3"):
        segment = Segmenter.from_pretrained(method, tolerance=tolerance).segment
        for piece in (segment(file, workers=0)[0] for file in files):
            found.append((piece.error, piece.times, piece.confidence, piece.activation,
                          piece.frames, piece.names.labels, piece.names.similar_to))
pickle.dump(found, open(sys.argv[2], "wb"))
"""


def parts_of(checkout: Path, data: Path) -> list[tuple]:
    """Segment the files with the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"}
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "found.pickle"
        songs = data / "pretrain" / "pop909"
        command = [sys.executable, "-c", CODE, str(songs), str(path)]
        subprocess.run(command, env=environment, cwd=scratch, check=True)
        return pickle.loads(path.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pretrain/pop909")
    parser.add_argument("--former", type=Path, required=True, help="checkout of another commit")
    options = parser.parse_args()
    checkouts = (ROOT, options.former.resolve())
    names = ("error", "times", "confidence", "activation", "frames", "labels", "similar_to")
    now, former = (parts_of(checkout, options.data.resolve()) for checkout in checkouts)
    print(f"{len(now)} segmentations")
    for name, one, other in zip(
        names, zip(*now, strict=True), zip(*former, strict=True), strict=True
    ):
        pairs = list(zip(one, other, strict=True))
        line = f"{name:12}{sum(np.array_equal(*pair) for pair in pairs):>5} are equal"
        if isinstance(one[0], np.ndarray):
            apart = max(
                float(np.abs(a - b).max(initial=0)) if a.shape == b.shape else np.inf
                for a, b in pairs
            )
            line += f", largest difference {apart:.2g}"
        print(line)


if __name__ == "__main__":
    main()
