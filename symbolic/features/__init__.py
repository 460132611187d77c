"""Named feature columns of a piece, in groups: pitch, interval, rhythm, density, dynamics,
articulation, key and mode, harmony, histograms.

Time is measured in seconds, never in beats, because transcribed performances have no beats worth
the name. Drums do not count. Notes that start within `onsets.TOGETHER` of one another form one
onset: a chord that a pianist rolls slightly is still a chord. No column grows with the length of
the piece, so clips and whole pieces can be compared, and only the `ABSOLUTE_PITCH` columns change
when a piece is transposed. What each column means stands in the module of its group. Beside the
groups stand the columns of `symbolic.features.tonal`, in which a key is heard and which turn with a
transposition.
"""

from symbolic.features.columns import (
    ABSOLUTE_PITCH,
    FEATURE_GROUPS,
    FEATURE_NAMES,
    feature_frame,
    features,
)
from symbolic.features.sets import FEATURE_SETS, named_columns
from symbolic.features.tonal import TONAL_NAMES, turned

__all__ = [
    "ABSOLUTE_PITCH",
    "FEATURE_GROUPS",
    "FEATURE_NAMES",
    "FEATURE_SETS",
    "TONAL_NAMES",
    "feature_frame",
    "features",
    "named_columns",
    "turned",
]
