"""Registration with the Auto classes of transformers, put off until transformers is imported.

`symbolic.configuration` and `symbolic.modeling` register themselves. Importing them at once would
make `import symbolic` and `symbolic --help` wait for torch; not importing them would leave
`AutoModel` without them.
"""

from __future__ import annotations

import importlib
import sys

import wrapt

_REGISTERED = ("symbolic.configuration", "symbolic.encoders", "symbolic.modeling")


def register_on_import() -> None:
    """Make the Auto classes know the model type, now or when transformers is imported."""
    wrapt.register_post_import_hook(_register, "transformers")


def _register(module) -> None:
    # One of them may be what imports transformers: half-imported, it goes on by itself.
    if not any(name in sys.modules for name in _REGISTERED):
        importlib.import_module("symbolic.modeling")
