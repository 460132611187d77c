"""How often windows of a timeline say of a clip what is said of the whole, by their length.

    python benchmarks/timeline_windows.py DATA/emopia/midi

The model in the package has learnt from EMOPIA's clips: this tells how steady its answers are, and
not how often they are right. Only whole windows count, each clip as much as any other.
"""

import argparse
from pathlib import Path

import pandas as pd

from symbolic import EmotionScorer
from symbolic.scoring.timeline import timeline
from symbolic.scoring.windows import SlidingWindow

LENGTHS = (5, 10, 15, 20, 30)
HOP = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="clips")
    parser.add_argument("--least", type=float, default=40.0, help="seconds of a clip (40)")
    options = parser.parse_args()
    scorer = EmotionScorer.from_pretrained()
    whole = scorer.score(options.folder).set_index("path")
    whole = whole[(whole["error"] == "") & (whole["seconds"] >= options.least)]
    rows = []
    for length in LENGTHS:
        windows = timeline(scorer, whole.index.tolist(), SlidingWindow(length, HOP))
        windows = windows[(windows["end"] - windows["start"] >= length - 1e-6)]
        windows = windows[windows["quadrant"].notna()]
        clip = whole.loc[windows["path"]].reset_index(drop=True)
        windows = windows.reset_index(drop=True)
        agree = pd.DataFrame(
            {
                "same quadrant": windows["quadrant"] == clip["quadrant"],
                "same side of arousal": windows["arousal"] * clip["arousal"] > 0,
                "same side of valence": windows["valence"] * clip["valence"] > 0,
            }
        )
        means = agree.groupby(windows["path"]).mean()
        rows.append(
            {"seconds": length, "clips": len(means), "windows": len(windows), **means.mean()}
        )
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
