"""Agreement of the two annotators of POP909's phrases (Dai 2020)."""

from collections.abc import Sequence
from pathlib import Path

from symbolic.data.recordings.pop909_structure import structured_songs
from symbolic.tasks.boundary_metrics import boundary_scores


def annotator_agreement(
    folder: str | Path, windows: Sequence[float] = (0.5, 3.0), trim: bool = False
) -> dict[str, dict[str, float]]:
    """Score the second annotator's boundaries against those of the first.

    Args:
        folder: as for `symbolic.data.recordings.pop909_structure.read_pop909_structure`.
        windows, trim: as for `symbolic.tasks.boundary_metrics.boundary_scores`.

    Returns:
        Scores by the number of the song, for the songs that fit both annotations.

    Raises:
        FileNotFoundError, ValueError, ImportError: as these two.
    """
    return {
        song.path.stem: boundary_scores(*song.boundaries, windows, trim)
        for song in structured_songs(folder)
        if all(song.boundaries)
    }
