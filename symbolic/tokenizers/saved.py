"""Files of saved tokenizers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from symbolic.errors import hub_reason
from symbolic.packaged import packaged

FILE_NAME = "music_tokenizer.json"  # AutoTokenizer would misread miditok's own tokenizer.json
MIDITOK_FILE_NAME = "tokenizer.json"


def tokenizer_file(name: str | os.PathLike, **kwargs: Any) -> Path:
    """Find the file of a saved tokenizer: the file itself, in a folder, or downloaded from the Hub.

    Raises:
        OSError: nothing to load under that name.
    """
    path = Path(packaged(name))
    if path.is_file():
        return path
    if path.is_dir():
        for file in (path / FILE_NAME, path / MIDITOK_FILE_NAME):
            if file.is_file():
                return file
        raise FileNotFoundError(
            f"{path}: no {FILE_NAME} in the folder (a model of recordings has none)"
        )
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(os.fspath(name), FILE_NAME, **kwargs))
    except (OSError, ValueError) as error:
        if reason := hub_reason(error):
            raise FileNotFoundError(f"{path}: no such folder, and {reason}") from error
        raise


def saved_class(file: Path) -> str:
    """Read the class name of a saved tokenizer.

    Raises:
        ValueError: not the file of a music tokenizer.
    """
    try:
        params = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: not JSON: {error}") from error
    name = params.get("tokenization") if isinstance(params, dict) else None
    if not isinstance(name, str):
        raise ValueError(f"{file}: not a music tokenizer: no `tokenization` in it")
    return name
