"""Files of saved tokenizers: where they lie, and what they are of."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE_NAME = "music_tokenizer.json"  # AutoTokenizer would misread miditok's own tokenizer.json
MIDITOK_FILE_NAME = "tokenizer.json"


def tokenizer_file(name: str | os.PathLike, **kwargs: Any) -> Path:
    """Where a saved tokenizer lies: the file, in the folder, or fetched from the hub.

    Raises:
        OSError: nothing to load under that name.
    """
    path = Path(name)
    if path.is_file():
        return path
    if path.is_dir():
        for file in (path / FILE_NAME, path / MIDITOK_FILE_NAME):
            if file.is_file():
                return file
        raise FileNotFoundError(f"{path}: no {FILE_NAME} in the folder")
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(os.fspath(name), FILE_NAME, **kwargs))


def saved_class(file: Path) -> str:
    """Name of the class that a saved tokenizer is of.

    Raises:
        ValueError: the file is not that of a tokenizer of music.
    """
    try:
        params = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: not JSON: {error}") from error
    name = params.get("tokenization") if isinstance(params, dict) else None
    if not isinstance(name, str):
        raise ValueError(f"{file}: names no tokenization: not a tokenizer of music")
    return name
