"""Registration with transformers, deferred until transformers is imported.

`symbolic.configuration` and `symbolic.modeling` register themselves with the Auto classes,
`symbolic.scoring.pipelines.emotion` and `symbolic.scoring.pipelines.audio` their tasks. If they
were imported at once, `import symbolic` and `symbolic --help` would wait for torch; if not at all,
`AutoModel` and `pipeline` would not know them. The tokenizers need libraries that read music, so
that they are registered when `AutoTokenizer` is imported. `AutoFeatureExtractor` looks for a file
before it asks a registered class, so that its error for a model of notes is replaced; so are those
of Auto classes of models with one head, and of our pipelines for a name without a model.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

# Modules below modeling that import transformers: where one of them is imported first, modeling is
# imported after it.
_AUTO_TOKENIZER = "transformers.models.auto.tokenization_auto"
_AUTO_EXTRACTOR = "transformers.models.auto.feature_extraction_auto"
_AUTO_MODELS = "transformers.models.auto.auto_factory"
_BELOW = ("symbolic.audio.extractor", "symbolic.configuration", "symbolic.encoders")


def register_on_import() -> None:
    """Register the model type and the pipelines when transformers is imported, or now if it is."""
    call_after_import(
        {
            **dict.fromkeys(("transformers", *_BELOW), _register),
            "transformers.pipelines": _register_pipeline,
            _AUTO_TOKENIZER: _register_tokenizers,
            _AUTO_EXTRACTOR: _explain_extractors,
            _AUTO_MODELS: _explain_heads,
        }
    )


def call_after_import(hooks: Mapping[str, Callable[[Any], object]]) -> None:
    """Call functions with modules after these are imported or reloaded, now if they already are.

    Args:
        hooks: by the name of the module. An error of one is an error of the import.
    """
    sys.meta_path.insert(0, _ImportHooks(hooks))
    for name, hook in hooks.items():
        if sys.modules.get(name) is not None:
            hook(sys.modules[name])


class _ImportHooks:
    """Finder of modules that the finders after it find, with functions to call after the import."""

    def __init__(self, hooks: Mapping[str, Callable[[Any], object]]) -> None:
        self.hooks = hooks

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.hooks:
            return None
        finders = list(sys.meta_path)
        if self in finders:
            finders = finders[finders.index(self) + 1 :]
        for finder in finders:
            find = getattr(finder, "find_spec", None)
            if find and (spec := find(fullname, path, target)):
                if spec.loader is not None:  # that of a folder without code
                    spec.loader = _HookedLoader(spec.loader, self.hooks[fullname])
                return spec
        return None


class _HookedLoader:
    """Loader that calls a function after the import; until then it stands for the real loader."""

    def __init__(self, loader: Any, hook: Callable[[Any], object]) -> None:
        self._loader, self._hook = loader, hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._hook(module)


def _register(module) -> None:
    # A module that is still being imported calls this again when it is complete.
    others = {*_BELOW} - {module.__name__}
    specs = [getattr(sys.modules.get(name), "__spec__", None) for name in others]
    if not any(getattr(spec, "_initializing", False) for spec in specs):
        importlib.import_module("symbolic.modeling")


def _register_pipeline(module) -> None:
    _explain_pipelines(module)
    with _without_readers():
        importlib.import_module("symbolic.scoring.pipelines.emotion")
        importlib.import_module("symbolic.scoring.pipelines.audio")


def _register_tokenizers(module) -> None:
    with _without_readers():
        tokenizers = importlib.import_module("symbolic.tokenizers")
        configuration = importlib.import_module("symbolic.configuration")
        for tokenizer in tokenizers.TOKENIZERS.values():  # found by their names in a configuration
            module.AutoTokenizer.register(configuration.SymbolicConfig, tokenizer, exist_ok=True)


def _explain_heads(module) -> None:
    """Shorten the error of the Auto classes that know no model of this package."""
    base = module._BaseAutoModelClass
    for auto in (base, *base.__subclasses__()):
        if "from_pretrained" in vars(auto):
            auto.from_pretrained = classmethod(_short(vars(auto)["from_pretrained"].__func__))


def _short(load: Callable[..., Any]) -> Callable[..., Any]:
    """Load a model; the error for one of this package names the class that loads it."""

    @wraps(load)
    def from_pretrained(cls, *args, **kwargs):
        try:
            return load(cls, *args, **kwargs)
        except ValueError as error:
            if "class <class 'symbolic.configuration.SymbolicConfig'>" not in str(error):
                raise
        raise ValueError(
            f"{cls.__name__} knows no model of symbolic: AutoModel loads it with the heads of all "
            "its tasks, and symbolic.load what scores with it"
        )

    return from_pretrained


def _explain_pipelines(module) -> None:
    make = module.pipeline

    @wraps(make)
    def pipeline(task=None, model=None, *args, **kwargs):
        try:
            return make(task, model, *args, **kwargs)
        except OSError:
            if task not in ("music-emotion", "music-tags") or not isinstance(model, str):
                raise
            weights = importlib.import_module("symbolic.inference.weights")
            weights.load_config(model, **kwargs)  # its error is one line
            raise

    module.pipeline = pipeline


def _explain_extractors(module) -> None:
    extractor = module.AutoFeatureExtractor
    load = vars(extractor)["from_pretrained"].__func__

    @wraps(load)
    def from_pretrained(cls, *args, **kwargs):
        try:
            return load(cls, *args, **kwargs)
        except OSError as error:
            name = args[0] if args else kwargs.get("pretrained_model_name_or_path")
            if not _is_model_of_notes(name, kwargs):
                raise
            raise OSError(
                f"{name}: a model of notes has no feature extractor: AutoTokenizer loads its "
                "tokenizer"
            ) from error

    extractor.from_pretrained = classmethod(from_pretrained)


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
