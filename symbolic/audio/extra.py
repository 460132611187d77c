"""Import of the libraries of the extra `audio`."""

from __future__ import annotations

import importlib
from types import ModuleType

INSTALL = "pip install 'symbolic-emotion[audio]'"


def audio_module(name: str) -> ModuleType:
    """Import a library of the extra `audio`: soundfile, soxr, librosa, fluidsynth, ...

    Raises:
        ImportError: it, or the C library that it wraps, is missing; the message says what to
            install.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: soundfile without libsndfile
        root = name.split(".")[0]
        raise ImportError(f"audio needs {root} ({error}): {INSTALL}", name=root) from error
