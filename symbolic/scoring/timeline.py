"""Emotion over time: windows that slide over a piece, one row for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.features import features
from symbolic.inference.prediction import familiarity, predict_ids
from symbolic.notes.beats import metrical_edges
from symbolic.notes.sources import display_name, find_sources
from symbolic.notes.table import DEFAULT_METERS, DEFAULT_TEMPOS, ReadError, ticks_to_seconds
from symbolic.scoring.base import Row
from symbolic.scoring.columns import COUNT, NUMBER, TIMELINE
from symbolic.scoring.notes import emitted_notes
from symbolic.scoring.windows import SlidingWindow
from symbolic.scoring.workers import map_files
from symbolic.tasks import quadrant_of, valence_arousal
from symbolic.tokenizers.ferreira_notes import StepTable

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.modeling import SymbolicModel
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source
    from symbolic.scoring.emotion import EmotionScorer
    from symbolic.tokenizers import Tokenizer

TIMELINE_COLUMNS = tuple(TIMELINE)
PREDICTIONS = TIMELINE_COLUMNS[6:-2]  # from the quadrant to the familiarity
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
        ids: of each window with notes; None for a model of features alone.
        features: (v, C) float32 of the v windows with notes; None for a model that takes none.
    """

    start: np.ndarray
    end: np.ndarray
    first_bar: np.ndarray
    last_bar: np.ndarray
    notes: np.ndarray
    ids: list[np.ndarray] | None
    features: np.ndarray | None


def prepare_windows(
    notes: NoteTable,
    sliding: SlidingWindow,
    tokenizer: Tokenizer,
    names: Sequence[str],
    takes_ids: bool,
) -> WindowInputs:
    """Cut a piece into windows and prepare each for a model as if it were a piece; without torch.

    The first window begins with the piece. The last is the first that reaches beyond the onset of
    the last note; it ends where the last note ends, so that it may be shorter than the others, or
    longer. A piece shorter than a window has one. A window takes the notes that begin in it, at its
    beginning but not at its end, and they sound as long as they do in the piece.

    Args:
        notes: as the tokenizer emits them, at least one.
        sliding: the windows.
        tokenizer: of the model.
        names: of the features that it takes.
        takes_ids: whether it takes ids.

    Raises:
        ReadError: more than `MAX_WINDOWS` windows, more bars than `symbolic.notes.beats` counts, or
            no window with a note that the tokenizer can hold.
    """
    bars = metrical_edges(notes, "bar")
    start, end = _edges(sliding, bars, float(notes.onset.max()))
    order = notes.onset.argsort(kind="stable")
    first, last = _between(notes.onset[order], start, end)
    first_bar = np.minimum(bars.searchsorted(start + EARLY, side="right"), len(bars) - 1)
    begin = bars[first_bar - 1]
    ticks = _ticks_at(notes, begin)
    # The emitted order, which need not be that of onsets, is kept within each window.
    cuts = [
        _cut(notes, np.sort(order[a:b]), tick, seconds, b == len(order)) if b > a else None
        for a, b, tick, seconds in zip(
            *(first.tolist(), last.tolist(), ticks.tolist(), begin.tolist()), strict=True
        )
    ]
    if isinstance(notes, StepTable):
        _share_steps(notes, cuts, start, end, ticks)
    if takes_ids:  # short notes may be too short where they stand now: whole units are rounded
        cuts = [None if cut is None else tokenizer.emitted(cut) for cut in cuts]
    full = np.array([cut is not None and len(cut) > 0 for cut in cuts])
    pieces = [cut for cut in cuts if cut is not None and len(cut) > 0]
    if not pieces:
        raise ReadError("no note that the tokenizer can hold")
    end[-1] = max(notes.seconds, start[-1])
    last_bar = np.clip(bars.searchsorted(end - EARLY, side="right"), first_bar, len(bars) - 1)
    return WindowInputs(
        start,
        end,
        first_bar,
        last_bar,
        np.where(full, last - first, 0),
        [tokenizer.note_ids(cut) for cut in pieces] if takes_ids else None,
        np.stack([features(cut, names).astype(np.float32) for cut in pieces]) if names else None,
    )


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


def _cut(
    notes: NoteTable, index: np.ndarray, tick: int, seconds: float, to_the_end: bool
) -> NoteTable:
    """The notes at `index` as a piece that begins at a bar line, by the tick and seconds of it."""
    cut = notes.select(index)
    until = None if to_the_end else int((cut.onset_ticks + cut.duration_ticks).max())
    tempos = _changes(tick, until, (notes.tempo_ticks, notes.tempo), DEFAULT_TEMPOS)
    meters = (notes.meter_ticks, notes.meter_numerator, notes.meter_denominator)
    meters = _changes(tick, until, meters, DEFAULT_METERS)
    return replace(
        cut,
        onset_ticks=np.maximum(cut.onset_ticks - tick, 0),
        onset=np.maximum(cut.onset - seconds, 0),
        tempo_ticks=tempos[0],
        tempo=tempos[1],
        meter_ticks=meters[0],
        meter_numerator=meters[1],
        meter_denominator=meters[2],
    )


def _changes(
    tick: int, until: int | None, columns: tuple[np.ndarray, ...], default: tuple[float, ...]
) -> tuple[np.ndarray, ...]:
    """Changes from a tick to before another, counted from the first; what holds there is first."""
    first = int(columns[0].searchsorted(tick, side="right"))
    last = len(columns[0]) if until is None else max(int(columns[0].searchsorted(until)), first)
    columns = tuple(column[max(first - 1, 0) : last] for column in columns)
    if first == 0:
        columns = tuple(
            np.append(one, column) for one, column in zip(default, columns, strict=True)
        )
    return np.maximum(columns[0] - tick, 0), *columns[1:]


def _share_steps(
    notes: StepTable,
    cuts: list[NoteTable | None],
    start: np.ndarray,
    end: np.ndarray,
    ticks: np.ndarray,
) -> None:
    """Give each cut the steps that lie in its window."""
    steps = np.sort(notes.step_ticks)
    times = ticks_to_seconds(steps, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    first, last = _between(times, start, end)
    for i, cut in enumerate(cuts):
        if cut is not None:
            within = np.maximum(steps[first[i] : last[i]] - ticks[i], 0)
            cuts[i] = replace(cut, step_ticks=within)


def timeline_rows(
    model: SymbolicModel, windows: WindowInputs, batch_size: int | None = None
) -> list[Row]:
    """Predict the emotion of the windows of a piece: a row of `TIMELINE_COLUMNS` each, no path.

    Args:
        model: with an emotion task.
        windows: by `prepare_windows`.
        batch_size: windows in one forward pass.
    """
    return predict_timelines(model, [windows], batch_size)[0]


def predict_timelines(
    model: SymbolicModel,
    pieces: Sequence[WindowInputs | ReadError],
    batch_size: int | None = None,
) -> list[list[Row]]:
    """Apply `timeline_rows` to several pieces, whose windows share batches.

    An error in place of a piece becomes one row.
    """
    good = [piece for piece in pieces if not isinstance(piece, ReadError)]
    predictions = _predictions(model, good, batch_size or WINDOWS_PER_BATCH) if good else iter(())
    return [
        [{"error": piece.reason}]
        if isinstance(piece, ReadError)
        else list(_rows(piece, predictions))
        for piece in pieces
    ]


def _predictions(
    model: SymbolicModel, pieces: Sequence[WindowInputs], batch_size: int
) -> Iterator[tuple]:
    """Predict the columns `PREDICTIONS` of the windows with notes of all pieces."""
    ids = [window for piece in pieces for window in piece.ids or ()]
    rows = [piece.features for piece in pieces if piece.features is not None]
    matrix = np.concatenate(rows) if rows else None
    emotion = predict_ids(model, ids, matrix, batch_size)["emotion"]
    familiar = None if matrix is None else familiarity(model, matrix)
    familiar = np.full(len(emotion), np.nan) if familiar is None else familiar
    numbers = [emotion.max(axis=1), emotion, valence_arousal(emotion), familiar]
    for probabilities, values in zip(emotion, np.column_stack(numbers).tolist(), strict=True):
        yield (quadrant_of(probabilities), *values)


def _rows(windows: WindowInputs, predictions: Iterator[tuple]) -> Iterator[Row]:
    """Make a row for each window; those with notes take the next prediction."""
    columns = (windows.start, windows.end, windows.first_bar, windows.last_bar, windows.notes)
    names = ("start", "end", "first_bar", "last_bar", "notes")
    for number, values in enumerate(zip(*(c.tolist() for c in columns), strict=True), 1):
        row = {"window": number} | dict(zip(names, values, strict=True)) | {"error": ""}
        if row["notes"]:
            row.update(zip(PREDICTIONS, next(predictions), strict=True))
        yield row


def timeline_table(rows: Iterable[dict]) -> pd.DataFrame:
    """Make a DataFrame of rows, with the columns `TIMELINE_COLUMNS`, of their types."""
    import pandas as pd

    kinds = {NUMBER: "float64", COUNT: "Int64"}
    table = pd.DataFrame(list(rows), columns=list(TIMELINE_COLUMNS))
    return table.astype({c: kinds[k] for c, k in TIMELINE.items() if k in kinds})


def timeline(
    scorer: EmotionScorer,
    sources: Source | Iterable[Source],
    sliding: SlidingWindow | None = None,
    *,
    recursive: bool = True,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Predict emotion over time: a row for each window of each file.

    Args:
        scorer: with the model.
        sources: as `EmotionScorer.score` takes them.
        sliding: the windows; None is `SlidingWindow()`.
        recursive, batch_size, workers, progress: as of `EmotionScorer.score`.

    Returns:
        DataFrame with the columns `path window start end first_bar last_bar quadrant confidence q1
        q2 q3 q4 valence arousal familiarity notes error`, as of `EmotionScorer.score`; windows are
        counted from 1, start and end are seconds. Where no note begins in a window the predictions
        are missing; a file that cannot be read has one row, with its error.
    """
    preprocess = partial(
        _prepare_files, sliding=sliding or SlidingWindow(), options=scorer.preprocess_options
    )
    predict = partial(predict_timelines, scorer.model, batch_size=batch_size)
    with TemporaryDirectory() as scratch:
        found = list(find_sources(sources, recursive, scratch=scratch))
        pieces = map_files(found, preprocess, predict, progress, FILES_PER_BATCH, workers=workers)
    return timeline_table(
        {"path": display_name(source)} | row
        for source, rows in zip(found, pieces, strict=True)
        for row in rows
    )


def _prepare_files(
    sources: Sequence[Source], sliding: SlidingWindow, options: dict[str, Any]
) -> list[WindowInputs]:
    """Read sources and cut them into windows, in a worker; errors as of `prepare_windows`."""
    return [
        prepare_windows(emitted_notes(source, options["tokenizer"]), sliding, **options)
        for source in sources
    ]
