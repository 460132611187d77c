"""Data: labelled pieces, splits without leaks, windows, token files, batches."""

from symbolic.data.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.audio_corpora import AudioCorpus
from symbolic.data.audio_dataset import AudioDataset
from symbolic.data.audio_folder import read_audio_folder
from symbolic.data.audio_readers import AUDIO_READERS
from symbolic.data.audit import Audit
from symbolic.data.audited import audit_paths, audited_pieces
from symbolic.data.collator import Collator
from symbolic.data.dataset import PieceDataset
from symbolic.data.emopia import EMOPIA_LOOK_ALIKES, listed_pieces, read_emopia
from symbolic.data.feature_dataset import FeatureDataset
from symbolic.data.fma import read_fma
from symbolic.data.folds import FOLDS, fold_pieces, validation_split
from symbolic.data.groups import (
    LeakError,
    assert_disjoint,
    group_folds,
    group_name,
    merged_groups,
)
from symbolic.data.gtzan import read_gtzan
from symbolic.data.labelled import read_labelled
from symbolic.data.magnatagatune import read_magnatagatune
from symbolic.data.midibert import load_midibert, save_midibert
from symbolic.data.moods import read_moods
from symbolic.data.pieces import Piece, loose_pieces
from symbolic.data.protocols import (
    PROTOCOLS,
    DataArguments,
    held_out,
    leaks,
    read_tables,
    training_pieces,
    unlabelled_pieces,
)
from symbolic.data.readers import READERS
from symbolic.data.sampling import LengthSampler
from symbolic.data.scheme import TokenScheme
from symbolic.data.token_dataset import TokenDataset
from symbolic.data.token_file import TokenFile, load_tokens, save_tokens
from symbolic.data.token_pieces import tokens_of
from symbolic.data.tokens import build_token_dataset, token_scheme, unread_files
from symbolic.data.validation import validation_mask
from symbolic.data.vgmidi import read_vgmidi
from symbolic.data.windows import window_starts

__all__ = [
    "AUDIO_READERS",
    "EMOPIA_LOOK_ALIKES",
    "FOLDS",
    "PROTOCOLS",
    "READERS",
    "AudioCorpus",
    "AudioDataset",
    "Audit",
    "Collator",
    "DataArguments",
    "FeatureDataset",
    "LeakError",
    "LengthSampler",
    "Piece",
    "PieceDataset",
    "TokenDataset",
    "TokenFile",
    "TokenScheme",
    "assert_disjoint",
    "audit_paths",
    "audited_pieces",
    "build_token_dataset",
    "fold_pieces",
    "group_folds",
    "group_name",
    "held_out",
    "leaks",
    "listed_pieces",
    "load_midibert",
    "load_tokens",
    "loose_pieces",
    "merged_groups",
    "read_audio_folder",
    "read_emopia",
    "read_fma",
    "read_gtzan",
    "read_labelled",
    "read_magnatagatune",
    "read_moods",
    "read_pop909",
    "read_tables",
    "read_vgmidi",
    "read_when_in_rome",
    "save_midibert",
    "save_tokens",
    "token_scheme",
    "tokens_of",
    "training_pieces",
    "unlabelled_pieces",
    "unread_files",
    "validation_mask",
    "validation_split",
    "window_starts",
]
