"""Data: corpora, splits without leaks, windows, token files, batches."""

from symbolic.data.audit.load import audit_paths as audit_paths
from symbolic.data.audit.load import pieces_to_audit as pieces_to_audit
from symbolic.data.audit.records import Audit as Audit
from symbolic.data.corpora.annotated_keys import read_pop909 as read_pop909
from symbolic.data.corpora.annotated_keys import read_when_in_rome as read_when_in_rome
from symbolic.data.corpora.emopia import EMOPIA_LOOK_ALIKES as EMOPIA_LOOK_ALIKES
from symbolic.data.corpora.emopia import read_emopia as read_emopia
from symbolic.data.corpora.labelled import read_labelled as read_labelled
from symbolic.data.corpora.midibert import load_midibert as load_midibert
from symbolic.data.corpora.midibert import save_midibert as save_midibert
from symbolic.data.corpora.vgmidi import read_vgmidi as read_vgmidi
from symbolic.data.corpus import Corpus as Corpus
from symbolic.data.datasets.audio_dataset import AudioDataset as AudioDataset
from symbolic.data.datasets.collator import Collator as Collator
from symbolic.data.datasets.dataset import PieceDataset as PieceDataset
from symbolic.data.datasets.feature_dataset import FeatureDataset as FeatureDataset
from symbolic.data.datasets.sampling import LengthSampler as LengthSampler
from symbolic.data.datasets.token_dataset import TokenDataset as TokenDataset
from symbolic.data.datasets.token_dataset import window_starts as window_starts
from symbolic.data.groups import FOLDS as FOLDS
from symbolic.data.groups import LeakError as LeakError
from symbolic.data.groups import assert_disjoint as assert_disjoint
from symbolic.data.groups import group_folds as group_folds
from symbolic.data.groups import group_name as group_name
from symbolic.data.groups import merged_groups as merged_groups
from symbolic.data.groups import validation_mask as validation_mask
from symbolic.data.pieces import Piece as Piece
from symbolic.data.pieces import unlabelled_pieces_in as unlabelled_pieces_in
from symbolic.data.readers import READERS as READERS
from symbolic.data.readers import Reader as Reader
from symbolic.data.readers import note_corpora as note_corpora
from symbolic.data.readers import recording_corpora as recording_corpora
from symbolic.data.recordings.fma import read_fma as read_fma
from symbolic.data.recordings.folder import read_audio_folder as read_audio_folder
from symbolic.data.recordings.gtzan import read_gtzan as read_gtzan
from symbolic.data.recordings.magnatagatune import read_magnatagatune as read_magnatagatune
from symbolic.data.recordings.moods import read_moods as read_moods
from symbolic.data.splits.hold_out import hold_out as hold_out
from symbolic.data.splits.hold_out import training_pieces as training_pieces
from symbolic.data.splits.protocols import PROTOCOLS as PROTOCOLS
from symbolic.data.splits.protocols import DataArguments as DataArguments
from symbolic.data.splits.protocols import held_out as held_out
from symbolic.data.splits.protocols import read_tables as read_tables
from symbolic.data.splits.protocols import unlabelled_pieces as unlabelled_pieces
from symbolic.data.tokens.build import build_token_dataset as build_token_dataset
from symbolic.data.tokens.cache import token_vocabulary as token_vocabulary
from symbolic.data.tokens.cache import unread_files as unread_files
from symbolic.data.tokens.file import TokenFile as TokenFile
from symbolic.data.tokens.file import load_tokens as load_tokens
from symbolic.data.tokens.file import save_tokens as save_tokens
from symbolic.data.tokens.rows import tokens_of as tokens_of
from symbolic.data.tokens.vocabulary import TokenVocabulary as TokenVocabulary
from symbolic.renamed import renamed_in

__getattr__ = renamed_in(__name__)
