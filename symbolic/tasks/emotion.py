"""Emotion: the quadrants of Russell's valence-arousal plane, and valence and arousal."""

from __future__ import annotations

import numpy as np

from symbolic.tasks.task import Task

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
QUADRANT_WORDS = {"Q1": "happy", "Q2": "angry", "Q3": "sad", "Q4": "calm"}

SIGNS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
"""(4, 2) signs of valence and arousal in the quadrants."""

EMOTION = Task("emotion", "sequence", "single", QUADRANTS)
VALENCE_AROUSAL = Task("valence_arousal", "sequence", "regression", ("valence", "arousal"))


def quadrant_of(probabilities: np.ndarray) -> str:
    """Return the most probable quadrant for (4,) probabilities, the first of equal ones."""
    return QUADRANTS[int(np.argmax(probabilities))]


def valence_arousal(probabilities: np.ndarray) -> np.ndarray:
    """Compute valence q1 + q4 - q2 - q3 and arousal q1 + q2 - q3 - q4 of quadrant probabilities.

    They are (..., 2), each in [-1, 1], for (..., 4) probabilities whose rows sum to 1.
    """
    return np.clip(np.asarray(probabilities) @ SIGNS, -1.0, 1.0)
