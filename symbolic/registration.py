"""Registration with transformers, deferred until transformers is imported.

`symbolic.configuration` and `symbolic.modeling` register themselves with the Auto classes,
`symbolic.scoring.emotion_pipeline` and `symbolic.scoring.audio_pipeline` their tasks. If they were
imported at once, `import symbolic` and `symbolic --help` would wait for torch; if they were not,
`AutoModel` and `pipeline` would not know them. The tokenizers need libraries that read music, so
that they are registered when `AutoTokenizer` is imported. `AutoFeatureExtractor` looks for a file
before it asks a registered class, so that its error for a model of notes is replaced.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Modules below modeling that import transformers: where one of them is imported first, modeling is
# imported after it.
_AUTO_TOKENIZER = "transformers.models.auto.tokenization_auto"
_AUTO_EXTRACTOR = "transformers.models.auto.feature_extraction_auto"
_BELOW = ("symbolic.audio.extractor", "symbolic.configuration", "symbolic.encoders")


def register_on_import() -> None:
    """Register the model type and the pipelines when transformers is imported, or now if it is."""
    try:
        import wrapt
    except ModuleNotFoundError:
        # A machine that only trains from token files may lack it; `symbolic.modeling`, which it
        # imports there, registers itself.
        return
    for name in ("transformers", *_BELOW):
        wrapt.register_post_import_hook(_register, name)
    wrapt.register_post_import_hook(_register_pipeline, "transformers.pipelines")
    wrapt.register_post_import_hook(_register_tokenizers, _AUTO_TOKENIZER)
    wrapt.register_post_import_hook(_explain_extractors, _AUTO_EXTRACTOR)


def _register(module) -> None:
    # A module that is still being imported calls this again when it is complete.
    others = {*_BELOW} - {module.__name__}
    specs = [getattr(sys.modules.get(name), "__spec__", None) for name in others]
    if not any(getattr(spec, "_initializing", False) for spec in specs):
        importlib.import_module("symbolic.modeling")


def _register_pipeline(module) -> None:
    with _without_readers():
        importlib.import_module("symbolic.scoring.emotion_pipeline")
        importlib.import_module("symbolic.scoring.audio_pipeline")


def _register_tokenizers(module) -> None:
    with _without_readers():
        tokenizers = importlib.import_module("symbolic.tokenizers")
        configuration = importlib.import_module("symbolic.configuration")
        for tokenizer in tokenizers.TOKENIZERS.values():  # found by their names in a configuration
            module.AutoTokenizer.register(configuration.SymbolicConfig, tokenizer, exist_ok=True)


def _explain_extractors(module) -> None:
    import wrapt

    wrapt.wrap_function_wrapper(module, "AutoFeatureExtractor.from_pretrained", _load_extractor)


def _load_extractor(load, _, args, kwargs):
    """Load a feature extractor; the error for a model of notes names what has to be called."""
    try:
        return load(*args, **kwargs)
    except OSError as error:
        name = args[0] if args else kwargs.get("pretrained_model_name_or_path")
        if not _is_model_of_notes(name, kwargs):
            raise
        raise OSError(
            f"{name}: a model of notes has no feature extractor: AutoTokenizer loads its tokenizer"
        ) from error


def _is_model_of_notes(name, options) -> bool:
    """Return whether a name is that of a saved model of this package that takes notes."""
    weights = importlib.import_module("symbolic.inference.weights")
    auto = importlib.import_module("transformers.models.auto")
    try:
        config = auto.AutoConfig.from_pretrained(name, **weights.hub_options(options))
    except (OSError, TypeError, ValueError):  # no model, or one of an unknown type
        return False
    return config.model_type == "symbolic" and config.inputs != "audio"


@contextmanager
def _without_readers() -> Iterator[None]:
    """Do without what needs the libraries that read music, where they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        # Pipelines and tokenizers of others still work.
        if (error.name or "").partition(".")[0] == "symbolic":
            raise
