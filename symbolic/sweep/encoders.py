"""Pre-trained encoders of cells: a folder with a run of `symbolic pretrain` for each.

An encoder is named `<tokenizer>--<backbone>--<size>`: see `symbolic.sweep.grid.Cell.encoder`.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from transformers.utils import SAFE_WEIGHTS_NAME

from symbolic.data.audit.fingerprints import assert_unseen
from symbolic.encoders.backbones import BACKBONES
from symbolic.inference.weights import load_config
from symbolic.sweep.bundle import Bundle
from symbolic.sweep.grid import SIZES, SYSTEMS, Cell
from symbolic.training.build import ShapeArguments, new_backbone
from symbolic.training.run_folder import TRAINING_RECORD, training_pieces


def pretrain_command(cell: Cell, folder: str | Path) -> str:
    """Write the command that trains the encoder of a cell, without the number of epochs."""
    system = SYSTEMS[cell.system]
    shape, training = SIZES[cell.size].of(system.backbone)
    values = {"tokenizer": system.tokenizer, "backbone": system.backbone, **shape, **training}
    for name in ("num_train_epochs", "head_dropout", "layer_decay"):  # of the training after it
        values.pop(name, None)
    values["output_dir"] = Path(folder, cell.encoder)
    options = {f"--{name.replace('_', '-')}": str(value) for name, value in values.items()}
    flags = [word for pair in options.items() for word in pair]
    return shlex.join(["symbolic", "pretrain", "--music", "MUSIC", *flags])


def encoder_digests(cells: Sequence[Cell], folder: str | Path | None) -> dict[str, str]:
    """Compute digests of the weights of the encoders of cells, by name; 32 hex digits each.

    Raises:
        ValueError: no folder although a cell begins with an encoder, or an encoder of another shape
            than its size.
        FileNotFoundError: a missing encoder, with the command that trains it.
    """
    digests = {}
    for name, cell in {cell.encoder: cell for cell in cells if cell.encoder}.items():
        if not folder:
            raise ValueError(
                f"{cell.system} begins with an encoder: --pretrained must have {name}, "
                f"which is trained by: {pretrain_command(cell, 'ENCODERS')}"
            )
        place = Path(folder, name)
        needed = ("config.json", SAFE_WEIGHTS_NAME, TRAINING_RECORD)
        if not all((place / file).is_file() for file in needed):
            raise FileNotFoundError(
                f"{place}: no encoder for {cell.system}; it is trained by: "
                f"{pretrain_command(cell, folder)}"
            )
        _check_shape(cell, place)
        digests[name] = weights_digest(place)
    return digests


def weights_digest(folder: str | Path) -> str:
    """Compute the digest of the weights of a model; 32 hex digits."""
    with open(Path(folder, SAFE_WEIGHTS_NAME), "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _check_shape(cell: Cell, place: Path) -> None:
    """Refuse an encoder of another shape than its name says."""
    backbone = SYSTEMS[cell.system].backbone
    shape = ShapeArguments(backbone=backbone, **SIZES[cell.size].of(backbone)[0])
    backbone_config, config = new_backbone(shape), load_config(place)
    _, shaped, fixed = BACKBONES[backbone]
    names = ("model_type", "hidden_size", *shaped, *fixed)
    sides = [(name, config.backbone_config, backbone_config) for name in names]
    sides += [(name, config, shape) for name in ("field_embedding_size", "window")]
    for name, encoder, size in sides:
        found, wanted = getattr(encoder, name, None), getattr(size, name)
        if found != wanted:
            raise ValueError(f"{place}: {name} of the encoder is {found}, not {wanted}")


def check_encoders(bundle: Bundle, cells: Sequence[Cell], folder: str | Path | None) -> None:
    """Check that encoders are those of the grid and were not trained on held-out pieces.

    Raises:
        ValueError, FileNotFoundError: see `encoder_digests`; or weights other than the grid's.
        LeakError: naming the pieces.
    """
    digests = encoder_digests(cells, folder)
    if folder is None:  # no cell begins with an encoder
        return
    for name, digest in digests.items():
        if digest != bundle.encoders[name]:
            raise ValueError(
                f"{Path(folder, name)}: other weights than those the grid was made with"
            )
    for cell in cells:
        if not cell.encoder:
            continue
        place, tokens = Path(folder, cell.encoder), bundle.tokens(cell)
        held = bundle.splits[cell.hold_out]["held"]
        assert_unseen(
            training_pieces(place),
            tokens.fingerprints_of(held),
            [tokens.pieces[i] for i in held],
            f"the training data of {place}",
        )
