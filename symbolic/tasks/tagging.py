"""Tags of a recording: multi-label classification."""

from __future__ import annotations

from symbolic.tasks.task import Task

# The ten most frequent tags of MagnaTagATune (Law 2009), most frequent first.
TOP_TEN = (
    *("guitar", "classical", "slow", "techno", "strings"),
    *("drums", "electronic", "rock", "fast", "piano"),
)

TAGS = Task("tags", "sequence", "multi", TOP_TEN)
