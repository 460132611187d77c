"""The encoder of notes in the package: loaded by name, small, recorded, and of some use."""

import json
import re

import numpy as np
import pytest
import torch

import symbolic
from symbolic import NoteScorer, SymbolicModel, VelocityModel
from symbolic.commands.train import main as train
from symbolic.data.audit.fingerprints import Fingerprints, common
from symbolic.notes import note_table
from symbolic.packaged import WEIGHTS
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.run_folder import read_record, recorded_groups, training_pieces

BASE = WEIGHTS / "base"


@pytest.fixture(scope="module")
def base():
    return SymbolicModel.from_pretrained("base").eval()


def song(bars=16, minor=False):
    """A melody in quarters above chords in halves and a bass, without dynamics."""
    third = 3 if minor else 4
    onset, duration, pitch = [], [], []
    rng = np.random.default_rng(1)
    for bar in range(bars):
        root = 48 + (0, 5, 7, 0)[bar % 4]
        for beat in range(4):
            onset.append((bar * 4 + beat) * 480)
            duration.append(480)
            pitch.append(24 + root + int(rng.choice([0, third, 7])))
        for half in range(2):
            onset += [(bar * 4 + 2 * half) * 480] * 3
            duration += [960] * 3
            pitch += [root - 12, root + third, root + 7]
    return note_table(onset, duration, pitch, [64] * len(onset))


def test_it_is_small_in_float16_and_computed_in_float32(base):
    assert (BASE / "model.safetensors").stat().st_size <= 12e6
    assert json.loads((BASE / "config.json").read_text())["dtype"] == "float16"
    assert {parameter.dtype for parameter in base.parameters()} == {torch.float32}
    half = SymbolicModel.from_pretrained("base", dtype=torch.float16)
    assert next(half.parameters()).dtype == torch.float16


def test_its_name_is_that_of_its_folder_unless_there_is_one(base, tmp_path, monkeypatch):
    state = SymbolicModel.from_pretrained(BASE, dtype=torch.float32).state_dict()
    assert all(torch.equal(value, state[key]) for key, value in base.state_dict().items())
    weight = base.encoder.project.weight
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()  # of something else
    assert torch.equal(SymbolicModel.from_pretrained("base").encoder.project.weight, weight)
    base.config.save_pretrained(tmp_path / "base")
    with pytest.raises(OSError, match="base"):
        SymbolicModel.from_pretrained("base")


def test_it_embeds_music_by_what_it_is():
    scorer = symbolic.load("base")
    assert isinstance(scorer, NoteScorer)
    major, minor, moved = song(), song(minor=True), song()
    moved.pitch[:] += 2
    vectors = scorer.embed([major, minor, moved, song(bars=12)], workers=0)
    assert vectors.shape == (4, scorer.model.config.backbone_config.hidden_size)
    near = np.corrcoef(vectors)
    assert near[0, 3] > near[0, 1]  # a part of a song is nearer than the song in minor


def test_its_training_pieces_are_recorded():
    record = read_record(BASE)
    pieces = training_pieces("base")
    assert len(pieces) >= len(recorded_groups(record)) > 2000
    assert record["data"]["objective"] == "mixed"
    assert "/" not in "".join(record["data"]["music"])
    assert (pieces.contents > 0).sum() > 2000
    assert len(pieces.figures.piece) > 50_000
    assert not common(pieces, Fingerprints.of_notes(["a"], ["a"], [song()]))


def test_a_model_begins_with_it(tmp_path):
    tokenizer = build_tokenizer("base")
    model = build_model(tokenizer, ShapeArguments(pretrained="base", tasks="emotion"))
    state = SymbolicModel.from_pretrained("base").encoder.state_dict()
    for key, value in model.encoder.state_dict().items():
        assert torch.equal(value, state[key]), key
    assert model.dtype == torch.float32
    model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "float32"


@pytest.mark.slow
def test_the_command_trains_it(write_midi, tune, tmp_path, capsys):
    lines = ["file,quadrant,split"]
    for i in range(6):
        write_midi(tmp_path / f"{i}.mid", tune(40, 54 + i))
        lines.append(f"{i}.mid,Q{1 + i % 4},{'val' if i >= 4 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    out = tmp_path / "model"
    words = ["--pretrained", "base", "--features", "none", "--labelled", str(tmp_path),
             "--hold-out", "labelled-val", "--tasks", "emotion", "--max-steps", "2",
             "--use-cpu", "True", "--output-dir", str(out), "--disable-tqdm", "True"]  # fmt: skip
    assert train(words) == 0
    record = read_record(out)
    assert record["model"]["pretrained"] == "base"
    assert len(recorded_groups(record)) > 2000  # those of the encoder, too
    assert len(symbolic.score(tmp_path / "0.mid", str(out), workers=0)) == 1


def test_pieces_that_it_was_trained_on_are_found():
    pieces = training_pieces("base")
    same = Fingerprints(pieces.names[:1], pieces.groups[:1] + 1, pieces.contents[:1])
    assert common(pieces, same) == {0: "content"}


def test_it_predicts_velocities_that_follow_the_voices():
    (velocity,) = VelocityModel().predict([song()])
    notes = song()
    melody = notes.pitch >= 67
    assert velocity[melody].mean() > velocity[~melody].mean() + 2
    assert 20 < velocity.mean() < 110


def test_the_card_says_what_the_record_says():
    card = (BASE / "README.md").read_text(encoding="utf-8")
    count = int((training_pieces("base").contents > 0).sum())
    assert f"{count:,} pieces" in card
    for name in ("Pop1K7", "POP909", "Pianist8", "piano-midi.de", "When in Rome"):
        assert name in card
    results = " ".join((WEIGHTS.parents[1] / "RESULTS.md").read_text(encoding="utf-8").split())
    figures = re.findall(r"0\.\d{3}", card)
    assert figures
    assert all(figure in results for figure in figures)
