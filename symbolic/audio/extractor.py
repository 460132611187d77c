"""Feature extractor of audio models, with the interface of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from transformers import BatchFeature, SequenceFeatureExtractor
from transformers.utils import logging
from transformers.utils.generic import PaddingStrategy

from symbolic.audio.decode import naming
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.inputs import frames_of
from symbolic.audio.sample_types import float_samples
from symbolic.audio.samples import file_of, is_decoder, is_one_sound, rate_of, samples_at
from symbolic.audio.transforms.spectral import front_features, silence
from symbolic.notes.archives import NamedBytes
from symbolic.renamed import renamed_keys

logger = logging.get_logger(__name__)

INPUT, MASK = "input_values", "attention_mask"


class SymbolicFeatureExtractor(SequenceFeatureExtractor):
    """Convert recordings or samples to `input_values` and `attention_mask`.

    Padding is silence: a padded frame is that of `front_features` for digital silence.

    Args:
        front_end: the front end of the model, a `FrontEnd` or its dictionary.
        in_model: whether the model computes `front_end` itself and takes samples.
        kwargs: as in transformers; `return_attention_mask` is True by default. `front` and
            `inside`, the names of version 0.1.0, are accepted with a warning.
    """

    model_input_names = [INPUT, MASK]  # noqa: RUF012 - transformers reads it as it is

    def __init__(
        self,
        front_end: FrontEnd | Mapping[str, Any] | None = None,
        in_model: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs = renamed_keys(kwargs, {"front": "front_end", "inside": "in_model"})
        front_end, in_model = kwargs.pop("front_end", front_end), kwargs.pop("in_model", in_model)
        if not isinstance(front_end, FrontEnd):
            front_end = FrontEnd.from_dict(front_end or {})
        self.front_end, self.in_model = front_end, in_model
        kwargs |= {
            "feature_size": 1 if in_model else front_end.width,
            "sampling_rate": front_end.sampling_rate,
            "padding_value": 0.0,  # of samples; frames are padded with silence
        }
        super().__init__(**kwargs)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, as `preprocessor_config.json` stores them."""
        return {**super().to_dict(), "front_end": self.front_end.to_dict()}

    @property
    def input_front_end(self) -> FrontEnd:
        """The front end of `input_values`: samples alone where the model computes the rest."""
        if not self.in_model:
            return self.front_end
        return FrontEnd(kinds=("samples",), sampling_rate=self.front_end.sampling_rate)

    def features(self, sound: Any, sampling_rate: int | None = None) -> np.ndarray:
        """Compute the input of one sound, (T, F) frames or (n,) samples in float32.

        Args:
            sound: the path or the bytes of a recording or of MIDI; (n,) samples of any type that
                `float_samples` takes; or a recording of `datasets`: a decoder,
                `{"bytes": ..., "path": ...}`, or `{"array": ..., "sampling_rate": ...}`, whose
                channels are averaged where the array is (channels, n).
            sampling_rate: of samples, in Hz. Without one, the front end's is assumed and a warning
                is logged once.

        Raises:
            ValueError: samples at another rate; files and decoders are resampled.
            ReadError: a source that cannot be read, or samples that `samples_at` refuses.
        """
        wanted = self.sampling_rate
        file = file_of(sound)
        if isinstance(file, NamedBytes):
            with naming(file.path):
                return frames_of(file.content, self.input_front_end)
        if file is not None:
            return frames_of(file, self.input_front_end)
        if not is_decoder(sound) and (rate_of(sound) or sampling_rate) is None:
            logger.warning_once(f"no sampling_rate with the samples: {wanted} Hz is assumed")
        return front_features(samples_at(sound, wanted, sampling_rate), self.input_front_end)

    def __call__(
        self,
        audio: Any,
        sampling_rate: int | None = None,
        padding: bool | str | PaddingStrategy = True,
        max_length: int | None = None,
        truncation: bool = False,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
    ) -> BatchFeature:
        """Make a batch of one sound or of several.

        Args:
            audio: a sound as in `features`, or several. A (B, n) array is B sounds.
            sampling_rate: of samples, in Hz.
            padding, max_length, truncation, pad_to_multiple_of: as in transformers; lengths count
                positions of `input_values`: samples or frames.
            return_attention_mask: whether the mask is among the outputs.
            return_tensors: `np` or `pt`; numpy by default.

        Returns:
            `input_values`, (B, T, F) frames or (B, n) samples in float32, and `attention_mask`,
            (B, T) or (B, n) in int64.
        """
        values = [self.features(sound, sampling_rate) for sound in _several(audio)]
        return self.pad(
            cast(Any, {INPUT: values}),  # arrays, which transformers accepts but does not declare
            padding=padding,
            max_length=max_length,
            truncation=truncation,
            pad_to_multiple_of=pad_to_multiple_of,
            return_attention_mask=return_attention_mask,
            return_tensors=return_tensors,
        )

    def _pad(
        self,
        processed_features: dict[str, np.ndarray] | BatchFeature,
        max_length: int | None = None,
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
    ) -> dict[str, np.ndarray]:
        """Pad one example on the right with silence; transformers would pad with one number."""
        features = dict(processed_features)
        values = float_samples(features[INPUT])
        length = len(values)
        mask = np.asarray(features.get(MASK, np.ones(length)), dtype=np.int64)
        if padding_strategy != PaddingStrategy.DO_NOT_PAD and max_length is not None:
            multiple = pad_to_multiple_of or 1
            length = max(length, -(-max_length // multiple) * multiple)
        padded = np.empty((length, *values.shape[1:]), np.float32)
        padded[: len(values)] = values
        padded[len(values) :] = silence(self.input_front_end)
        features[INPUT] = padded
        if self.return_attention_mask if return_attention_mask is None else return_attention_mask:
            features[MASK] = np.pad(mask, (0, length - len(mask)))
        return features


def _several(audio: Any) -> Sequence[Any]:
    """Return a list of sounds, also for a single sound."""
    if is_one_sound(audio) or getattr(audio, "ndim", None) == 0:
        return [audio]
    return audio if isinstance(audio, list | tuple) else list(audio)
