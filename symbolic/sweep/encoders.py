"""The pre-trained encoders that cells begin with: a folder of folders, as pre-training left each.

An encoder is named `<tokenizer>--<backbone>--<size>`: see `symbolic.sweep.grid.Cell.encoder`.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from symbolic.configuration import SymbolicConfig
from symbolic.data.groups import UNLABELLED, assert_disjoint, group_name
from symbolic.encoders.backbones import BACKBONES
from symbolic.sweep.bundle import Bundle
from symbolic.sweep.grid import SIZES, SYSTEMS, Cell
from symbolic.training.build import ShapeArguments, new_backbone
from symbolic.training.run_folder import TRAINING_RECORD, training_groups

WEIGHTS = "model.safetensors"


def pretrain_command(cell: Cell, folder: str | Path) -> str:
    """The command that makes the encoder of a cell; how long it learns is left open.

    Args:
        cell: one that begins with an encoder.
        folder: of all encoders.
    """
    system = SYSTEMS[cell.system]
    shape, training = SIZES[cell.size].of(system.backbone)
    told = {"tokenizer": system.tokenizer, "backbone": system.backbone, **shape, **training}
    told.pop("num_train_epochs", None)
    told["output_dir"] = Path(folder, cell.encoder)
    flags = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    return shlex.join(["symbolic", "pretrain", "--music", "MUSIC", *flags])


def encoder_digests(cells: Sequence[Cell], folder: str | Path | None) -> dict[str, str]:
    """Digests of the weights of all encoders that cells begin with, by name; 32 hex digits each.

    Raises:
        ValueError: no folder where one is needed, or an encoder of another shape than its size.
        FileNotFoundError: an encoder that is not there, with the command that makes it.
    """
    digests = {}
    for name, cell in {cell.encoder: cell for cell in cells if cell.encoder}.items():
        if not folder:
            raise ValueError(
                f"{cell.system} begins with an encoder: say with --pretrained which folder holds "
                f"{name}, which is made by: {pretrain_command(cell, 'ENCODERS')}"
            )
        place = Path(folder, name)
        if not all((place / file).is_file() for file in ("config.json", WEIGHTS, TRAINING_RECORD)):
            raise FileNotFoundError(
                f"{place}: no encoder for {cell.system}; it is made by: "
                f"{pretrain_command(cell, folder)}"
            )
        _check_shape(cell, place)
        with open(place / WEIGHTS, "rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
        digests[name] = digest.hexdigest()
    return digests


def _check_shape(cell: Cell, place: Path) -> None:
    """Refuse an encoder that is not what its name says, since a cell takes the shape with it."""
    backbone = SYSTEMS[cell.system].backbone
    shape = ShapeArguments(backbone=backbone, **SIZES[cell.size].of(backbone)[0])
    asked, config = new_backbone(shape), SymbolicConfig.from_pretrained(place)
    names = ("model_type", "hidden_size", *BACKBONES[backbone][1](shape))
    pairs = [
        (name, getattr(config.backbone_config, name, None), getattr(asked, name)) for name in names
    ] + [
        (name, getattr(config, name), getattr(shape, name))
        for name in ("field_embedding_size", "window")
    ]
    for name, found, wanted in pairs:
        if found != wanted:
            raise ValueError(f"{place}: {name} of the encoder is {found}, of the name {wanted}")


def check_encoders(bundle: Bundle, cells: Sequence[Cell], folder: str | Path | None) -> None:
    """Refuse encoders that are not those of the grid, or that know what a cell holds out.

    An encoder knows the groups in its record, and of music without labels the names of its files.

    Args:
        bundle: the grid.
        cells: those of it that are to be done.
        folder: of all encoders.

    Raises:
        ValueError, FileNotFoundError: as `encoder_digests`, or other weights than the grid's.
        LeakError: naming the groups.
    """
    for name, digest in encoder_digests(cells, folder).items():
        if digest != bundle.encoders[name]:
            raise ValueError(
                f"{Path(folder, name)}: other weights than the grid was made for; with these it is "
                "another grid"
            )
    for cell in cells:
        if not cell.encoder:
            continue
        place, tokens = Path(folder, cell.encoder), bundle.tokens(cell)
        held = bundle.splits[cell.hold_out]["held"]
        names = [group_name(tokens.corpora[i], tokens.groups[i]) for i in held]
        names += [group_name(UNLABELLED, Path(tokens.pieces[i]).stem) for i in held]
        sides = {
            f"the music of {place}": training_groups(place),
            f"what {cell.hold_out} holds out": names,
        }
        assert_disjoint(**sides)
