"""Files of a run folder: model, tokenizer or feature extractor, `training.json`, predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils.hub import cached_file

from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.groups import hashed_group
from symbolic.inference.prediction_table import Row, write_predictions
from symbolic.modeling import SymbolicModel
from symbolic.packaged import packaged
from symbolic.training.trainer import TRAINING_RECORD as TRAINING_RECORD
from symbolic.training.trainer import FitArguments

PREDICTIONS = "predictions.csv"  # of the held-out pieces
METRICS = "metrics.json"  # of these predictions
FINGERPRINTS = "training_pieces.npz"  # of the pieces trained on
UNKNOWN = "pieces_unknown_of"  # in the record: a model whose training pieces are not known

RECORDED = (
    *("max_steps", "weight_decay", "warmup_steps", "gradient_accumulation_steps"),
    *("gradient_checkpointing", "max_grad_norm", "bf16", "train_sampling_strategy"),
)
"""Options of `transformers.TrainingArguments` in the record, under their own names."""


def save_run(
    model: SymbolicModel,
    save_input: Callable[[Path], object],
    data: dict[str, Any],
    groups: Iterable[str],
    pieces: Fingerprints,
    arguments: Any,
    fitting: FitArguments,
    training: TrainingArguments,
    rows: list[Row],
    unknown: str = "",
) -> None:
    """Save a model, its tokenizer or feature extractor, its record and its predictions.

    Args:
        model: trained.
        save_input: saves the tokenizer or the feature extractor in a folder.
        data: description of the data for the record: names of files, without folders.
        groups: trained on, as `symbolic.data.group_name` writes them, with validation groups.
        pieces: fingerprints of the pieces trained on, with validation pieces.
        arguments: data class of the model's arguments.
        fitting, training: arguments of the training; `training.output_dir` is the folder.
        rows: predictions of held-out pieces; without rows no file is written.
        unknown: as of `unknown_origin`, of the model that training began with.
    """
    output = Path(training.output_dir or ".")
    model.save_pretrained(output)
    save_input(output)
    shape, fit = asdict(arguments), asdict(fitting)
    del fit["overwrite"]
    for name in ("tokenizer", "pretrained"):
        if shape.get(name):
            shape[name] = Path(shape[name]).name
    record = {
        "data": data,
        "model": shape,
        "fit": fit,
        "epochs": training.num_train_epochs,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": str(getattr(training.lr_scheduler_type, "value", "")),
        "batch_size": training.per_device_train_batch_size,
        **{name: getattr(training, name) for name in RECORDED},
        "seed": training.seed,
        **({UNKNOWN: unknown} if unknown else {}),
        "groups": _hashes(groups),
    }
    (output / TRAINING_RECORD).write_text(
        json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    pieces.save(output / FINGERPRINTS)
    for name in (PREDICTIONS, METRICS):  # of a model that was here before
        (output / name).unlink(missing_ok=True)
    if rows:
        write_predictions(rows, output / PREDICTIONS)


def _hashes(groups: Iterable[str]) -> dict[str, str]:
    """By corpus, the hashes of its groups, separated by spaces."""
    hashes: dict[str, list[str]] = {}
    for name in sorted(set(map(hashed_group, groups))):
        corpus, _, digest = name.rpartition("#")
        hashes.setdefault(corpus.removesuffix(": "), []).append(digest)
    return {corpus: " ".join(digests) for corpus, digests in hashes.items()}


def recorded_groups(record: Mapping[str, Any]) -> list[str]:
    """Return the groups of a record, hashed by `symbolic.data.groups.hashed_group`.

    Version 0.1.0 wrote the names of groups themselves.
    """
    groups = record.get("groups", [])
    if isinstance(groups, list):
        return sorted(set(map(hashed_group, groups)))
    return [
        f"{corpus}: #{digest}" if corpus else f"#{digest}"
        for corpus, digests in groups.items()
        for digest in digests.split()
    ]


def training_groups(name: str | Path) -> list[str]:
    """Return the groups that a model was trained on, as `recorded_groups` does.

    An empty name, or a model without a record, gives none.

    Raises:
        ValueError: a record that is damaged.
    """
    found = name and model_file(name, TRAINING_RECORD)
    return recorded_groups(read_record(found.parent)) if found else []


def unknown_origin(name: str | Path) -> str:
    """Return the name of the model behind another whose training pieces nobody has recorded.

    Args:
        name: as `training_groups` takes it.

    Returns:
        The model itself where it has no record, such as one that a Trainer of one's own has saved,
        or the one that its record names; an empty text where all training pieces are known.

    Raises:
        ValueError: a record that is damaged.
    """
    if not name:
        return ""
    found = model_file(name, TRAINING_RECORD)
    return read_record(found.parent).get(UNKNOWN, "") if found else Path(name).name


def training_pieces(name: str | Path) -> Fingerprints:
    """Return the fingerprints of the pieces that a model was trained on, and of their groups.

    A model saved before version 0.2 has only the groups of its record.

    Args:
        name: as `training_groups` takes it.

    Raises:
        ValueError: a file that is damaged.
    """
    found = name and model_file(name, FINGERPRINTS)
    pieces = Fingerprints.load(found) if found else Fingerprints()
    return Fingerprints.joined([pieces, Fingerprints.of_groups(training_groups(name))])


def model_file(name: str | Path, file: str) -> Path | None:
    """Find a file of a model in its folder or on the Hub; None if there is none."""
    found = cached_file(
        str(packaged(name)),
        file,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        _raise_exceptions_for_gated_repo=False,
    )
    return Path(found) if found else None


def read_record(folder: str | Path) -> dict[str, Any]:
    """Read the record of a run.

    Raises:
        FileNotFoundError: a folder that no training has written.
        ValueError: a record that is damaged.
    """
    path = Path(folder) / TRAINING_RECORD
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder}: no {TRAINING_RECORD}: not a folder that training has written"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a record: {error}") from error
