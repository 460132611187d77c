"""Musical structure: boundaries between the parts of a piece."""

from symbolic.structure.novelty import equal_distances, foote_novelty
from symbolic.structure.peak_picking import (
    expected_hits,
    gaussian_targets,
    min_distance_peaks,
    over_running_median,
)

__all__ = [
    "equal_distances",
    "expected_hits",
    "foote_novelty",
    "gaussian_targets",
    "min_distance_peaks",
    "over_running_median",
]
