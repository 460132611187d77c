"""Feature sets: named choices of columns for models and baselines."""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.features.columns import (
    CHOICES,
    FEATURE_GROUPS,
    FEATURE_NAMES,
    OTHER_NAMES,
    named_columns,
)
from symbolic.features.segments import SPREAD_STATISTICS


def _spread(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{statistic}" for name in names for statistic in SPREAD_STATISTICS)


def _line(name: str) -> tuple[str, ...]:
    parts = ("mean", "std", "range", "interval_mean", "repeats", "steps", "leaps", "rising")
    return tuple(f"{name}_{part}" for part in parts)


def _groups(*groups: str) -> tuple[str, ...]:
    return tuple(name for group in groups for name in FEATURE_GROUPS[group])


def _begin(*beginnings: str) -> tuple[str, ...]:
    return tuple(name for name in FEATURE_GROUPS["histograms"] if name.startswith(beginnings))


_CORE = (
    *("notes_per_second_log", "onsets_per_second_log", "onset_density_std", "ioi_mean", "ioi_std"),
    *(*_spread("ioi_log"), "ioi_variability", "ioi_repeated"),
    *(*_spread("duration_log"), "duration_ratio_log_mean", "duration_ratio_log_std"),
    *("duration_ratio_log_median", "legato"),
    *(*_spread("velocity"), "velocity_range", "velocity_slope", "velocity_change"),
    *("velocity_melody", "has_dynamics"),
    *(*_spread("pitch"), "pitch_range", *_line("skyline"), *_line("bass"), "skyline_above_bass"),
    *(f"pc_from_tonic_{k:02d}" for k in range(12)),
    *("pc_entropy", "major_third_share", "key_minor", "key_correlation", "key_margin"),
    *("major_minus_minor", "major_minus_minor_on_tonic"),
    *("local_mode_mean", "local_mode_std", "local_mode_major"),
    *("notes_per_onset_mean", "notes_per_onset_std", "notes_sounding_mean", "pcs_sounding_mean"),
    *(*(f"interval_class_{k}" for k in range(1, 7)), "dissonance"),
    *("chord_major", "chord_minor", "chord_diminished", "chord_augmented"),
)

FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "all": FEATURE_NAMES,
    "without_pulse": tuple(name for name in FEATURE_NAMES if not name.startswith("pulse_")),
    "core": _CORE,
    "harmonic": (
        *_groups("key_and_mode", "harmony"),
        *_begin("chord_change", "bass_from", "melody_from"),
    ),
    "temporal": (*_groups("rhythm", "density"), *_begin("ioi_share", "duration_share")),
    "transfer_valence": (
        *("major_third_share", "major_minus_minor", "chord_major_share", "key_minor"),
        *("major_minus_minor_on_tonic", "local_key_distance", "bass_mean", "bass_repeats"),
        *("outer_parallel", "skyline_whole_tones", "interval_class_4", "over_bass_minor_third"),
        *("dissonance", "chord_diminished"),
    ),
    "transfer_arousal": (
        *("voice_rate_log", "pitch_q10", "duration_share_10"),
        *("note_density_std", "ioi_log_q90", "duration_share_02", "pc_entropy", "ioi_share_06"),
        "played_loudness",
    ),
    "transfer_familiar": (
        *_groups("dynamics", "articulation", "density"),
        *("played_dynamics", "voice_rate_log"),
    ),
    "lin2013": _groups("pitch", "interval", "rhythm", "dynamics", "key_and_mode"),
    "panda2013": _groups("pitch", "interval", "rhythm", "density", "dynamics", "articulation"),
    **OTHER_NAMES,
}
"""Columns of each feature set.

- `all`: every column of the groups.
- `without_pulse`: all but the two of the pulse, whose Fourier transforms take a sixth of the time.
- `core`: 99 columns whose names, order and values never change: released models need them.
- `harmonic`, `temporal`: correlates of valence and of arousal that performances and scores share;
  without register and dynamics, which differ between corpora.
- `transfer_valence`, `transfer_arousal`: columns whose relation to valence, or to arousal, is
  alike in EMOPIA, VGMIDI, YM2413-MDB and PercePiano, chosen by the mean macro-F1 of corpora that
  were left out of the training (docs/experiments/transfer.md).
- `transfer_familiar`: columns of playing and texture, by which the nearest training pieces are
  found.
- `lin2013`, `panda2013`: approximations of the hand-crafted features of two support vector machines
  that later work uses as baselines. Neither paper prints its list, so the choices are ours, and
  results with them are not results of those papers.
  `lin2013` (Lin, Chen & Yang 2013, "Exploration of music emotion recognition based on MIDI") takes
  the statistics of pitch, interval, rhythm, dynamics and key, of the kind that the MIDI Toolbox
  (Eerola & Toiviainen 2004) gives.
  `panda2013` (Panda, Malheiro, Rocha, Oliveira & Paiva 2013, "Multi-modal music emotion
  recognition": 320 columns of MIDI) takes the families of jSymbolic (McKay & Fujinaga 2006) that
  piano music has: pitch statistics, melody, rhythm, texture and dynamics, with the durations that
  jSymbolic counts as rhythm; no key and no harmony.
- `tonal`: the columns of `symbolic.features.tonal`, for key detection.
- `voices`, `drums`: those of `symbolic.features.voices`, of each track or part, and of drums.
- `played`: whether dynamics are played, and the loudness where they are
  (`symbolic.features.dynamics.played`).
"""


CHOICES.update(FEATURE_SETS)


def column_text(columns: Sequence[str]) -> str | None:
    """Find the text from which `named_columns` makes these columns; None where there is none."""
    left, names = tuple(columns), []
    while left:
        fitting = [name for name, found in CHOICES.items() if left[: len(found)] == found]
        if not fitting:
            return None
        names.append(max(fitting, key=lambda name: len(CHOICES[name])))
        left = left[len(CHOICES[names[-1]]) :]
    return ",".join(names) or "none"


def subset_text(columns: Sequence[str], among: Sequence[str]) -> str | None:
    """Find the text whose `named_columns` in `among` are these columns; None where there is none.

    The columns have the order of `among`.
    """
    wanted = {name: set(found).intersection(among) for name, found in CHOICES.items()}
    left, names = set(columns), []
    for name in sorted(CHOICES, key=lambda name: -len(wanted[name])):
        if wanted[name] & left and wanted[name] <= set(columns):
            names.append(name)
            left -= wanted[name]
    text = ",".join(names) or "none"
    found = set(named_columns(text))
    return text if [name for name in among if name in found] == list(columns) else None
