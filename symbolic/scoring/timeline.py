"""Emotion over time: windows that slide over a piece, one row for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic.notes.beats import metrical_edges
from symbolic.notes.table import ReadError, ticks_to_seconds
from symbolic.scoring.base import Row, Scorer, with_errors
from symbolic.scoring.columns import TIMELINE, rows_table
from symbolic.scoring.cuts import cut_notes, cut_ticks
from symbolic.scoring.emotion import emotion_rows, scorer_of
from symbolic.scoring.notes import NoteInputs, NotePreparation
from symbolic.scoring.windows import SlidingWindow
from symbolic.tokenizers.vdn.notes import StepTable

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.inference.predictor import Predictor
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source
    from symbolic.scoring.emotion import EmotionScorer

MAX_WINDOWS = 20_000
"""Windows of one piece: a day of music every five seconds has fewer."""
EARLY = 1e-6  # seconds before a window that still belong to it: sums of floats are inexact
WINDOWS_PER_BATCH = 32  # in one forward pass
FILES_PER_BATCH = 32  # whose windows share forward passes


@dataclass(frozen=True)
class WindowInputs:
    """The inputs of a model for the w windows of a piece.

    Attributes:
        start, end: (w,) float64 seconds.
        first_bar, last_bar: (w,) int64, the first and the last bar that a window touches, counted
            from 1 as `symbolic.notes.beats` counts them, an upbeat of a score as the first, until
            the last note has begun.
        notes: (w,) int64, how many begin in each; 0 where the tokenizer can represent none of them.
        pieces: the inputs of the windows with notes.
    """

    start: np.ndarray
    end: np.ndarray
    first_bar: np.ndarray
    last_bar: np.ndarray
    notes: np.ndarray
    pieces: list[NoteInputs]


def prepare_windows(
    notes: NoteTable, sliding: SlidingWindow, preparation: NotePreparation
) -> WindowInputs:
    """Cut a piece into windows and prepare each for a model as if it were a piece; without torch.

    The first window begins with the piece. The last is the first that reaches beyond the onset of
    the last note; it ends where the last note ends, so that it may be shorter than the others, or
    longer. A piece shorter than a window has one. A window takes the notes that begin in it, at its
    beginning but not at its end, and they sound as long as they do in the piece.

    Args:
        notes: as the tokenizer emits them, at least one.
        sliding: the windows.
        preparation: of the model.

    Raises:
        ReadError: more than `MAX_WINDOWS` windows, more bars than `symbolic.notes.beats` counts, or
            no window with a note that the tokenizer can hold.
    """
    (found,) = prepare_many([notes], sliding, preparation)
    if isinstance(found, ReadError):
        raise found
    return found


def prepare_many(
    tables: Sequence[NoteTable], sliding: SlidingWindow, preparation: NotePreparation
) -> list[WindowInputs | ReadError]:
    """Do `prepare_windows` for several pieces; an error of it is in the place of its piece."""
    found: list[tuple[WindowInputs, list[NoteTable]] | ReadError] = []
    for notes in tables:
        try:
            found.append(_cut_piece(notes, sliding, preparation))
        except ReadError as error:
            found.append(ReadError(error.reason))
    cuts = [cut for piece in found if not isinstance(piece, ReadError) for cut in piece[1]]
    inputs = iter(preparation.inputs(cuts))  # of all pieces in one pass
    prepared: list[WindowInputs | ReadError] = []
    for piece in found:
        if not isinstance(piece, ReadError):
            windows, own = piece
            piece = replace(windows, pieces=[next(inputs) for _ in own])
        prepared.append(piece)
    return prepared


def _cut_piece(
    notes: NoteTable, sliding: SlidingWindow, preparation: NotePreparation
) -> tuple[WindowInputs, list[NoteTable]]:
    """Return the windows of a piece, without their inputs, and the notes of those with notes.

    Raises:
        ReadError: as of `prepare_windows`.
    """
    bars = metrical_edges(notes, "bar")
    start, end = _edges(sliding, bars, float(notes.onset.max()))
    rising = bool((notes.onset[1:] >= notes.onset[:-1]).all())
    order = None if rising else notes.onset.argsort(kind="stable")
    first, last = _between(notes.onset if order is None else notes.onset[order], start, end)
    first_bar = np.minimum(bars.searchsorted(start + EARLY, side="right"), len(bars) - 1)
    begin = bars[first_bar - 1]
    ticks = _ticks_at(notes, begin)
    full = last > first
    steps = _steps(notes, start, end, ticks, full) if isinstance(notes, StepTable) else None
    drums = None
    if len(notes.drum_onset):
        places = _between(notes.drum_onset, start, end)
        drums = places[0][full], places[1][full]
    cuts = cut_notes(notes, order, first[full], last[full], begin[full], ticks[full], steps, drums)
    if (
        preparation.note_ids is not None
    ):  # short notes may be too short where they stand now: whole units are rounded
        cuts = [preparation.kept(cut) for cut in cuts]
        full[full] = [len(cut) > 0 for cut in cuts]
        cuts = [cut for cut in cuts if len(cut)]
    if not cuts:
        raise ReadError("no note that the tokenizer can hold")
    end[-1] = max(notes.seconds, start[-1])
    last_bar = np.clip(bars.searchsorted(end - EARLY, side="right"), first_bar, len(bars) - 1)
    counts = np.where(full, last - first, 0)
    return WindowInputs(start, end, first_bar, last_bar, counts, []), cuts


def _edges(sliding: SlidingWindow, bars: np.ndarray, last: float) -> tuple[np.ndarray, np.ndarray]:
    """(w,) seconds at which windows begin and end, until the last note has begun at `last`."""
    if sliding.unit == "bars":
        more = np.ceil((len(bars) - 1 - sliding.length) / sliding.hop)
    else:
        more = np.floor((last + EARLY - sliding.length) / sliding.hop) + 1
    if more >= MAX_WINDOWS:
        raise ReadError(f"more than {MAX_WINDOWS} windows: take a longer hop")
    start = np.arange(max(int(more), 0) + 1) * float(sliding.hop)
    end = start + sliding.length
    if sliding.unit == "bars":
        start, end = (bars[np.minimum(at, len(bars) - 1).astype(int)] for at in (start, end))
    return start, end


def _between(
    times: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(w,) int64: from which to before which of rising times lie in each window.

    The first window has what is earlier, too, and the last what is later.
    """
    first, last = times.searchsorted(start - EARLY), times.searchsorted(end - EARLY)
    first[0], last[-1] = 0, len(times)
    return first, last


def _ticks_at(notes: NoteTable, seconds: np.ndarray) -> np.ndarray:
    """Ticks, rounded, at seconds up to the last onset: `ticks_to_seconds` turned round."""
    last = max(notes.onset_ticks.max(), notes.tempo_ticks.max(initial=0)) + 1
    knots = np.unique([0, *notes.tempo_ticks, last])
    times = ticks_to_seconds(knots, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    return np.rint(np.interp(seconds, times, knots)).astype(np.int64)


def _steps(
    notes: StepTable, start: np.ndarray, end: np.ndarray, ticks: np.ndarray, full: np.ndarray
) -> list[np.ndarray]:
    """Steps in each of the `full` windows, in ticks from its bar line."""
    steps = np.sort(notes.step_ticks)
    times = ticks_to_seconds(steps, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    first, last = _between(times, start, end)
    return cut_ticks(steps, first[full], last[full], ticks[full])


def predict_timelines(
    predictor: Predictor,
    pieces: Sequence[WindowInputs | ReadError],
    batch_size: int | None = None,
) -> list[list[Row]]:
    """Predict the emotion of the windows of pieces, which share batches.

    Args:
        predictor: of a model with an emotion task, as `NoteScorer.predictor`.
        pieces: by `prepare_windows`, or an error in place of one.
        batch_size: windows in one forward pass.

    Returns:
        For each piece a row of `TIMELINE` for each of its windows, without the path; for an error
        one row.
    """

    def compute(pieces: list[WindowInputs]) -> Iterator[list[Row]]:
        windows = [window for piece in pieces for window in piece.pieces]
        predicted = iter(emotion_rows(predictor, windows, batch_size or WINDOWS_PER_BATCH)[0])
        return (_rows(piece, predicted) for piece in pieces)

    found = with_errors(compute, pieces)
    return [[{"error": rows.reason}] if isinstance(rows, ReadError) else rows for rows in found]


def _rows(windows: WindowInputs, predicted: Iterator[Row]) -> list[Row]:
    """Make a row for each window; those with notes take the next prediction."""
    names = ("start", "end", "first_bar", "last_bar", "notes")
    columns = [getattr(windows, name).tolist() for name in names]
    names = ("window", *names, "error")
    rows = []
    for number, values in enumerate(zip(*columns, strict=True), 1):
        row: Row = dict(zip(names, (number, *values, ""), strict=True))
        if row["notes"]:
            row |= next(predicted)
        rows.append(row)
    return rows


def timeline(
    scorer: EmotionScorer | Source | Iterable[Source] | None = None,
    sources: Source | Iterable[Source] | None = None,
    sliding: SlidingWindow | None = None,
    *,
    recursive: bool = True,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Predict emotion over time: a row for each window of each file.

    Args:
        scorer: with the model; without one the sources come first, and the model inside the
            package predicts.
        sources: as `EmotionScorer.score` takes them.
        sliding: the windows; None is `SlidingWindow()`, 30 s long, one every 5 s. Each has this
            length but the last, which ends with the piece: see `prepare_windows`.
        recursive, batch_size, workers, progress: as of `EmotionScorer.score`.

    Returns:
        DataFrame with the columns `path window start end first_bar last_bar quadrant confidence q1
        q2 q3 q4 valence arousal valence_strength arousal_strength familiarity notes error`, as of
        `EmotionScorer.score`; windows are counted from 1, start and end are seconds. Where no note
        begins in a window the predictions are missing; a file that cannot be read has one row, with
        its error.

    Raises:
        TypeError: neither a source nor several of them.

    Example:
        >>> import symbolic
        >>> windows = symbolic.timeline("song.mid")
    """
    if not isinstance(scorer, Scorer):
        if sources is None:
            scorer, sources = None, scorer
        if scorer is not None:
            raise TypeError(
                f"expected a scorer before the sources, such as symbolic.load('runs/mine'), got "
                f"{type(scorer).__name__}"
            )
        scorer = cast("EmotionScorer", scorer_of())
    if sources is None:
        raise TypeError("timeline takes at least a source")
    scorer = cast("EmotionScorer", scorer)
    preprocess = partial(
        _prepare_files, sliding=sliding or SlidingWindow(), preparation=scorer.preprocess
    )
    predict = partial(predict_timelines, scorer.predictor, batch_size=batch_size)
    found = scorer.map_sources(
        preprocess, predict, sources, recursive, progress, FILES_PER_BATCH, workers=workers
    )
    return rows_table(({"path": name} | row for name, rows in found for row in rows), TIMELINE)


def _prepare_files(
    sources: Sequence[Source], sliding: SlidingWindow, preparation: NotePreparation
) -> list[WindowInputs | ReadError]:
    """Read sources and cut them into windows, in a worker."""
    return prepare_many([preparation.emitted(one) for one in sources], sliding, preparation)
