"""Models inside the package, by name."""

from __future__ import annotations

import os
from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""The model of emotion, which is the default, and folders of the others."""

PACKAGED = {"base": "an encoder of notes, pre-trained", "phrases": "boundaries of parts of notes"}
"""Names of the other models, and what they are."""


def packaged(name: str | os.PathLike) -> str | os.PathLike:
    """Return the folder of a model in the package for its name, and any other name as it is.

    The folder of a model that has this name, in the working directory, comes first.
    """
    if str(name) in PACKAGED and not os.path.isfile(os.path.join(name, "config.json")):
        return WEIGHTS / str(name)
    return name
