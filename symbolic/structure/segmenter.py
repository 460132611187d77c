"""Files to the boundaries of their parts: by a model, or without one by novelty."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.inputs import frames_of, timed_frames
from symbolic.audio.synthesis.rendering import is_music
from symbolic.configuration import SymbolicConfig
from symbolic.data.datasets.beat_dataset import BeatRow, read_beat_rows
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.notes import NOTE_SUFFIXES, ReadError
from symbolic.notes.pool import apply_many
from symbolic.notes.sources import display_name, find_sources
from symbolic.scoring.audio import load_audio_model
from symbolic.scoring.notes import HUB_OPTIONS, check_vocabulary, load_model, load_weights
from symbolic.structure.baselines import novelty_above
from symbolic.structure.detection import (
    CLOCK,
    boundary_times,
    frame_activations,
    frames_within,
    unit_activations,
)
from symbolic.tasks import BOUNDARY

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.tokenizers import Tokenizer

NOVELTY = 0.1  # of a piece's greatest, that a boundary is above the median


@dataclass(frozen=True)
class Segmented:
    """What was found in one file.

    Attributes:
        path: of the file, as it is displayed.
        times: (P + 2,) seconds of boundaries, ascending, from 0 to the end: of a recording the last
            of its samples, of notes the end of the last. None where there is an error.
        confidence: (P + 2,) 0..1 of each, 1 for the beginning and the end.
        activation: (T,) 0..1 of each frame.
        picture: (T, F) mel bands in dB or a piano roll.
        front: what the picture is, and when frames are.
        error: why there is nothing, or empty.
    """

    path: str
    times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    confidence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    activation: np.ndarray = field(default_factory=lambda: np.zeros(0))
    picture: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    front: FrontEnd | None = None
    error: str = ""


class Segmenter:
    """Boundaries of the parts of pieces.

    Args:
        model: one with the task `boundary`; None is Foote's novelty (2000), of cepstra of mel bands
            of recordings and of the chroma of notes, which has learnt nothing.
        window: the name of what its threshold is best for, `0.5` or `3` seconds.
        tokenizer: of a model that answers for bars or beats, the one that it was trained with.

    Raises:
        ValueError: a model without that task, or without a threshold for the window; no tokenizer,
            or another than it was trained with.

    Example:
        >>> found = Segmenter.from_pretrained("runs/parts").segment(["song.wav"])
        >>> found[0].times
    """

    def __init__(
        self,
        model: SymbolicModel | None = None,
        window: str = "0.5",
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self.model, self.threshold, self.tokenizer = model, NOVELTY, tokenizer
        self.window = float(window)
        if model is not None:
            if BOUNDARY.name not in model.heads:
                raise ValueError("the model finds no boundaries")
            known = model.config.thresholds.get(BOUNDARY.name, {})
            if window not in known:
                raise ValueError(f"window {window!r}: the model has {', '.join(known) or 'none'}")
            self.threshold = known[window]
            if model.units is not None:
                if tokenizer is None:
                    raise ValueError("a model of tokens, and no tokenizer")
                check_vocabulary(model, tokenizer)
            model.eval()

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike, window: str = "0.5", device: str = "cpu", **kwargs: Any
    ) -> Segmenter:
        """Load a model, of recordings or of notes, with its tokenizer if it has one.

        Arguments and errors are as of `symbolic.scoring.audio.load_audio_model`.
        """
        name = os.fspath(name)
        hub = {option: kwargs[option] for option in HUB_OPTIONS if option in kwargs}
        config = SymbolicConfig.from_pretrained(name, **hub)
        tokenizer = None
        if not config.metrical_unit:
            model, _ = load_audio_model(name, **kwargs)
        elif config.encoder == "metrical":
            model = load_weights(name, config, **kwargs)
        else:
            model, tokenizer = load_model(name, **kwargs)
        return cls(model.to(device), window, tokenizer)

    def segment(
        self,
        sources: str | os.PathLike | bytes | Iterable[str | os.PathLike | bytes],
        *,
        recursive: bool = True,
        workers: int | None = None,
    ) -> list[Segmented]:
        """What there is in files, one after the other.

        Args:
            sources: a path or several: recordings, MIDI, MusicXML, or folders of them.
            recursive: whether folders are searched to the bottom.
            workers: processes that read; None is one for each core, 0 none.
        """
        found = [*find_sources(sources, recursive, AUDIO_SUFFIXES + NOTE_SUFFIXES)]
        config = None if self.model is None else self.model.config
        if config is not None and config.metrical_unit:
            pictures = config.metrical_options.get("rolls", ())
            hear_all = partial(_read, config.metrical_unit, self.tokenizer, pictures)
        else:
            hear_all = partial(_heard, None if config is None else config.front_end)
        heard = apply_many(hear_all, found, workers)
        return [self._answered(source, one) for source, one in zip(found, heard, strict=True)]

    def _answered(self, source: Any, heard: Heard | ReadError) -> Segmented:
        path = display_name(source)
        if isinstance(heard, ReadError):
            return Segmented(path, error=heard.reason)
        front, frames, row, seconds = heard
        peaks = "apart" if self.model is None else self.model.config.peaks
        if self.model is None:
            activation = novelty_above(front.kinds[-1], frames, front)
        elif row is not None:
            activation = unit_activations(self.model, [row])[0].activation
        else:
            (activation,) = frame_activations(self.model, [frames])
        times, sure = boundary_times(activation, front, peaks, self.threshold, self.window, seconds)
        within = frames_within(seconds, min(len(activation), len(frames)), front)
        picture = frames[:within, : front.widths[front.kinds[0]]]
        return Segmented(path, times, sure, activation[:within], picture, front)


Heard = tuple[FrontEnd, np.ndarray, BeatRow | None, float]
"""What is drawn of a piece, the tokens of a model of notes, and seconds."""


def _heard(front: FrontEnd | None, sources: Sequence[Any]) -> list[Heard]:
    """What a model hears of sources; without one, what novelty is told by."""
    found = []
    for source in sources:
        heard = front or _novelty_front(is_music(source))
        frames, seconds = timed_frames(source, heard)
        found.append((heard, frames, None, seconds))
    return found


def _read(
    unit: str, tokenizer: Tokenizer | None, pictures: Sequence[str], sources: Sequence[Any]
) -> list[Heard | ReadError]:
    """What a model of bars or beats takes of sources, and their piano rolls."""
    rows = read_beat_rows(unit, tokenizer, pictures, sources)
    return [
        row if isinstance(row, ReadError) else (CLOCK, frames_of(source, CLOCK), row, row.seconds)
        for source, row in zip(sources, rows, strict=True)
    ]


def _novelty_front(of_notes: bool) -> FrontEnd:
    if of_notes:
        return replace(BOUNDARY_SYSTEMS["roll"].front, kinds=("roll", "chroma"))
    return BOUNDARY_SYSTEMS["mls"].front


def segment_table(found: Sequence[Segmented]) -> pd.DataFrame:
    """Make a table with a row for each part.

    Columns are `file`, `part` from 1, `start` and `end` in seconds, `confidence` of the boundary at
    its start, and `error`. The first part starts at 0, the last ends where the piece does. A file
    that cannot be read has a row with the reason in `error`.
    """
    import pandas as pd

    rows = []
    for one in found:
        if one.error:
            rows.append({"file": one.path, "error": one.error})
        for part, (start, end, sure) in enumerate(
            zip(one.times[:-1], one.times[1:], one.confidence[:-1], strict=True), 1
        ):
            row = {"file": one.path, "part": part, "start": round(float(start), 3)}
            row |= {"end": round(float(end), 3), "confidence": round(float(sure), 4), "error": ""}
            rows.append(row)
    columns = ["file", "part", "start", "end", "confidence", "error"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"part": "Int64"})


def segment_labels(one: Segmented) -> str:
    """Parts as labels that Audacity imports: start, end and a name on each line, by tabs."""
    lines = [
        f"{start:.6f}\t{end:.6f}\tpart {part} ({sure:.2f})"
        for part, (start, end, sure) in enumerate(
            zip(one.times[:-1], one.times[1:], one.confidence[:-1], strict=True), 1
        )
    ]
    return "\n".join(lines) + "\n"


def segment_record(one: Segmented) -> dict[str, Any]:
    """What JSON has of a file: `file`, `error`, and of each boundary `time` and `confidence`."""
    boundaries = [
        {"time": round(float(time), 3), "confidence": round(float(sure), 4)}
        for time, sure in zip(one.times, one.confidence, strict=True)
    ]
    return {"file": one.path, "error": one.error, "boundaries": boundaries}
