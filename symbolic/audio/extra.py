"""The libraries of audio, which are installed only where audio is wanted."""

from __future__ import annotations

import importlib
from types import ModuleType

INSTALL = "pip install 'symbolic-emotion[audio]'"


def audio_module(name: str) -> ModuleType:
    """A library of the extra `audio`: soundfile, soxr, librosa, fluidsynth, ...

    Raises:
        ImportError: it is not there, or the library in C below it is not; what to install.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: soundfile without libsndfile
        root = name.split(".")[0]
        raise ImportError(f"audio needs {root} ({error}): {INSTALL}", name=root) from error
