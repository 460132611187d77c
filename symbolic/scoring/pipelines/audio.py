"""Labels of recordings as a pipeline of transformers: `pipeline("music-tags", model=...)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from transformers.pipelines import PIPELINE_REGISTRY

from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.audio.samples import is_one_sound
from symbolic.inference.prediction import predict_audio
from symbolic.modeling import SymbolicModel
from symbolic.scoring.audio import AudioScorer, check_extractor, load_audio_model
from symbolic.scoring.pipelines.base import PiecePipeline

TASK = "music-tags"
WINDOWS_PER_BATCH = 16  # in one forward pass


class MusicTagsPipeline(PiecePipeline):
    """Tags, genre or mood of recordings, in the format of audio classification.

    Files are decoded and rendered by this package: neither ffmpeg nor torchaudio is needed.

    Args:
        model: one of audio.
        feature_extractor: the one that was saved beside it; for a model object it may be left out,
            whose configuration says the same.
        kwargs: of `transformers.Pipeline`, and in a call `top_k`, the number of labels (all by
            default), and `task`, one of the model's (its first by default).

    Raises:
        ValueError: a model of notes, or without a task on sequence level; another front end than
            the extractor's.

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
            raise ValueError(f"{TASK} needs a SymbolicModel of audio")
        given = isinstance(feature_extractor, SymbolicFeatureExtractor)
        extractor = feature_extractor if given else model.config.feature_extractor()
        self.extractor = cast(SymbolicFeatureExtractor, extractor)
        check_extractor(model, self.extractor)
        super().__init__(AudioScorer(model), feature_extractor=self.extractor, **kwargs)

    def is_source(self, inputs: object) -> bool:
        return isinstance(inputs, np.ndarray) or (
            is_one_sound(inputs) and not isinstance(inputs, list | tuple)
        )

    def preprocess(self, input_: Any) -> dict[str, list[np.ndarray]]:
        rate = None if isinstance(input_, Mapping) else self.extractor.sampling_rate
        return {"values": [self.extractor.features(input_, rate)]}

    def _forward(self, input_tensors: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
        return predict_audio(self.scorer.model, input_tensors["values"], WINDOWS_PER_BATCH)


class AudioModel:
    """The class with which `transformers.pipeline` loads a model by name."""

    @classmethod
    def from_pretrained(cls, name: str, _from_pipeline: str | None = None, **kwargs: Any):
        """Load a model; see `load_audio_model`, which checks its extractor."""
        return load_audio_model(name, **kwargs)[0]


PIPELINE_REGISTRY.register_pipeline(
    TASK, pipeline_class=MusicTagsPipeline, pt_model=AudioModel, type="audio"
)
