"""Boundaries without learning: floors that a model of boundaries has to be above.

    python benchmarks/boundary_floors.py --corpus beatles --audio DATA/audio

Settings are chosen on the other folds, which are those that scripts/train.py holds out. With
`--notes` a corpus of MIDI is read and not made to sound.
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from annotators import annotator_agreement

from symbolic.audio.cache import features_of
from symbolic.data import AUDIO_READERS, group_folds
from symbolic.data.splits.audio_splits import drawn
from symbolic.encoders import BOUNDARY_SYSTEMS
from symbolic.evaluation.audio import audio_table, summarise_boundaries
from symbolic.notes import ReadError
from symbolic.structure.baselines import FLOORS, floor_rows
from symbolic.tasks import BOUNDARY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="as of scripts/train.py")
    parser.add_argument("--audio", required=True, help="folder of the corpus")
    parser.add_argument("--notes", action="store_true", help="pictures of notes")
    parser.add_argument("--fold", type=int, help="only the songs of this fold, which is held out")
    parser.add_argument(
        "--most", type=int, default=0, help="so many songs, as scripts/train.py has"
    )
    parser.add_argument("--cache_dir", help="where features are kept")
    options = parser.parse_args()
    corpus = drawn(AUDIO_READERS[options.corpus](options.audio), options.most)
    pieces = corpus.pieces
    kind = "roll" if options.notes else "mel"
    heard = BOUNDARY_SYSTEMS["roll" if options.notes else "mls"].front
    front = replace(heard, kinds=(kind, "chroma"))
    if corpus.features is None:
        frames = features_of([piece.path for piece in pieces], front, options.cache_dir)
        kept = [i for i, one in enumerate(frames) if not isinstance(one, ReadError)]
        pieces, frames = [pieces[i] for i in kept], [frames[i] for i in kept]
    else:
        frames = corpus.with_front_end(corpus.front_end_for(front)).features
    fold = group_folds(np.zeros(len(pieces), int), [piece.group for piece in pieces], 5, seed=0)
    found = {}
    for name, guesses in FLOORS.items():
        frame = pd.DataFrame(floor_rows(guesses, pieces, frames, front, fold))
        if options.fold is not None:
            frame = frame[frame["fold"] == f"fold-{options.fold}"]
        found[name] = summarise_boundaries(frame, BOUNDARY)
    print(audio_table(found))
    if options.corpus == "pop909_structure":
        scores = pd.DataFrame(annotator_agreement(options.audio)).T
        scores = scores[scores.index.isin(frame["group"])]
        print(f"\nannotator 2 against annotator 1, {len(scores)} songs, mean and deviation")
        print(scores.agg(["mean", "std"]).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
