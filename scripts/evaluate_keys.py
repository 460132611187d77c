"""Compare the key column of scored music, and the profiles, with annotated keys.

The model in the package has learnt the keys of POP909 and When in Rome: what it says of these is no
measure of it; scripts/train_key.py cross-validates.
"""

import argparse

from symbolic import EmotionScorer
from symbolic.evaluation.notes import evaluate_keys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", help="CSV with a column `file` and one of annotated keys")
    parser.add_argument("folder", help="folder of the files")
    parser.add_argument("--column", default="key", help="name of the column of keys")
    parser.add_argument("--model", help="folder or hub name (default: the model in the package)")
    options = parser.parse_args()
    scorer = EmotionScorer.from_pretrained(options.model)
    for what, value in evaluate_keys(scorer, options.table, options.folder, options.column).items():
        print(f"{what}: {value:.3f}" if isinstance(value, float) else f"{what}: {value}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
