"""Probabilities of whole pieces: windows in sorted batches, averaged per piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from symbolic.data import AudioDataset, Collator, window_starts
from symbolic.data.datasets.beat_dataset import BeatRow, beat_example
from symbolic.encoders import FeatureEnsemble
from symbolic.features import features
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable
from symbolic.tasks import Task

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer

    Batch = tuple[dict[str, torch.Tensor], Sequence[int]]

FRAMES = 4096  # of a recording, in one forward pass
CONTEXT = 64  # more than any encoder that keeps its frames looks ahead or back


def predict(
    model: SymbolicModel, tables: Sequence[NoteTable], tokenizer: Tokenizer, batch_size: int = 32
) -> dict[str, np.ndarray]:
    """Answers of every sequence-level task for every piece; see `predict_ids`.

    Args:
        model: used in evaluation mode, on the device it is on.
        tables: one for each piece, each with a note that the tokenizer can hold.
        tokenizer: the one the model was trained with.
        batch_size: windows in one forward pass.

    Raises:
        ReadError: a piece of which the tokenizer makes nothing.
    """
    tables = [tokenizer.emitted(table) for table in tables]
    takes_notes = model.config.inputs == "notes"
    sequences = [tokenizer.note_ids(table) for table in tables] if takes_notes else []
    return predict_ids(model, sequences, feature_rows(model, tables), batch_size)


def feature_rows(model: SymbolicModel, tables: Sequence[NoteTable]) -> np.ndarray | None:
    """(pieces, C) features that a model takes, of emitted notes; None where it takes none."""
    names = model.config.feature_names
    return np.stack([features(table, names) for table in tables]) if names else None


def predict_ids(
    model: SymbolicModel,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None = None,
    batch_size: int = 32,
) -> dict[str, np.ndarray]:
    """Answers of every sequence-level task for every piece, from its ids.

    Pieces longer than the model's window are cut into windows that overlap by half, and what the
    windows say is averaged. Windows are batched by length, so that hardly any padding is computed;
    the answers do not depend on batch size or order beyond 1e-4.

    Args:
        model: used in evaluation mode, on the device it is on.
        sequences: (T, F) super-tokens of each piece, or (T,) ids, each of at least one token. A
            model that hears features alone does not look at them.
        rows: (pieces, C) features of each piece, as `feature_rows` gives them.
        batch_size: windows in one forward pass.

    Returns:
        By task name, (pieces, K) float64: probabilities for `single` and `multi` tasks, values for
        `regression`.
    """
    if model.config.inputs != "notes":
        return predict_features(model, rows)
    config = model.config
    cuts = [
        (piece, start, start + min(len(ids), config.window))
        for piece, ids in enumerate(sequences)
        for start in window_starts(len(ids), config.window).tolist()
    ]
    cuts.sort(key=lambda cut: cut[2] - cut[1])
    features = None if rows is None else torch.from_numpy(rows).float()
    pad = torch.tensor(config.pad_ids)

    def batches() -> Iterator[Batch]:
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
            pieces = [piece for piece, _, _ in batch]
            inputs = {"input_ids": ids, "attention_mask": mask}
            if features is not None:
                inputs["features"] = features[pieces]
            yield inputs, pieces

    return _averaged(model, batches(), len(sequences))


def predict_audio(
    model: SymbolicModel, arrays: Sequence[np.ndarray], batch_size: int = 16
) -> dict[str, np.ndarray]:
    """Answers of every sequence-level task for every recording.

    A recording is cut into windows of `config.window` positions, `config.chunks` of them evenly
    spaced or as many as cover it, and what they say is averaged.

    Args:
        model: one that hears audio, used in evaluation mode, on the device it is on.
        arrays: of each recording the (T, F) frames or (n,) samples that the model takes.
        batch_size: windows in one forward pass.

    Returns:
        As `predict_ids`.
    """
    config = model.config
    if all(task.level == "token" for task in model.tasks):
        return {}
    windows = AudioDataset(
        arrays, [{}] * len(arrays), config.window, chunks=config.chunks, every=True
    )
    collate = Collator(model.tasks, config.pad_ids)

    def batches() -> Iterator[Batch]:
        for first in range(0, len(windows), batch_size):
            chosen = range(first, min(first + batch_size, len(windows)))
            batch = collate([windows[i] for i in chosen])
            del batch["labels"]
            yield batch, windows.piece[chosen.start : chosen.stop]

    return _averaged(model, batches(), len(arrays))


def predict_frames(
    model: SymbolicModel, arrays: Sequence[np.ndarray], task: Task, length: int = FRAMES
) -> list[np.ndarray]:
    """Answers of a token-level task for every frame of every recording.

    Args:
        model: one that hears audio and keeps its frames, used in evaluation mode, on its device.
        arrays: of each recording the (T, F) frames that the model takes.
        task: on token level.
        length: frames in one forward pass. Longer recordings are cut; `CONTEXT` frames on either
            side of a cut are heard with each part.

    Returns:
        Of each recording (T, K) probabilities.
    """
    was_training = model.training
    model.eval()
    found = []
    with torch.inference_mode():
        for array in arrays:
            parts = []
            for start in range(0, len(array), length):
                first = max(start - CONTEXT, 0)
                some = np.array(array[first : start + length + CONTEXT], np.float32)
                values = torch.from_numpy(some)[None].to(model.device)
                logits = model(input_values=values).logits[task.name][0].cpu().double()
                kept = logits[start - first : start - first + length]
                parts.append(_answers(kept, task.kind).numpy())
            found.append(np.concatenate(parts))
    model.train(was_training)
    return found


def predict_units(model: SymbolicModel, rows: Sequence[BeatRow], task: Task) -> list[np.ndarray]:
    """Answers of a task of units for every bar or beat of every piece.

    Args:
        model: one with that task, used in evaluation mode, on its device.
        rows: the pieces.
        task: of units.

    Returns:
        Of each piece (U, K) probabilities.
    """
    was_training = model.training
    model.eval()
    collate = Collator((), model.config.pad_ids)
    found = []
    with torch.inference_mode():
        for row in rows:
            batch = collate([beat_example(row, model.config.window)])
            del batch["labels"]
            inputs = {name: value.to(model.device) for name, value in batch.items()}
            logits = model(**inputs).logits[task.name][0].cpu().double()
            found.append(_answers(logits, task.kind).numpy())
    model.train(was_training)
    return found


def _averaged(model: SymbolicModel, batches: Iterable[Batch], pieces: int) -> dict[str, np.ndarray]:
    """What a model says of windows, averaged over those of each of so many pieces."""
    tasks = [task for task in model.tasks if task.level == "sequence"]
    totals = {task.name: np.zeros((pieces, task.num_labels)) for task in tasks}
    counts = np.zeros(pieces, np.int64)
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for inputs, which in batches:
            output = model(**{name: value.to(model.device) for name, value in inputs.items()})
            np.add.at(counts, which, 1)
            for task in tasks:
                logits = output.logits[task.name].cpu().double()  # Apple's GPUs have no doubles
                temperature = model.config.temperatures.get(task.name, 1.0)
                answer = _answers(logits / temperature, task.kind)
                np.add.at(totals[task.name], which, answer.numpy())
    model.train(was_training)
    return {name: total / counts[:, None] for name, total in totals.items()}


@contextmanager
def one_thread() -> Iterator[None]:
    """Do without torch's threads: for small networks, beside processes that keep the cores busy.

    Threads that wait for one another while others use their cores take many times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def predict_features(
    model: SymbolicModel, rows: np.ndarray, batch_size: int = 1024
) -> dict[str, np.ndarray]:
    """Answers of every task for every piece, by a model that hears features alone.

    Args:
        model: used in evaluation mode, on the device it is on.
        rows: (pieces, C) features of each piece.
        batch_size: pieces in one forward pass.

    Returns:
        As `predict_ids`.
    """
    was_training = model.training
    model.eval()
    parts = []
    with torch.inference_mode(), one_thread():
        for first in range(0, len(rows), batch_size):
            some = torch.from_numpy(rows[first : first + batch_size]).float()
            parts.append(model(features=some.to(model.device)).logits)
    model.train(was_training)
    answers = {}
    for task in model.tasks:
        logits = torch.cat([part[task.name].cpu().double() for part in parts])
        temperature = model.config.temperatures.get(task.name, 1.0)
        answers[task.name] = _answers(logits / temperature, task.kind).numpy()
    return answers


def familiarity(model: SymbolicModel, rows: np.ndarray) -> np.ndarray | None:
    """How much each piece is played like those that the model was trained on.

    Args:
        model: on the device it is on.
        rows: (pieces, C) features of each piece.

    Returns:
        (pieces,) from 1, as familiar as its training pieces, to 0; None of a model that does not
        judge it.
    """
    head = dict(model.heads.items()).get("emotion")
    if not isinstance(head, FeatureEnsemble):
        return None
    with torch.inference_mode(), one_thread():
        hidden, _ = model.encoder(torch.from_numpy(rows).float().to(model.device))
        return head.familiarity(hidden[:, 0]).cpu().double().numpy()


def _answers(logits: torch.Tensor, kind: str) -> torch.Tensor:
    if kind == "single":
        return logits.softmax(dim=-1)
    return logits.sigmoid() if kind == "multi" else logits
