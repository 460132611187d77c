"""Scoring recordings: files in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.samples import file_of, is_one_sound, path_of, samples_at
from symbolic.audio.synthesis.rendering import read_sound
from symbolic.audio.transforms.spectral import front_features
from symbolic.configuration import SymbolicConfig
from symbolic.inference.prediction import predict_audio
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.notes.archives import NamedBytes
from symbolic.notes.read import MIDI_SUFFIXES, content_of, is_file, kind_of
from symbolic.notes.sources import display_name, find_sources
from symbolic.scoring.columns import NUMBER, TEXT
from symbolic.scoring.emotion import HUB_OPTIONS, loaded
from symbolic.scoring.workers import rows_of

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = AUDIO_SUFFIXES + MIDI_SUFFIXES
AHEAD = 16  # recordings in memory

Source = Any
"""A recording: whatever `SymbolicFeatureExtractor.features` takes."""


def load_audio_model(
    name: str | os.PathLike, **kwargs: Any
) -> tuple[SymbolicModel, SymbolicFeatureExtractor]:
    """A model that hears audio, and the feature extractor that was saved beside it.

    Args:
        name: a folder or a hub name.
        kwargs: of `SymbolicModel.from_pretrained`; the extractor gets `HUB_OPTIONS` of them.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model that hears no audio, or another front end than the extractor's.
    """
    name = os.fspath(name)
    hub = {option: kwargs[option] for option in HUB_OPTIONS if option in kwargs}
    config = SymbolicConfig.from_pretrained(name, **hub)
    if config.inputs != "audio":
        raise ValueError(f"{name}: a model of notes, which hears no recordings")
    model = loaded(name, config, **kwargs)
    extractor = SymbolicFeatureExtractor.from_pretrained(name, **hub)
    check_extractor(model, extractor)
    return model, extractor


def check_extractor(model: SymbolicModel, extractor: SymbolicFeatureExtractor) -> None:
    """Refuse an extractor whose frames the model was not trained with, with a ValueError."""
    config = model.config
    if (extractor.front_end, extractor.in_model) != (
        config.front_end,
        config.front_end_in_model,
    ):
        raise ValueError("the model was trained with another front end than the extractor's")


def listen(sources: Sequence[Source], front: FrontEnd) -> list[tuple[np.ndarray, float]]:
    """What a model is given of each source, and its seconds.

    Args:
        sources: recordings, or MIDI files, which are rendered; samples are as in `samples_at`.
        front: what the model is given, `SymbolicFeatureExtractor.heard`.

    Raises:
        ReadError: a source that cannot be read, or samples at another rate.
    """
    heard, rate = [], front.sampling_rate
    for source in sources:
        if kind_of(source) in ("path", "bytes"):
            samples = read_sound(source, rate)
        elif is_file(source):
            samples = read_sound(content_of(source), rate)
        else:
            samples = _given(source, rate)
        heard.append((front_features(samples, front), len(samples) / front.sampling_rate))
    return heard


def _given(source: Any, rate: int) -> np.ndarray:
    """(n,) samples of a sound in memory."""
    file = file_of(source)
    if file is not None:
        return read_sound(file.content if isinstance(file, NamedBytes) else file, rate)
    try:
        return samples_at(source, rate)
    except ReadError:
        raise
    except ValueError as error:  # another rate: the row of this sound gives the reason
        raise ReadError(str(error)) from error


class AudioScorer:
    """Genre, mood, tags or whatever else a model answers, one row for each recording.

    Args:
        model: one that hears audio, with a task on sequence level.

    Raises:
        ValueError: a model of notes, or without such a task.

    Example:
        >>> scorer = AudioScorer.from_pretrained("runs/genre")
        >>> table = scorer.score(["song.wav", "folder/"])
    """

    suffixes = SUFFIXES
    ahead = AHEAD
    heard = "audio or MIDI"  # what files in folders are

    def __init__(self, model: SymbolicModel) -> None:
        if model.config.inputs != "audio":
            raise ValueError("a model of notes, which hears no recordings")
        self.tasks = [task for task in model.tasks if task.level == "sequence"]
        if not self.tasks:
            raise ValueError(
                "the model has no answer for a whole recording, but for frames: symbolic segment "
                "tells boundaries"
            )
        self.model = model.eval()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike, device: str | torch.device = "cpu", **kwargs: Any
    ) -> AudioScorer:
        """Load a model; arguments and errors as of `load_audio_model`."""
        model, _ = load_audio_model(name, **kwargs)
        return cls(model.to(device))

    def score(
        self,
        sources: Source | Iterable[Source],
        *,
        recursive: bool = True,
        batch_size: int = 16,
        workers: int | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """One row per file.

        Args:
            sources: a path or an iterable of paths: recordings, MIDI files, which are rendered, or
                folders, of which every file with the name of one is scored; also their bytes, (n,)
                samples at the model's sampling rate, and rows of `datasets`: whatever
                `pipeline("music-tags")` takes. Sounds in memory are prepared in this process.
            recursive: whether folders are searched to the bottom.
            batch_size: windows in one forward pass; changes speed, not the result.
            workers: processes that read files; None is one for each core, 0 reads in this process,
                without a time and memory limit for each file.
            progress: whether to show a progress bar on stderr.

        Returns:
            DataFrame with `path`; of a task of classes its name, the most probable class, and
            `<task> confidence`; for each label `<task>: <label>`, a probability, or a value of a
            regression; `seconds`; and `error`, empty for a scored file, where the other columns
            are missing if it is not.
        """
        import pandas as pd

        with TemporaryDirectory() as scratch:
            some = [sources] if is_one_sound(sources) else sources
            found = list(find_sources(some, recursive, self.suffixes, scratch))
            answer = partial(self.answer, batch_size=batch_size)
            rows = rows_of(found, self.hearing, answer, progress, self.ahead, workers=workers)
        for source, row in zip(found, rows, strict=True):
            row["path"] = display_name(path_of(source) or source)
        return pd.DataFrame(rows, columns=list(self.types))

    @property
    def types(self) -> dict[str, str]:
        """Columns of the table, and what is in them: text or numbers."""
        named = {"path": TEXT}
        for task in self.tasks:
            if task.kind == "single":
                named |= {task.name: TEXT, f"{task.name} confidence": NUMBER}
            named |= {f"{task.name}: {label}": NUMBER for label in task.labels}
        return {**named, "seconds": NUMBER, "error": TEXT}

    @property
    def hearing(self) -> Callable[[list[Source]], list[tuple[np.ndarray, float]]]:
        """What workers do: `listen` for this model."""
        return partial(listen, front=self.model.config.feature_extractor().input_front_end)

    def answer(
        self, heard: list[tuple[np.ndarray, float] | ReadError], batch_size: int = 16
    ) -> list[dict]:
        """A row of the table for each recording, without its path; as of an `EmotionScorer`."""
        rows = [{"error": one.reason} if isinstance(one, ReadError) else {} for one in heard]
        good = [i for i, one in enumerate(heard) if not isinstance(one, ReadError)]
        if not good:
            return rows
        answers = predict_audio(self.model, [heard[i][0] for i in good], batch_size)
        for n, i in enumerate(good):
            rows[i] |= {"seconds": heard[i][1], "error": ""}
            for task in self.tasks:
                answer = answers[task.name][n]
                if task.kind == "single":
                    rows[i][task.name] = task.labels[int(answer.argmax())]
                    rows[i][f"{task.name} confidence"] = answer.max()
                names = (f"{task.name}: {label}" for label in task.labels)
                rows[i].update(zip(names, answer, strict=True))
        return rows
