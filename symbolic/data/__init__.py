"""Data: corpora, splits without leaks, windows, token files, batches."""

from symbolic.data.audit.load import audit_paths, pieces_to_audit
from symbolic.data.audit.records import Audit
from symbolic.data.corpora.annotated_keys import read_pop909, read_when_in_rome
from symbolic.data.corpora.emopia import EMOPIA_LOOK_ALIKES, read_emopia
from symbolic.data.corpora.labelled import read_labelled
from symbolic.data.corpora.midibert import load_midibert, save_midibert
from symbolic.data.corpora.vgmidi import read_vgmidi
from symbolic.data.corpus import Corpus
from symbolic.data.datasets.audio_dataset import AudioDataset
from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.dataset import PieceDataset
from symbolic.data.datasets.feature_dataset import FeatureDataset
from symbolic.data.datasets.sampling import LengthSampler
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.datasets.windows import window_starts
from symbolic.data.groups import (
    LeakError,
    assert_disjoint,
    group_folds,
    group_name,
    merged_groups,
)
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.readers import READERS, Reader, note_corpora, recording_corpora
from symbolic.data.recordings.fma import read_fma
from symbolic.data.recordings.folder import read_audio_folder
from symbolic.data.recordings.gtzan import read_gtzan
from symbolic.data.recordings.magnatagatune import read_magnatagatune
from symbolic.data.recordings.moods import read_moods
from symbolic.data.splits.folds import FOLDS, fold_pieces, validation_split
from symbolic.data.splits.hold_out import hold_out, training_pieces
from symbolic.data.splits.protocols import (
    PROTOCOLS,
    DataArguments,
    held_out,
    read_tables,
    unlabelled_pieces,
)
from symbolic.data.splits.validation import validation_mask
from symbolic.data.tokens.build import build_token_dataset, token_vocabulary, unread_files
from symbolic.data.tokens.file import TokenFile, load_tokens, save_tokens
from symbolic.data.tokens.pieces import tokens_of
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.renamed import renamed_in

__getattr__ = renamed_in(__name__)

__all__ = [
    "EMOPIA_LOOK_ALIKES",
    "FOLDS",
    "PROTOCOLS",
    "READERS",
    "AudioDataset",
    "Audit",
    "Collator",
    "Corpus",
    "DataArguments",
    "FeatureDataset",
    "LeakError",
    "LengthSampler",
    "Piece",
    "PieceDataset",
    "Reader",
    "TokenDataset",
    "TokenFile",
    "TokenVocabulary",
    "assert_disjoint",
    "audit_paths",
    "build_token_dataset",
    "fold_pieces",
    "group_folds",
    "group_name",
    "held_out",
    "hold_out",
    "load_midibert",
    "load_tokens",
    "merged_groups",
    "note_corpora",
    "pieces_to_audit",
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
    "recording_corpora",
    "save_midibert",
    "save_tokens",
    "token_vocabulary",
    "tokens_of",
    "training_pieces",
    "unlabelled_pieces",
    "unlabelled_pieces_in",
    "unread_files",
    "validation_mask",
    "validation_split",
    "window_starts",
]
