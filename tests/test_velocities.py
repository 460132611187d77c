"""Predicted velocities of notes: of all notes, whatever the velocities were."""

import numpy as np
import pytest
import torch

from symbolic import VelocityModel, read_notes
from symbolic.cli import main as cli
from symbolic.data.datasets.masking import token_tasks
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.notes import note_table
from symbolic.notes.score import table_score
from symbolic.scoring.velocities import class_centres
from symbolic.tasks import VELOCITY
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import ShapeArguments, build_model

SHAPE = {"hidden_size": 16, "layers": 1, "heads": 2, "window": 32, "dropout": 0.0}


def saved(folder, tasks="", preset="performance"):
    """A model with random weights, of tokens or of named tasks."""
    tokenizer = CPTokenizer(preset=preset)
    torch.manual_seed(0)
    arguments = ShapeArguments(tasks=tasks or "emotion", **SHAPE)
    tokens = None if tasks else token_tasks(TokenVocabulary.of(tokenizer))
    build_model(tokenizer, arguments, tasks=tokens, head_units=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def music(velocity=(40, 90)):
    """Sixty-six notes: a scale with its last note doubled at once, a drum at each half."""
    count = 64
    onset = [*range(0, count * 240, 240), (count - 1) * 240, 0]
    pitch = [*(50 + i % 24 for i in range(count)), 50 + (count - 1) % 24, 36]
    duration = [240] * count + [480, 120]
    loud = [velocity[i % len(velocity)] for i in range(count + 2)]
    return note_table(onset, duration, pitch, loud, is_drum=[False] * (count + 1) + [True])


@pytest.fixture(scope="module", params=["", "velocity"])
def model(request, tmp_path_factory):
    return VelocityModel(saved(tmp_path_factory.mktemp("model"), request.param))


def test_every_note_has_a_velocity_and_drums_keep_theirs(model):
    notes = music()
    (found,) = model.predict([notes])
    assert found.shape == (66,)
    assert ((found >= 1) & (found <= 127)).all()
    drum = int(notes.is_drum.argmax())
    assert found[drum] == notes.velocity[drum]
    last = notes.onset_ticks == 63 * 240
    assert len({*found[last].tolist()}) == 1  # of two notes at once the tokens have one
    assert len({*found[~notes.is_drum].round(6).tolist()}) > 10


def test_the_velocities_of_the_source_say_nothing(model):
    one, other, none = model.predict([music(), music((5, 120, 64)), music((64,))])
    pitched = ~music().is_drum
    assert np.allclose(one[pitched], other[pitched], atol=1e-4)
    assert np.allclose(one[pitched], none[pitched], atol=1e-4)


def test_a_file_with_predicted_velocities_has_the_same_notes(model, tmp_path):
    source = tmp_path / "plain.mid"
    source.write_bytes(table_score(music((64,))).dumps_midi())
    before = read_notes(source)
    assert not before.has_dynamics
    model.write(source, tmp_path / "played.mid")
    after = read_notes(tmp_path / "played.mid")
    assert after.has_dynamics
    for name in ("onset", "duration", "pitch", "is_drum"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    (expected,) = model.predict([before])
    assert np.array_equal(np.sort(after.velocity), np.sort(np.rint(expected)))


def test_velocities_are_the_middles_of_their_classes():
    assert class_centres(VELOCITY).tolist() == [24, 40, 56, 72, 88, 104]
    tokenizer = CPTokenizer(velocity_bins=16)
    tasks = {task.name: task for task in token_tasks(TokenVocabulary.of(tokenizer))}
    centres = class_centres(tasks["token_Velocity"])
    assert np.isnan(centres[:3]).all()  # PAD, MASK and None
    assert centres[3:].tolist() == [3.5 + 8 * i for i in range(16)]


def test_a_model_without_velocities_is_refused(tmp_path):
    with pytest.raises(ValueError, match="predicts no velocities"):
        VelocityModel(saved(tmp_path, "emotion"))
    with pytest.raises(OSError, match="nowhere"):
        VelocityModel(tmp_path / "nowhere")


def test_the_command_writes_one_file(tmp_path, capsys):
    source = tmp_path / "plain.mid"
    source.write_bytes(table_score(music((64,))).dumps_midi())
    out = tmp_path / "new" / "played.mid"
    assert cli(["score", str(source), "--velocities", str(out), "--workers", "0"]) == 0
    assert f"notes in {out}" in capsys.readouterr().out
    notes = read_notes(out)
    assert notes.has_dynamics
    assert len(notes) == 66
    for paths in ([tmp_path], [source, source]):
        arguments = ["score", *map(str, paths), "--velocities", str(out)]
        assert cli(arguments) == 2
        assert "--velocities writes the notes of one file" in capsys.readouterr().err


def test_the_command_takes_a_model_of_ones_own(tmp_path, capsys):
    source, out = tmp_path / "plain.mid", tmp_path / "played.mid"
    source.write_bytes(table_score(music((64,))).dumps_midi())
    own = saved(tmp_path / "own", "velocity")
    arguments = ["score", str(source), "--workers", "0", "--velocity-model"]
    assert cli([*arguments, str(own), "--velocities", str(out)]) == 0
    notes = read_notes(source)
    (expected,) = VelocityModel(own).predict([notes])
    assert np.array_equal(np.sort(read_notes(out).velocity), np.sort(np.rint(expected)))
    capsys.readouterr()
    assert cli([*arguments, str(own)]) == 2
    assert "--velocity-model is for --velocities FILE" in capsys.readouterr().err
    other = saved(tmp_path / "other", "emotion")
    assert cli([*arguments, str(other), "--velocities", str(out)]) == 2
    assert "predicts no velocities" in capsys.readouterr().err
