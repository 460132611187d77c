"""Symbolic-music NLP: the emotion, key and dynamics of MIDI and MusicXML.

Public names are imported when they are first used, so that `import symbolic` costs next to nothing.
The transformers Auto classes know the `symbolic` model type as soon as they are imported, and
`transformers.pipeline` the tasks `music-emotion` and `music-tags`.
"""

from __future__ import annotations

import importlib

from symbolic.registration import register_on_import

__version__ = "0.1.0"

_NAMES = {
    "ScoringArguments": "symbolic.scoring.corpus",
    "AudioScorer": "symbolic.scoring.audio",
    "CPTokenizer": "symbolic.tokenizers",
    "EmotionScorer": "symbolic.scoring.emotion",
    "FerreiraTokenizer": "symbolic.tokenizers",
    "MidiTokTokenizer": "symbolic.tokenizers",
    "MusicEmotionPipeline": "symbolic.scoring.emotion_pipeline",
    "MusicTagsPipeline": "symbolic.scoring.audio_pipeline",
    "NoteTable": "symbolic.notes",
    "ReadError": "symbolic.notes",
    "SymbolicConfig": "symbolic.modeling",  # from there, so that AutoModel knows it as well
    "SymbolicFeatureExtractor": "symbolic.inference.feature_extractor",
    "SymbolicModel": "symbolic.modeling",
    "SymbolicOutput": "symbolic.modeling",
    "Task": "symbolic.tasks",
    "TASKS": "symbolic.tasks",
    "TOKENIZERS": "symbolic.tokenizers",
    "build_tokenizer": "symbolic.tokenizers",
    "read_notes": "symbolic.notes",
    "score_corpus": "symbolic.scoring.corpus",
    "score_dataset": "symbolic.scoring.corpus",
}

__all__ = ["__version__", *_NAMES]


def __getattr__(name: str):
    if name not in _NAMES:
        raise AttributeError(f"module 'symbolic' has no attribute {name!r}")
    value = getattr(importlib.import_module(_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})


register_on_import()
