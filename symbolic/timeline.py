"""Emotion over time: windows that slide over a piece, one row for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from symbolic.features import features
from symbolic.inference import familiarity, predict_ids
from symbolic.notes import ReadError, read_notes
from symbolic.notes.pool import apply_many
from symbolic.notes.sources import display_name, find_sources
from symbolic.notes.table import DEFAULT_METERS, DEFAULT_TEMPOS, ticks_to_seconds
from symbolic.notes.units import unit_edges
from symbolic.tasks import QUADRANTS, valence_arousal
from symbolic.tokenizers.ferreira_notes import StepTable

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.modeling import SymbolicModel
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source
    from symbolic.scoring import EmotionScorer
    from symbolic.tokenizers import Tokenizer

TIMELINE_TYPES = {
    name: kind
    for kind, names in (
        ("text", "path"),
        ("count", "window"),
        ("number", "start end"),
        ("count", "first_bar last_bar"),
        ("text", "quadrant"),
        ("number", "confidence q1 q2 q3 q4 valence arousal familiarity"),
        ("count", "notes"),
        ("text", "error"),
    )
    for name in names.split()
}
"""Columns of the table, and what is in them: text, numbers or counts."""

TIMELINE_COLUMNS = tuple(TIMELINE_TYPES)
WHOLE_COLUMNS = ("window", "first_bar", "last_bar", "notes")
MOST = 20_000
"""Windows of one piece: a day of music every five seconds has fewer."""
EARLY = (
    1e-6  # seconds before a window in which a note still begins in it: sums of floats are inexact
)
UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "seconds"),
    **dict.fromkeys(("bar", "bars"), "bars"),
}
"""What lengths are given in, by how it may be written."""


@dataclass(frozen=True)
class Sliding:
    """Windows of one length, one after every `hop`.

    Attributes:
        length: of a window: seconds, or whole bars.
        hop: from the beginning of a window to that of the next, no more than the length.
        unit: "seconds" or "bars".

    Raises:
        ValueError: another unit, a length or hop that is not positive, a hop beyond the length, or
            parts of bars.
    """

    length: float = 30.0
    hop: float = 5.0
    unit: str = "seconds"

    def __post_init__(self) -> None:
        if self.unit not in UNITS.values():
            raise ValueError(f"no unit {self.unit!r}; there are seconds and bars")
        said = f"windows of {self.length:g} {self.unit}, one every {self.hop:g}"
        if not 0 < self.length < np.inf or not self.hop > 0:
            raise ValueError(f"{said}: both must be more than 0")
        if self.hop > self.length:
            raise ValueError(f"{said}: what lies between them would not be heard")
        if self.unit == "bars" and (self.length % 1 or self.hop % 1):
            raise ValueError(f"{said}: bars must be whole")

    @classmethod
    def parse(cls, length: str, hop: str | None = None) -> Sliding:
        """Windows as they are written: `30s`, `8bars`.

        Args:
            length: a number and a unit (s, seconds, bar, bars); without a unit it is seconds.
            hop: the same; without a unit it is that of the length. None is a quarter of the length,
                of bars at least one.

        Raises:
            ValueError: what cannot be understood, two units, or as of `Sliding`.
        """
        number, unit = _measured(length)
        unit = unit or "seconds"
        if hop is None:
            step = max(number // 4, 1) if unit == "bars" else number / 4
            return cls(number, step, unit)
        step, other = _measured(hop)
        if (other or unit) != unit:
            raise ValueError(f"windows in {unit} do not move by {other}")
        return cls(number, step, unit)


def _measured(text: str) -> tuple[float, str | None]:
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*", text.lower())
    if not found or (found[2] and found[2] not in UNITS):
        raise ValueError(f"{text!r} is no length such as 30s or 8bars")
    return float(found[1]), UNITS.get(found[2])


@dataclass(frozen=True)
class WindowsHeard:
    """The w windows of a piece as a model takes them.

    Attributes:
        start, end: (w,) float64 seconds.
        first_bar, last_bar: (w,) int64, the first and the last bar that a window touches, counted
            from 1.
        notes: (w,) int64, how many begin in each.
        ids: of each window with notes what the tokenizer makes of them; None for a model that hears
            features alone.
        features: (v, C) of the v windows with notes; None for a model that takes none.
    """

    start: np.ndarray
    end: np.ndarray
    first_bar: np.ndarray
    last_bar: np.ndarray
    notes: np.ndarray
    ids: list[np.ndarray] | None
    features: np.ndarray | None


def hear_windows(
    notes: NoteTable,
    sliding: Sliding,
    tokenizer: Tokenizer,
    names: Sequence[str],
    hears_notes: bool,
) -> WindowsHeard:
    """Cut a piece into windows and prepare each for a model as if it were a piece; without torch.

    The first window begins with the piece, the last is the first that reaches the last note, and
    lasts until that ends; a piece shorter than a window has one. A window takes the notes that
    begin in it.

    Args:
        notes: as the tokenizer emits them, at least one.
        sliding: the windows.
        tokenizer: of the model.
        names: of the features that it takes.
        hears_notes: whether it takes ids.

    Raises:
        ReadError: more than `MOST` windows, more bars than `symbolic.notes.units` counts, or a
            window of which the tokenizer makes nothing.
    """
    bars = unit_edges(notes, "bar")
    start, end = _edges(sliding, bars, float(notes.onset.max()))
    order = notes.onset.argsort(kind="stable")
    onset = notes.onset[order]
    first, last = onset.searchsorted(start - EARLY), onset.searchsorted(end - EARLY)
    end[-1], last[-1] = max(notes.seconds, start[-1]), len(notes)
    first_bar = bars.searchsorted(start + EARLY, side="right")
    last_bar = np.clip(bars.searchsorted(end - EARLY, side="right"), first_bar, len(bars) - 1)
    ticks = _ticks_at(notes, bars[first_bar - 1])
    cuts = [
        _cut(notes, np.sort(order[a:b]), tick, begin)
        for a, b, tick, begin in zip(
            first.tolist(), last.tolist(), ticks.tolist(), bars[first_bar - 1].tolist(), strict=True
        )
        if b > a
    ]
    return WindowsHeard(
        start,
        end,
        first_bar,
        last_bar,
        last - first,
        [tokenizer.note_ids(cut) for cut in cuts] if hears_notes else None,
        np.stack([features(cut, names) for cut in cuts]) if names else None,
    )


def _edges(sliding: Sliding, bars: np.ndarray, last: float) -> tuple[np.ndarray, np.ndarray]:
    """(w,) seconds at which windows begin and end, until the last note has begun at `last`."""
    if sliding.unit == "bars":
        more = np.ceil((len(bars) - 1 - sliding.length) / sliding.hop)
    else:
        more = np.floor((last + EARLY - sliding.length) / sliding.hop) + 1
    if more >= MOST:
        raise ReadError(f"{more + 1:.0f} windows: more than {MOST}; take a longer hop")
    start = np.arange(max(int(more), 0) + 1) * float(sliding.hop)
    end = start + sliding.length
    if sliding.unit == "bars":
        return tuple(bars[np.minimum(at, len(bars) - 1).astype(np.int64)] for at in (start, end))
    return start, end


def _ticks_at(notes: NoteTable, seconds: np.ndarray) -> np.ndarray:
    """Ticks, rounded, at seconds up to the last onset: `ticks_to_seconds` turned round."""
    last = max(notes.onset_ticks.max(), notes.tempo_ticks.max()) + 1
    knots = np.unique([0, *notes.tempo_ticks, last])
    times = ticks_to_seconds(knots, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    return np.rint(np.interp(seconds, times, knots)).astype(np.int64)


def _cut(notes: NoteTable, index: np.ndarray, tick: int, seconds: float) -> NoteTable:
    """The notes at `index` as a piece that begins at a bar line, by the tick and seconds of it."""
    cut = notes.select(index)
    tempos = _changes_from(tick, (notes.tempo_ticks, notes.tempo), DEFAULT_TEMPOS)
    meters = (notes.meter_ticks, notes.meter_numerator, notes.meter_denominator)
    meters = _changes_from(tick, meters, DEFAULT_METERS)
    if isinstance(cut, StepTable):
        steps = cut.step_ticks
        within = (steps >= cut.onset_ticks.min()) & (steps <= cut.onset_ticks.max())
        cut = replace(cut, step_ticks=steps[within] - tick)
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


def _changes_from(
    tick: int, columns: tuple[np.ndarray, ...], default: tuple[float, ...]
) -> tuple[np.ndarray, ...]:
    """Changes from a tick on, counted from there; what is in force there comes first."""
    later = columns[0].searchsorted(tick, side="right")
    if later == 0:
        columns = tuple(
            np.append(first, rest) for first, rest in zip(default, columns, strict=True)
        )
    else:
        columns = tuple(column[later - 1 :] for column in columns)
    return np.maximum(columns[0] - tick, 0), *columns[1:]


def timeline_rows(model: SymbolicModel, heard: WindowsHeard, batch_size: int = 32) -> list[dict]:
    """What a model says of the windows of a piece: a row of `TIMELINE_COLUMNS` for each, no path.

    Args:
        model: with an emotion task.
        heard: by `hear_windows`.
        batch_size: windows in one forward pass.
    """
    rows = [
        dict(zip(("window", "start", "end", "first_bar", "last_bar", "notes"), values, strict=True))
        | {"error": ""}
        for values in zip(
            range(1, len(heard.start) + 1),
            *(heard.start, heard.end, heard.first_bar, heard.last_bar, heard.notes),
            strict=True,
        )
    ]
    answers = predict_ids(model, heard.ids or [], heard.features, batch_size)["emotion"]
    known = None if heard.features is None else familiarity(model, heard.features)
    plane = valence_arousal(answers)
    for number, at in enumerate(np.flatnonzero(heard.notes).tolist()):
        row = rows[at]
        row["quadrant"] = QUADRANTS[answers[number].argmax()]
        row["confidence"] = answers[number].max()
        row.update(zip(("q1", "q2", "q3", "q4"), answers[number], strict=True))
        row["valence"], row["arousal"] = plane[number]
        row["familiarity"] = np.nan if known is None else known[number]
    return rows


def timeline(
    scorer: EmotionScorer,
    sources: Source | Iterable[Source],
    sliding: Sliding | None = None,
    *,
    recursive: bool = True,
    batch_size: int = 32,
    workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Emotion over time: a row for each window of each file.

    Args:
        scorer: whose model answers.
        sources: as `EmotionScorer.score` takes them.
        sliding: the windows; None is `Sliding()`.
        recursive, batch_size, workers, progress: as of `EmotionScorer.score`.

    Returns:
        DataFrame with the columns `path window start end first_bar last_bar quadrant confidence q1
        q2 q3 q4 valence arousal familiarity notes error`.
    """
    import pandas as pd
    from tqdm import tqdm

    model, found = scorer.model, list(find_sources(sources, recursive))
    apply = partial(
        _hear_files,
        sliding=sliding or Sliding(),
        tokenizer=scorer.tokenizer,
        names=model.config.feature_names,
        hears_notes=model.hears_notes,
    )
    made = tqdm(
        apply_many(apply, found, workers), total=len(found), unit="file", disable=not progress
    )
    rows: list[dict] = []
    for source, heard in zip(found, made, strict=True):
        if isinstance(heard, ReadError):
            some = [{"error": heard.reason}]
        else:
            some = timeline_rows(model, heard, batch_size)
        rows += [{"path": display_name(source)} | row for row in some]
    table = pd.DataFrame(rows, columns=list(TIMELINE_COLUMNS))
    return table.astype(dict.fromkeys(WHOLE_COLUMNS, "Int64"))


def _hear_files(sources: Sequence[Source], tokenizer: Tokenizer, **wanted) -> list[WindowsHeard]:
    """Read sources and cut them into windows, in a worker.

    Raises:
        ReadError: as of `read_notes` and `hear_windows`, or without a note for the tokenizer.
    """
    heard = []
    for source in sources:
        notes = tokenizer.emitted(read_notes(source))
        if not len(notes):
            raise ReadError("no note that the tokenizer can hold")
        heard.append(hear_windows(notes, tokenizer=tokenizer, **wanted))
    return heard
