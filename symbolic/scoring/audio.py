"""Labels of recordings: files in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import torch

from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.samples import file_of, is_one_sound, path_of, samples_at
from symbolic.audio.synthesis.rendering import read_sound
from symbolic.audio.transforms.spectral import front_features
from symbolic.inference.prediction import embed_audio, predict_audio
from symbolic.inference.saved import hub_options
from symbolic.inference.torch_predictor import model_digest
from symbolic.inference.weights import load_config, load_weights
from symbolic.modeling import SymbolicModel
from symbolic.notes.archives import NamedBytes
from symbolic.notes.read import MIDI_SUFFIXES, content_of, is_file, kind_of
from symbolic.notes.sources import display_name
from symbolic.notes.table import ReadError
from symbolic.scoring.base import Row, Scorer
from symbolic.scoring.columns import NUMBER, TEXT, task_columns, task_values

SUFFIXES = AUDIO_SUFFIXES + MIDI_SUFFIXES

Source = Any
"""A recording: whatever `SymbolicFeatureExtractor.features` takes."""

PreparedAudio = tuple[np.ndarray, float]
"""Frames or samples, as the model takes them, and seconds."""


def load_audio_model(
    name: str | os.PathLike, **kwargs: Any
) -> tuple[SymbolicModel, SymbolicFeatureExtractor]:
    """Load a model of audio and the feature extractor that was saved beside it.

    Args:
        name: a folder or a hub name.
        kwargs: of `SymbolicModel.from_pretrained`, and `device`; the extractor gets `HUB_OPTIONS`.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of notes, or another front end than the extractor's.
    """
    config = load_config(name, **kwargs)
    if config.inputs != "audio":
        raise ValueError(f"{os.fspath(name)}: a model of notes, which takes no recordings")
    model = load_weights(name, config, **kwargs)
    extractor = SymbolicFeatureExtractor.from_pretrained(os.fspath(name), **hub_options(kwargs))
    check_extractor(model, extractor)
    return model, extractor


def check_extractor(model: SymbolicModel, extractor: SymbolicFeatureExtractor) -> None:
    """Refuse an extractor whose frames the model was not trained with, with a ValueError."""
    config = model.config
    if (extractor.front_end, extractor.in_model) != (config.front_end, config.front_end_in_model):
        raise ValueError("the model was trained with another front end than the extractor's")


def prepare_audio(sources: Sequence[Source], front: FrontEnd) -> list[PreparedAudio]:
    """Prepare recordings for a model; no torch is needed.

    Args:
        sources: recordings, or MIDI files, which are rendered; samples are as in `samples_at`.
        front: the input of the model, `SymbolicFeatureExtractor.input_front_end`.

    Raises:
        ReadError: a source that cannot be read, or samples at another rate.
    """
    prepared, rate = [], front.sampling_rate
    for source in sources:
        if kind_of(source) in ("path", "bytes"):
            samples = read_sound(source, rate)
        elif is_file(source):
            samples = read_sound(content_of(source), rate)
        else:
            samples = _given(source, rate)
        prepared.append((front_features(samples, front), len(samples) / front.sampling_rate))
    return prepared


def _given(source: Any, rate: int) -> np.ndarray:
    """Return the (n,) samples of a sound in memory."""
    file = file_of(source)
    if file is not None:
        return read_sound(file.content if isinstance(file, NamedBytes) else file, rate)
    try:
        return samples_at(source, rate)
    except ReadError:
        raise
    except ValueError as error:  # another rate: the row of this sound gives the reason
        raise ReadError(str(error)) from error


class AudioScorer(Scorer[PreparedAudio]):
    """Genre, mood, tags or other labels of recordings, one row for each.

    Args:
        model: one of audio, with a task on sequence level.

    Raises:
        ValueError: a model of notes, or without such a task.

    Example:
        >>> scorer = AudioScorer.from_pretrained("runs/genre")
        >>> table = scorer.score(["song.wav", "folder/"])
    """

    suffixes = SUFFIXES
    source_kind = "audio or MIDI"
    batch_size = 16
    ahead = 16

    def __init__(self, model: SymbolicModel) -> None:
        if model.config.inputs != "audio":
            raise ValueError("a model of notes, which takes no recordings")
        self.model = model.eval()
        super().__init__(model.tasks)
        if not self.tasks:
            raise ValueError(
                "the model has no task for whole recordings, only for frames: symbolic segment "
                "finds boundaries"
            )

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike, *, device: str | torch.device = "cpu", **kwargs: Any
    ) -> AudioScorer:
        """Load a model; arguments and errors as of `load_audio_model`."""
        model, _ = load_audio_model(name, device=device, **kwargs)
        return cls(model)

    @property
    def digest(self) -> str:
        return model_digest(self.model)

    @property
    def width(self) -> int:
        return cast(Any, self.model.encoder).hidden_size

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        super().save_pretrained(save_directory, **kwargs)
        self.model.config.feature_extractor().save_pretrained(save_directory)

    def find(self, sources: Any, recursive: bool, scratch: os.PathLike[str]) -> list[Any]:
        """List the sources: paths, bytes, samples at the model's rate, rows of `datasets`."""
        return super().find([sources] if is_one_sound(sources) else sources, recursive, scratch)

    def name_of(self, source: Any, number: int) -> str:
        return display_name(path_of(source) or source, number)

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the table: those of `task_columns`, and `seconds`."""
        return {"path": TEXT, **task_columns(self.tasks), "seconds": NUMBER, "error": TEXT}

    @property
    def preprocess(self) -> Callable[[list[Source]], list[PreparedAudio]]:
        return partial(prepare_audio, front=self.model.config.feature_extractor().input_front_end)

    def rows_of(self, prepared: Sequence[PreparedAudio], batch_size: int) -> list[Row]:
        predictions = predict_audio(self.model, [array for array, _ in prepared], batch_size)
        return [
            {**task_values(self.tasks, predictions, n), "seconds": seconds, "error": ""}
            for n, (_, seconds) in enumerate(prepared)
        ]

    def embed_prepared(self, prepared: Sequence[PreparedAudio], batch_size: int) -> np.ndarray:
        return embed_audio(self.model, [array for array, _ in prepared], batch_size)
