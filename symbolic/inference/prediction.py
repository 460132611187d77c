"""Predictions of whole pieces: windows in batches, averaged per piece.

Models are used in evaluation mode, on the device they are on; afterwards they are in their former
mode. A `batch_size` is the number of windows in one forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from symbolic.audio.beat_rows import BeatRow
from symbolic.data import AudioDataset, Collator, window_starts
from symbolic.data.datasets.beat_dataset import beat_example
from symbolic.encoders import FeatureEnsemble
from symbolic.features import feature_rows
from symbolic.inference.predictor import Measures
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable
from symbolic.tasks import Task

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer

Inputs = Mapping[str, torch.Tensor]
Batch = tuple[Inputs, Sequence[int]]
"""Inputs of the model, and for each window the number of its piece."""

FEATURE_ROWS = 1024  # pieces in one forward pass of a model of features alone
FRAMES = 4096  # of a recording, in one forward pass
CONTEXT = 64  # more than any encoder that keeps its frames looks ahead or back


def predict(
    model: SymbolicModel, tables: Sequence[NoteTable], tokenizer: Tokenizer, batch_size: int = 32
) -> dict[str, np.ndarray]:
    """Predict every sequence-level task for every piece; see `predict_ids`.

    Args:
        model: one of notes.
        tables: one for each piece, each with a note that the tokenizer can represent.
        tokenizer: the one the model was trained with.
        batch_size: windows in one forward pass.

    Raises:
        ReadError: a piece without a token.
    """
    tables = [tokenizer.emitted(table) for table in tables]
    takes_ids, names = model.config.inputs == "notes", model.config.feature_names
    sequences = [tokenizer.note_ids(table) for table in tables] if takes_ids else []
    rows = feature_rows(tables, names) if names else None
    return predict_ids(model, sequences, rows, batch_size)


def predict_ids(
    model: SymbolicModel,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None = None,
    batch_size: int = 32,
) -> dict[str, np.ndarray]:
    """Predict every sequence-level task for every piece, from its ids.

    Pieces longer than the model's window are cut into windows that overlap by half, and their
    predictions are averaged. Windows are batched by length, so that hardly any padding is computed;
    predictions do not depend on batch size or order beyond 1e-4.

    Args:
        model: one of notes.
        sequences: (T, F) super-tokens of each piece, or (T,) ids, each of at least one token. Not
            used by a model of features alone.
        rows: (pieces, C) features of each piece, those of `config.feature_names`.
        batch_size: windows in one forward pass.

    Returns:
        By task name, (pieces, K) float64: probabilities for `single` and `multi` tasks, values for
        `regression`.
    """
    if model.config.inputs != "notes":
        return predict_features(model, _given(rows))
    batches = _token_batches(model, sequences, rows, batch_size)
    return _mean_predictions(model, batches, len(sequences))


def predict_audio(
    model: SymbolicModel, arrays: Sequence[np.ndarray], batch_size: int = 16
) -> dict[str, np.ndarray]:
    """Predict every sequence-level task for every recording.

    A recording is cut into windows of `config.window` positions, `config.chunks` of them evenly
    spaced or as many as cover it, and their predictions are averaged.

    Args:
        model: one of audio.
        arrays: of each recording the (T, F) frames or (n,) samples that the model takes.
        batch_size: windows in one forward pass.

    Returns:
        As `predict_ids`; nothing for a model without such a task.
    """
    if all(task.level == "token" for task in model.tasks):
        return {}
    return _mean_predictions(model, _audio_batches(model, arrays, batch_size), len(arrays))


def predict_features(model: SymbolicModel, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Predict as `predict_ids`, with a model of features alone, from (pieces, C) features."""
    with one_thread():
        return _mean_predictions(model, _feature_batches(rows, FEATURE_ROWS), len(rows))


def embed_ids(
    model: SymbolicModel,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """Compute a vector for every piece: its mean hidden state; arguments as of `predict_ids`.

    Returns:
        (pieces, H) float64. For a model of features alone these are its standardised features.
    """
    if model.config.inputs != "notes":
        rows = _given(rows)
        return _mean_hidden(model, _feature_batches(rows, batch_size), len(rows))
    batches = _token_batches(model, sequences, rows, batch_size)
    return _mean_hidden(model, batches, len(sequences))


def embed_audio(
    model: SymbolicModel, arrays: Sequence[np.ndarray], batch_size: int = 16
) -> np.ndarray:
    """Compute (recordings, H) float64: the mean hidden states over all windows of each recording.

    Arguments are those of `predict_audio`.
    """
    batches = _audio_batches(model, arrays, batch_size, whole=True)
    return _mean_hidden(model, batches, len(arrays))


def predict_frames(
    model: SymbolicModel, arrays: Sequence[np.ndarray], task: Task
) -> list[np.ndarray]:
    """Predict a token-level task for every frame of every recording.

    Recordings longer than `FRAMES` are cut; `CONTEXT` frames on either side of a cut belong to both
    parts.

    Args:
        model: one of audio that keeps its frames.
        arrays: of each recording the (T, F) frames that the model takes.
        task: on token level.

    Returns:
        Of each recording (T, K) probabilities.
    """
    found = []
    with evaluation_mode(model):
        for array in arrays:
            parts = []
            for start in range(0, len(array), FRAMES):
                first = max(start - CONTEXT, 0)
                part = np.array(array[first : start + FRAMES + CONTEXT], np.float32)
                logits = _logits(model, {"input_values": torch.from_numpy(part)[None]}, task)
                kept = logits[0, start - first : start - first + FRAMES]
                parts.append(probabilities(kept, task).numpy())
            found.append(np.concatenate(parts))
    return found


def predict_units(model: SymbolicModel, rows: Sequence[BeatRow], task: Task) -> list[np.ndarray]:
    """Predict a task of bars or beats for every piece: (U, K) probabilities of each."""
    collate = Collator((), model.config.pad_ids)
    with evaluation_mode(model):
        return [
            probabilities(_logits(model, _inputs(collate([example])), task)[0], task).numpy()
            for example in (beat_example(row, model.config.window) for row in rows)
        ]


def measures(model: SymbolicModel, rows: np.ndarray) -> Measures | None:
    """Measure how alike pieces are to those of training, and the strengths of their emotion.

    Args:
        model: one of notes.
        rows: (pieces, C) features of each piece.

    Returns:
        None for a model without an ensemble on features.
    """
    head = dict(model.heads.items()).get("emotion")
    if not isinstance(head, FeatureEnsemble):
        return None
    with torch.inference_mode(), one_thread():
        hidden, mask = model.encoder(torch.from_numpy(rows).float().to(model.device))
        both = head.familiarity(hidden[:, 0]), head.strengths(head.members(hidden, mask))
        return Measures(*(values.cpu().double().numpy() for values in both))


def probabilities(logits: torch.Tensor, task: Task) -> torch.Tensor:
    """Turn logits (..., K) of a task into probabilities; values of a regression stay."""
    if task.kind == "single":
        return logits.softmax(dim=-1)
    return logits.sigmoid() if task.kind == "multi" else logits


def on_device(model: SymbolicModel, inputs: Inputs) -> dict[str, torch.Tensor]:
    """Move inputs to the device of the model."""
    return {name: value.to(model.device) for name, value in inputs.items()}


@contextmanager
def evaluation_mode(model: SymbolicModel) -> Iterator[None]:
    """Evaluate without gradients; afterwards the model is in its former mode."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute without torch's threads: for small networks, beside processes that use all cores.

    Threads that wait for one another while others use their cores take many times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _given(rows: np.ndarray | None) -> np.ndarray:
    if rows is None:
        raise ValueError("a model of features needs the features of each piece")
    return rows


def _inputs(batch: dict) -> dict[str, torch.Tensor]:
    """A batch of the collator without its labels."""
    return {name: value for name, value in batch.items() if name != "labels"}


def _feature_batches(rows: np.ndarray, batch_size: int) -> Iterator[Batch]:
    for first in range(0, len(rows), batch_size):
        part = torch.from_numpy(rows[first : first + batch_size]).float()
        yield {"features": part}, range(first, first + len(part))


def _token_batches(
    model: SymbolicModel,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None,
    batch_size: int,
) -> Iterator[Batch]:
    """Windows of all sequences as in `token_windows`, each with its piece alone."""
    for inputs, cuts in token_windows(model, sequences, rows, batch_size):
        yield inputs, [piece for piece, _, _ in cuts]


def token_windows(
    model: SymbolicModel,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None,
    batch_size: int,
) -> Iterator[tuple[Inputs, list[tuple[int, int, int]]]]:
    """Cut all sequences into windows, sorted by length and padded.

    Yields:
        Inputs of the model, and for each window its piece, its first token and the one after its
        last.
    """
    window = model.config.window
    cuts = [
        (piece, start, start + min(len(ids), window))
        for piece, ids in enumerate(sequences)
        for start in window_starts(len(ids), window).tolist()
    ]
    cuts.sort(key=lambda cut: cut[2] - cut[1])
    features = None if rows is None else torch.from_numpy(rows).float()
    pad = torch.tensor(model.config.pad_ids)
    for first in range(0, len(cuts), batch_size):
        batch = cuts[first : first + batch_size]
        longest = batch[-1][2] - batch[-1][1]
        ids = pad.repeat(len(batch), longest, 1)
        if sequences[0].ndim == 1:
            ids = ids.squeeze(-1)
        mask = torch.zeros(len(batch), longest, dtype=torch.long)
        for row, (piece, start, end) in enumerate(batch):
            ids[row, : end - start] = torch.from_numpy(sequences[piece][start:end])
            mask[row, : end - start] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        if features is not None:
            inputs["features"] = features[[piece for piece, _, _ in batch]]
        yield inputs, batch


def _audio_batches(
    model: SymbolicModel, arrays: Sequence[np.ndarray], batch_size: int, whole: bool = False
) -> Iterator[Batch]:
    """Windows of all recordings; `whole`: as many as cover each, whatever `config.chunks` is."""
    chunks = None if whole else model.config.chunks
    labels = [{}] * len(arrays)
    windows = AudioDataset(arrays, labels, model.config.window, chunks=chunks, every=True)
    collate = Collator(model.tasks, model.config.pad_ids)
    for first in range(0, len(windows), batch_size):
        chosen = range(first, min(first + batch_size, len(windows)))
        batch = collate([windows[i] for i in chosen])
        yield _inputs(batch), windows.piece[chosen.start : chosen.stop].tolist()


def _mean_predictions(
    model: SymbolicModel, batches: Iterable[Batch], pieces: int
) -> dict[str, np.ndarray]:
    """Mean probabilities over the windows of each of so many pieces, by sequence-level task."""
    tasks = [task for task in model.tasks if task.level == "sequence"]
    if not pieces:
        return {task.name: np.zeros((0, task.num_labels)) for task in tasks}

    def compute(inputs: Inputs) -> dict[str, tuple[torch.Tensor, int]]:
        logits = model(**inputs).logits
        return {task.name: (tempered(model, logits[task.name], task), 1) for task in tasks}

    return _means(model, batches, pieces, compute)


def _mean_hidden(model: SymbolicModel, batches: Iterable[Batch], pieces: int) -> np.ndarray:
    """(pieces, H) mean hidden state over the real positions of each piece."""

    def compute(inputs: Inputs) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        hidden, mask = model.encoder(**inputs)
        total = (hidden * mask.unsqueeze(-1)).sum(dim=1)
        return {"hidden": (total.cpu().double(), mask.sum(dim=1).cpu())}

    return _means(model, batches, pieces, compute)["hidden"]


def _means(
    model: SymbolicModel,
    batches: Iterable[Batch],
    pieces: int,
    compute: Callable[[Inputs], Mapping[str, tuple[torch.Tensor, torch.Tensor | int]]],
) -> dict[str, np.ndarray]:
    """Weighted means over the windows of each of so many pieces.

    `compute` gives, by name, (B, K) sums over windows and the weight of each, (B,) or one number.
    """
    totals: dict[str, np.ndarray] = {}
    weights: dict[str, np.ndarray] = {}
    with evaluation_mode(model):
        for inputs, which in batches:
            for name, (values, weight) in compute(on_device(model, inputs)).items():
                if name not in totals:
                    totals[name] = np.zeros((pieces, values.shape[-1]))
                    weights[name] = np.zeros(pieces)
                np.add.at(totals[name], which, values.numpy())
                np.add.at(weights[name], which, np.asarray(weight))
    return {name: total / weights[name][:, None] for name, total in totals.items()}


def tempered(model: SymbolicModel, logits: torch.Tensor, task: Task) -> torch.Tensor:
    """Compute calibrated probabilities in float64 on the CPU (Apple's GPUs have no doubles)."""
    return probabilities(
        logits.cpu().double() / model.config.temperatures.get(task.name, 1.0), task
    )


def _logits(model: SymbolicModel, inputs: Inputs, task: Task) -> torch.Tensor:
    return model(**on_device(model, inputs)).logits[task.name].cpu().double()
