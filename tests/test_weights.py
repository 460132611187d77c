"""The default model: inside the package, small, licensed, and with some ear for music."""

import json
import re

import numpy as np
import pytest
import torch

from symbolic import EmotionScorer, SymbolicModel
from symbolic.data import Piece
from symbolic.data.audit.fingerprints import Fingerprints, assert_unseen, common
from symbolic.data.groups import hashed_group
from symbolic.notes import note_table, read_notes
from symbolic.notes.augment import drop_dynamics, scale_tempo, shift_velocity, transpose
from symbolic.notes.score import table_score
from symbolic.scoring.emotion import DEFAULT_MODEL
from symbolic.training.run_folder import FINGERPRINTS, recorded_groups, training_pieces

# Probabilities of Q1 to Q4 of `piece()`, the same in minor, and without dynamics.
ANSWERS = [[0.231, 0.020, 0.060, 0.689], [0.105, 0.155, 0.440, 0.299], [0.257, 0.016, 0.032, 0.696]]


@pytest.fixture(scope="module")
def scorer():
    return EmotionScorer.from_pretrained()


def piece(minor=False, bars=24):
    """Broken chords under a melody of chord tones, half loud, 90 to the minute."""
    rng = np.random.default_rng(5)
    third = 3 if minor else 4
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)]
    onset, duration, pitch, velocity = [], [], [], []
    for bar in range(bars):
        chord = chords[bar % 4]
        for step in range(8):
            onset.append(bar * 1920 + step * 240)
            duration.append(240)
            pitch.append(48 + chord[(0, 1, 2, 1)[step % 4]])
            velocity.append(50 + int(rng.integers(0, 12)))
        for beat in range(4):
            onset.append(bar * 1920 + beat * 480)
            duration.append(480)
            pitch.append(72 + chord[int(rng.integers(0, 3))])
            velocity.append(62 + int(rng.integers(0, 12)))
    tempos = (np.array([0]), np.array([90.0]))
    return note_table(onset, duration, pitch, velocity, tempos=tempos)


def test_it_is_small_and_a_safetensors_file():
    assert sum(file.stat().st_size for file in DEFAULT_MODEL.iterdir()) <= 15e6
    assert (DEFAULT_MODEL / "model.safetensors").is_file()
    assert not list(DEFAULT_MODEL.glob("*.bin"))


def test_it_answers_emotion_and_key():
    model = SymbolicModel.from_pretrained(DEFAULT_MODEL)
    assert [task.name for task in model.tasks] == ["emotion", "key"]
    assert model.config.inputs == "features"


def test_its_licence_and_its_card_say_non_commercial(root):
    assert "CC-BY-NC-SA-4.0" in (DEFAULT_MODEL / "LICENSE").read_text()
    card = (DEFAULT_MODEL / "README.md").read_text()
    assert "license: cc-by-nc-sa-4.0" in card
    assert "EMOPIA" in card
    assert "VGMIDI" in card


def test_every_figure_of_the_card_stands_in_the_results(root):
    card = (DEFAULT_MODEL / "README.md").read_text()
    figures = re.findall(r"\b0\.\d{3}\b", card)
    results = (root / "RESULTS.md").read_text()
    assert len(figures) >= 8
    assert [figure for figure in figures if figure not in results] == []


def test_the_card_says_in_its_first_line_whether_it_beats_the_baseline(root):
    results = (root / "RESULTS.md").read_text()
    row = next(line for line in results.splitlines() if line.startswith("| model |"))
    low = float(re.search(r"[+-]0\.\d{3} \[([+-]?0\.\d{3})", row).group(1))
    card = (DEFAULT_MODEL / "README.md").read_text().split("---\n", 2)[2]
    first = next(line for line in card.splitlines() if line.strip() and not line.startswith("#"))
    assert ("not above" in first) == (low <= 0)


def test_it_was_not_trained_on_the_validation_songs(data_folder):
    from symbolic.data import read_emopia

    record = json.loads((DEFAULT_MODEL / "training.json").read_text())
    trained = set(recorded_groups(record))
    emopia = read_emopia(data_folder / "emopia")
    groups = {
        split: {hashed_group(f"emopia: {p.group}") for p in emopia if p.split == split}
        for split in ("train", "val")
    }
    assert not trained & groups["val"]
    assert trained & groups["train"]


def test_every_training_piece_has_a_fingerprint():
    path = DEFAULT_MODEL / FINGERPRINTS
    pieces = Fingerprints.load(path)
    assert path.stat().st_size < 2**20
    record = json.loads((DEFAULT_MODEL / "training.json").read_text())
    recorded = {int(name.rpartition("#")[2], 16) for name in recorded_groups(record)}
    assert set(pieces.groups.tolist()) == recorded
    assert len(pieces) == 868 + 162 + 391 + 847 + 909 + 388  # as the card lists them
    assert pieces.contents.all()
    with_melody, without = len(np.unique(pieces.figures.piece)), 909
    assert 0.9 * (len(pieces) - without) < with_melody <= len(pieces) - without


def test_copies_of_training_pieces_are_found_under_other_names(data_folder, tmp_path):
    from symbolic.data import read_emopia, read_vgmidi

    clips = [piece for piece in read_emopia(data_folder / "emopia") if piece.split == "train"]
    held_out = [piece for piece in read_emopia(data_folder / "emopia") if piece.split == "val"]
    originals = [*clips[::100], *read_vgmidi(data_folder / "vgmidi")[::20]]
    trained, found = training_pieces(DEFAULT_MODEL), []
    for i, original in enumerate(originals):
        table = read_notes(original.path)
        for kind, copied in (("content", table), ("melody", transpose(table, 2))):
            path = tmp_path / f"{kind} {i}.mid"
            table_score(copied).dump_midi(path)
            copy = Fingerprints.of_pieces([Piece(path, path.stem, corpus="other")])
            if common(trained, copy) == {0: kind}:
                found.append(kind)
    assert found.count("content") == len(originals)
    assert found.count("melody") >= 0.8 * len(originals)
    names = [piece.path.name for piece in held_out]
    unseen = Fingerprints.of_pieces(held_out)
    assert_unseen(trained, unseen, names, "training")


def test_fast_and_loud_is_more_aroused_than_slow_and_soft(scorer):
    base = piece()
    excited = shift_velocity(scale_tempo(base, 1.8), 40)
    calm = shift_velocity(scale_tempo(base, 0.6), -25)
    table = scorer.score([excited, base, calm], workers=0)
    for name in ("arousal", "arousal_strength"):
        assert table[name][0] > table[name][1] > table[name][2]


def test_minor_is_less_positive_than_major(scorer):
    table = scorer.score([piece(), piece(minor=True)], workers=0)
    assert table["valence"][0] > table["valence"][1]
    assert table["valence_strength"][0] > table["valence_strength"][1]


def test_strength_orders_pieces_whose_half_is_sure(scorer):
    """Of ever faster performances each is more aroused, also where the quadrants hardly change."""
    faster = [scale_tempo(piece(), factor) for factor in (1.0, 1.4, 2.0, 2.8)]
    strengths = scorer.score(faster, workers=0)["arousal_strength"]
    assert (np.diff(strengths) > 0.1).all()


def test_it_gives_the_answers_that_it_gave_when_it_was_trained(scorer):
    table = scorer.score([piece(), piece(minor=True), drop_dynamics(piece())], workers=0)
    np.testing.assert_allclose(table[["q1", "q2", "q3", "q4"]].to_numpy(), ANSWERS, atol=0.01)


def test_a_transposed_piece_keeps_its_quadrant(scorer):
    table = scorer.score([transpose(piece(), steps) for steps in range(-5, 6)], workers=0)
    assert table["quadrant"].nunique() == 1


def states_of(scorer, tables):
    features = np.stack([piece.features for piece in scorer.preprocess(tables)])
    with torch.inference_mode():
        return scorer.model.encoder(torch.tensor(features))[0]


def test_on_music_unlike_any_that_it_knows_valence_and_arousal_are_answered_apart(scorer):
    strange = [scale_tempo(transpose(piece(minor), 24), 6) for minor in (False, True)]
    experts, hidden = scorer.model.heads["emotion"], states_of(scorer, strange)
    assert experts.familiarity(hidden[:, 0]).max() < 0.2
    with torch.inference_mode():
        q1, q2, q3, q4 = experts.members(hidden, None)[-1].softmax(-1).T
    torch.testing.assert_close(q1 * q3, q2 * q4)


def test_performed_piano_is_familiar(scorer, data_folder):
    files = sorted((data_folder / "emopia" / "midi").iterdir())[::20]
    hidden = states_of(scorer, [read_notes(file) for file in files])
    assert scorer.model.heads["emotion"].familiarity(hidden[:, 0]).mean() > 0.8


def test_it_works_without_dynamics(scorer):
    row = scorer.score(drop_dynamics(piece()), workers=0).iloc[0]
    assert row["error"] == ""
    assert np.isnan(row["mean_velocity"])


def test_its_key_follows_a_transposition(scorer):
    from symbolic.notes.keys import KEY_NAMES

    tables = [transpose(piece(), semitones) for semitones in range(-5, 7)]
    keys = [KEY_NAMES.index(key) for key in scorer.score(tables, workers=0)["key"]]
    moved = [(key - semitones) % 12 for key, semitones in zip(keys, range(-5, 7), strict=True)]
    assert moved == [0] * 12


@pytest.mark.parametrize("key", ["C major", "a minor", "f# minor", "Bb major"])
def test_it_hears_a_cadence(scorer, key):
    from symbolic.notes.keys import parse_key

    tonic, minor = parse_key(key) % 12, parse_key(key) >= 12
    third = 3 if minor else 4
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)] * 3
    onset = np.repeat(np.arange(12) * 480, 4)
    pitch = [48 + tonic + note for chord in chords for note in (chord[0] - 12, *chord)]
    notes = note_table(onset, np.full(48, 480), pitch, np.full(48, 70))
    assert scorer.score(notes, workers=0)["key"][0] == key
