"""Scoring recordings as a pipeline of transformers: `pipeline("music-tags", model=...)`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from transformers.pipelines import PIPELINE_REGISTRY

from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.audio.samples import is_one_sound
from symbolic.inference.prediction import predict_audio
from symbolic.modeling import SymbolicModel
from symbolic.scoring.audio import check_extractor, load_audio_model
from symbolic.scoring.base_pipeline import PiecePipeline

TASK = "music-tags"
WINDOWS = 16  # in one forward pass


class MusicTagsPipeline(PiecePipeline):
    """Tags, genre or mood of recordings, answered as audio classification is.

    Files are decoded and rendered by this package: neither ffmpeg nor torchaudio is needed.

    Args:
        model: one that hears audio.
        feature_extractor: the one that was saved beside it; for a model object it may be left out,
            whose configuration says the same.
        kwargs: of `transformers.Pipeline`, and `top_k` and `answer` as in a call: how many labels
            to give (all by default), and which of the model's tasks is asked (its first).

    Raises:
        ValueError: a model of notes, or another front end than the extractor's.

    A source is a path, the bytes of a file, (n,) samples at the model's sampling rate, or a row of
    a column of `datasets`: a decoder, `{"bytes": ..., "path": ...}`, or
    `{"array": samples, "sampling_rate": rate}`. Whole numbers are scaled by their type.

    Example:
        >>> import symbolic
        >>> from transformers import pipeline
        >>> tag = pipeline("music-tags", model="runs/tags")
        >>> tag("song.wav", top_k=3)
    """

    task_name = TASK

    def __init__(
        self,
        model: SymbolicModel,
        feature_extractor: SymbolicFeatureExtractor | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(model, SymbolicModel) or model.config.inputs != "audio":
            raise ValueError(f"{TASK} needs a SymbolicModel that hears audio")
        kwargs.pop("local_files_only", None)  # heeded in loading
        if not isinstance(feature_extractor, SymbolicFeatureExtractor):
            feature_extractor = model.config.feature_extractor()
        check_extractor(model, feature_extractor)
        super().__init__(model, feature_extractor=feature_extractor, **kwargs)

    def is_source(self, inputs: object) -> bool:
        return isinstance(inputs, np.ndarray) or (
            is_one_sound(inputs) and not isinstance(inputs, list | tuple)
        )

    def preprocess(self, source: Any) -> dict[str, list[np.ndarray]]:
        rate = None if isinstance(source, Mapping) else self.feature_extractor.sampling_rate
        return {"heard": [self.feature_extractor.features(source, rate)]}

    def _forward(self, batch: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
        return predict_audio(self.model, batch["heard"], WINDOWS)

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        """Write model and feature extractor to a folder, which is then the `model` of `pipeline`.

        Args:
            save_directory: made where it is missing.
            kwargs: of `SymbolicModel.save_pretrained`.
        """
        self.model.save_pretrained(save_directory, **kwargs)
        self.feature_extractor.save_pretrained(save_directory)


class AudioModel:
    """What `transformers.pipeline` loads a named model with."""

    @classmethod
    def from_pretrained(cls, name: str, _from_pipeline: str | None = None, **kwargs: Any):
        """The model; see `load_audio_model`, which checks its extractor."""
        return load_audio_model(name, **kwargs)[0]


PIPELINE_REGISTRY.register_pipeline(
    TASK, pipeline_class=MusicTagsPipeline, pt_model=AudioModel, type="audio"
)
