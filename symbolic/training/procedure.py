"""Training procedure of all kinds of input: build, split, fit, predict, save."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch.utils.data import Dataset
from transformers import TrainingArguments, set_seed

from symbolic.data.audit.fingerprints import Fingerprints, assert_unseen, file_names
from symbolic.data.groups import assert_disjoint, validation_mask
from symbolic.inference.prediction_table import Row, is_note_task, score_texts
from symbolic.modeling import SymbolicModel
from symbolic.tasks import BOUNDARY, VELOCITY
from symbolic.training.run_folder import save_run, training_groups, training_pieces, unknown_origin
from symbolic.training.trainer import FitArguments, fit, refuse_finished

logger = logging.getLogger(__name__)

MISSING = {VELOCITY.name: "in each piece all notes have one velocity"}
"""Reasons why no piece has a label, by name of a task whose labels follow from the notes."""


PRETRAIN = (
    "Pre-train without them: symbolic pretrain with the same corpora and --hold-out leaves the "
    "held-out pieces out of its music"
)
"""Remedy for held-out pieces among the training data of a pre-trained model."""


class Inputs(Protocol):
    """Pieces as the inputs of a model: a class for each kind of source.

    `train_model` calls the methods in this order; `chosen` are indices of pieces.

    Attributes:
        arguments: data class of the model's arguments, with `pretrained`.
        source: description of the data for the record: names of files, never where they lie.
        groups: (n,) group of each piece, as `symbolic.data.group_name` writes it.
        classes: (n,) class ids by which validation pieces are stratified; negative for none.
        train: (t,) indices of the pieces to train on, validation pieces among them.
        held_out: (h,) indices of the pieces to predict.
        threshold_share: share of the training pieces on which `calibrate` chooses thresholds where
            there are no other validation pieces; 0 for models without thresholds.
        noun: of the pieces, in what is printed.
        estimated: names of tasks whose labels are estimates for a held-out piece.
    """

    arguments: Any
    source: dict[str, Any]
    groups: np.ndarray
    classes: np.ndarray
    train: np.ndarray
    held_out: np.ndarray
    threshold_share: float = 0.0
    noun: str = "pieces"
    estimated: tuple[str, ...] = ()

    def fingerprints(self, chosen: np.ndarray) -> Fingerprints:
        """Compute the fingerprints of pieces."""
        ...

    def files(self, chosen: np.ndarray) -> list[str]:
        """Return the names of the files of pieces, without folders."""
        ...

    def build(self) -> SymbolicModel:
        """Build a model, with random weights of torch's generator."""
        ...

    def prepare(self, model: SymbolicModel) -> None:
        """Read what the model takes, where the split depends on what can be read."""

    def labelled(self, model: SymbolicModel, chosen: np.ndarray) -> set[str]:
        """Name the tasks that one of the chosen pieces, as a training example, has a label of."""
        ...

    def dataset(self, model: SymbolicModel, chosen: np.ndarray, training: bool) -> Dataset:
        """Make training examples, and fit the model's feature standardisation; or all windows."""
        ...

    def class_weights(self, chosen: np.ndarray) -> dict[str, list[float]]:
        """Compute balanced class weights, by task name."""
        ...

    def calibrate(self, model: SymbolicModel, chosen: np.ndarray) -> None:
        """Choose the thresholds of a trained model."""

    def predict(self, model: SymbolicModel, chosen: np.ndarray, **columns: Any) -> list[Row]:
        """Predict pieces: one row for each, with further columns that all rows share."""
        ...

    def save(self, folder: Path) -> None:
        """Save beside the weights what makes the model's input, such as a tokenizer."""


def train_model(
    inputs: Inputs, fitting: FitArguments, training: TrainingArguments, **columns: Any
) -> tuple[SymbolicModel, list[Row]]:
    """Train a model, save it in `training.output_dir` and predict the held-out pieces.

    Args:
        inputs: the pieces.
        fitting, training: as `symbolic.training.trainer.fit` takes them.
        columns: of all rows of predictions, for example the fold.

    Returns:
        The model, and the rows of the held-out pieces; no rows on processes other than the first.

    Raises:
        LeakError: a group, or the same notes, on both sides; or a held-out piece that is the same
            music as a training piece of the model in `pretrained`.
        ValueError: a task that no piece to fit on has a label of.
        ValueError, ReadError: as the methods of `inputs`.
    """
    set_seed(training.seed)
    model = inputs.build()
    inputs.prepare(model)
    groups, fitted = inputs.groups, inputs.train
    assert_disjoint(train=groups[fitted], held_out=groups[inputs.held_out])
    base = inputs.arguments.pretrained
    base_pieces, pieces = training_pieces(base), inputs.fingerprints(fitted)
    held_out = inputs.fingerprints(inputs.held_out)
    names = file_names(inputs.files(inputs.held_out), groups[inputs.held_out].tolist())
    assert_unseen(
        *(pieces, held_out, names, "the training data"),
        kinds=("content",),
        remedy="Give pieces with the same notes one group, as symbolic audit lists them",
    )
    if unknown := unknown_origin(base):
        logger.warning(
            "%s has no record of its training pieces: held-out pieces may be among them, and the "
            "model card says so",
            unknown,
        )
    remedy = PRETRAIN if model.config.inputs == "notes" else ""
    assert_unseen(base_pieces, held_out, names, f"the training data of {base}", remedy=remedy)
    validation = fitted[:0]
    if share := fitting.validation_share or inputs.threshold_share:
        taken = validation_mask(inputs.classes[fitted], groups[fitted], share, training.seed)
        fitted, validation = fitted[~taken], fitted[taken]
    _check_labelled(model, inputs.labelled(model, fitted))
    training_set, validation_set = inputs.dataset(model, fitted, training=True), None
    if fitting.validation_share:
        validation_set = inputs.dataset(model, validation, training=False)
    if fitting.class_weights:
        model.config.class_weights = inputs.class_weights(fitted)
    trainer = fit(model, training_set, validation_set, fitting, training)
    rows: list[Row] = []
    if trainer.is_world_process_zero():
        inputs.calibrate(model, validation)
        if len(inputs.held_out):
            rows = inputs.predict(model, inputs.held_out, **{**columns, "seed": training.seed})
        save_run(
            model,
            inputs.save,
            inputs.source,
            [*groups[inputs.train].tolist(), *training_groups(base)],
            Fingerprints.joined([pieces, base_pieces]),
            inputs.arguments,
            fitting,
            training,
            rows,
            unknown,
        )
    return model, rows


def _check_labelled(model: SymbolicModel, labelled: set[str]) -> None:
    """Refuse a model with a task that nothing would be learnt for, as it would predict noise."""
    trained = [task.name for task in model.tasks if task.weight]
    missing = [name for name in trained if name not in labelled]
    if not missing:
        return
    reasons = [f"{name}: {MISSING[name]}" for name in missing if name in MISSING]
    left = ",".join(name for name in trained if name in labelled)
    remedy = [f"leave it out, with {left} as tasks"] if left else []
    text = f"no piece to train on has a label of {', '.join(missing)}"
    raise ValueError("; ".join([text, *reasons, *remedy]))


def train_and_report(
    inputs: Inputs, fitting: FitArguments, training: TrainingArguments, hold_out: str
) -> SymbolicModel:
    """Train as `train_model`; print how well the model predicts what is held out, and its folder.

    Args:
        inputs, fitting, training: as `train_model` takes them.
        hold_out: name of the held-out part, which becomes the fold of the predictions.

    Raises:
        FileExistsError: a folder with a finished model that is not to be replaced.
    """
    refuse_finished(fitting, training)
    model, rows = train_model(inputs, fitting, training, fold=hold_out)
    if rows:
        begin = f"held out {hold_out}: {len(rows)} {inputs.noun}"
        print(begin, *score_texts(model.tasks, rows, inputs.estimated), sep=", ")
    if training.should_save:
        print(_next_line(model, str(training.output_dir or ".")))
    return model


def _next_line(model: SymbolicModel, folder: str) -> str:
    """Name the folder of a model, and the command or function that predicts with it."""
    place = shlex.quote(folder)
    if BOUNDARY.name in model.heads:
        use = f"symbolic segment FILES --model {place}"
    elif all(map(is_note_task, model.tasks)):
        use = "in Python, symbolic.load_model and symbolic.predict_notes"
    else:
        use = f"symbolic score FILES --model {place}"
    return f"saved in {folder}; to predict with it: {use}"
