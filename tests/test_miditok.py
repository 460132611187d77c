"""MidiTok's tokenizers in the place of ours: ids, files, training and scoring."""

import json
from dataclasses import replace

import miditok
import numpy as np
import pandas as pd
import pytest
import torch
from miditok import TokenizerConfig
from transformers import TrainingArguments, set_seed

from symbolic.data import DataArguments
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError, note_table, read_notes, table_score
from symbolic.notes.augment import transpose
from symbolic.notes.midi.reader import score_notes
from symbolic.scoring.emotion import EmotionScorer
from symbolic.tokenizers import (
    NAMES,
    TOKENIZERS,
    CPTokenizer,
    MidiTokTokenizer,
    build_tokenizer,
    load_tokenizer,
)
from symbolic.training.build import build_model
from symbolic.training.notes import ModelArguments, train
from symbolic.training.trainer import FitArguments

FLAT = ("REMI", "TSD", "MIDILike", "Structured", "MMM", "PerTok")
POOLED = ("CPWord", "Octuple")
OURS = [name for name in NAMES if name.islower()]  # MidiTok's have capitals
EIGHT = (*FLAT, *POOLED)
ONE_NOTE_XML = b"""<?xml version="1.0"?>
<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>A</part-name></score-part>
</part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><time>
<beats>4</beats><beat-type>4</beat-type></time></attributes><note><pitch><step>C</step>
<octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>"""


def piece(seed=0, n=40):
    """A melody over a bass, in two tracks, with a drum on every beat in a third."""
    rng = np.random.default_rng(seed)
    melody = [(i * 240, 240, int(rng.integers(60, 80)), 40 + i % 60) for i in range(n)]
    bass = [(i * 960, 960, int(rng.integers(36, 50)), 60) for i in range(n // 4)]
    drums = [(i * 480, 120, 38, 100) for i in range(n // 2)]
    return melody, bass, drums


@pytest.fixture(scope="module")
def make(midi_bytes):
    """Bytes of `piece`."""
    return lambda *arguments: midi_bytes(
        *piece(*arguments), drums=[2], tempos=[(0, 100)], meters=[(0, 4, 4)]
    )


@pytest.fixture(scope="module")
def bpe(tmp_path_factory, make):
    """A folder with a REMI tokenizer that MidiTok has trained, saved by MidiTok."""
    folder = tmp_path_factory.mktemp("bpe")
    files = []
    for seed in range(4):
        files.append(folder / f"{seed}.mid")
        files[-1].write_bytes(make(seed))
    tokenizer = miditok.REMI(TokenizerConfig(use_tempos=True, num_velocities=4))
    tokenizer.train(vocab_size=len(tokenizer) + 40, files_paths=files)
    tokenizer.save_pretrained(folder / "saved")
    return folder / "saved"


def test_ids_are_those_that_miditok_makes_of_the_same_score(midi_score):
    melody, _, _ = piece()
    score = midi_score(melody, tempos=[(0, 100)], meters=[(0, 3, 4)])
    for name in EIGHT:
        tokenizer = MidiTokTokenizer(name)
        expected = tokenizer.tokenizer.encode(score)
        expected = expected[0] if isinstance(expected, list) else expected
        assert tokenizer.ids(score).tolist() == expected.ids, name


@pytest.mark.parametrize("name", NAMES)
def test_ids_fit_the_vocabularies(name, make):
    tokenizer = build_tokenizer(name)
    ids = tokenizer.ids(make())
    assert ids.dtype == np.int64
    sizes = tokenizer.vocab_sizes
    assert len(sizes) == len(tokenizer.pad_ids) == len(tokenizer.mask_ids)
    assert len(sizes) == len(tokenizer.field_names)
    assert ids.shape[1:] == ((len(sizes),) if isinstance(tokenizer.vocab, list) else ())
    assert (ids >= 0).all()
    assert (ids < (sizes if ids.ndim == 2 else sizes[0])).all()
    assert tokenizer.note_positions(ids).shape == ids.shape[:1]


def test_a_file_its_bytes_its_score_and_its_notes_are_one_thing(make, tmp_path):
    tokenizer = MidiTokTokenizer("TSD")
    (tmp_path / "a.mid").write_bytes(make())
    notes = read_notes(make())
    sources = [tmp_path / "a.mid", make(), notes, table_score(notes)]
    first, *others = tokenizer.ids_many(sources)
    assert all((ids == first).all() for ids in others)
    assert "Pitch_60" in tokens(tokenizer, tokenizer.ids(ONE_NOTE_XML))


def tokens(tokenizer, ids):
    names = {row: name for name, row in tokenizer.vocab.items()}
    return [names[row] for row in ids.tolist()]


def test_tracks_become_one_stream_and_drums_are_left_out(midi_bytes, make):
    melody, bass, _ = piece()
    merged = midi_bytes(sorted(melody + bass), tempos=[(0, 100)], meters=[(0, 4, 4)])
    for name in ("REMI", "Octuple"):
        tokenizer = MidiTokTokenizer(name)
        assert (tokenizer.ids(make()) == tokenizer.ids(merged)).all()
    assert len(tokenizer.emitted(read_notes(make()))) == len(melody) + len(bass)


def test_tracks_stay_apart_where_the_tokenizer_tells_them_apart(make):
    tokenizer = MidiTokTokenizer("MMM")
    assert tokens(tokenizer, tokenizer.ids(make())).count("Track_Start") == 2


def test_an_augmented_piece_is_tokenized_as_it_is_augmented(make):
    tokenizer = MidiTokTokenizer("REMI")
    notes = tokenizer.emitted(read_notes(make()))
    up = tokens(tokenizer, tokenizer.note_ids(transpose(notes, 3)))
    pitches = [
        [int(token.split("_")[1]) for token in names if token.startswith("Pitch_")]
        for names in (tokens(tokenizer, tokenizer.note_ids(notes)), up)
    ]
    assert (np.array(pitches[1]) - pitches[0] == 3).all()
    fast = replace(notes, tempo=notes.tempo * 2)
    assert (tokenizer.note_ids(fast) != tokenizer.note_ids(notes)).sum() == 1  # the tempo token


def test_a_time_signature_without_a_token_costs_no_piece():
    meters = (np.array([0, 1920]), np.array([2, 3]), np.array([2, 4]))
    notes = note_table(np.arange(8) * 480, [480] * 8, [60] * 8, [64] * 8, meters=meters)
    for name in EIGHT:
        assert len(MidiTokTokenizer(name).ids(notes)), name


def test_notes_that_cannot_be_held_are_not_emitted():
    tokenizer = MidiTokTokenizer("REMI")
    notes = note_table([0, 480, 960], [480] * 3, [5, 60, 127], [64] * 3)
    assert tokenizer.emitted(notes).pitch.tolist() == [60]
    low = note_table([0], [480], [5], [64])
    with pytest.raises(ReadError, match="no note that the scheme can hold"):
        tokenizer.ids(low)
    answers = tokenizer.ids_many([notes, low, notes])
    assert [isinstance(answer, ReadError) for answer in answers] == [False, True, False]


def test_what_miditok_fails_on_is_a_read_error(tmp_path, make, monkeypatch):
    tokenizer = MidiTokTokenizer("REMI")
    (tmp_path / "a.mid").write_bytes(make())
    monkeypatch.setattr(tokenizer.tokenizer, "encode", lambda score: {}["bar"])
    with pytest.raises(ReadError, match=r"a\.mid: REMI fails: KeyError: 'bar'"):
        tokenizer.ids(tmp_path / "a.mid")


@pytest.mark.parametrize("name", EIGHT)
def test_saving_and_loading_keeps_the_ids(name, tmp_path, make):
    tokenizer = MidiTokTokenizer(name)
    tokenizer.save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["music_tokenizer.json"]
    saved = json.loads((tmp_path / "music_tokenizer.json").read_text())
    assert saved["tokenization"] == name
    for loaded in (MidiTokTokenizer.from_pretrained(tmp_path), build_tokenizer(tmp_path)):
        assert type(loaded.tokenizer).__name__ == name
        assert loaded.vocab_sizes == tokenizer.vocab_sizes
        assert (loaded.ids(make()) == tokenizer.ids(make())).all()


def test_a_trained_tokenizer_keeps_what_it_has_learned(bpe, tmp_path, make):
    tokenizer = build_tokenizer(bpe)  # the folder that MidiTok wrote
    plain = len(tokenizer.tokenizer.encode(table_score(read_notes(make())), encode_ids=False)[0])
    ids = tokenizer.ids(make())
    assert len(ids) < plain
    assert ids.max() >= len(tokenizer.vocab)  # tokens of tokens, which have no names
    assert tokenizer.vocab_sizes == [len(tokenizer.tokenizer)]
    tokenizer.save_pretrained(tmp_path)
    for name in (tmp_path, tmp_path / "music_tokenizer.json"):
        assert (build_tokenizer(name).ids(make()) == ids).all()


@pytest.mark.parametrize("model", ["BPE", "Unigram", "WordPiece"])
def test_names_and_special_ids_hold_for_every_trained_model(model, tmp_path, make):
    (tmp_path / "a.mid").write_bytes(make())
    tokenizer = miditok.TSD()
    tokenizer.train(len(tokenizer) + 20, model=model, files_paths=[tmp_path / "a.mid"])
    adapter = MidiTokTokenizer(tokenizer)
    assert (adapter.pad_ids, adapter.mask_ids) == ([0], [3])
    learned = tokenizer.vocab_model
    for name, row in adapter.vocab.items():
        byte = next(b for b, n in tokenizer._vocab_base_byte_to_token.items() if n == name)
        assert learned[byte] == row


def test_a_tokenizer_without_mask_has_no_mask_ids():
    tokenizer = MidiTokTokenizer(miditok.REMI(TokenizerConfig(special_tokens=["PAD"])))
    assert tokenizer.mask_ids is None
    arguments = ModelArguments(hidden_size=16, layers=1, heads=2, tasks="emotion", features=False)
    assert build_model(tokenizer, arguments).config.mask_ids == []


@pytest.mark.parametrize(
    "content",
    ['{"tokenization": "MusicTokenizer"}', '{"tokenization": "TokenizerConfig"}',
     '{"tokenization": "pytorch_data"}', '{"tokenization": "CPTokenizer"}',
     '{"tokenization": ["REMI"]}', '{"tokenization": "__class__"}', "[]", "{}", "no JSON",
     '{"tokenization": "REMI", "config": 3}', '{"tokenization": "REMI", "_model": "x"}'],
)  # fmt: skip
def test_a_file_that_names_no_tokenizer_of_miditok_is_refused(content, tmp_path):
    (tmp_path / "music_tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=r"music_tokenizer\.json|MidiTok has no tokenizer"):
        MidiTokTokenizer.from_pretrained(tmp_path)


def test_tokenizers_are_built_by_name(tmp_path):
    assert isinstance(build_tokenizer("cp-performance"), CPTokenizer)
    assert build_tokenizer("cp-midibert").preset == "midibert"
    assert build_tokenizer("CPTokenizer") == CPTokenizer()
    assert type(build_tokenizer("Octuple").tokenizer) is miditok.Octuple
    assert all(type(build_tokenizer(name)).__name__ == name for name in TOKENIZERS)
    with pytest.raises(ValueError, match="no tokenizer 'jazz'"):
        build_tokenizer("jazz")
    with pytest.raises(ValueError, match="closest is 'cp-midibert'"):
        build_tokenizer("Midibert")
    with pytest.raises(FileNotFoundError, match=r"no music_tokenizer\.json in the folder"):
        build_tokenizer(tmp_path)
    CPTokenizer(time_bins=24).save_pretrained(tmp_path)
    assert build_tokenizer(tmp_path) == CPTokenizer(time_bins=24)
    with pytest.raises(ValueError, match="unknown tokenizer 'Jazz'"):
        load_tokenizer("Jazz", tmp_path)


def test_names_of_tokenizers_may_have_other_capitals(tmp_path, monkeypatch):
    for name in (*NAMES, *TOKENIZERS):
        known = build_tokenizer(name)
        for other in map(build_tokenizer, (name.lower(), name.upper())):
            assert type(other) is type(known)
            assert other.vocab == known.vocab
    assert type(MidiTokTokenizer("octuple").tokenizer) is miditok.Octuple
    assert CPTokenizer(preset="MIDIBERT") == CPTokenizer(preset="midibert")
    with pytest.raises(ValueError, match="closest is 'MIDILike'"):
        MidiTokTokenizer("midi-like")
    monkeypatch.chdir(tmp_path)  # a folder of another spelling is that folder
    CPTokenizer(time_bins=24).save_pretrained("remi")
    assert build_tokenizer("remi") == CPTokenizer(time_bins=24)
    assert type(build_tokenizer("REMI").tokenizer) is miditok.REMI


def test_the_velocity_task_is_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"cannot be tied to notes.*leave velocity out"):
        build_model(MidiTokTokenizer("REMI"), ModelArguments())


@pytest.mark.parametrize("name", ["REMI", "MIDILike", "CPWord", "cp-midibert"])
def test_octaves_of_a_new_model_are_alike(name):
    tokenizer = build_tokenizer(name)
    torch.manual_seed(0)
    model = build_model(tokenizer, ModelArguments(tasks="emotion", field_embedding_size=64))
    vocabularies = [tokenizer.vocab] if isinstance(tokenizer.vocab, dict) else tokenizer.vocab
    prefix = "NoteOn_" if name == "MIDILike" else "Pitch_"
    field = next(i for i, v in enumerate(vocabularies) if f"{prefix}60" in v)
    weight = model.encoder.embeddings[field].weight.detach()

    def likeness(semitones):
        rows = [
            [vocabularies[field][f"{prefix}{pitch + moved}"] for pitch in range(36, 84)]
            for moved in (0, semitones)
        ]
        return torch.cosine_similarity(weight[rows[0]], weight[rows[1]]).mean()

    assert likeness(12) > 0.4
    assert abs(likeness(6)) < 0.15


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, make):
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "midi").mkdir()
    rows = []
    for seed in range(6):
        (folder / "midi" / f"{seed}.mid").write_bytes(make(seed))
        split = "train" if seed < 5 else "val"
        rows.append((f"{seed}.mid", f"song{seed}", f"Q{1 + seed % 4}", split))
    frame = pd.DataFrame(rows, columns=["file", "song", "quadrant", "split"])
    frame.to_csv(folder / "clips.csv", index=False)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OURS, *EIGHT, "bpe"])
def test_two_steps_of_training_then_saved_loaded_and_scored(name, corpus, tmp_path, bpe, make):
    ours = name in OURS
    arguments = ModelArguments(
        tokenizer=str(bpe) if name == "bpe" else name,
        tasks="emotion,key,velocity" if ours else "emotion,key",
        hidden_size=16,
        layers=1,
        heads=2,
        field_embedding_size=8,
        window=64,
        training_window=32,
    )
    training = TrainingArguments(
        str(tmp_path), max_steps=2, per_device_train_batch_size=4, learning_rate=1e-2, seed=3,
        use_cpu=True, disable_tqdm=True, report_to="none", remove_unused_columns=False,
        label_names=["labels"], logging_steps=1, save_steps=2,
    )  # fmt: skip
    train(DataArguments(emopia=str(corpus)), arguments, FitArguments(), training)
    state = json.loads((tmp_path / "checkpoint-2" / "trainer_state.json").read_text())
    losses = [entry["loss"] for entry in state["log_history"] if "loss" in entry]
    assert len(losses) == 2
    assert np.isfinite(losses).all()

    model = SymbolicModel.from_pretrained(tmp_path)
    assert model.config.tokenizer_class in TOKENIZERS
    set_seed(training.seed)
    names = model.config.feature_names
    fresh = build_model(build_tokenizer(arguments.tokenizer), arguments, names).state_dict()
    for key, value in model.state_dict().items():
        assert value.isfinite().all(), key
        if key.startswith(("encoder.embeddings", "encoder.project", "heads.emotion.classifier")):
            assert not torch.equal(value, fresh[key]), key

    row = EmotionScorer.from_pretrained(tmp_path).score(make(9, 120), workers=0).iloc[0]
    assert row["error"] == ""
    probabilities = row[["q1", "q2", "q3", "q4"]].astype(float)
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1)
    record = json.loads((tmp_path / "training.json").read_text())
    assert record["model"]["tokenizer"] == ("saved" if name == "bpe" else name)


@pytest.mark.parametrize("name", ["TSD", "Octuple", "cp-midibert"])
def test_a_piece_that_cannot_be_held_costs_no_other_its_row(name, make):
    tokenizer = build_tokenizer(name)
    arguments = ModelArguments(hidden_size=16, layers=1, heads=2, tasks="emotion", window=64)
    scorer = EmotionScorer(build_model(tokenizer, arguments), tokenizer)
    low = note_table([0, 480], [480] * 2, [3, 5], [64, 70])
    table = scorer.score([make(), low, make(1)], workers=0)
    assert (table["error"] == "").tolist() == [True, False, True]
    assert np.isfinite(table["q1"][[0, 2]].astype(float)).all()


def test_a_note_table_comes_back_from_its_score():
    rng = np.random.default_rng(0)
    n = 200
    notes = note_table(
        rng.integers(0, 20000, n), rng.integers(0, 2000, n), rng.integers(0, 128, n),
        rng.integers(1, 128, n), rng.integers(0, 4, n) * 2, rng.random(n) < 0.2,
        ticks_per_quarter=96,
        tempos=(np.array([0, 960, 5000]), np.array([90.0, 133.3, 61.7])),
        meters=(np.array([0, 960]), np.array([3, 6]), np.array([4, 8])),
    )  # fmt: skip
    again = score_notes(table_score(notes))
    key = lambda table: sorted(  # noqa: E731 - tracks are numbered anew, so their order may change
        zip(table.onset_ticks, table.pitch, table.duration_ticks, table.velocity, table.is_drum,
            strict=True)
    )  # fmt: skip
    assert key(again) == key(notes)
    np.testing.assert_allclose(np.sort(again.onset), np.sort(notes.onset), rtol=1e-5)
    assert (again.meter_numerator == notes.meter_numerator).all()
    assert (again.meter_ticks == notes.meter_ticks).all()
    assert len(np.unique(again.track)) == len(np.unique(notes.track * 2 + notes.is_drum))


def test_a_score_of_no_notes_has_no_tracks_and_an_endless_one_is_refused():
    notes = note_table([0], [480], [60], [64])
    assert len(table_score(notes.select(slice(0))).tracks) == 0
    with pytest.raises(ReadError, match="limit of a score"):
        table_score(note_table([2**31], [1], [60], [64]))
