"""A grid and its data in one file, for training on another machine.

Only torch, transformers, accelerate, numpy and safetensors are needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.data.tokens.file import TokenFile, load_tokens, save_tokens
from symbolic.sweep.grid import SIZES, SYSTEMS, Cell

GRID = "grid.json"
EVERY_NOTE = "cp-performance"  # tokenizer that keeps all notes, for the features of baselines
FORMAT, VERSION = "symbolic-grid", 1

# Errors of reading a damaged archive, or one of another kind.
ARCHIVE_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError),
    *(KeyError, TypeError, AttributeError, ValueError, OSError),
)


def hashed(described: list[Any]) -> hashlib.blake2b:
    """Hash plain values, for the digest of a cell; 16 bytes."""
    return hashlib.blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=16)


@dataclass(frozen=True)
class Bundle:
    """A grid and its data.

    Attributes:
        cells: of the grid.
        corpora: pieces as tokens, by corpus and tokenizer; the same pieces in the same order for
            every tokenizer.
        splits: by `hold_out`, the corpus, the folds, and indices of the pieces to train on
            (`train`) and to predict (`held`).
        encoders: digests of the encoders that cells begin with, by name.

    Raises:
        ValueError: a cell that begins with an encoder without a digest.
    """

    cells: list[Cell]
    corpora: dict[str, dict[str, TokenFile]]
    splits: dict[str, dict[str, Any]]
    encoders: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if missing := {cell.encoder for cell in self.cells} - {"", *self.encoders}:
            raise ValueError(f"no digest of the encoders {', '.join(sorted(missing))}")

    def tokens(self, cell: Cell) -> TokenFile:
        """Tokens that a cell is trained on; for a baseline, those with the features."""
        tokenizers = self.corpora[self.splits[cell.hold_out]["corpus"]]
        return tokenizers[SYSTEMS[cell.system].tokenizer or EVERY_NOTE]

    def digest(self, cell: Cell) -> str:
        """Compute a digest of everything that a cell's results depend on, except the code.

        It does not depend on other cells: finished cells stay finished when the grid grows.

        Returns:
            32 hex digits.
        """
        system, tokens = SYSTEMS[cell.system], self.tokens(cell)
        split = self.splits[cell.hold_out]
        size = SIZES[cell.size].of(system.backbone, split["corpus"])
        described = [asdict(cell), split, size, system.settings()]
        if cell.encoder:
            described.append(self.encoders[cell.encoder])
        whole = hashed(described)
        whole.update(json.dumps([tokens.pieces, tokens.groups]).encode())
        arrays = [tokens.labels[name] for name in sorted(tokens.labels)]
        if system.features != "none" or system.baseline:
            arrays.append(tokens.features)
        if not system.baseline:
            whole.update(tokens.vocabulary.to_json().encode())
            arrays += [tokens.ids, tokens.offsets, tokens.velocity]
        for array in arrays:
            whole.update(np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()


def save_bundle(
    path: str | Path,
    cells: Sequence[Cell],
    corpora: dict[str, dict[str, TokenFile]],
    splits: dict[str, dict[str, Any]],
    encoders: dict[str, str] | None = None,
) -> Bundle:
    """Write a bundle; the same grid and data give the same bytes.

    Raises:
        ValueError: tokenizers of one corpus that do not have the same pieces, or a cell that begins
            with an encoder without a digest.
    """
    path = Path(path)
    bundle = Bundle(list(cells), corpora, splits, encoders or {})
    for corpus, tokenizers in corpora.items():
        names = {name: tokens.pieces for name, tokens in tokenizers.items()}
        first = next(iter(names))
        for name, pieces in names.items():
            if pieces != names[first]:
                raise ValueError(f"{corpus}: {name} does not hold the pieces that {first} holds")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "cells": [asdict(cell) for cell in cells],
        "splits": splits,
        "corpora": {corpus: list(tokenizers) for corpus, tokenizers in corpora.items()},
        **({"encoders": encoders} if encoders else {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")  # other processes may read or write it
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(partial, "w") as file:
        _add(file, GRID, json.dumps(header, indent=1).encode(), zipfile.ZIP_DEFLATED)
        for corpus, tokenizers in corpora.items():
            for tokenizer, tokens in tokenizers.items():
                saved = Path(folder, "tokens.npz")
                save_tokens(tokens, saved)
                _add(file, _member(corpus, tokenizer), saved.read_bytes())
    partial.replace(path)
    return bundle


def _add(
    file: zipfile.ZipFile, name: str, content: bytes, compression: int = zipfile.ZIP_STORED
) -> None:
    entry = zipfile.ZipInfo(name)  # of 1980: no time of writing in the bytes
    entry.compress_type = compression
    file.writestr(entry, content)


def _member(corpus: str, tokenizer: str) -> str:
    return f"tokens/{corpus}--{tokenizer}.npz"


def load_bundle(path: str | Path) -> Bundle:
    """Read a bundle.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of another kind or version, or a damaged one.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such grid: make one with the corpora at hand")
    try:
        with zipfile.ZipFile(path) as file, tempfile.TemporaryDirectory() as folder:
            header = json.loads(file.read(GRID))
            if (header["format"], header["version"]) != (FORMAT, VERSION):
                raise ValueError(f"version {header['version']}, not the {VERSION} read here")
            corpora: dict[str, dict[str, TokenFile]] = {}
            for corpus, tokenizers in header["corpora"].items():
                for tokenizer in tokenizers:
                    saved = Path(folder, "tokens.npz")
                    saved.write_bytes(file.read(_member(corpus, tokenizer)))
                    corpora.setdefault(corpus, {})[tokenizer] = load_tokens(saved)
            cells = [Cell(**cell) for cell in header["cells"]]
            return Bundle(cells, corpora, header["splits"], dict(header.get("encoders", {})))
    except ARCHIVE_ERRORS as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{path}: not a grid that can be read: {reason}") from error
