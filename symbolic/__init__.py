"""Symbolic-music NLP: the emotion, key and dynamics of MIDI and MusicXML.

Public names are imported when they are first used, so that `import symbolic` costs next to nothing.
The transformers Auto classes know the `symbolic` model type as soon as they are imported, and
`transformers.pipeline` the tasks `music-emotion` and `music-tags`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from symbolic.registration import register_on_import
from symbolic.renamed import find_old_modules, renamed_in

if TYPE_CHECKING:  # the names of `_NAMES`, for type checkers and editors
    from symbolic.audio import FrontEnd as FrontEnd
    from symbolic.errors import SymbolicError as SymbolicError
    from symbolic.evaluation.generation.corpora import compare_corpora as compare_corpora
    from symbolic.evaluation.generation.generated import evaluate_generated as evaluate_generated
    from symbolic.features import feature_frame as feature_frame
    from symbolic.inference.notes import predict_notes as predict_notes
    from symbolic.inference.prediction import predict as predict
    from symbolic.loading import explain as explain
    from symbolic.loading import load as load
    from symbolic.loading import score as score
    from symbolic.modeling import SymbolicConfig as SymbolicConfig
    from symbolic.modeling import SymbolicFeatureExtractor as SymbolicFeatureExtractor
    from symbolic.modeling import SymbolicModel as SymbolicModel
    from symbolic.modeling import SymbolicOutput as SymbolicOutput
    from symbolic.notes import NamedBytes as NamedBytes
    from symbolic.notes import NoteTable as NoteTable
    from symbolic.notes import ReadError as ReadError
    from symbolic.notes import read_notes as read_notes
    from symbolic.notes.marks import Marks as Marks
    from symbolic.notes.marks import read_marks as read_marks
    from symbolic.notes.sections import Sections as Sections
    from symbolic.notes.sections import sections_of as sections_of
    from symbolic.publishing.hub import push as push
    from symbolic.scoring.audio import AudioScorer as AudioScorer
    from symbolic.scoring.corpus import ScoringArguments as ScoringArguments
    from symbolic.scoring.corpus import score_corpus as score_corpus
    from symbolic.scoring.corpus import score_dataset as score_dataset
    from symbolic.scoring.emotion import EmotionScorer as EmotionScorer
    from symbolic.scoring.keys.local import local_keys as local_keys
    from symbolic.scoring.notes import NoteScorer as NoteScorer
    from symbolic.scoring.notes import load_model as load_model
    from symbolic.scoring.pipelines.audio import MusicTagsPipeline as MusicTagsPipeline
    from symbolic.scoring.pipelines.emotion import MusicEmotionPipeline as MusicEmotionPipeline
    from symbolic.scoring.tables import read_scores as read_scores
    from symbolic.scoring.timeline import timeline as timeline
    from symbolic.scoring.velocities import VelocityModel as VelocityModel
    from symbolic.scoring.windows import SlidingWindow as SlidingWindow
    from symbolic.structure.segmenter import Segmenter as Segmenter
    from symbolic.tasks import TASKS as TASKS
    from symbolic.tasks import Task as Task
    from symbolic.tokenizers import TOKENIZERS as TOKENIZERS
    from symbolic.tokenizers import CPTokenizer as CPTokenizer
    from symbolic.tokenizers import FerreiraTokenizer as FerreiraTokenizer
    from symbolic.tokenizers import MidiTokTokenizer as MidiTokTokenizer
    from symbolic.tokenizers import build_tokenizer as build_tokenizer

__version__ = "0.1.0"

_MODULES = {
    "audio": "FrontEnd",
    "errors": "SymbolicError",
    "evaluation.generation.corpora": "compare_corpora",
    "evaluation.generation.generated": "evaluate_generated",
    "features": "feature_frame",  # `symbolic.features` is the package
    "inference.notes": "predict_notes",
    "inference.prediction": "predict",
    "loading": "explain load score",
    # from there, so that AutoModel knows it as well
    "modeling": "SymbolicConfig SymbolicFeatureExtractor SymbolicModel SymbolicOutput",
    "notes": "NamedBytes NoteTable ReadError read_notes",
    "notes.marks": "Marks read_marks",
    "notes.sections": "Sections sections_of",
    "publishing.hub": "push",
    "scoring.audio": "AudioScorer",
    "scoring.pipelines.audio": "MusicTagsPipeline",
    "scoring.corpus": "ScoringArguments score_corpus score_dataset",
    "scoring.emotion": "EmotionScorer",
    "scoring.pipelines.emotion": "MusicEmotionPipeline",
    "scoring.keys.local": "local_keys",
    "scoring.notes": "NoteScorer load_model",
    "scoring.tables": "read_scores",
    "scoring.timeline": "timeline",
    "scoring.velocities": "VelocityModel",
    "scoring.windows": "SlidingWindow",
    "structure.segmenter": "Segmenter",
    "tasks": "TASKS Task",
    "tokenizers": "TOKENIZERS CPTokenizer FerreiraTokenizer MidiTokTokenizer build_tokenizer",
}
_NAMES = {
    name: f"symbolic.{module}" for module, names in _MODULES.items() for name in names.split()
}

__all__ = ["__version__", *_NAMES]  # pyright: ignore[reportUnsupportedDunderAll] - from a table


if not TYPE_CHECKING:  # else checkers would take any name

    def __getattr__(name: str):
        if name not in _NAMES:
            return renamed_in(__name__)(name)
        value = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})


find_old_modules()
register_on_import()
