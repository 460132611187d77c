"""The structure of a piece: where its parts begin, from how like its frames are to each other."""

from symbolic.structure.novelty import checkerboard, equal_distances, foote_novelty
from symbolic.structure.peak_picking import (
    expected_hits,
    over_running_median,
    peaks_apart,
    peaks_in_window,
)
from symbolic.structure.targets import gaussian_targets, smeared_targets

__all__ = [
    "checkerboard",
    "equal_distances",
    "expected_hits",
    "foote_novelty",
    "gaussian_targets",
    "over_running_median",
    "peaks_apart",
    "peaks_in_window",
    "smeared_targets",
]
