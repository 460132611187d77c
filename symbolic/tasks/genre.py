"""Genre and mood of a recording: single-label classification with the classes of a corpus."""

from __future__ import annotations

from symbolic.tasks.task import Task

GTZAN_GENRES = (
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
)
MOOD_CLUSTERS = ("Cluster 1", "Cluster 2", "Cluster 3", "Cluster 4", "Cluster 5")

GENRE = Task("genre", "sequence", "single", GTZAN_GENRES)
MOOD = Task("mood", "sequence", "single", MOOD_CLUSTERS)
