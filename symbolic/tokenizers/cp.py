"""Compound-word (CP) super-tokens: one vector of sub-tokens per note.

The first four sub-tokens, Bar, Position, Pitch and Duration, are those of MIDI-BERT (Chou 2021).
Preset `midibert` gives the ids of its published arrays; `score` has the same four in the bars and
ticks of the piece; `performance` adds Velocity, Gap and Hold: dynamics, and timing in seconds,
which carry the emotion of a performance.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from miditok import TokenizerConfig, TokSequence

from symbolic.notes import NoteTable
from symbolic.notes.batch import NoteBatch, uniform
from symbolic.tokenizers.bars import bars_and_positions
from symbolic.tokenizers.base import SPECIAL_TOKENS, NoteTokenizer
from symbolic.tokenizers.bins import LogBins
from symbolic.tokenizers.cp_score import (
    BAR_TICKS,
    GRID_TICKS,
    HIGHEST,
    LOWEST,
    STEP_TICKS,
    midibert_score,
    performance_score,
    score_score,
)
from symbolic.tokenizers.emission import in_range, note_order
from symbolic.tokenizers.names import choices, spelled

if TYPE_CHECKING:
    from symusic.core import ScoreTick

BARS = {"positions_per_quarter": 4, "max_positions": 64, "duration_steps": 64}
PRESETS: dict[str, dict[str, int]] = {
    "midibert": {},
    "score": BARS,
    "performance": {**BARS, "velocity_bins": 32, "time_bins": 48},
}
"""The presets and the defaults of their options."""

FIELDS = ("Bar", "Position", "Pitch", "Duration", "Velocity", "Gap", "Hold")
LINES = BAR_TICKS // GRID_TICKS  # of the grid of MIDI-BERT, in a bar: a power of two
LINE_BITS = LINES.bit_length() - 1
LONGEST_TABLE = 2**17  # steps times ticks in a quarter; tables of durations stay in the cache
GAP_SECONDS = (0.01, 8.0)
HOLD_SECONDS = (0.02, 16.0)

MIDIBERT_STEPS = np.clip(
    (np.arange(64 * STEP_TICKS + 1) + (STEP_TICKS // 2 - 1)) // STEP_TICKS - 1, 0, 63
)
"""Steps of MIDI-BERT of durations of 0, 1, ... ticks, the last for all longer ones."""


class CPTokenizer(NoteTokenizer):
    """One super-token per note, drums left out.

    Sub-tokens of `performance`, in order; `score` has the first four. Each vocabulary starts with
    PAD 0 and MASK 1. Of notes with the same onset and pitch only the longest is kept.

    | sub-token | values | meaning |
    |---|---|---|
    | Bar | New, Continue | whether the note is the first of its bar |
    | Position | 0..63 | onset within the bar in sixteenths (rounded down, at most 63) |
    | Pitch | 0..127 | MIDI pitch |
    | Duration | 1..64 | in 32nd notes, rounded, at most 64 |
    | Velocity | None, 0..31 | velocity // 4; None if the piece has no dynamics |
    | Gap | 0..47 | seconds since the previous onset: 0, then log-spaced 10 ms to 8 s |
    | Hold | 0..47 | duration in seconds: 0, then log-spaced 20 ms to 16 s |

    `midibert` has exactly the ids of MIDI-BERT, so that its token files load unchanged: a quarter
    is 480 ticks and a bar 1920, whatever the header of the file (MusicXML has no ticks and is read
    with 480); onsets snap to the nearest line (the lower of two) of a grid of 120 ticks that ends
    before the last onset; durations are steps of 60 ticks, 1 to 64, not changed by the snap. Ids:
    Bar New 0, Continue 1; Position 0..15; Pitch 22..107 from 0; Duration from 0; PAD
    (2, 16, 86, 64) and MASK (3, 17, 87, 65). Repeated notes are kept. Pitches outside 22..107 are
    dropped; `count_dropped` counts them and `ids` logs a warning.

    Decoding gives a score whose ids are the decoded ids; `symbolic.tokenizers.cp_score` lists what
    the scheme does not hold.

    Args:
        preset: name in `PRESETS`, in capitals or not; ignored if `tokenizer_config` or `params` is
            given.
        tokenizer_config, params: as in `miditok.MusicTokenizer`.
        options: any option of the preset: `positions_per_quarter` (per beat; 4), `max_positions`
            (in a bar; 64), `duration_steps` (64), `velocity_bins` (a divisor of 128; 32),
            `time_bins` (3 or more; 48).

    Example:
        >>> tokenizer = CPTokenizer()
        >>> tokenizer.ids("song.mid").shape  # doctest: +SKIP
        (312, 7)
    """

    def __init__(
        self,
        tokenizer_config: TokenizerConfig | None = None,
        params: str | Path | None = None,
        *,
        preset: str = "performance",
        **options: int,
    ) -> None:
        if tokenizer_config is None and params is None:
            found = spelled(preset, PRESETS)
            if found is None:
                raise ValueError(f"unknown preset {preset!r}; known: {choices(preset, PRESETS)}")
            preset = found
            if unknown := options.keys() - PRESETS[preset].keys():
                raise ValueError(f"preset {preset!r} has no option {', '.join(sorted(unknown))}")
            if any(value < 1 for value in options.values()):
                raise ValueError(f"options must be positive: {options}")
            if options.get("time_bins", 3) < 3:
                raise ValueError(f"time_bins {options['time_bins']}: at least 3 are needed")
            if 128 % options.get("velocity_bins", 1):
                raise ValueError(f"velocity_bins {options['velocity_bins']} does not divide 128")
            tokenizer_config = TokenizerConfig(
                special_tokens=[*SPECIAL_TOKENS],
                preset=preset,
                **cast(Any, {**PRESETS[preset], **options}),
            )
        self._vocabulary_is_made = False
        super().__init__(tokenizer_config, params)
        self._vocabulary_is_made = True

    def _tweak_config_before_creating_voc(self) -> None:
        option = self.config.additional_params
        self.preset = option["preset"]
        self.first_id = 0 if self.preset == "midibert" else len(self.config.special_tokens)
        if self.preset == "performance":
            self.velocity_step = 128 // option["velocity_bins"]
            self._velocity_bins = (np.arange(128) // self.velocity_step + 1).astype(np.int16)
            self.gaps = LogBins(*GAP_SECONDS, option["time_bins"])
            self.holds = LogBins(*HOLD_SECONDS, option["time_bins"])

    @property
    def special_tokens(self) -> list[str]:
        """As in `miditok.MusicTokenizer`, which puts them first; in `midibert` they come last."""
        return [] if self.first_id == 0 and not self._vocabulary_is_made else super().special_tokens

    def _create_base_vocabulary(self) -> list[list[str]]:
        option = self.config.additional_params
        midibert = self.preset == "midibert"
        values: dict[str, Iterable[object]] = {
            "Bar": ("New", "Continue"),
            "Position": range(LINES if midibert else option["max_positions"]),
            "Pitch": range(LOWEST, HIGHEST + 1) if midibert else range(128),
            "Duration": range(1, (64 if midibert else option["duration_steps"]) + 1),
        }
        if self.preset == "performance":
            values |= {
                "Velocity": ("None", *range(option["velocity_bins"])),
                "Gap": range(option["time_bins"]),
                "Hold": range(option["time_bins"]),
            }
        last = self.config.special_tokens if midibert else []
        return [[f"{name}_{value}" for value in column] + last for name, column in values.items()]

    @property
    def field_names(self) -> list[str]:
        """Names of the sub-tokens, in the order of the columns of `ids`."""
        return list(FIELDS[: len(self.vocab)])

    why_dropped = f"outside pitch {LOWEST} to {HIGHEST}"

    def dropped(self, batch: NoteBatch) -> np.ndarray | None:
        """(p,) notes of each piece outside the pitches of MIDI-BERT; None for other presets."""
        if self.preset != "midibert":
            return None
        return np.add.reduceat(~in_range(batch), batch.starts, dtype=np.int64)

    def order(self, batch: NoteBatch) -> np.ndarray:
        """(m,) indices of the notes that `ids` emits, by onset and pitch; pieces keep theirs."""
        return note_order(batch, self.preset)

    def batch_ids(self, batch: NoteBatch) -> tuple[np.ndarray, np.ndarray]:
        """(n, F) int64 super-tokens of emitted notes, end to end, and (p,) notes of each piece."""
        columns = self._midibert(batch) if self.preset == "midibert" else self._columns(batch)
        ids = np.empty((len(batch.pitch), len(columns)), np.int64)
        for i, column in enumerate(columns):
            ids[:, i] = column
        if self.first_id:
            ids += self.first_id
        return ids, batch.counts

    def _midibert(self, batch: NoteBatch) -> list[np.ndarray]:
        onset, duration = _raw_ticks(batch)
        lasts = onset[batch.last].tolist()  # notes are sorted by onset
        last_line = batch.spread([max((last - 1) // GRID_TICKS, 0) for last in lasts])
        line = onset + (GRID_TICKS // 2 - 1)
        line //= GRID_TICKS
        np.minimum(line, last_line, out=line)
        bar, position = line >> LINE_BITS, line & (LINES - 1)
        steps = MIDIBERT_STEPS.take(duration, mode="clip")
        return [_continues(bar, batch), position, batch.pitch - LOWEST, steps]

    def _columns(self, batch: NoteBatch) -> list[np.ndarray]:
        option = self.config.additional_params
        bar, position = bars_and_positions(batch, option["positions_per_quarter"])
        columns = [
            _continues(bar, batch),
            np.minimum(position, option["max_positions"] - 1, out=position),
            batch.pitch,
            self._durations(batch),
        ]
        if self.preset == "performance":
            velocity = self._velocity_bins.take(batch.velocity, mode="clip")
            dynamics = batch.has_dynamics()
            if False in dynamics.tolist():
                velocity *= batch.spread(dynamics)
            seconds = batch.seconds()
            gap = seconds[0]
            gap[1:] -= gap[:-1]
            gap[batch.first] = 0
            columns += [velocity, self.gaps.quantise(gap), self.holds.quantise(seconds[1])]
        return columns

    def _durations(self, batch: NoteBatch) -> np.ndarray:
        """(n,) durations in 32nd notes, from 0 for the shortest."""
        steps = self.config.additional_params["duration_steps"]
        quarter = uniform(batch.quarters)
        if quarter and quarter * steps <= LONGEST_TABLE:
            return duration_table(quarter, steps).take(batch.duration_ticks, mode="clip")
        return duration_steps(batch.duration_ticks, batch.spread(batch.quarters), steps)

    def _tokens_to_score(self, tokens: TokSequence, programs=None) -> ScoreTick:
        """Decode super-tokens; rows with PAD or MASK are skipped."""
        ids = np.asarray(tokens.ids).reshape(-1, len(self.vocab)) - self.first_id
        sizes = np.array(self.vocab_sizes) - len(self.config.special_tokens)
        columns = ids[((ids >= 0) & (ids < sizes)).all(axis=1)].T
        option = self.config.additional_params
        program = programs[0][0] if programs else 0
        if self.preset == "midibert":
            return midibert_score(columns, program)
        positions = option["positions_per_quarter"]
        if self.preset == "score":
            return score_score(columns, program, positions)
        return performance_score(
            columns[:4],
            _velocities(columns[4], self.velocity_step),
            self.gaps.centres()[columns[5]],
            columns[6],
            program,
            positions,
            self.holds,
            option["duration_steps"],
        )


def _raw_ticks(batch: NoteBatch) -> tuple[np.ndarray, np.ndarray]:
    """(n,) int64 onsets and durations for MIDI-BERT: notation, which has no ticks, has 480."""
    written = [isinstance(piece, NoteTable) and piece.from_notation for piece in batch.pieces]
    if True not in written:
        return batch.onset_ticks, batch.duration_ticks
    scale = np.where(written, BAR_TICKS // 4 / batch.ticks_per_quarter, 1.0)
    onset, duration = (
        np.rint(ticks * batch.spread(scale)).astype(np.int64)
        for ticks in (batch.onset_ticks, batch.duration_ticks)
    )
    return onset, duration


def duration_steps(
    ticks: np.ndarray, ticks_per_quarter: int | np.ndarray, count: int
) -> np.ndarray:
    """Round durations to 32nd notes, 0 for the first of `count`: whole numbers in float64."""
    steps = ticks / (ticks_per_quarter / 8)
    np.rint(steps, out=steps)
    steps -= 1
    np.maximum(steps, 0, out=steps)
    return np.minimum(steps, count - 1, out=steps)


@lru_cache(maxsize=8)
def duration_table(ticks_per_quarter: int, count: int) -> np.ndarray:
    """Return the `duration_steps` of 0, 1, ... ticks; the last holds for all longer durations."""
    ticks = np.arange(-(-ticks_per_quarter * count // 8) + 1)
    return duration_steps(ticks, ticks_per_quarter, count).astype(np.int32)


def _continues(bar: np.ndarray, batch: NoteBatch) -> np.ndarray:
    """(n,) bool: False for the first note of a bar."""
    same = np.empty(len(bar), bool)
    np.equal(bar[1:], bar[:-1], out=same[1:])
    same[batch.first] = False
    return same


def _velocities(bins: np.ndarray, step: int) -> np.ndarray:
    """(n,) the centre of each velocity bin; 64 for all notes of a piece without dynamics."""
    if not (bins > 0).all():
        return np.full(len(bins), 64)
    velocity = (bins - 1) * step + step // 2
    if step > 1 and len(velocity) > 1 and velocity.min() == velocity.max():
        velocity[0] -= 1  # equal velocities would be read as a piece without dynamics
    return np.maximum(velocity, 1)
