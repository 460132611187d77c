"""Readers, splits that do not leak, windows, examples and batches."""

import numpy as np
import pandas as pd
import pytest
import torch

from symbolic.augment import Augmentation
from symbolic.data import (
    Collator,
    DataArguments,
    LeakError,
    Piece,
    PieceDataset,
    assert_disjoint,
    group_folds,
    held_out,
    merged_groups,
    read_emopia,
    read_vgmidi,
    window_starts,
)
from symbolic.keys import KEY_NAMES
from symbolic.notes import ReadError, note_table
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY, velocity_labels
from symbolic.tokenizers import CPTokenizer, MidiTokTokenizer

TOKENIZER = CPTokenizer()
TASKS = (EMOTION, KEY, VELOCITY, VALENCE_AROUSAL)


def corpus(folder, name, rows):
    (folder / "midi").mkdir(parents=True)
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / name, index=False)
    for file in frame["file"]:
        (folder / "midi" / file).write_bytes(b"")
    return folder


@pytest.fixture
def emopia(tmp_path):
    songs = {"Ie5koh4qvJc": "val", "FoTXpYZXxJs": "train", "jO2zX6Ul8GM": "train"}
    songs |= {f"song{i}": "train" for i in range(20)} | {"other": "val"}
    rows = [
        {"file": f"Q{1 + i % 4}_{song}_{k}.mid", "song": song, "quadrant": f"Q{1 + (i + k) % 4}",
         "split": split}
        for i, (song, split) in enumerate(songs.items())
        for k in range(2)
    ]  # fmt: skip
    return corpus(tmp_path / "emopia", "clips.csv", rows)


@pytest.fixture
def vgmidi(tmp_path):
    rows = [
        {"file": f"{game}_{piece}_{k}.mid", "game": game, "piece": piece,
         "quadrant": f"Q{1 + (g + p) % 4}", "valence": "1", "arousal": "-1"}
        for g, game in enumerate(["Zelda", "Mario", "Sonic"])
        for p, piece in enumerate(["Main Theme", *"ABCDEF"])
        for k in range(2)
    ]  # fmt: skip
    return corpus(tmp_path / "vgmidi", "phrases.csv", rows)


def test_songs_that_look_like_a_validation_song_are_in_neither_split(emopia):
    splits = {piece.path.name.split("_")[1]: piece.split for piece in read_emopia(emopia)}
    assert splits["FoTXpYZXxJs"] == splits["jO2zX6Ul8GM"] == ""
    assert splits["Ie5koh4qvJc"] == splits["other"] == "val"
    assert splits["song3"] == "train"


def test_main_theme_of_two_games_is_two_pieces(vgmidi):
    groups = {piece.group for piece in read_vgmidi(vgmidi)}
    assert {"Zelda / Main Theme", "Mario / Main Theme"} <= groups
    assert len(groups) == 21
    assert read_vgmidi(vgmidi)[0].labels["valence_arousal"] == (1.0, -1.0)


def test_a_missing_corpus_says_what_it_should_look_like(tmp_path, emopia):
    with pytest.raises(FileNotFoundError, match=r"clips\.csv.*song.*midi/"):
        read_emopia(tmp_path / "nowhere")
    (emopia / "midi" / "Q1_Ie5koh4qvJc_0.mid").unlink()
    with pytest.raises(FileNotFoundError, match="1 of the 48 files"):
        read_emopia(emopia)


def test_a_table_without_a_column_is_refused(emopia):
    frame = pd.read_csv(emopia / "clips.csv").drop(columns="song")
    frame.to_csv(emopia / "clips.csv", index=False)
    with pytest.raises(FileNotFoundError, match="no column song"):
        read_emopia(emopia)


def test_look_alikes_are_one_group_through_others():
    merged = merged_groups("abcde", [("c", "b"), ("e", "c"), ("a", "nobody")])
    assert merged == {"a": "a", "b": "b", "c": "b", "d": "d", "e": "b"}


def test_a_leak_is_refused_and_named():
    with pytest.raises(LeakError, match="2 groups are in both train and test: x, y"):
        assert_disjoint(train=["x", "y", "z"], test=["y", "x"])
    assert_disjoint(train=["x"], test=["y"], validation=[])


def test_folds_keep_groups_together_and_quadrants_balanced():
    rng = np.random.default_rng(0)
    groups = [f"song{i}" for i in rng.integers(0, 60, 300)]
    labels = rng.integers(0, 4, 300)
    fold = group_folds(labels, groups, 5, seed=1)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    for song in set(groups):
        assert len({f for f, g in zip(fold, groups, strict=True) if g == song}) == 1
    assert (fold == group_folds(labels, groups, 5, seed=1)).all()
    assert (fold != group_folds(labels, groups, 5, seed=2)).any()


@pytest.mark.parametrize("hold_out", ["emopia-val", "emopia-dev-0", "emopia-dev-4", "vgmidi-2"])
def test_no_protocol_leaks(emopia, vgmidi, hold_out):
    train, test = held_out(DataArguments(emopia=str(emopia), vgmidi=str(vgmidi), hold_out=hold_out))
    assert train
    assert test
    assert not {piece.group for piece in train} & {piece.group for piece in test}
    assert all(piece.split != "val" for piece in train)
    assert {piece.corpus for piece in train} == {"emopia", "vgmidi"}
    if hold_out.startswith("emopia-dev"):
        assert all(piece.split == "train" for piece in test)


def test_the_folds_of_a_corpus_cover_it(vgmidi):
    files = [
        piece.path
        for k in range(5)
        for piece in held_out(DataArguments(vgmidi=str(vgmidi), hold_out=f"vgmidi-{k}"))[1]
    ]
    assert sorted(files) == sorted(piece.path for piece in read_vgmidi(vgmidi))


@pytest.mark.parametrize("hold_out", ["emopia-test", "vgmidi-5", "vgmidi-", "emopia-dev-x"])
def test_protocols_that_do_not_exist_are_refused(emopia, vgmidi, hold_out):
    with pytest.raises(ValueError, match=r"hold_out|fold"):
        held_out(DataArguments(emopia=str(emopia), vgmidi=str(vgmidi), hold_out=hold_out))


def test_a_protocol_without_its_corpus_is_refused(emopia):
    with pytest.raises(ValueError, match="its corpus is not given"):
        held_out(DataArguments(emopia=str(emopia), hold_out="vgmidi-0"))
    with pytest.raises(ValueError, match="nothing to train on"):
        held_out(DataArguments(hold_out="none"))


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


def dataset(tokenizer=TOKENIZER, table=None, **options):
    piece = Piece("a.mid", "a", {"emotion": 2})
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
    with pytest.raises(ValueError, match="stands in the input"):
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


def test_the_real_corpora_are_read_whole(data_folder):
    emopia = read_emopia(data_folder / "emopia")
    assert len(emopia) == 990
    assert len({piece.group for piece in emopia}) == 355 - 4  # four pairs, connected, are merged
    assert len(read_vgmidi(data_folder / "vgmidi")) == 162
    for hold_out in ("emopia-val", "emopia-dev-1", "vgmidi-0"):
        held_out(
            DataArguments(
                emopia=data_folder / "emopia", vgmidi=data_folder / "vgmidi", hold_out=hold_out
            )
        )
