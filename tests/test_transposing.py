"""Ids moved by semitones are the ids of the moved notes."""

import miditok
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from miditok import TokenizerConfig

from symbolic.data import Piece, TokenDataset, TokenVocabulary, tokens_of
from symbolic.data.tokens.transposition import Transposer
from symbolic.features import ABSOLUTE_PITCH, FEATURE_NAMES, TONAL_NAMES, features
from symbolic.notes import note_table, read_notes
from symbolic.notes.augment import transpose
from symbolic.notes.keys import transpose_key
from symbolic.tasks import IGNORE
from symbolic.tokenizers import MidiTokTokenizer, build_tokenizer

NAMES = ["cp-midibert", "cp-score", "cp-performance", "ferreira", "REMI", "MIDILike", "CPWord"]
TOKENIZERS = {name: build_tokenizer(name) for name in NAMES}
VOCABULARIES = {name: TokenVocabulary.of(tokenizer) for name, tokenizer in TOKENIZERS.items()}


def music(n=60, seed=0, low=45, high=80):
    """Chords and single notes in the middle of the keyboard, with dynamics."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.integers(0, n // 2 + 1, n)) * 240
    pitch = rng.integers(low, high, n)
    return note_table(onset, rng.integers(1, 5, n) * 240, pitch, rng.integers(30, 110, n))


def ids_of(name, notes):
    tokenizer = TOKENIZERS[name]
    return tokenizer.note_ids(tokenizer.emitted(notes))


def names_of(vocabulary, ids):
    """Tokens by name, (T,) or (T, F)."""
    vocabularies = [vocabulary.vocab] if vocabulary.is_flat else vocabulary.vocab
    table = ids[:, None] if vocabulary.is_flat else ids
    found = [{i: name for name, i in vocabulary.items()} for vocabulary in vocabularies]
    return np.array([[found[f][i] for f, i in enumerate(row)] for row in table.tolist()])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [-12, -5, 1, 7, 12])
def test_ids_that_are_moved_are_those_of_the_notes_that_are_moved(name, steps):
    move = Transposer(VOCABULARIES[name], 12)
    for seed in range(3):
        notes = music(seed=seed)
        expected = ids_of(name, transpose(notes, steps))
        ids = ids_of(name, notes)
        before = ids.copy()
        assert np.array_equal(move(ids, steps), expected)
        assert np.array_equal(ids, before)  # which are not ours to change
        assert not np.array_equal(ids, expected)


@settings(max_examples=30)
@given(
    name=st.sampled_from(NAMES), steps=st.integers(-12, 12), seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
)  # fmt: skip
def test_up_and_down_again_is_where_it_was(name, steps, seed, n):
    move = Transposer(VOCABULARIES[name], 12)
    ids = ids_of(name, music(n, seed)).astype(VOCABULARIES[name].dtype)
    moved = move(ids, steps)
    assert moved.dtype == ids.dtype
    assert moved.shape == ids.shape
    assert np.array_equal(move(moved, -steps), ids)
    assert np.array_equal(move(ids, 0), ids)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_pitch_changes(name):
    vocabulary = VOCABULARIES[name]
    ids = ids_of(name, music())
    before, after = (
        names_of(vocabulary, ids),
        names_of(vocabulary, Transposer(vocabulary, 6)(ids, 5)),
    )
    changed = before != after
    pitches = ("Pitch_", "NoteOn_", "NoteOff_", "n_")
    is_pitch = np.char.startswith(before[..., None], np.array(pitches)).any(axis=-1)
    assert np.array_equal(changed, is_pitch)
    for old, new in zip(before[is_pitch], after[is_pitch], strict=True):
        assert (old.split("_")[0], int(old.split("_")[1]) + 5) == (
            new.split("_")[0],
            int(new.split("_")[1]),
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_note_that_would_leave_the_vocabulary_moves_by_octaves_back(name):
    vocabulary = VOCABULARIES[name]
    vocabularies = [vocabulary.vocab] if vocabulary.is_flat else vocabulary.vocab
    move = Transposer(vocabulary, 6)
    tokens = {token: (field, i) for field, vocabulary in enumerate(vocabularies)
              for token, i in vocabulary.items()
              if token.startswith(("Pitch_", "NoteOn_", "NoteOff_", "n_"))}  # fmt: skip
    held = {}
    for token in tokens:
        held.setdefault(token.split("_")[0], set()).add(int(token.split("_")[1]))
    for token, (field, i) in tokens.items():
        kind, pitch = token.split("_")
        for steps in (-6, -1, 4, 6):
            ids = np.array([i]) if vocabulary.is_flat else np.array([vocabulary.pad_ids])
            ids[(0,) if vocabulary.is_flat else (0, field)] = i
            moved = names_of(vocabulary, move(ids, steps))[0, field]
            there, where = moved.split("_")
            asked = int(pitch) + steps
            assert there == kind
            assert int(where) in held[kind]
            assert (int(where) - asked) % 12 == 0
            if asked in held[kind]:
                assert int(where) == asked


@pytest.mark.parametrize("steps", [-6, 6])
def test_at_the_ends_of_midi_ids_fold_as_notes_do(steps):
    # Of all 128 pitches; a tokenizer that holds fewer drops what the notes fold to.
    name = next(n for n in NAMES if len(pitches_of(VOCABULARIES[n])) == 128)
    notes = note_table(np.arange(128) * 480, np.full(128, 480), np.arange(128), np.full(128, 60))
    moved = Transposer(VOCABULARIES[name], 6)(ids_of(name, notes), steps)
    assert np.array_equal(moved, ids_of(name, transpose(notes, steps)))


def pitches_of(vocabulary):
    vocabularies = [vocabulary.vocab] if vocabulary.is_flat else vocabulary.vocab
    return {token for vocabulary in vocabularies for token in vocabulary
            if token.startswith(("Pitch_", "NoteOn_", "n_"))}  # fmt: skip


def test_more_than_was_asked_for_is_refused():
    move = Transposer(VOCABULARIES["cp-score"], 3)
    with pytest.raises(ValueError, match="4 semitones are more than 3"):
        move(ids_of("cp-score", music()), 4)


def test_a_trained_vocabulary_is_refused_unless_nothing_is_to_be_moved(tmp_path, midi_score):
    for i in range(3):
        notes = [(k * 240, 240, 48 + k * (i + 3) % 30, 60) for k in range(60)]
        (tmp_path / f"{i}.mid").write_bytes(midi_score(notes).dumps_midi())
    learner = miditok.REMI(TokenizerConfig(num_velocities=4))
    learner.train(vocab_size=len(learner) + 30, files_paths=sorted(tmp_path.glob("*.mid")))
    vocabulary = TokenVocabulary.of(MidiTokTokenizer(learner))
    with pytest.raises(ValueError, match="MidiTokTokenizer cannot be transposed: transpose the"):
        Transposer(vocabulary, 1)
    ids = np.arange(20)
    assert np.array_equal(Transposer(vocabulary, 0)(ids, 0), ids)


@pytest.fixture(scope="module")
def tokens():
    pieces = [Piece(f"{i}.mid", f"song{i}", {"emotion": i % 4}) for i in range(3)]
    tables = [music(seed=i) for i in range(3)]
    return tokens_of(pieces, tables, TOKENIZERS["cp-performance"], FEATURE_NAMES + TONAL_NAMES)


def test_the_key_and_the_features_move_with_the_window(tokens):
    names = list(FEATURE_NAMES)
    still = TokenDataset(tokens, 64, masked_velocity=None, feature_names=names)
    moving = TokenDataset(tokens, 64, masked_velocity=None, feature_names=names, semitones=6)
    moved_columns = np.isin(names, ABSOLUTE_PITCH)
    assert moved_columns.sum() == len(ABSOLUTE_PITCH)
    pitch = tokens.vocabulary.field_names.index("Pitch")
    seen = set()
    torch.manual_seed(0)
    for _ in range(40):
        for i in range(3):
            before, after = still[i], moving[i]
            (steps,) = set((after["input_ids"] - before["input_ids"])[:, pitch].tolist())
            seen.add(steps)
            assert after["labels"]["key"] == transpose_key(int(before["labels"]["key"]), steps)
            assert after["labels"]["emotion"] == i  # a transposed clip keeps its quadrant
            np.testing.assert_allclose(
                after["features"], before["features"] + steps * moved_columns, rtol=1e-6
            )
    assert seen == set(range(-6, 7))


def test_features_of_moved_windows_are_those_of_the_moved_notes(tokens):
    names = (*TONAL_NAMES, *FEATURE_NAMES)
    data = TokenDataset(tokens, 64, masked_velocity=None, feature_names=names, semitones=6)
    tokenizer = TOKENIZERS["cp-performance"]
    pitch = tokens.vocabulary.field_names.index("Pitch")
    torch.manual_seed(1)
    for i in (0, 1, 2, 0, 1, 2):
        example, notes = data[i], music(seed=i)
        steps = int((example["input_ids"] - tokens.ids_of(i))[0, pitch])
        moved = features(tokenizer.emitted(transpose(notes, steps)), names)
        np.testing.assert_allclose(example["features"], moved, rtol=1e-4, atol=1e-4)


def test_music_without_a_key_has_none_wherever_it_moves(tokens):
    keyless = [{"input_ids": tokens.ids_of(0), "key": IGNORE}]
    from symbolic.data.tokens.file import token_file

    data = TokenDataset(token_file(keyless, tokens.vocabulary), masked_velocity=None, semitones=6)
    assert {int(data[0]["labels"]["key"]) for _ in range(20)} == {IGNORE}


def test_real_clips_move_as_their_notes_do(data_folder):
    for path in sorted((data_folder / "emopia" / "midi").iterdir())[:5]:
        notes = read_notes(path)
        # Beyond these, Ferreira's tokens have no pitches of their own, and MIDI-BERT's drop notes.
        notes = notes.select((notes.pitch >= 45) & (notes.pitch < 85))
        assert len(notes) > 50
        for name in NAMES:
            for steps in (-6, 5):
                expected = ids_of(name, transpose(notes, steps))
                moved = Transposer(VOCABULARIES[name], 6)(ids_of(name, notes), steps)
                assert np.array_equal(moved, expected), path.name


def test_tonal_features_are_taken_all_or_none(tokens):
    with pytest.raises(ValueError, match="all of them, or none"):
        TokenDataset(tokens, 64, masked_velocity=None, feature_names=TONAL_NAMES[:12])
