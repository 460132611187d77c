"""Evidence of the key: what each channel counts, and how it turns; the network that hears it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from symbolic.encoders import FeatureEncoder
from symbolic.encoders.tonic import KeyFromTonic
from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, TONAL_NAMES, features, transposed_tonal
from symbolic.features.model_columns import KEY_FEATURES, state_names
from symbolic.features.tonal import TONAL_CHANNELS
from symbolic.forward import torch_ops
from symbolic.forward.tonic import mode_columns
from symbolic.notes import note_table
from symbolic.notes.augment import transpose
from symbolic.notes.keys import transpose_key


def channels(notes):
    values = features(notes, TONAL_NAMES).reshape(-1, 12)
    return dict(zip(TONAL_CHANNELS, values, strict=True))


def music(seed, n=60):
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.integers(0, 200, n)) * 120
    return note_table(onset, rng.integers(60, 900, n), rng.integers(40, 80, n), np.full(n, 70))


def chords(*played):
    """Half a second each, all notes of a chord together."""
    notes = [(480 * i, pitch) for i, chord in enumerate(played) for pitch in chord]
    onset, pitch = np.array(notes).T
    return note_table(onset, np.full(len(notes), 480), pitch, np.full(len(notes), 70))


def test_names_are_those_of_channels_by_pitch_class():
    assert len(set(TONAL_NAMES)) == len(TONAL_NAMES) == 12 * len(TONAL_CHANNELS)
    assert TONAL_NAMES[12:15] == ("tonal_count_00", "tonal_count_01", "tonal_count_02")
    assert not set(TONAL_NAMES) & set(FEATURE_NAMES)


@given(seed=st.integers(0, 50), semitones=st.integers(-24, 24))
def test_they_turn_with_a_transposition_to_the_last_bit(seed, semitones):
    piece = music(seed)
    here, there = features(piece, TONAL_NAMES), features(transpose(piece, semitones), TONAL_NAMES)
    assert np.array_equal(transposed_tonal(here, semitones), there)


def test_turning_there_and_back_changes_nothing():
    rows = np.random.default_rng(0).random((3, 24))
    assert np.array_equal(transposed_tonal(transposed_tonal(rows, 5), -5), rows)
    assert transposed_tonal(rows, 1)[0, 1] == rows[0, 0]
    assert transposed_tonal(rows, 1)[0, 12] == rows[0, 23]


def test_shares_of_notes_and_of_seconds():
    notes = note_table([0, 480, 960], [480, 480, 960], [60, 64, 64], [70] * 3)
    found = channels(notes)
    assert found["count"][[0, 4]].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found["duration"][[0, 4]].tolist() == pytest.approx([1 / 4, 3 / 4])


def test_an_opening_counts_what_is_heard_first():
    found = channels(chords(*[(60,)] * 4, *[(67,)] * 60))
    assert found["duration"][7] > 0.9
    assert found["duration_opening_1"][0] > 0.9
    assert found["duration_opening_4"][0] > found["duration_opening_16"][0] > found["duration"][0]
    assert found["duration_opening_2s"][0] > found["duration_opening_8s"][0]


def test_chords_sound_on_their_roots():
    found = channels(chords((60, 64, 67), (57, 60, 64), (59, 62, 65), (55, 59, 62, 65)))
    assert found["major"][[0, 7]].tolist() == pytest.approx([0.25, 0.25])
    assert found["minor"].tolist() == pytest.approx([0] * 9 + [0.25, 0, 0])
    assert found["diminished"][11] == pytest.approx(0.5)  # within the seventh, too
    assert found["seventh"].nonzero()[0].tolist() == [7]


@pytest.mark.parametrize("count", [1, 128, 129, 256, 300, 1200])
def test_chords_of_a_long_piece_are_those_of_all_its_onsets(count):
    found = channels(chords(*[(60, 64, 67), (57, 60, 64)] * count))
    assert found["major"][0] == pytest.approx(0.5)
    assert found["minor"][9] == pytest.approx(0.5)
    if count > 100:  # 1 + q + q^2 + ... is 1 / (1 - q)
        q = np.exp(-1 / 16)
        assert found["major_opening_16"][0] == pytest.approx(1 / (1 + q))
        assert found["minor_opening_16"][9] == pytest.approx(q / (1 + q))


def test_over_root_is_with_the_root_in_the_bass():
    found = channels(chords((60, 64, 67), (52, 60, 67)))
    assert found["major"][0] == pytest.approx(1)
    assert found["major_over_root"][0] == pytest.approx(0.5)


def test_a_cadence_is_a_dominant_that_is_resolved():
    found = channels(chords((55, 59, 62), (48, 64, 67), (55, 59, 62), (57, 60, 64)))
    assert found["cadence"].nonzero()[0].tolist() == [0]
    assert found["cadence"][0] == pytest.approx(1 / 3)
    assert found["leading_tone"].nonzero()[0].tolist() == [0]  # also where the bass goes elsewhere
    assert found["leading_tone"][0] == pytest.approx(2 / 3)
    deceptive = channels(chords((55, 59, 62), (57, 60, 64)))
    assert deceptive["leading_tone"][0] == 1
    assert not deceptive["cadence"].any()


def test_moves_are_counted_where_they_arrive():
    found = channels(chords((48, 72), (53, 71), (43, 72)))
    assert found["bass_by_+5"].tolist() == [0] * 5 + [1] + [0] * 6
    assert found["bass_by_+2"][7] == 1  # down by ten: the octave does not count
    assert found["melody_by_-1"][11] == 1
    assert found["melody_by_+1"][0] == 1
    assert not found["melody_by_+2"].any()


def test_one_note_has_no_moves_and_everything_is_finite():
    found = channels(note_table([0], [0], [61], [64]))
    assert found["count"].tolist() == [0, 1] + [0] * 10
    assert found["bass"][1] == found["melody"][1] == 1
    assert not any(v.any() for name, v in found.items() if name.startswith(("bass_by", "cadence")))
    assert np.isfinite(features(music(0), TONAL_NAMES)).all()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = KeyFromTonic(len(TONAL_CHANNELS))
    network.reset()
    torch.nn.init.normal_(network.weight, std=0.1)
    network.standardise(torch.rand(20, len(TONAL_CHANNELS), 12))
    return network.eval()


@pytest.mark.parametrize("semitones", range(-6, 6))
def test_the_key_turns_with_the_music(network, semitones):
    heard = torch.rand(5, len(TONAL_CHANNELS), 12)
    with torch.inference_mode():
        here, there = network(heard), network(heard.roll(semitones, dims=-1))
    places = [transpose_key(key, semitones) for key in range(24)]
    torch.testing.assert_close(there[:, places], here)


def test_it_learns_the_tonic_of_one_degree_and_knows_it_everywhere():
    """From pieces in C and a alone, whose tonic is heard most: then of any other."""
    torch.manual_seed(0)
    network = KeyFromTonic(2)
    network.reset()
    rng = np.random.default_rng(0)

    def pieces(n, tonics):
        keys = rng.choice(tonics, n)
        heard = rng.random((n, 2, 12)) * 0.5
        heard[np.arange(n), 0, keys % 12] += 1
        heard[np.arange(n), 1, (keys % 12 + np.where(keys < 12, 4, 3)) % 12] += 1
        return torch.tensor(heard, dtype=torch.float), torch.tensor(keys)

    heard, keys = pieces(400, [0, 21])
    network.standardise(heard)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(network(heard), keys)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    heard, keys = pieces(200, np.arange(24))
    assert (network(heard).argmax(dim=1) == keys).float().mean() > 0.95


def test_the_mode_that_is_heard():
    sure_minor, sure_major = torch.full((2, 24), -20.0)
    sure_minor[12 + 9] = sure_major[0] = 20
    torch.testing.assert_close(
        mode_columns(torch.stack([sure_minor, sure_major, torch.zeros(24)]), torch_ops),
        torch.tensor([[2.0, 2.0, -2.0], [-2.0, 2.0, 2.0], [0.0, 4 / 24 - 2, 0.0]]),
    )


@pytest.fixture
def config():
    from symbolic import SymbolicConfig

    return lambda *names: SymbolicConfig(encoder="features", feature_names=names)


def test_the_encoder_gives_other_features_then_the_mode_then_the_keys(config):
    names = ("pitch_mean", *TONAL_NAMES, "velocity_mean")
    encoder = FeatureEncoder(config(*names))
    encoder.tonic.reset()
    assert state_names(names) == ["pitch_mean", "velocity_mean", *KEY_FEATURES]
    assert encoder.hidden_size == 2 + 3 + 24
    features = torch.rand(4, len(names))
    encoder.eval()
    with torch.inference_mode():
        hidden, mask = encoder(features)
        keys = encoder.tonic(features[:, 1:-1].unflatten(1, (-1, 12)))
    assert hidden.shape == (4, 1, 29)
    assert mask.tolist() == [[1]] * 4
    assert torch.equal(hidden[:, 0, :2], features[:, [0, -1]])
    assert torch.equal(hidden[:, 0, -24:], keys)
    assert torch.equal(hidden[:, 0, 2:5], mode_columns(keys, torch_ops))


def test_without_tonal_columns_it_gives_its_features_alone(config):
    names = FEATURE_GROUPS["rhythm"]
    encoder = FeatureEncoder(config(*names))
    assert encoder.tonic is None
    assert encoder.hidden_size == len(names)
    assert state_names(names) == list(names)


def test_tonal_columns_come_all_or_none(config):
    with pytest.raises(ValueError, match="all of them, or none"):
        FeatureEncoder(config("pitch_mean", *TONAL_NAMES[:12]))
