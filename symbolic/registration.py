"""Registration with transformers, put off until transformers is imported.

`symbolic.configuration` and `symbolic.modeling` register themselves with the Auto classes,
`symbolic.scoring.emotion_pipeline` registers its task. Importing them at once would make `import
symbolic` and `symbolic --help` wait for torch; not importing them would leave `AutoModel` and
`pipeline` without them.
"""

from __future__ import annotations

import importlib
import sys

# What modeling imports, each of which may itself be what imports transformers: modeling then waits
# until it is whole.
_BELOW = ("symbolic.configuration", "symbolic.encoders")
_EXTRACTOR = "symbolic.audio.extractor"


def register_on_import() -> None:
    """Make transformers know the model type and the pipeline, now or when it is imported."""
    try:
        import wrapt
    except ModuleNotFoundError:
        # A machine that only trains from token files may lack it; `symbolic.modeling`, which it
        # imports there, registers itself.
        return
    wrapt.register_post_import_hook(_register, "transformers")
    for name in _BELOW:
        wrapt.register_post_import_hook(_register, name)
    for name in ("transformers", *_BELOW, _EXTRACTOR):
        wrapt.register_post_import_hook(_register_extractor, name)
    wrapt.register_post_import_hook(_register_pipeline, "transformers.pipelines")


def _register(module) -> None:
    # Encoders import the configuration, so once they are whole both are.
    others = any(name in sys.modules for name in _BELOW if name != module.__name__)
    if module.__name__ == "symbolic.encoders" or not others:
        importlib.import_module("symbolic.modeling")


def _register_extractor(module) -> None:
    # What is still being imported comes here again when it is whole.
    others = {*_BELOW, _EXTRACTOR} - {module.__name__}
    specs = [getattr(sys.modules.get(name), "__spec__", None) for name in others]
    if not any(getattr(spec, "_initializing", False) for spec in specs):
        importlib.import_module("symbolic.inference.feature_extractor")


def _register_pipeline(module) -> None:
    try:
        importlib.import_module("symbolic.scoring.emotion_pipeline")
        importlib.import_module("symbolic.scoring.audio_pipeline")
    except ModuleNotFoundError as error:
        # Without what reads music there is no pipeline of music; the others must go on working.
        if (error.name or "").partition(".")[0] == "symbolic":
            raise
