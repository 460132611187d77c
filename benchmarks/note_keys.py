"""Keys from the head of an encoder of notes, beside the key network and key profiles.

    python benchmarks/pop909_split.py DATA pop909.csv
    symbolic train --pretrained base --labelled pop909.csv --hold-out labelled-test \
      --tasks key=0.3,velocity --output-dir RUN         # options: docs/experiments/pretraining.md
    OMP_NUM_THREADS=1 python benchmarks/note_keys.py DATA pop909.csv RUN

The songs are those with one key in the test part of the table. The network is trained here, as by
`symbolic train-key` but without these songs: on the other songs alone, as the head is, and with
When in Rome. Differences have 95 % intervals from drawing songs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import TrainingArguments

from symbolic.inference.prediction import predict_features
from symbolic.inference.prediction_table import columns_of, read_predictions
from symbolic.tasks import KEY
from symbolic.tasks.intervals import grouped_bootstrap
from symbolic.tasks.metrics import mirex_key_score
from symbolic.tokenizers import build_tokenizer
from symbolic.training.keys import KEY_DEFAULTS, KeyArguments, examples, train_on
from symbolic.training.run_folder import PREDICTIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("table", type=Path, help="of pop909_split.py")
    parser.add_argument("run", type=Path, help="trained by it, with the task key")
    options = parser.parse_args()
    table = pd.read_csv(options.table, dtype=str, keep_default_na=False)
    tested = set(table.loc[(table["split"] == "test") & (table["key"] != ""), "group"])
    pop909 = options.data / "pretrain" / "pop909"
    arguments = KeyArguments(
        pop909=str(pop909),
        pop909_keys=str(options.data / "key" / "pop909_keys.csv"),
        when_in_rome=str(options.data / "key" / "when_in_rome"),
        when_in_rome_keys=str(options.data / "key" / "when_in_rome_keys.csv"),
    )
    data = examples(arguments)
    songs = np.array([piece.corpus == "pop909" for piece in data.pieces])
    unseen = {Path(path).name for path in table.loc[table["split"] == "test", "path"]}
    held = songs & np.array([piece.path.name in unseen for piece in data.pieces])
    test = songs & np.array([piece.path.name in tested for piece in data.pieces])
    names = [data.pieces[i].path.name for i in np.flatnonzero(test)]
    keys = data.keys[test]
    training = TrainingArguments(**{**KEY_DEFAULTS, "use_cpu": True, "output_dir": "unused"})
    tokenizer = build_tokenizer(arguments.tokenizer)
    found = {"profiles": data.profiles[test]}
    for name, chosen in (("POP909", songs & ~held), ("POP909, When in Rome", ~held)):
        model = train_on(data, chosen, tokenizer, replace(training))
        rows = data.rows[: len(songs)][test]
        found[f"network, {name}"] = predict_features(model, rows)["key"].argmax(axis=1)
    predictions = read_predictions(options.run / PREDICTIONS).set_index("file")
    chances = predictions[columns_of(KEY)].loc[names].to_numpy()
    found["head on notes"] = chances.argmax(axis=1)
    own = (found["head on notes"] == keys).astype(float)
    rows = []
    for name, keys_found in found.items():
        right = (keys_found == keys).astype(float)
        low, high = grouped_bootstrap(lambda i, r=right: (own[i] - r[i]).mean(), names)
        row = {"system": name, "songs": len(keys), "exact": right.mean()}
        row["MIREX"] = mirex_key_score(keys, keys_found).mean()
        row["head less this"] = f"{(own - right).mean():+.3f} [{low:+.3f}, {high:+.3f}]"
        rows.append(row)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
