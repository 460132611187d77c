"""Preparation of a grid: corpora are read and tokenized once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symbolic.data import (
    READERS,
    DataArguments,
    Piece,
    TokenFile,
    build_token_dataset,
    held_out,
    unread_files,
)
from symbolic.data.tokens.build import fingerprinted
from symbolic.features import FEATURE_NAMES
from symbolic.sweep.bundle import EVERY_NOTE, Bundle, save_bundle
from symbolic.sweep.encoders import check_encoders, encoder_digests
from symbolic.sweep.grid import PROTOCOLS, SYSTEMS, Cell, System
from symbolic.tokenizers import build_tokenizer


def prepare(
    path: str | Path,
    cells: Sequence[Cell],
    data: DataArguments,
    cache_dir: str | Path | None = None,
    pretrained: str | Path | None = None,
) -> Bundle:
    """Write the bundle of a grid.

    Args:
        path: of the file.
        cells: the grid.
        data: folders of the corpora, and `folds`; its `hold_out` is not used.
        cache_dir: folder where tokens are cached; by default the cache of `datasets`.
        pretrained: folder of encoders.

    Raises:
        ValueError: a corpus of the grid that is not in `data`, files that cannot be read, or see
            `check_encoders`.
        FileNotFoundError: a corpus or an encoder that does not exist.
        LeakError: an encoder that was trained on held-out pieces of a cell.
    """
    encoders = encoder_digests(cells, pretrained)  # first, since reading music takes long
    corpora: dict[str, dict[str, TokenFile]] = {}
    splits = {}
    for corpus in dict.fromkeys(PROTOCOLS[cell.protocol][0] for cell in cells):
        if corpus not in data.folders:
            raise ValueError(f"the grid needs {corpus}: its folder is given by --{corpus}")
        folder = data.folders[corpus]
        given: dict[str, Any] = {corpus: folder}
        alone = DataArguments(**given, folds=data.folds, fold_seed=data.fold_seed, hold_out="none")
        pieces = READERS[corpus](folder).pieces
        number = {piece.path: i for i, piece in enumerate(pieces)}
        here = [cell for cell in cells if PROTOCOLS[cell.protocol][0] == corpus]
        for hold_out in dict.fromkeys(cell.hold_out for cell in here):
            train, held = held_out(replace(alone, hold_out=hold_out))
            splits[hold_out] = {
                "corpus": corpus,
                "folds": data.folds,
                "train": [number[piece.path] for piece in train],
                "held": [number[piece.path] for piece in held],
            }
        systems = [SYSTEMS[cell.system] for cell in here]
        corpora[corpus] = {
            name: _tokens(pieces, name, systems, cache_dir)
            for name in dict.fromkeys(system.tokenizer or EVERY_NOTE for system in systems)
        }
    check_encoders(Bundle(list(cells), corpora, splits, encoders), cells, pretrained)
    return save_bundle(path, cells, corpora, splits, encoders)


def _tokens(
    pieces: list[Piece],
    name: str,
    systems: Sequence[System],
    cache_dir: str | Path | None,
) -> TokenFile:
    """Tokenize a corpus; with features if a system of these tokens, or a baseline, needs them."""
    wanted = any(
        (system.baseline or system.features != "none") and (system.tokenizer or EVERY_NOTE) == name
        for system in systems
    )
    rows = build_token_dataset(
        pieces, build_tokenizer(name), cache_dir, feature_names=FEATURE_NAMES if wanted else ()
    )
    if unread := unread_files(rows):
        path, reason = next(iter(unread.items()))
        raise ValueError(f"{len(unread)} files cannot be read, the first is {path}: {reason}")
    return fingerprinted(rows)
