"""Compound-word (CP) super-tokens: one vector of sub-tokens per note.

The first four sub-tokens, Bar, Position, Pitch and Duration, are those of MIDI-BERT (Chou 2021) on
real bars and ticks. Preset `performance` adds Velocity, Gap and Hold: dynamics, and timing in
seconds, which is where the emotion of a performance lies.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from miditok import MusicTokenizer, TokenizerConfig, TokSequence
from symusic import Note, Score, Tempo, TimeSignature, Track

from symbolic.notes import NoteTable, note_table, read_notes
from symbolic.tokenizers.bins import LogBins

FILE_NAME = "music_tokenizer.json"  # AutoTokenizer would misread miditok's own tokenizer.json

PRESETS = {
    "performance": {
        "positions_per_quarter": 4,
        "max_positions": 64,
        "duration_steps": 64,
        "velocity_bins": 32,
        "time_bins": 48,
    }
}
GAP_SECONDS = (0.01, 8.0)
HOLD_SECONDS = (0.02, 16.0)


class CPTokenizer(MusicTokenizer):
    """One super-token per note.

    Sub-tokens of preset `performance`, in order (each vocabulary starts with PAD 0 and MASK 1):

    | sub-token | values | meaning |
    |---|---|---|
    | Bar | New, Continue | whether the note is the first of its bar |
    | Position | 0..63 | onset within the bar in sixteenths (rounded down, at most 63) |
    | Pitch | 0..127 | MIDI pitch |
    | Duration | 1..64 | in 32nd notes, rounded, at most 64 |
    | Velocity | None, 0..31 | velocity // 4; None where the piece has no dynamics |
    | Gap | 0..47 | seconds since the previous onset: 0, then log-spaced 10 ms to 8 s |
    | Hold | 0..47 | duration in seconds: 0, then log-spaced 20 ms to 16 s |

    Drums are left out, and of notes with one onset and pitch only the longest is kept.

    Args:
        preset: name in `PRESETS`; only read where neither `tokenizer_config` nor `params` is given.
        tokenizer_config, params: as in `miditok.MusicTokenizer`.
        options: any option of the preset: `positions_per_quarter`, `max_positions`,
            `duration_steps`, `velocity_bins` (a divisor of 128), `time_bins`.

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
            if preset not in PRESETS:
                raise ValueError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
            if unknown := options.keys() - PRESETS[preset].keys():
                raise ValueError(f"preset {preset!r} has no option {', '.join(sorted(unknown))}")
            tokenizer_config = TokenizerConfig(
                special_tokens=["PAD", "MASK"],
                use_programs=True,  # all tracks in one stream
                preset=preset,
                **{**PRESETS[preset], **options},
            )
        super().__init__(tokenizer_config, params)

    def _tweak_config_before_creating_voc(self) -> None:
        option = self.config.additional_params
        self.preset = option["preset"]
        self.velocity_step = 128 // option["velocity_bins"]
        self.gaps = LogBins(*GAP_SECONDS, option["time_bins"])
        self.holds = LogBins(*HOLD_SECONDS, option["time_bins"])

    def _create_base_vocabulary(self) -> list[list[str]]:
        option = self.config.additional_params
        values = {
            "Bar": ("New", "Continue"),
            "Position": range(option["max_positions"]),
            "Pitch": range(128),
            "Duration": range(1, option["duration_steps"] + 1),
            "Velocity": ("None", *range(option["velocity_bins"])),
            "Gap": range(option["time_bins"]),
            "Hold": range(option["time_bins"]),
        }
        return [[f"{name}_{value}" for value in column] for name, column in values.items()]

    def _create_token_types_graph(self) -> dict[str, set[str]]:
        names = self.field_names
        return {name: {names[(i + 1) % len(names)]} for i, name in enumerate(names)}

    @property
    def field_names(self) -> list[str]:
        """Names of the sub-tokens, in the order of the columns of `ids`."""
        return [next(reversed(vocabulary)).split("_")[0] for vocabulary in self.vocab]

    @property
    def vocab_sizes(self) -> list[int]:
        """Number of ids of each sub-token, PAD and MASK included."""
        return self.len

    @property
    def pad_ids(self) -> list[int]:
        """The super-token of padding."""
        return [self["PAD_None"]] * len(self.vocab)

    @property
    def mask_ids(self) -> list[int]:
        """The super-token of a masked note."""
        return [self["MASK_None"]] * len(self.vocab)

    def emitted(self, notes: NoteTable) -> NoteTable:
        """The notes that `ids` emits, in its order: no drums, no duplicates.

        Labels of notes must be taken from this table, never from the file.
        """
        notes = notes.pitched()
        # Longest first within an onset and pitch, so that the first of each is the one to keep.
        order = np.lexsort((-notes.duration_ticks, notes.pitch, notes.onset_ticks))
        onset, pitch = notes.onset_ticks[order], notes.pitch[order]
        first = np.append(True, (np.diff(onset) > 0) | (np.diff(pitch) > 0))[: len(order)]
        return notes.select(order[first])

    def ids(self, source) -> np.ndarray:
        """Super-tokens of a source of notes.

        Args:
            source: anything `symbolic.notes.read_notes` takes.

        Returns:
            (n, 7) int64, one row per note of `emitted`.

        Raises:
            ReadError: the source cannot be read.
        """
        return self.note_ids(self.emitted(read_notes(source)))

    def note_ids(self, notes: NoteTable) -> np.ndarray:
        """(n, 7) int64 super-tokens of a table that `emitted` gave."""
        option = self.config.additional_params
        bar, position = bars_and_positions(notes, option["positions_per_quarter"])
        thirty_second = notes.ticks_per_quarter / 8
        duration = np.rint(notes.duration_ticks / thirty_second).astype(np.int64) - 1
        velocity = notes.velocity // self.velocity_step + 1 if notes.has_dynamics else 0
        gap = np.diff(notes.onset, prepend=notes.onset[:1])
        columns = (
            np.diff(bar, prepend=-1) == 0,  # New 0, Continue 1
            np.minimum(position, option["max_positions"] - 1),
            notes.pitch,
            np.clip(duration, 0, option["duration_steps"] - 1),
            np.broadcast_to(velocity, len(notes)),
            self.gaps.quantise(gap),
            self.holds.quantise(notes.duration),
        )
        return np.stack(columns, axis=1).astype(np.int64) + len(self.special_tokens)

    def encode(self, score, *args, **kwargs) -> TokSequence:
        """Super-tokens as a `miditok.TokSequence`; `score` is anything that `ids` takes.

        The scheme quantises by itself, so the other arguments of `miditok.MusicTokenizer.encode`
        (preprocessing, trained models, attribute controls) change nothing.
        """
        sequence = TokSequence(ids=self.ids(score).tolist())
        self.complete_sequence(sequence)
        return sequence

    def _score_to_tokens(self, score: Score, attribute_controls_indexes=None) -> TokSequence:
        return self.encode(score)

    def _add_time_events(self, events, time_division):
        raise TypeError("a CP sequence is made whole from the note table, not from events")

    def _tokens_to_score(self, tokens: TokSequence, programs=None) -> Score:
        """A score from Pitch, Velocity, Gap and Hold, one track, timed in seconds at 120 bpm.

        What the scheme does not hold is not there: the first onset (0 s), tracks, tempo, and the
        velocities of a piece without dynamics (64 then). Rows with PAD or MASK are skipped.
        """
        ids = np.asarray(tokens.ids).reshape(-1, len(self.vocab)) - len(self.special_tokens)
        _, _, pitch, _, velocity, gap, hold = ids[(ids >= 0).all(axis=1)].T
        notes = note_table(
            np.rint(np.cumsum(self.gaps.centres()[gap]) * 960),
            np.rint(self.holds.centres()[hold] * 960),
            pitch,
            np.where(
                velocity > 0, (velocity - 1) * self.velocity_step + self.velocity_step // 2, 64
            ),
        )
        track = Track(
            program=programs[0][0] if programs else 0,
            notes=Note.from_numpy(
                notes.onset_ticks.astype(np.int32),
                notes.duration_ticks.astype(np.int32),
                notes.pitch.astype(np.int8),
                notes.velocity.astype(np.int8),
            ),
        )
        return _score(track)

    def save(self, out_path, additional_attributes=None, filename: str | None = FILE_NAME) -> None:
        """Save as `music_tokenizer.json` (or `filename`) in a folder, or as the file `out_path`."""
        super().save(out_path, additional_attributes, filename)

    @classmethod
    def _from_pretrained(cls, **kwargs) -> CPTokenizer:
        kwargs.setdefault("filename", FILE_NAME)
        return super()._from_pretrained(**kwargs)


def _score(track: Track) -> Score:
    score = Score(480)
    score.tempos.append(Tempo(0, 120))
    score.time_signatures.append(TimeSignature(0, 4, 4))
    score.tracks.append(track)
    return score


def bars_and_positions(
    notes: NoteTable, positions_per_quarter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bar number and position within the bar of every note, under the piece's time signatures.

    A time signature starts a new bar, as in notation.

    Args:
        notes: n notes.
        positions_per_quarter: grid within the bar.

    Returns:
        (n,) int64 bar, counted from 0, and (n,) int64 position, counted from 0, rounded down.
    """
    quarter = notes.ticks_per_quarter
    denominator = np.maximum(notes.meter_denominator, 1)
    bar_ticks = np.maximum(notes.meter_numerator * 4 * quarter // denominator, 1)
    starts, before = notes.meter_ticks, np.zeros(len(bar_ticks), np.int64)
    if starts[0] > 0:  # 4/4 until the first signature
        starts = np.append(0, starts)
        bar_ticks = np.append(4 * quarter, bar_ticks)
        before = np.zeros(len(bar_ticks), np.int64)
    before[1:] = np.cumsum(-(-np.diff(starts) // bar_ticks[:-1]))
    segment = np.searchsorted(starts, notes.onset_ticks, side="right") - 1
    bar, ticks = np.divmod(notes.onset_ticks - starts[segment], bar_ticks[segment])
    return before[segment] + bar, ticks * positions_per_quarter // quarter
