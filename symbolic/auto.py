"""Registration with transformers, put off until transformers' own Auto modules are imported.

Registering at once would make `import symbolic` and `symbolic --help` wait for torch.
"""

from __future__ import annotations

import wrapt


def register_on_import() -> None:
    """Register configuration and model now, or when their Auto modules are first imported."""
    wrapt.register_post_import_hook(_register_config, "transformers.models.auto.configuration_auto")
    wrapt.register_post_import_hook(_register_model, "transformers.models.auto.modeling_auto")


def _register_config(module) -> None:
    from symbolic.configuration import SymbolicConfig

    module.AutoConfig.register(SymbolicConfig.model_type, SymbolicConfig, exist_ok=True)


def _register_model(module) -> None:
    from symbolic.configuration import SymbolicConfig
    from symbolic.modeling import SymbolicModel

    module.AutoModel.register(SymbolicConfig, SymbolicModel, exist_ok=True)
