"""Experts on features: what they hear, and how they answer where the music is of another kind."""

import numpy as np
import pytest
import torch
from transformers import AutoModel

from symbolic import EmotionScorer
from symbolic.augment import scale_tempo, shift_velocity, transpose
from symbolic.building import ShapeArguments, build_model, standardise_features
from symbolic.encoders import FeatureExperts
from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, FEATURE_SETS, feature_frame
from symbolic.notes import note_table
from symbolic.tasks import IGNORE
from symbolic.tokenizers import CPTokenizer

TOKENIZER = CPTokenizer()
SHAPE = {"hidden_size": 16, "layers": 1, "heads": 2, "field_embedding_size": 8, "window": 64}


def piece(seed):
    """Broken chords in a key of its own, about two notes a second."""
    rng = np.random.default_rng(seed)
    onset = np.arange(40) * 240
    pitch = 48 + seed % 12 + rng.choice([0, 4, 7, 12, 16], 40)
    return note_table(onset, rng.integers(100, 400, 40), pitch, rng.integers(40, 90, 40))


MUSIC = [piece(seed) for seed in range(60)]
ROWS = feature_frame(MUSIC).to_numpy()


def make(tasks="emotion"):
    torch.manual_seed(0)
    arguments = ShapeArguments(experts=True, tasks=tasks, **SHAPE)
    model = build_model(TOKENIZER, arguments, FEATURE_NAMES)
    standardise_features(model, ROWS)
    return model.eval()


@pytest.fixture(scope="module")
def model():
    """One whose experts have opinions."""
    model = make()
    for expert in (model.heads["emotion"].valence, model.heads["emotion"].arousal):
        torch.nn.init.normal_(expert[1].weight, std=0.1)
    return model


def answers(model, tables):
    features = torch.tensor(feature_frame(tables).to_numpy()).float()
    ids = torch.zeros((len(tables), 1, len(TOKENIZER.field_names)), dtype=torch.long)
    with torch.inference_mode():
        return model(ids, features=features).logits["emotion"].softmax(-1)


def familiarity(model, tables):
    features = torch.tensor(feature_frame(tables).to_numpy()).float()
    with torch.inference_mode():
        return model.heads["emotion"].familiarity(model.encoder.standardised(features))


def test_harmonic_and_temporal_columns_are_apart_and_never_loud_nor_high():
    harmonic, temporal = set(FEATURE_SETS["harmonic"]), set(FEATURE_SETS["temporal"])
    assert not harmonic & temporal
    for group in ("dynamics", "pitch", "articulation"):
        assert not (harmonic | temporal) & set(FEATURE_GROUPS[group])


def test_the_music_trained_on_is_familiar(model):
    found = familiarity(model, MUSIC)
    assert (found == 1).float().mean() > 0.95
    assert found.min() > 0.5


def test_music_of_another_kind_is_not(model):
    thundering = [shift_velocity(scale_tempo(transpose(one, 30), 12), 60) for one in MUSIC[:5]]
    assert familiarity(model, thundering).max() == 0


def test_of_unfamiliar_music_valence_and_arousal_are_independent(model):
    strange = [scale_tempo(transpose(one, 30), 12) for one in MUSIC[:5]]
    q1, q2, q3, q4 = answers(model, strange).T
    torch.testing.assert_close(q1 * q3, q2 * q4)
    q1, q2, q3, q4 = answers(model, MUSIC[:5]).T
    assert not torch.allclose(q1 * q3, q2 * q4)


def test_of_unfamiliar_music_only_their_own_columns_are_heard(model):
    experts = model.heads["emotion"]
    deaf = torch.ones(len(FEATURE_NAMES), dtype=torch.bool)
    deaf[experts.valence_columns + experts.arousal_columns] = False
    standard = torch.randn(4, len(FEATURE_NAMES))
    far = standard.clone()
    far[:, deaf] += 30  # unfamiliar, and in columns that none of the two hears
    farther = far.clone()
    farther[:, deaf] += 5
    with torch.inference_mode():
        assert experts.familiarity(far).max() == 0
        torch.testing.assert_close(experts(far), experts(farther))
        silent = experts.valence(standard[:, experts.valence_columns].clamp(-2, 2))
        heard = experts(far)
    torch.testing.assert_close(heard[:, 0] + heard[:, 3], 2 * silent[:, 0])


def test_it_learns_with_every_parameter_that_it_trains():
    model = make("emotion").train()
    features = torch.tensor(ROWS).float()
    output = model(features=features, labels={"emotion": torch.arange(60) % 4})
    output.loss.backward()
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    assert learning == {name for name, one in model.named_parameters() if one.grad is not None}
    assert all(name.startswith("heads.emotion.") for name in learning)


def test_beside_it_other_tasks_hear_the_notes():
    model = make("emotion,key,velocity").train()
    ids = torch.from_numpy(np.stack([TOKENIZER.note_ids(one)[:30] for one in MUSIC[:8]]))
    features = torch.tensor(ROWS[:8]).float()
    emotion = model(ids, features=features, labels={"emotion": torch.arange(8) % 4})
    emotion.loss.backward()
    assert model.encoder.project.weight.grad is None
    labels = {"emotion": torch.full((8,), IGNORE), "key": torch.arange(8)}
    model(ids, features=features, labels=labels).loss.backward()
    assert model.encoder.project.weight.grad.abs().max() > 0


def test_saved_and_loaded_every_bit_is_the_same(tmp_path, model):
    model.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(loaded.heads["emotion"], FeatureExperts)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert torch.equal(answers(loaded, MUSIC[:5]), answers(model, MUSIC[:5]))


def test_the_scorer_takes_it(model):
    table = EmotionScorer(model, TOKENIZER).score(MUSIC[:3], workers=0)
    expected = answers(model, MUSIC[:3]).numpy()
    np.testing.assert_allclose(table[["q1", "q2", "q3", "q4"]].to_numpy(), expected, atol=1e-5)


def test_before_training_valence_and_arousal_have_no_opinion():
    strange = [scale_tempo(transpose(one, 30), 12) for one in MUSIC[:5]]
    torch.testing.assert_close(answers(make(), strange), torch.full((5, 4), 0.25))


def test_features_are_asked_for(model):
    with pytest.raises(ValueError, match=f"takes {len(FEATURE_NAMES)} features"):
        model(torch.zeros((1, 1, 7), dtype=torch.long))


def test_experts_without_anything_to_hear_are_refused():
    arguments = ShapeArguments(experts=True, **SHAPE)
    with pytest.raises(ValueError, match="experts need features for valence, arousal, familiar"):
        build_model(TOKENIZER, arguments)
    with pytest.raises(ValueError, match="experts need features for arousal"):
        build_model(TOKENIZER, arguments, FEATURE_GROUPS["harmony"])
