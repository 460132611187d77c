"""Segmentation of files into parts, by a model, by novelty or by the marks of the files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from symbolic.audio.beat_rows import beat_row
from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.audio.front_end import ROLL, STRUCTURE, FrontEnd
from symbolic.audio.inputs import note_frames, timed_frames
from symbolic.audio.synthesis.rendering import is_music
from symbolic.inference.beat_model import BeatModel, load_beat_model
from symbolic.notes import NOTE_SUFFIXES, ReadError, read_notes
from symbolic.notes.pool import apply_many
from symbolic.notes.sources import Scratch, display_name, find_sources
from symbolic.packaged import WEIGHTS, packaged
from symbolic.scoring.base import HubMixin
from symbolic.scoring.notes import check_vocabulary, load_model
from symbolic.scoring.progress import progress_bar
from symbolic.structure.confidence import calibrated
from symbolic.structure.detection import (
    FRAME_GRID,
    boundary_times,
    frame_activations,
    frames_within,
    on_frame_grid,
    picker,
    unit_activations,
)
from symbolic.structure.marked import MARKS, marked_sections
from symbolic.structure.naming import NAMING_ROLLS, PartNames, part_names
from symbolic.structure.novelty import novelty_above
from symbolic.structure.segmentation import Segmentation
from symbolic.tasks import BOUNDARY

if TYPE_CHECKING:
    import torch

    from symbolic.audio.beat_rows import BeatRow
    from symbolic.configuration import SymbolicConfig
    from symbolic.inference.beat_model import BeatSettings
    from symbolic.modeling import SymbolicModel
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source
    from symbolic.tokenizers import Tokenizer

SEGMENTED_SUFFIXES = AUDIO_SUFFIXES + NOTE_SUFFIXES
PHRASES = "phrases"  # name of the model of notes in the package, which is the default
UNTRAINED = "novelty"
NO_FRAMES = np.zeros((0, 0))
NOTE_NOVELTY = replace(ROLL, kinds=("roll", "chroma"))  # what is shown, and what is compared
NOVELTY = 0.1  # threshold above the running median, relative to the maximum of the piece


class Segmenter(HubMixin):
    """Detector of the boundaries between the parts of pieces.

    Args:
        model: with the task `boundary`; None for the novelty of Foote (2000), which is not trained:
            of cepstra of mel bands for recordings, of chroma for notes. A `BeatModel` takes notes,
            and novelty segments recordings beside it.
        tolerance: `0.5` or `3`, the tolerance in seconds that the threshold was tuned for.
        tokenizer: of a model that takes tokens, the tokenizer of its training.

    Raises:
        ValueError: a model without that task, without a threshold for the tolerance, or with an
            unknown peak-picking rule; no tokenizer, or another than in training.

    Example:
        >>> found = Segmenter.from_pretrained().segment(["song.mid"])
        >>> found[0].times, found[0].names.labels
    """

    def __init__(
        self,
        model: SymbolicModel | BeatModel | None = None,
        tolerance: str = "0.5",
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self.model, self.threshold, self.tokenizer = model, NOVELTY, tokenizer
        self.tolerance, self.peaks = float(tolerance), "min_distance"
        self.calibration: Sequence[float] | None = None
        if model is not None:
            _refuse_other_tasks(model.config, "the model")
            thresholds = model.config.thresholds.get(BOUNDARY.name, {})
            if tolerance not in thresholds:
                have = ", ".join(thresholds) or "none"
                raise ValueError(f"model has no threshold for tolerance {tolerance}: it has {have}")
            self.threshold = thresholds[tolerance]
            self.calibration = model.config.confidences.get(BOUNDARY.name, {}).get(tolerance)
            self.peaks = picker(model.config.peaks, self.tolerance)
            if isinstance(model, BeatModel):
                return
            if model.units is not None:
                if tokenizer is None:
                    raise ValueError("this model takes tokens and needs its tokenizer")
                check_vocabulary(model, tokenizer)
            model.eval()

    @classmethod
    def from_pretrained(
        cls,
        name: str | os.PathLike | None = None,
        *,
        tolerance: str = "0.5",
        device: str | torch.device = "cpu",
        **kwargs: Any,
    ) -> Segmenter:
        """Load a model of recordings or of notes, with its tokenizer if it has one.

        Args:
            name: a folder or a hub name. None, or `phrases` where no folder has that name, is the
                model in the package: of notes, without network and PyTorch, beside novelty for
                recordings. `novelty` is novelty for both, which is not trained. `marks` takes the
                sections that files of notes mark themselves.
            tolerance: as of the class.
            device: where the model runs.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

        Raises:
            OSError: nothing to load under that name.
            ValueError: as of the class, or a model of another type.
        """
        if "window" in kwargs:
            tolerance = kwargs.pop("window")
            warnings.warn("window= is now tolerance=", FutureWarning, stacklevel=2)
        if name == UNTRAINED and not os.path.isdir(name):
            return cls(None, tolerance)
        if name == MARKS and not os.path.isdir(name):
            return MarkedSegmenter()
        if name is None or (name == PHRASES and packaged(name) != name):
            return cls(load_beat_model(WEIGHTS / PHRASES), tolerance)
        from symbolic.inference.weights import load_config, load_weights  # loads PyTorch
        from symbolic.scoring.audio import load_audio_model

        config = load_config(name, **kwargs)
        _refuse_other_tasks(config, os.fspath(name))
        tokenizer, kwargs["device"] = None, device
        if not config.metrical_unit:
            model, _ = load_audio_model(name, **kwargs)
        elif config.encoder == "metrical":
            model = load_weights(name, config, **kwargs)
        else:
            model, tokenizer = load_model(name, **kwargs)
        return cls(model, tolerance, tokenizer)

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> None:
        """Save the model with its tokenizer or feature extractor."""
        if isinstance(self.model, BeatModel):  # is saved by PyTorch
            type(self).from_pretrained(WEIGHTS / PHRASES).save_pretrained(save_directory, **kwargs)
            return
        super().save_pretrained(save_directory, **kwargs)
        if self.tokenizer is not None:
            self.tokenizer.save_pretrained(save_directory)
        elif self.model is not None and self.model.config.inputs == "audio":
            self.model.config.feature_extractor().save_pretrained(save_directory)

    def segment(
        self,
        sources: Source | Iterable[Source],
        *,
        recursive: bool = True,
        workers: int | None = None,
        progress: bool = False,
    ) -> list[Segmentation]:
        """Segment files, in order.

        Args:
            sources: one or several: paths of recordings, MIDI or MusicXML, of folders and archives
                of them, the bytes of such files, or objects with notes.
            recursive: whether folders are searched recursively.
            workers: number of processes that read; None for one per core, 0 for none.
            progress: whether to show a progress bar on stderr.
        """
        pieces = []
        with Scratch() as scratch:
            found = [*find_sources(sources, recursive, SEGMENTED_SUFFIXES, scratch)]
            inputs = apply_many(self._preparation(), found, workers)
            names = [display_name(source, number) for number, source in enumerate(found)]
            with progress_bar(len(found), progress) as bar:
                for name, prepared in zip(names, inputs, strict=True):
                    pieces.append(self._segmented(name, prepared))
                    bar.update()
        return pieces

    __call__ = segment

    def _preparation(self) -> Any:
        """Make what reads sources in a worker, for `_segmented`."""
        config, units = None if self.model is None else self.model.config, None
        if config is not None and config.metrical_unit:
            rolls = tuple(config.metrical_options.get("rolls", ()))
            of_recordings = isinstance(self.model, BeatModel)
            units = _Units(config.metrical_unit, self.tokenizer, rolls, of_recordings)
        front = None if config is None or units is not None else config.front_end
        return partial(_prepared, front, units)

    def _segmented(self, path: str, inputs: _Inputs | ReadError) -> Segmentation:
        if isinstance(inputs, ReadError):
            return Segmentation(path, error=inputs.reason)
        front, frames, seconds = inputs.front, inputs.frames, inputs.seconds
        peaks, threshold, curve = self.peaks, self.threshold, "activation"
        calibration = self.calibration
        if isinstance(self.model, BeatModel) and inputs.row is not None:
            row = inputs.row
            found = self.model.activation(cast(np.ndarray, row.rolls))
            activation = on_frame_grid(found, row.edges[:-1], row.seconds)
        elif self.model is None or isinstance(self.model, BeatModel):
            kind = front.kinds[-1]
            activation = novelty_above(kind, frames, replace(front, kinds=(kind,)))
            peaks, threshold, curve = "min_distance", NOVELTY, "novelty"
            calibration = None
        elif inputs.row is not None:
            activation = unit_activations(self.model, [inputs.row])[0].activation
        else:
            activation = frame_activations(self.model, [frames])[0].activation
        times, confidence = boundary_times(
            activation, front, peaks, threshold, self.tolerance, seconds
        )
        if calibration is not None:
            confidence[1:-1] = calibrated(confidence[1:-1], calibration)
        names = PartNames() if inputs.named is None else part_names(inputs.named, times)
        if inputs.notes is None:
            within = frames_within(seconds, min(len(activation), len(frames)), front)
            shown = frames[:within, : front.widths[front.kinds[0]]]
        else:
            within, shown = frames_within(seconds, len(activation), front), NO_FRAMES
        return Segmentation(
            path,
            times,
            confidence,
            activation[:within],
            shown,
            front,
            curve=curve,
            names=names,
            notes=inputs.notes,
        )


class MarkedSegmenter(Segmenter):
    """Reader of the sections that files mark themselves, in place of a model.

    Boundaries and labels are those of `symbolic.sections_of`. The confidence of each boundary is 1,
    since it is read, not predicted. A file without marked sections, and a recording, have the
    reason in `error`.

    Example:
        >>> found = Segmenter.from_pretrained("marks").segment(["song.mid"])
        >>> found[0].times, found[0].names.labels
    """

    def _preparation(self) -> Any:
        return marked_sections

    def _segmented(self, path: str, inputs: Any) -> Segmentation:
        if isinstance(inputs, ReadError):
            return Segmentation(path, error=inputs.reason)
        return replace(inputs, path=path)


def _refuse_other_tasks(config: SymbolicConfig | BeatSettings, name: str) -> None:
    """Refuse a model without boundaries, with a ValueError that says what it predicts."""
    names = [task.name for task in config.task_specs]
    if BOUNDARY.name not in names:
        raise ValueError(f"{name}: the model predicts {', '.join(names)}, not boundaries")


class _Units(NamedTuple):
    """The input of a model of bars or beats.

    Attributes:
        unit: "bar" or "beat".
        tokenizer: as of `beat_row`.
        rolls: kinds of piano rolls.
        of_recordings: whether recordings are segmented by novelty, in place of an error.
    """

    unit: str
    tokenizer: Tokenizer | None
    rolls: tuple[str, ...]
    of_recordings: bool


class _Inputs(NamedTuple):
    """The inputs of a piece.

    Attributes:
        front: the front end, which defines the frames.
        seconds: length of the piece.
        frames: (T, F), of which boundaries are predicted; none beside a row. For novelty of notes
            only of the last kind of the front end.
        row: the bars or beats for a model that takes these.
        named: the beats by which parts are named; None for a recording.
        notes: whose piano roll is shown; None where `frames` are.
    """

    front: FrontEnd
    seconds: float
    frames: np.ndarray = NO_FRAMES
    row: BeatRow | None = None
    named: BeatRow | None = None
    notes: NoteTable | None = None


def _prepared(
    front: FrontEnd | None, units: _Units | None, sources: Sequence[Any]
) -> list[_Inputs]:
    """Compute the inputs of a model of frames, of one of units, or of novelty, from sources."""
    return [
        _of_notes(front, units, source)
        if is_music(source) or (units is not None and not units.of_recordings)
        else _of_recording(front, source)
        for source in sources
    ]


def _of_recording(front: FrontEnd | None, source: Any) -> _Inputs:
    """Compute the frames of a recording; without a front end, those for novelty."""
    front = front or STRUCTURE
    frames, seconds = timed_frames(source, front)
    return _Inputs(front, seconds, frames)


def _of_notes(front: FrontEnd | None, units: _Units | None, source: Any) -> _Inputs:
    """Compute the bars or beats of notes, or their frames, and the beats that name parts."""
    notes = read_notes(source)
    if not len(notes):
        raise ReadError("no notes")
    row = None
    if units is not None:
        row = beat_row(notes, units.unit, units.tokenizer, units.rolls)
        inputs = _Inputs(FRAME_GRID, notes.seconds, row=row, notes=notes)
    elif front is None:
        chroma = note_frames(notes, replace(NOTE_NOVELTY, kinds=NOTE_NOVELTY.kinds[-1:]))
        inputs = _Inputs(NOTE_NOVELTY, notes.seconds, chroma, notes=notes)
    elif front.from_notes:
        inputs = _Inputs(front, notes.seconds, note_frames(notes, front))
    else:
        frames, seconds = timed_frames(source, front)
        inputs = _Inputs(front, seconds, frames)
    if units is None or row is None or (units.unit, units.rolls) != ("beat", NAMING_ROLLS):
        row = beat_row(notes, "beat", None, NAMING_ROLLS)
    return inputs._replace(named=row)
