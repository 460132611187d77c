"""Genre and mood, one of several classes, and tags, any of several, of a recording."""

from __future__ import annotations

from symbolic.tasks.task import Task

GTZAN_GENRES = (
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
)
MOOD_CLUSTERS = ("Cluster 1", "Cluster 2", "Cluster 3", "Cluster 4", "Cluster 5")

# The ten most frequent tags of MagnaTagATune (Law 2009), most frequent first.
TOP_TEN = (
    *("guitar", "classical", "slow", "techno", "strings"),
    *("drums", "electronic", "rock", "fast", "piano"),
)

GENRE = Task("genre", "sequence", "single", GTZAN_GENRES)
MOOD = Task("mood", "sequence", "single", MOOD_CLUSTERS)
TAGS = Task("tags", "sequence", "multi", TOP_TEN)
