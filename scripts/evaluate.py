"""Score trained models on what they held out, beside the baselines; prints Markdown."""

import argparse

from symbolic.data import DataArguments
from symbolic.evaluation import evaluate
from symbolic.tasks.metrics import best_temperature


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", help="model folders; several are folds, pooled")
    parser.add_argument("--emopia", help="folder of EMOPIA")
    parser.add_argument("--vgmidi", help="folder of VGMIDI")
    options = parser.parse_args()
    result = evaluate(options.models, DataArguments(emopia=options.emopia, vgmidi=options.vgmidi))
    print(f"{len(result.quadrants)} pieces, {len(set(result.groups))} groups\n")
    print(result.table(), end="\n\n")
    for name in ("model", "majority", "extra_trees"):
        print(result.confusion_table(name), end="\n\n")
    temperature = best_temperature(result.quadrants, result.probabilities["model"])
    print(f"temperature that would fit these pieces best: {temperature:.2f} times the model's")
    print(f"key as the profiles name it: {result.key_agreement:.3f}")
    print("masked velocity: {:.3f}, most frequent class {:.3f}".format(*result.velocity))


if __name__ == "__main__":
    main()
