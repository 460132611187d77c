"""Old names that keep working for one release, with a warning that gives the new one."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, cast

MODULES = {
    "symbolic.comparison": "symbolic.evaluation.comparison",
    "symbolic.corpora": "symbolic.scoring.corpus",
    "symbolic.keys": "symbolic.notes.keys",
    "symbolic.prediction_frames": "symbolic.inference.prediction_table",
    "symbolic.score_tables": "symbolic.scoring.tables",
    "symbolic.segmenting": "symbolic.structure.segmenter",
}
"""Modules that had documented names, and where these are now."""

ROOMS = {
    "symbolic.evaluation": "symbolic.evaluation.evaluator",
    "symbolic.inference": "symbolic.inference.prediction",
    "symbolic.publishing": "symbolic.publishing.hub",
    "symbolic.scoring": "symbolic.scoring.emotion",
    "symbolic.training": "symbolic.training.notes",
}
"""Modules that are packages now, and the module of the package that has their names."""


NAMES = {
    "symbolic": {"Front": "FrontEnd", "Sliding": "SlidingWindow"},
    "symbolic.audio": {"Front": "FrontEnd"},
    "symbolic.data": {
        "AUDIO_READERS": "READERS",
        "AudioCorpus": "Corpus",
        "TokenScheme": "TokenVocabulary",
        "audited_pieces": "pieces_to_audit",
        "loose_pieces": "unlabelled_pieces_in",
        "token_scheme": "token_vocabulary",
    },
    "symbolic.encoders": {"UNIT_SYSTEMS": "BEAT_SYSTEMS"},
    "symbolic.corpora": {
        "Listener": "ScoringJob",
        "NoFiles": "NoFilesError",
        "Tally": "RunSummary",
        "Unfinished": "InterruptedRunError",
    },
}
"""Public names of packages by their old name."""


def renamed_in(package: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package some of whose names are new.

    Args:
        package: a key of `NAMES`.
    """

    def find(name: str) -> Any:
        if name not in NAMES[package]:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        new = NAMES[package][name]
        message = f"{package}.{name} has a new name: from {package} import {new}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[package], new)

    return find


def old_names(package: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package that was a module.

    Args:
        package: a key of `ROOMS`.
    """
    return lambda name: _moved(package, ROOMS[package], name)


def renamed_keys(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Replace old keywords, or old keys of a saved file, with a warning.

    Args:
        values: by keyword or key, old or new.
        names: the new name of each old one.

    Raises:
        ValueError: a value under both names.
    """
    old = [name for name in values if name in names]
    if both := [name for name in old if names[name] in values]:
        raise ValueError(f"{both[0]} is the old name of {names[both[0]]}: give only the latter")
    if old:
        changes = ", ".join(f"{name} is now {names[name]}" for name in old)
        warnings.warn(f"keys of version 0.1.0: {changes}", FutureWarning, stacklevel=4)
    return {names.get(name, name): value for name, value in values.items()}


def find_old_modules() -> None:
    """Let the modules of `MODULES` be imported by their old names."""
    if not any(isinstance(finder, _OldModules) for finder in sys.meta_path):
        sys.meta_path.append(_OldModules())


class _OldModules:
    """Finder and loader of modules that only hand on the names of others."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in MODULES:
            return None
        return importlib.util.spec_from_loader(fullname, cast("Any", self))

    def create_module(self, spec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        module.__dict__["__getattr__"] = partial(_moved, name, MODULES[name])


def _moved(old: str, new: str, name: str) -> Any:
    """The value of a name of `old` that is in `new` today.

    Raises:
        AttributeError: it is in neither.
    """
    submodule = old in ROOMS and importlib.util.find_spec(f"{old}.{name}") is not None
    if not submodule and not name.startswith("__"):
        place = importlib.import_module(new)
        name = NAMES.get(old, {}).get(name, name)
        if hasattr(place, name):
            public = name in sys.modules["symbolic"].__all__
            better = f"from {'symbolic' if public else new} import {name}"
            warnings.warn(f"{old}.{name} has moved: {better}", DeprecationWarning, stacklevel=3)
            return getattr(place, name)
    raise AttributeError(f"module {old!r} has no attribute {name!r}")
