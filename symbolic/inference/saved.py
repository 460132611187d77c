"""Files of saved models, in a folder or on the Hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symbolic.packaged import packaged

HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only")


def hub_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Select the options that say where on the Hub a file is."""
    return {name: options[name] for name in HUB_OPTIONS if name in options}


def saved_file(name: str | os.PathLike, file: str, hub: Mapping[str, Any]) -> Path | None:
    """Find a file of a saved model.

    Args:
        name: a folder or a hub name.
        file: its name.
        hub: `HUB_OPTIONS`.

    Returns:
        Its path; None where there is none, or it cannot be downloaded.
    """
    path = Path(packaged(name), file)
    if path.is_file():
        return path
    if Path(name).exists():
        return None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(hf_hub_download(os.fspath(name), file, **hub))
    except (OSError, HfHubHTTPError, HFValidationError):
        return None
