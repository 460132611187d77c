"""Musical structure: boundaries between the parts of a piece."""

from symbolic.structure.novelty import checkerboard, equal_distances, foote_novelty
from symbolic.structure.peak_picking import (
    expected_hits,
    min_distance_peaks,
    over_running_median,
)
from symbolic.structure.targets import gaussian_targets

__all__ = [
    "checkerboard",
    "equal_distances",
    "expected_hits",
    "foote_novelty",
    "gaussian_targets",
    "min_distance_peaks",
    "over_running_median",
]
