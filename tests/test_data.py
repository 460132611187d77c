"""Windows, examples and batches."""

import numpy as np
import pytest
import torch

from symbolic.data import Collator, Piece, PieceDataset, window_starts
from symbolic.notes import ReadError, note_table
from symbolic.notes.augment import Augmentation
from symbolic.notes.keys import KEY_NAMES
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY, velocity_labels
from symbolic.tokenizers import CPTokenizer, MidiTokTokenizer

TOKENIZER = CPTokenizer()
TASKS = (EMOTION, KEY, VELOCITY, VALENCE_AROUSAL)


@pytest.mark.parametrize("length", [1, 9, 10, 11, 15, 16, 100, 101])
def test_windows_cover_the_piece_and_are_full(length):
    starts = window_starts(length, 10)
    ends = np.minimum(starts + 10, length)
    assert starts[0] == 0
    assert ends[-1] == length
    assert (np.diff(starts) > 0).all()
    assert (starts[1:] <= ends[:-1]).all()
    assert length < 10 or (ends - starts == 10).all()


SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])


def scale_piece(n=64, tonic=60):
    rng = np.random.default_rng(0)
    return note_table(
        np.arange(n) * 240, [240] * n, tonic + SCALE[np.arange(n) % 8], rng.integers(20, 120, n)
    )


def dataset(tokenizer=TOKENIZER, table=None, labels=(), **options):
    piece = Piece("a.mid", "a", {"emotion": 2, **dict(labels)})
    return PieceDataset([piece], [table or scale_piece()], tokenizer, **options)


class TwoTokens(CPTokenizer):
    """Two tokens for each note, pitch and velocity, in one vocabulary; the first is the note's."""

    field_names = ("Token",)
    vocab = {f"Token_{i}": i for i in range(257)}  # noqa: RUF012 - it is never changed
    mask_ids = (256,)

    def note_ids(self, notes):
        return np.stack([notes.pitch, 128 + notes.velocity], axis=1).ravel()

    def note_positions(self, ids):
        return np.arange(len(ids)) % 2 == 0

    def hide_velocity(self, ids, share, rng):
        hidden = rng.random(len(ids) // 2) < share
        ids = ids.copy()
        ids[1::2][hidden] = 256
        return ids, np.repeat(hidden, 2) & self.note_positions(ids)


def test_velocity_is_asked_only_where_it_is_masked():
    torch.manual_seed(0)
    example = dataset(masked_velocity=0.5)[0]
    velocity = example["input_ids"][:, TOKENIZER.field_names.index("Velocity")]
    asked = example["labels"]["velocity"] != IGNORE
    assert (asked == (velocity == TOKENIZER.mask_ids[4])).all()
    assert 16 < asked.sum() < 48
    expected = np.clip(scale_piece().velocity // 16 - 1, 0, 5)
    assert (example["labels"]["velocity"][asked] == expected[asked]).all()


def test_velocity_labels_stand_on_the_tokens_of_notes():
    torch.manual_seed(0)
    example = dataset(TwoTokens(), masked_velocity=0.5)[0]
    ids, labels = example["input_ids"], example["labels"]["velocity"]
    assert ids.shape == labels.shape == (128,)
    assert (labels[1::2] == IGNORE).all()
    asked = labels[::2] != IGNORE
    assert (asked == (ids[1::2] == 256)).all()
    assert 16 < asked.sum() < 48
    assert (labels[::2][asked] == velocity_labels(scale_piece())[asked]).all()


def test_velocity_is_asked_of_every_note_where_no_token_shows_it():
    for share in (0.0, 0.15, 1.0):
        example = dataset(CPTokenizer(preset="score"), masked_velocity=share)[0]
        assert (example["labels"]["velocity"] == velocity_labels(scale_piece())).all()
        assert (example["input_ids"] > 1).all()


def test_without_a_velocity_task_nothing_is_masked_and_nothing_asked():
    for tokenizer in (TOKENIZER, CPTokenizer(preset="midibert"), MidiTokTokenizer("REMI")):
        example = dataset(tokenizer, masked_velocity=None)[0]
        assert "velocity" not in example["labels"]
        assert (example["input_ids"] == tokenizer.ids(scale_piece())).all()
        batch = Collator(TASKS, tokenizer.pad_ids)([example])
        assert (batch["labels"]["velocity"] == IGNORE).all()


def test_velocity_labels_that_teach_nothing_are_refused():
    with pytest.raises(ValueError, match="masked_velocity 0"):
        dataset(masked_velocity=0)
    with pytest.raises(ValueError, match="cannot be tied to notes"):
        dataset(MidiTokTokenizer("Octuple"))
    with pytest.raises(ValueError, match="no share"):
        dataset(masked_velocity=1.5)


def test_a_piece_that_the_tokenizer_cannot_hold_is_refused_and_named():
    low = note_table([0], [480], [5], [64])
    for tokenizer in (CPTokenizer(preset="midibert"), MidiTokTokenizer("TSD")):
        with pytest.raises(ReadError, match=r"a\.mid: no note that the tokenizer can hold"):
            dataset(tokenizer, low, masked_velocity=None)


def test_notes_that_a_transposition_moves_out_of_reach_are_left_out():
    tokenizer = CPTokenizer(preset="midibert")  # up to pitch 107
    data = dataset(tokenizer, scale_piece(tonic=95), augmentation=Augmentation(semitones=6))
    torch.manual_seed(0)
    examples = [data[0] for _ in range(20)]
    lengths = {len(example["input_ids"]) for example in examples}
    assert max(lengths) == 64 > min(lengths) > 0
    for example in examples:
        assert (example["input_ids"] < np.array(tokenizer.pad_ids)).all()
        assert len(example["labels"]["velocity"]) == len(example["input_ids"])
        lowest = int(example["input_ids"][:, 2].min()) + 22
        assert KEY_NAMES[example["labels"]["key"]] == KEY_NAMES[lowest % 12]


def test_the_key_label_moves_with_the_transposition():
    torch.manual_seed(0)
    data = dataset(augmentation=Augmentation(semitones=6))
    heard = set()
    for _ in range(30):
        example = data[0]
        tonic = example["input_ids"][0, 2] - 2  # the first note of the scale
        assert KEY_NAMES[example["labels"]["key"]] == KEY_NAMES[tonic % 12]
        heard.add(int(tonic))
    assert len(heard) > 6


def test_an_annotated_key_is_the_label_and_moves_with_the_transposition():
    augmentation = Augmentation(semitones=6)
    annotated = dataset(labels={"key": 21}, augmentation=augmentation)  # a minor, not C major
    profiled = dataset(augmentation=augmentation)
    heard = set()
    for seed in range(30):
        torch.manual_seed(seed)
        example = annotated[0]
        torch.manual_seed(seed)
        other = profiled[0]
        assert (example["input_ids"] == other["input_ids"]).all()  # the same draws
        relative = (other["labels"]["key"] - 3) % 12 + 12
        assert KEY_NAMES[example["labels"]["key"]] == KEY_NAMES[relative]
        heard.add(relative)
    assert len(heard) > 6
    assert annotated.pieces[0].labels["key"] == 21


def test_a_key_that_nobody_knows_is_no_label_however_the_piece_moves():
    data = dataset(labels={"key": IGNORE}, augmentation=Augmentation(semitones=6))
    assert {data[0]["labels"]["key"] for _ in range(10)} == {IGNORE}


def test_examples_are_cut_at_random_and_fixed_by_the_seed():
    data = dataset(window=16)
    torch.manual_seed(3)
    first = [data[0]["input_ids"] for _ in range(5)]
    torch.manual_seed(3)
    again = [data[0]["input_ids"] for _ in range(5)]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert len({ids.tobytes() for ids in first}) > 1
    assert all(len(ids) == 16 for ids in first)


def test_score_time_can_be_masked_throughout():
    ids = dataset(masked_score_time=1.0, masked_velocity=None)[0]["input_ids"]
    fields = TOKENIZER.field_names
    for name in ("Bar", "Position", "Duration"):
        assert (ids[:, fields.index(name)] == 1).all()
    assert (ids[:, fields.index("Pitch")] > 1).all()


def test_score_time_is_masked_only_where_seconds_are_left():
    for tokenizer in (CPTokenizer(preset="score"), MidiTokTokenizer("Octuple")):
        example = dataset(tokenizer, masked_score_time=1.0, masked_velocity=None)[0]
        assert (example["input_ids"] == tokenizer.ids(scale_piece())).all()


def test_examples_of_one_vocabulary_are_flat_and_padded_flat():
    tokenizer = MidiTokTokenizer("TSD")
    data = dataset(tokenizer, masked_velocity=None, window=40)
    short = dict(data[0], input_ids=data[0]["input_ids"][:30])
    batch = Collator(TASKS, tokenizer.pad_ids)([data[0], short])
    assert batch["input_ids"].shape == (2, 40)
    assert (batch["input_ids"][1, 30:] == tokenizer.pad_ids[0]).all()
    assert batch["attention_mask"].sum(dim=1).tolist() == [40, 30]


def test_every_batch_has_labels_for_every_task():
    collate = Collator(TASKS, TOKENIZER.pad_ids)
    batch = collate([
        {"input_ids": np.full((3, 7), 5), "labels": {"emotion": 1, "velocity": [0, IGNORE, 5]}},
        {"input_ids": np.full((5, 7), 6), "labels": {"valence_arousal": (0.5, -1.0)}},
    ])  # fmt: skip
    assert batch["input_ids"].shape == (2, 5, 7)
    assert (batch["input_ids"][0, 3:] == 0).all()
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    labels = batch["labels"]
    assert labels["emotion"].tolist() == [1, IGNORE]
    assert labels["key"].tolist() == [IGNORE, IGNORE]
    assert labels["velocity"].tolist() == [[0, IGNORE, 5, IGNORE, IGNORE], [IGNORE] * 5]
    assert labels["valence_arousal"][0].isnan().all()
    assert labels["valence_arousal"][1].tolist() == [0.5, -1.0]
