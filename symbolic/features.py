"""Named feature columns of a piece: rhythm, articulation, dynamics, pitch, key and harmony.

Time is measured in seconds, never in beats, because transcribed performances have no beats worth
the name. Drums do not count. Notes that start within `TOGETHER` of one another form one onset: a
chord that a pianist rolls slightly is still a chord. No column grows with the length of the
piece, so clips and whole pieces can be compared, and only the `ABSOLUTE_PITCH` columns change
when a piece is transposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.keys import key_scores, pitch_class_histogram
from symbolic.notes import NoteTable, note_table

if TYPE_CHECKING:
    import pandas as pd

TOGETHER = 0.03
"""Seconds from one note to the next within which both belong to one onset."""

SHORTEST, LONGEST = 1e-3, 60.0
"""Seconds that gaps and durations are kept within: logarithms stay finite and a long silence or a
note that was never closed does not outweigh the piece."""

WINDOW = 4.0
"""Seconds, about, of the equal parts into which a piece is cut to follow its mode."""

MOST_PARTS = 4096
"""Parts that a piece is cut into at most, whatever length a broken file claims."""

NEUTRAL_VELOCITY = 64.0
"""What every velocity counts as where a piece has no dynamics."""

ABSOLUTE_PITCH = (
    *("pitch_mean", "pitch_q10", "pitch_q25", "pitch_median", "pitch_q75", "pitch_q90"),
    *("skyline_mean", "bass_mean"),
)
"""The columns that move with a transposition; all others stay."""


@dataclass(frozen=True, slots=True)
class _Onsets:
    """A piece's notes gathered into its g onsets.

    Attributes:
        notes: the pitched notes, n of them, at least one.
        velocity: (n,) float64, neutral where the piece has no dynamics.
        group: (n,) the onset that each note belongs to.
        starts: (g,) position of each onset's first note.
        time: (g,) seconds of each onset.
        gap: (g,) seconds to the next onset, for the last one to the end of the piece.
        top, bottom: (g,) highest and lowest pitch that starts there.
        span: seconds from the first onset to the end of the last note, at least `SHORTEST`.
    """

    notes: NoteTable
    velocity: np.ndarray
    group: np.ndarray
    starts: np.ndarray
    time: np.ndarray
    gap: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    span: float


def _onsets(notes: NoteTable) -> _Onsets:
    notes = notes.pitched()
    if not len(notes):
        raise ValueError("no features: the piece has no pitched notes")
    new = np.append(True, np.diff(notes.onset) > TOGETHER)
    starts = np.flatnonzero(new)
    time = notes.onset[starts]
    end = float((notes.onset + notes.duration).max())
    velocity = notes.velocity.astype(np.float64)
    return _Onsets(
        notes=notes,
        velocity=velocity if notes.has_dynamics else np.full(len(notes), NEUTRAL_VELOCITY),
        group=np.cumsum(new) - 1,
        starts=starts,
        time=time,
        gap=np.clip(np.diff(time, append=end), SHORTEST, LONGEST),
        top=np.maximum.reduceat(notes.pitch, starts),
        bottom=np.minimum.reduceat(notes.pitch, starts),
        span=max(end - float(time[0]), SHORTEST),
    )


def _spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and five quantiles of (k,) values, k at least 1."""
    q10, q25, median, q75, q90 = np.quantile(values, (0.1, 0.25, 0.5, 0.75, 0.9))
    return {
        f"{name}_mean": values.mean(),
        f"{name}_std": values.std(),
        f"{name}_q10": q10,
        f"{name}_q25": q25,
        f"{name}_median": median,
        f"{name}_q75": q75,
        f"{name}_q90": q90,
    }


def _parts(onsets: _Onsets, time: np.ndarray, length: float) -> tuple[np.ndarray, int]:
    """Which of the piece's equal parts, about `length` seconds each, each time falls into.

    Returns:
        (the part of each time, the number of parts, at least 1).
    """
    parts = int(np.clip(onsets.span // length, 1, MOST_PARTS))
    part = ((time - onsets.time[0]) / onsets.span * parts).astype(np.int64)
    return np.minimum(part, parts - 1), parts


def _mean(values: np.ndarray) -> float:
    """Mean of (k,) values, 0 of none."""
    return values.mean() if len(values) else 0.0


def _rhythm(onsets: _Onsets) -> dict[str, float]:
    """Density and inter-onset intervals ("ioi", seconds; one more from the last onset to the end).

    `*_per_second_log` are natural logarithms. `ioi_variability` is the normalised pairwise
    variability index (Grabe & Low 2002), here 0 (a steady pulse) to 2; `ioi_repeated` the share of
    intervals within a tenth of the one before. `onset_density_std` compares the seconds of the
    piece: the standard deviation of onsets per second, relative to its mean.
    """
    gap = onsets.gap
    before, after = gap[:-1], gap[1:]
    part, parts = _parts(onsets, onsets.time, 1.0)
    per_part = np.bincount(part, minlength=parts)
    return {
        "notes_per_second_log": np.log(len(onsets.notes) / onsets.span),
        "onsets_per_second_log": np.log(len(gap) / onsets.span),
        "onset_density_std": per_part.std() / per_part.mean(),
        "ioi_mean": gap.mean(),
        "ioi_std": gap.std(),
        **_spread("ioi_log", np.log(gap)),
        "ioi_variability": _mean(2 * np.abs(after - before) / (after + before)),
        "ioi_repeated": _mean(np.abs(after - before) <= 0.1 * before),
    }


def _articulation(onsets: _Onsets) -> dict[str, float]:
    """Durations as natural logarithms of seconds, and against the gap to the next onset.

    `duration_ratio_log` is the logarithm of duration / gap, 0 where a note lasts until the next
    onset; `legato` the share of notes that last as long or longer.
    """
    duration = np.clip(onsets.notes.duration, SHORTEST, LONGEST)
    ratio = np.log(duration / onsets.gap[onsets.group])
    return {
        **_spread("duration_log", np.log(duration)),
        "duration_ratio_log_mean": ratio.mean(),
        "duration_ratio_log_std": ratio.std(),
        "duration_ratio_log_median": np.median(ratio),
        "legato": (ratio >= 0).mean(),
    }


def _dynamics(onsets: _Onsets) -> dict[str, float]:
    """MIDI velocities, all `NEUTRAL_VELOCITY` where the piece has no dynamics.

    `velocity_slope` is the straight-line change over the whole piece, `velocity_change` the mean
    step between the loudest notes of neighbouring onsets, `velocity_melody` how much louder the
    top notes are than all notes.
    """
    velocity, notes = onsets.velocity, onsets.notes
    place = (notes.onset - notes.onset[0]) / onsets.span
    place = place - place.mean()
    power = (place**2).sum()
    loudest = np.maximum.reduceat(velocity, onsets.starts)
    is_top = notes.pitch == onsets.top[onsets.group]
    return {
        **_spread("velocity", velocity),
        "velocity_range": np.ptp(velocity),
        "velocity_slope": (place * velocity).sum() / power if power > 1e-12 else 0.0,
        "velocity_change": _mean(np.abs(np.diff(loudest))),
        "velocity_melody": velocity[is_top].mean() - velocity.mean(),
        "has_dynamics": float(notes.has_dynamics),
    }


def _line(name: str, line: np.ndarray) -> dict[str, float]:
    """Statistics of a (g,) line of pitches and of the melodic intervals between its notes.

    Steps are intervals of 1 or 2 semitones, leaps of 5 or more; `rising` is the share of upward
    among moving intervals.
    """
    interval = np.diff(line)
    size = np.abs(interval)
    return {
        f"{name}_mean": line.mean(),
        f"{name}_std": line.std(),
        f"{name}_range": np.ptp(line),
        f"{name}_interval_mean": _mean(size),
        f"{name}_repeats": _mean(size == 0),
        f"{name}_steps": _mean((size == 1) | (size == 2)),
        f"{name}_leaps": _mean(size >= 5),
        f"{name}_rising": _mean(interval[size > 0] > 0),
    }


def _pitch(onsets: _Onsets) -> dict[str, float]:
    """MIDI pitch of all notes, of the skyline (top note per onset) and of the bass (bottom note).

    The skyline as a stand-in for the melody follows Uitdenbogerd & Zobel (1999).
    """
    pitch = onsets.notes.pitch
    return {
        **_spread("pitch", pitch),
        "pitch_range": np.ptp(pitch),
        **_line("skyline", onsets.top),
        **_line("bass", onsets.bottom),
        "skyline_above_bass": (onsets.top - onsets.bottom).mean(),
    }


def _key(onsets: _Onsets) -> dict[str, float]:
    """Pitch classes above the tonic, by duration, and how clear the key and its mode are.

    The tonic is that of `symbolic.keys.estimate_key`. `pc_from_tonic_*` sum to 1. `key_margin` is
    the best correlation less the second best, `major_minus_minor` the best major key's less the
    best minor key's, `major_minus_minor_on_tonic` the same for the two keys on the tonic.
    `major_third_share` is the part of the major among both thirds above the tonic.
    """
    # Counted from the lowest note, the histogram of a transposed piece is the same to the last bit.
    histogram = np.roll(pitch_class_histogram(onsets.notes), -int(onsets.notes.pitch.min()))
    scores = key_scores(histogram)
    minor, tonic = divmod(int(scores.argmax()), 12)
    second, best = np.partition(scores, -2)[-2:]
    share = np.roll(histogram, -tonic) / histogram.sum()
    heard = share[share > 0]
    thirds = share[3] + share[4]
    return {
        **{f"pc_from_tonic_{k:02d}": share[k] for k in range(12)},
        "pc_entropy": -(heard * np.log(heard)).sum(),
        "major_third_share": share[4] / thirds if thirds > 0 else 0.5,
        "key_minor": float(minor),
        "key_correlation": best,
        "key_margin": best - second,
        "major_minus_minor": scores[:12].max() - scores[12:].max(),
        "major_minus_minor_on_tonic": scores[tonic] - scores[tonic + 12],
    }


def _mode(onsets: _Onsets) -> dict[str, float]:
    """The mode along the piece, in parts of about `WINDOW` seconds, whatever their tonics.

    A part's mode is its best major key's correlation less its best minor key's; a note belongs to
    the part it starts in. The mean and the standard deviation over the parts that have notes, and
    the share of parts that are rather major. A song in a minor key may well live on major chords:
    that is heard here and not in the key of the whole.
    """
    notes = onsets.notes
    part, parts = _parts(onsets, notes.onset, WINDOW)
    above_lowest = (notes.pitch - notes.pitch.min()) % 12
    amounts = np.clip(notes.duration, SHORTEST, WINDOW)
    histograms = np.bincount(part * 12 + above_lowest, amounts, minlength=parts * 12)
    histograms = histograms.reshape(parts, 12)
    scores = key_scores(histograms[histograms.any(axis=1)])
    mode = scores[:, :12].max(axis=1) - scores[:, 12:].max(axis=1)
    return {
        "local_mode_mean": mode.mean(),
        "local_mode_std": mode.std(),
        "local_mode_major": (mode > 0).mean(),
    }


def _sounding(onsets: _Onsets) -> np.ndarray:
    """(12, g) how many notes of each pitch class, C first, sound at each onset.

    A note held over from before counts unless it ends within `TOGETHER` of the onset: legato
    playing overlaps without meaning harmony.
    """
    notes, g = onsets.notes, len(onsets.time)
    end = np.searchsorted(onsets.time, notes.onset + notes.duration - TOGETHER)
    end = np.maximum(end, onsets.group + 1)
    row = notes.pitch % 12 * (g + 1)
    change = np.bincount(row + onsets.group, minlength=12 * (g + 1))
    change -= np.bincount(row + end, minlength=12 * (g + 1))
    return change.reshape(12, g + 1)[:, :-1].cumsum(axis=1)


_TRIADS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}


def _set_table() -> np.ndarray:
    """(4096, 11) what each set of pitch classes holds; bit k of the row number is pitch class k.

    Columns: its size, its pairs of each interval class 1..6, whether each of `_TRIADS` is in it.
    """
    member = (np.arange(4096)[:, None] >> np.arange(12) & 1).astype(bool)
    above = [np.roll(member, -k, axis=1) for k in range(9)]
    pairs = np.stack([(member & above[k]).sum(axis=1) for k in range(1, 7)], axis=1)
    pairs[:, 5] //= 2  # a tritone is met from both of its ends
    triads = [(member & above[i] & above[j]).any(axis=1) for i, j in _TRIADS.values()]
    return np.column_stack([member.sum(axis=1), pairs, *triads])


_SETS = _set_table()


def _harmony(onsets: _Onsets) -> dict[str, float]:
    """What sounds together at the onsets.

    `interval_class_1..6` share out the pairs of different pitch classes that sound together:
    1 semitones and major sevenths, ... 5 fourths and fifths, 6 tritones; `dissonance` is the part
    of classes 1, 2 and 6. All are 0 where no two ever sound together. `chord_*` are the shares of
    onsets at which that triad sounds, alone or within more.
    """
    count = _sounding(onsets)
    sets = np.bincount((1 << np.arange(12)) @ (count > 0), minlength=4096)
    size, *pairs_and_triads = sets @ _SETS
    pairs, triads = np.array(pairs_and_triads[:6]), pairs_and_triads[6:]
    classes = pairs / max(pairs.sum(), 1)
    g = len(onsets.time)
    notes_per_onset = np.diff(onsets.starts, append=len(onsets.notes))
    return {
        "notes_per_onset_mean": notes_per_onset.mean(),
        "notes_per_onset_std": notes_per_onset.std(),
        "notes_sounding_mean": count.sum() / g,
        "pcs_sounding_mean": size / g,
        **{f"interval_class_{k}": classes[k - 1] for k in range(1, 7)},
        "dissonance": classes[0] + classes[1] + classes[5],
        **{
            f"chord_{name}": onsets_with / g
            for name, onsets_with in zip(_TRIADS, triads, strict=True)
        },
    }


def _columns(notes: NoteTable) -> dict[str, float]:
    onsets = _onsets(notes)
    groups = (_rhythm, _articulation, _dynamics, _pitch, _key, _mode, _harmony)
    return {name: value for group in groups for name, value in group(onsets).items()}


FEATURE_NAMES: tuple[str, ...] = tuple(_columns(note_table([0], [480], [60], [64])))
"""The names of the columns, in order."""


def features(notes: NoteTable, names: Sequence[str] | None = None) -> np.ndarray:
    """The feature vector of a piece.

    Args:
        notes: at least one pitched note.
        names: the columns wanted; all of `FEATURE_NAMES` where None.

    Returns:
        (len(names),) float64, all finite, in the order of the names. What the columns mean stands
        with each group in this module; times are seconds, pitches MIDI numbers.

    Raises:
        ValueError: no pitched notes, or a name that no column has.
    """
    columns = _columns(notes)
    if names is None:
        names = FEATURE_NAMES
    elif unknown := set(names) - columns.keys():
        raise ValueError(f"no feature is called {', '.join(sorted(unknown))}")
    return np.array([columns[name] for name in names], dtype=np.float64)


def feature_frame(pieces: Sequence[NoteTable]) -> pd.DataFrame:
    """The features of many pieces, one row each.

    Args:
        pieces: note tables, each with at least one pitched note.

    Returns:
        A frame of (len(pieces), len(FEATURE_NAMES)) float64 with the names as columns and rows
        numbered from 0.

    Raises:
        ValueError: a piece without pitched notes; the message says which.
    """
    import pandas as pd

    rows = np.empty((len(pieces), len(FEATURE_NAMES)))
    for row, notes in enumerate(pieces):
        try:
            rows[row] = features(notes)
        except ValueError as error:
            raise ValueError(f"piece {row}: {error}") from error
    return pd.DataFrame(rows, columns=list(FEATURE_NAMES))


FEATURE_GROUPS = {}
FEATURE_SETS = {"core": FEATURE_NAMES, "all": FEATURE_NAMES}
