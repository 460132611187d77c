"""Named feature columns of a piece, in groups: pitch, interval, rhythm, density, dynamics,
articulation, key and mode, harmony, histograms.

Time is measured in seconds, never in beats, because transcribed performances have no reliable
beats. Drums are left out of the groups. Notes that start within `onsets.CHORD_SECONDS` of one
another form one onset: a slightly rolled chord is still a chord. No column grows with the length of
the piece, so that clips and whole pieces are comparable, and only the `ABSOLUTE_PITCH` columns
change with transposition. The module of each group defines its columns.

Columns of no group are sets of their own: those of `symbolic.features.tonal`, for key detection,
which transposition rotates, and those of `symbolic.features.voices`, of each track or part and of
drums.
"""

from symbolic.features.columns import (
    ABSOLUTE_PITCH,
    FEATURE_GROUPS,
    FEATURE_NAMES,
    feature_frame,
    feature_rows,
    features,
    named_columns,
)
from symbolic.features.sets import FEATURE_SETS
from symbolic.features.tonal import TONAL_NAMES, transposed_tonal

__all__ = [
    "ABSOLUTE_PITCH",
    "FEATURE_GROUPS",
    "FEATURE_NAMES",
    "FEATURE_SETS",
    "TONAL_NAMES",
    "feature_frame",
    "feature_rows",
    "features",
    "named_columns",
    "transposed_tonal",
]
