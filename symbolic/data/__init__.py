"""Data: labelled pieces, splits without leaks, windows, batches."""

from symbolic.data.collator import Collator
from symbolic.data.dataset import PieceDataset
from symbolic.data.groups import LeakError, assert_disjoint, group_folds, merged_groups
from symbolic.data.pieces import READERS, Piece, read_emopia, read_vgmidi
from symbolic.data.protocols import (
    FOLDS,
    DataArguments,
    fold_pieces,
    held_out,
    read_tables,
    unlabelled_pieces,
)
from symbolic.data.windows import window_starts

__all__ = [
    "FOLDS",
    "READERS",
    "Collator",
    "DataArguments",
    "LeakError",
    "Piece",
    "PieceDataset",
    "assert_disjoint",
    "fold_pieces",
    "group_folds",
    "held_out",
    "merged_groups",
    "read_emopia",
    "read_tables",
    "read_vgmidi",
    "unlabelled_pieces",
    "window_starts",
]
