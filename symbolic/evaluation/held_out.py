"""Held-out pieces of a run: its predictions, and inputs to predict again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from transformers.utils import CONFIG_NAME

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.synthesis.rendering import read_sound
from symbolic.audio.transforms.spectral import front_features
from symbolic.data import (
    READERS,
    DataArguments,
    Piece,
    group_name,
    held_out,
    read_tables,
    tokens_of,
)
from symbolic.data.audit.fingerprints import Fingerprints, assert_unseen, file_names
from symbolic.data.groups import UNLABELLED, hashed_group
from symbolic.data.labels import estimated_tasks
from symbolic.data.splits.protocols import held_out_pieces
from symbolic.evaluation.robustness import Predictor
from symbolic.features import feature_frame
from symbolic.inference.note_predictions import predictions
from symbolic.inference.prediction import embed_audio, embed_ids, predict, predict_audio
from symbolic.inference.prediction_table import (
    as_predictions,
    predicted_tasks,
    read_predictions,
    with_same_notes,
)
from symbolic.inference.weights import load_config
from symbolic.scoring.audio import load_audio_model
from symbolic.scoring.notes import load_model
from symbolic.tasks import EMOTION, IGNORE, Task
from symbolic.training.run_folder import PREDICTIONS, read_record, recorded_groups, training_pieces

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Inputs of held-out pieces, in the order of the rows of predictions.

    Attributes:
        kind: in `symbolic.evaluation.robustness.PERTURBATIONS`.
        read: returns note tables, samples or spectrograms of all pieces.
        predict: the model, from such inputs, prepared.
        embed: from such inputs, prepared, to the (n, H) mean hidden states.
        prepare: from a perturbed input to that of the model.
        front_end: of the model.
        features: columns that baselines use, from prepared inputs; None where there are none.
        training: pieces that the model was trained on, with a label of the task, and their
            features.
        columns: of the features; those of the baseline's feature set by default.
        rows: (n,) bool, the rows of predictions that there are inputs for; by default all.
    """

    kind: str
    read: Callable[[], Sequence[Any]]
    predict: Predictor
    embed: Callable[[Sequence[Any]], np.ndarray]
    prepare: Callable[[Any], Any] | None = None
    front_end: FrontEnd | None = None
    features: Callable[[Sequence[Any]], pd.DataFrame] | None = None
    training: Callable[[Task], tuple[list[Piece], pd.DataFrame]] | None = None
    columns: Sequence[str] | None = None
    rows: np.ndarray | None = None

    def prepared(self) -> list[Any]:
        """Read the inputs as the model takes them."""
        return [self.prepare(piece) if self.prepare else piece for piece in self.read()]


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Predictions of a run for the pieces that it held out.

    Attributes:
        folder: of the run.
        protocol: what was held out.
        frame: as in `symbolic.inference.prediction_table`.
        tasks: that the frame has predictions of.
        unit: pieces or recordings.
        named: whether the corpora are to precede the protocol.
        inputs: of the pieces of the frame; None without the corpus.
        compared: signs by which the pieces are not among the training pieces: `group`, `name` and
            `content`, the last two as far as the model has fingerprints.
        estimated: names of tasks whose labels are estimates for one of the pieces.
    """

    folder: Path
    protocol: str
    frame: pd.DataFrame
    tasks: tuple[Task, ...]
    unit: str = "pieces"
    named: bool = False
    inputs: Inputs | None = None
    compared: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()

    @property
    def classes(self) -> Task | None:
        """The task whose classes baselines predict and embeddings show: emotion, or the first."""
        tasks = [task for task in self.tasks if (task.level, task.kind) == ("sequence", "single")]
        return min(tasks, key=lambda task: task.name != EMOTION.name, default=None)


def load_held_out(
    folder: str | Path,
    data: DataArguments,
    audio: str | Path | None = None,
    hold_out: str = "",
) -> HeldOut:
    """Load the predictions of a run, and its inputs if the corpora are given.

    Models of notes predict again. For models trained from a token file, and for models of audio or
    of bars and beats, `predictions.csv` is read; inputs of audio are loaded if `audio` is given.

    Args:
        folder: of the run.
        data: where corpora of notes are.
        audio: folder of the corpus of recordings.
        hold_out: other pieces, as of `DataArguments`, for a model of notes; by default those that
            its training held out. They may be of a corpus that it was not trained on; then the
            corpora of its training need no folder, and there are no baselines without them.

    Raises:
        FileNotFoundError: a folder that no training has written, or a missing corpus.
        LeakError: a held-out piece that the model was trained on, by group, file name or content
            (`refuse_seen`).
        ValueError: a run that held nothing out, a corpus without a folder, or without the
            held-out pieces, or `hold_out` for a model that is not of notes.
    """
    folder = Path(folder)
    record = read_record(folder)
    used = record["data"]
    config = load_config(folder, files=[CONFIG_NAME])
    of_corpus = config.inputs in ("audio", "beats")
    inputs, estimated = None, ()
    if hold_out and of_corpus:
        raise ValueError(f"{folder}: only models of notes predict other pieces than those held out")
    if not hold_out and used.get("hold_out", used.get("held_out_split")) in ("", "none"):
        raise ValueError(f"{folder}: this run held nothing out, so that there is nothing to score")
    if hold_out or ("hold_out" in used and not of_corpus):
        frame, inputs, estimated = _notes(folder, record, data, hold_out)
    else:
        frame = read_predictions(folder / PREDICTIONS)
        if audio and config.inputs == "audio":
            inputs = _recordings(folder, record, audio, frame)
    tasks = {task.name: task for task in predicted_tasks(frame)}
    tasks |= {task.name: task for task in config.task_specs if task.level == "sequence"}
    return HeldOut(
        folder=folder,
        protocol=hold_out
        or used.get("hold_out", f"split {used.get('held_out_split', '')} of tokens"),
        frame=frame,
        tasks=tuple(tasks.values()),
        unit="recordings" if config.inputs == "audio" else "pieces",
        named=of_corpus,
        inputs=inputs,
        compared=compared_by(training_pieces(folder)),
        estimated=tuple(name for name in estimated if name in tasks),
    )


def compared_by(trained: Fingerprints) -> tuple[str, ...]:
    """Name the signs that fingerprints of training pieces have: the group, and what else."""
    known = {"group": True, "name": trained.names.any(), "content": trained.contents.any()}
    return tuple(kind for kind, there in known.items() if there)


def refuse_seen(
    folder: Path, record: dict[str, Any], train: list[Piece], test: list[Piece]
) -> None:
    """Refuse held-out pieces that a model was trained on, whatever their corpus is called now.

    A file name counts unless the split has it on both sides, as training has accepted it. A corpus
    that the record does not name may be a recorded one in another folder: its groups are compared
    with those of your own labelled music, unless their name has no letter.

    Args:
        folder: of the model.
        record: of its training.
        train, test: the pieces on both sides of the split.

    Raises:
        LeakError: as `assert_unseen`, with a warning of melodies.
    """
    trained, held_out = training_pieces(folder), Fingerprints.of_pieces(test)
    both = Fingerprints.of_names([piece.path.name for piece in train], [""] * len(train)).names
    groups = held_out.groups.copy()
    recorded = {name.rpartition(": ")[0] for name in recorded_groups(record)}
    for corpus in recorded - READERS.keys() - {UNLABELLED, ""}:
        names = [group_name(corpus, piece.group) for piece in test]
        others = Fingerprints.of_names([""] * len(test), names).groups
        moved = [
            piece.corpus not in recorded and any(map(str.isalpha, PurePath(piece.group).stem))
            for piece in test
        ]
        groups = np.where(np.array(moved) & np.isin(others, trained.groups), others, groups)
    held_out = replace(
        held_out,
        groups=groups,
        names=np.where(np.isin(held_out.names, both), 0, held_out.names).astype(np.uint64),
    )
    named = file_names(
        [piece.path.name for piece in test],
        [group_name(piece.corpus, piece.group) for piece in test],
    )
    where = f"the training data of {folder}"
    assert_unseen(trained, held_out, named, where, kinds=("group", "name", "content"))


def _pieces(
    record: dict[str, Any], data: DataArguments, hold_out: str
) -> tuple[list[Piece], list[Piece]]:
    """Training pieces of a run, none where their corpora are not given, and held-out pieces."""
    used = record["data"]
    if not hold_out:
        return held_out(data.of_record(used))
    test = held_out_pieces(replace(data, hold_out=hold_out))
    try:
        given = data.of_record(used)
    except (KeyError, ValueError):
        return [], test
    return held_out(given)[0], test


def _notes(
    folder: Path, record: dict[str, Any], data: DataArguments, hold_out: str = ""
) -> tuple[pd.DataFrame, Inputs, tuple[str, ...]]:
    """Predictions and note tables of pieces that a model of notes held out; estimated tasks."""
    import pandas as pd

    used = record["data"]
    train, test = _pieces(record, data, hold_out)
    refuse_seen(folder, record, train, test)
    model, tokenizer = load_model(folder)
    tables = read_tables(test)
    tokens = tokens_of(test, tables, tokenizer, model.config.feature_names)
    rows = predictions(model, tokens, fold=hold_out or used["hold_out"], seed=record["seed"])
    rows = with_same_notes(rows, test)

    def training(task: Task) -> tuple[list[Piece], pd.DataFrame]:
        known = [piece for piece in train if task.name in piece.labels]
        return known, feature_frame(read_tables(known))

    def embed(tables: Sequence[Any]) -> np.ndarray:
        names = model.config.feature_names
        features = tokens.feature_columns(names) if names else None
        return embed_ids(model, [tokens.ids_of(i) for i in range(len(tokens))], features)

    inputs = Inputs(
        kind="notes",
        read=lambda: tables,
        predict=lambda tables: predict(model, tables, tokenizer),
        embed=embed,
        features=feature_frame,
        training=training if train else None,
    )
    return as_predictions(pd.DataFrame(rows)), inputs, estimated_tasks(test)


def _recordings(
    folder: Path, record: dict[str, Any], audio: str | Path, frame: pd.DataFrame
) -> Inputs:
    """Inputs of the held-out recordings that are in the corpus.

    The rows of predictions identify the recordings: the folds of a corpus change with its files.
    """
    name = record["data"]["corpus"]
    model, extractor = load_audio_model(folder)
    front: Any = model.config.front_end
    corpus = READERS[name](audio).with_front_end(front)
    pieces, features = corpus.pieces, corpus.features
    numbers = {(piece.path.name, str(piece.group)): i for i, piece in enumerate(pieces)}
    rows = list(zip(frame["file"].astype(str), frame["group"].astype(str), strict=True))
    present = np.array([row in numbers for row in rows], bool)
    chosen = [numbers[row] for row in rows if row in numbers]
    if not chosen:
        raise ValueError(f"{audio}: none of the recordings that {folder} has held out")
    trained = set(recorded_groups(record))

    def is_trained(piece: Piece) -> bool:
        return hashed_group(group_name(piece.corpus, piece.group)) in trained

    train = [piece for piece in pieces if is_trained(piece)]
    refuse_seen(folder, record, train, [pieces[i] for i in chosen])
    inputs = partial(
        Inputs,
        predict=lambda arrays: predict_audio(model, arrays),
        embed=lambda arrays: embed_audio(model, arrays),
        front_end=front,
        rows=present,
    )
    if features is None:
        input_front = extractor.input_front_end
        return inputs(
            kind="audio",
            read=lambda: [read_sound(pieces[i].path, front.sampling_rate) for i in chosen],
            prepare=lambda samples: front_features(samples, input_front),
        )

    def training(task: Task) -> tuple[list[Piece], pd.DataFrame]:
        known = [
            i
            for i, piece in enumerate(pieces)
            if piece.labels.get(task.name, IGNORE) != IGNORE and is_trained(piece)
        ]
        return [pieces[i] for i in known], _statistics([features[i] for i in known])

    return inputs(
        kind="spectrograms",
        read=lambda: [features[i] for i in chosen],
        prepare=lambda frames: np.asarray(frames, np.float32),
        features=_statistics if present.all() else None,
        training=training,
        columns=list(_statistics([features[chosen[0]]])),
    )


def _statistics(spectrograms: Sequence[np.ndarray]) -> pd.DataFrame:
    """Mean and standard deviation of each band over time, of (T, F) spectrograms."""
    import pandas as pd

    frames = [np.asarray(array, float) for array in spectrograms]
    return pd.DataFrame(
        [np.concatenate([array.mean(axis=0), array.std(axis=0)]) for array in frames]
    ).rename(columns=str)
