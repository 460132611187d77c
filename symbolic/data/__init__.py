"""Data: labelled pieces, splits without leaks, windows, token files, batches."""

from symbolic.data.collator import Collator
from symbolic.data.dataset import PieceDataset
from symbolic.data.groups import (
    LeakError,
    assert_disjoint,
    group_folds,
    group_name,
    merged_groups,
)
from symbolic.data.midibert import load_midibert, save_midibert
from symbolic.data.pieces import READERS, Piece, loose_pieces, read_emopia, read_vgmidi
from symbolic.data.protocols import (
    FOLDS,
    DataArguments,
    fold_pieces,
    held_out,
    read_tables,
    unlabelled_pieces,
)
from symbolic.data.sampling import LengthSampler
from symbolic.data.scheme import TokenScheme
from symbolic.data.token_dataset import TokenDataset
from symbolic.data.token_file import TokenFile, load_tokens, save_tokens
from symbolic.data.token_pieces import tokens_of
from symbolic.data.tokens import build_token_dataset, token_scheme, unread_files
from symbolic.data.validation import validation_mask
from symbolic.data.windows import window_starts

__all__ = [
    "FOLDS",
    "READERS",
    "Collator",
    "DataArguments",
    "LeakError",
    "LengthSampler",
    "Piece",
    "PieceDataset",
    "TokenDataset",
    "TokenFile",
    "TokenScheme",
    "assert_disjoint",
    "build_token_dataset",
    "fold_pieces",
    "group_folds",
    "group_name",
    "held_out",
    "load_midibert",
    "load_tokens",
    "loose_pieces",
    "merged_groups",
    "read_emopia",
    "read_tables",
    "read_vgmidi",
    "save_midibert",
    "save_tokens",
    "token_scheme",
    "tokens_of",
    "unlabelled_pieces",
    "unread_files",
    "validation_mask",
    "window_starts",
]
