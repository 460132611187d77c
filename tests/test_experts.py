"""Experts on features: what they hear, and how they answer where the music is of another kind."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, TrainingArguments

from symbolic import EmotionScorer
from symbolic.data import Piece, tokens_of
from symbolic.encoders import FeatureEnsemble
from symbolic.features import (
    FEATURE_GROUPS,
    FEATURE_NAMES,
    FEATURE_SETS,
    TONAL_NAMES,
    feature_frame,
)
from symbolic.notes import note_table
from symbolic.notes.augment import scale_tempo, shift_velocity, transpose
from symbolic.tasks import IGNORE
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import (
    ShapeArguments,
    build_model,
    fit_transfer,
    standardise_features,
)
from symbolic.training.optimisation import freeze
from symbolic.training.procedure import train_model
from symbolic.training.tokens import TokenInputs, TokenModelArguments
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments
from symbolic.training.transfer import Labels

TOKENIZER = CPTokenizer()


def piece(seed):
    """Broken chords in a key of its own, about two notes a second."""
    rng = np.random.default_rng(seed)
    onset = np.arange(40) * 240
    pitch = 48 + seed % 12 + rng.choice([0, 4, 7, 12, 16], 40)
    return note_table(onset, rng.integers(100, 400, 40), pitch, rng.integers(40, 90, 40))


MUSIC = [piece(seed) for seed in range(60)]
NAMES = (*FEATURE_NAMES, *TONAL_NAMES)


def make(tasks="emotion", names=(*FEATURE_NAMES, *TONAL_NAMES)):
    torch.manual_seed(0)
    arguments = ShapeArguments(encoder="features", tasks=tasks, expert_members=3, expert_size=8)
    model = build_model(TOKENIZER, arguments, names)
    features = rows(MUSIC, names)
    standardise_features(model, features)
    names = np.array([str(number) for number in range(60)])
    unrated, own = np.full((60, 2), np.nan), np.full(60, "own")
    labels = Labels(np.arange(60) % 4, unrated, names, own, np.zeros(60, bool))
    fit_transfer(model, features, labels)
    return model.eval()


def rows(tables, names=(*FEATURE_NAMES, *TONAL_NAMES)):
    return feature_frame(tables, names).to_numpy()


@pytest.fixture(scope="module")
def model():
    """One whose plain expert has opinions."""
    model = make("emotion,key")
    for expert in (model.heads["emotion"].valence, model.heads["emotion"].arousal):
        torch.nn.init.normal_(expert.weight, std=0.1)
    return model


def answers(model, tables, task="emotion"):
    features = torch.tensor(rows(tables, model.config.feature_names))
    with torch.inference_mode():
        return model(features=features).logits[task].softmax(-1)


def hidden(model, tables):
    features = torch.tensor(rows(tables, model.config.feature_names))
    with torch.inference_mode():
        return model.encoder(features)[0]


def familiarity(model, tables):
    return model.heads["emotion"].familiarity(hidden(model, tables)[:, 0])


def test_harmonic_and_temporal_columns_are_apart_and_never_loud_nor_high():
    harmonic, temporal = set(FEATURE_SETS["harmonic"]), set(FEATURE_SETS["temporal"])
    assert not harmonic & temporal
    for group in ("dynamics", "pitch", "articulation"):
        assert not (harmonic | temporal) & set(FEATURE_GROUPS[group])


def test_the_music_trained_on_is_familiar(model):
    found = familiarity(model, MUSIC)
    assert (found == 1).float().mean() > 0.7


def test_music_that_was_not_trained_on_is_familiar_where_it_is_alike(model):
    assert familiarity(model, [piece(seed) for seed in range(100, 140)]).mean() > 0.8


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
    heard = hidden(model, MUSIC[:4])
    deaf = torch.ones(experts.width, dtype=torch.bool)
    deaf[experts.valence_columns + experts.arousal_columns] = False
    far = heard.clone()
    far[:, 0, : experts.width][:, deaf] += 30  # unfamiliar, in columns that none of the two hears
    farther = far.clone()
    farther[:, 0, : experts.width][:, deaf] += 5
    mask = torch.ones(4, 1)
    with torch.inference_mode():
        assert experts.familiarity(far[:, 0]).max() == 0
        torch.testing.assert_close(experts(far, mask), experts(farther, mask))
        assert not torch.allclose(experts(far, mask), experts(heard, mask))
        plain = experts.members(far, mask)[-1]
    torch.testing.assert_close(experts(far, mask), plain)


def test_of_familiar_music_the_answer_is_the_mean_of_the_committee(model):
    experts, heard = model.heads["emotion"], hidden(model, MUSIC)
    heard = heard[experts.familiarity(heard[:, 0]) == 1]
    with torch.inference_mode():
        members = experts.members(heard, torch.ones(len(heard), 1))
        assert members.shape == (4, len(heard), 4)
        mixed = 0.7 * members[:3].mean(dim=0) + 0.3 * members[3]
        torch.testing.assert_close(experts(heard, None), mixed)
    assert not torch.allclose(members[0], members[1])


def test_each_member_has_its_own_loss(model):
    labels = torch.arange(60) % 4
    features = torch.tensor(rows(MUSIC))
    with torch.inference_mode():
        loss = model(features=features, labels={"emotion": labels}).loss
        members = model.heads["emotion"].members(hidden(model, MUSIC), None)
    each = torch.stack(
        [torch.nn.functional.cross_entropy(one, labels, label_smoothing=0.1) for one in members]
    )
    torch.testing.assert_close(loss, each.mean())


def test_pieces_without_a_quadrant_add_nothing(model):
    features = torch.tensor(rows(MUSIC[:8]))
    labels = torch.tensor([0, 1, IGNORE, 2, 3, IGNORE, 0, 1])
    known = labels != IGNORE
    with torch.inference_mode():
        some = model(features=features, labels={"emotion": labels}).loss
        alone = model(features=features[known], labels={"emotion": labels[known]}).loss
        none = model(features=features, labels={"emotion": torch.full((8,), IGNORE)}).loss
    torch.testing.assert_close(some, alone)
    assert none == 0


def test_it_learns_with_every_parameter_that_it_trains():
    model = make("emotion", FEATURE_NAMES).train()
    features = torch.tensor(rows(MUSIC, FEATURE_NAMES))
    model(features=features, labels={"emotion": torch.arange(60) % 4}).loss.backward()
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    assert learning == {name for name, one in model.named_parameters() if one.grad is not None}
    assert all(name.startswith("heads.emotion.") for name in learning)


def test_with_a_frozen_encoder_the_key_stays_as_it_is():
    model = make("emotion,key").train()
    freeze(model, "encoder")
    features = torch.tensor(rows(MUSIC[:8]))
    labels = {"emotion": torch.arange(8) % 4, "key": torch.arange(8)}
    model(features=features, labels=labels).loss.backward()
    assert all(one.grad is None for one in model.encoder.parameters())
    assert model.heads["emotion"].inner_weight.grad.abs().max() > 0


def test_what_asks_for_notes_is_refused():
    with pytest.raises(ValueError, match="task velocity needs notes"):
        make("emotion,velocity")


def test_saved_and_loaded_every_bit_is_the_same(tmp_path, model):
    model.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(loaded.heads["emotion"], FeatureEnsemble)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert torch.equal(answers(loaded, MUSIC[:5]), answers(model, MUSIC[:5]))


def test_the_scorer_takes_it(model):
    table = EmotionScorer(model, TOKENIZER).score(MUSIC[:3], workers=0)
    expected = answers(model, MUSIC[:3]).numpy()
    np.testing.assert_allclose(table[["q1", "q2", "q3", "q4"]].to_numpy(), expected, atol=1e-5)
    known = familiarity(model, MUSIC[:3]).numpy()
    np.testing.assert_allclose(table["familiarity"].to_numpy(float), known, atol=1e-5)


def test_the_scorer_says_what_is_unfamiliar(model):
    strange = [scale_tempo(transpose(one, 30), 12) for one in MUSIC[:3]]
    table = EmotionScorer(model, TOKENIZER).score([*MUSIC[:10], *strange, b"nothing"], workers=0)
    assert table["familiarity"][:10].mean() > 0.8
    assert (table["familiarity"][10:13] == 0).all()
    assert table["familiarity"].isna().tolist() == [False] * 13 + [True]


def test_without_labels_the_linear_model_predicts_nothing():
    torch.manual_seed(0)
    model = build_model(TOKENIZER, ShapeArguments(encoder="features", tasks="emotion"), NAMES)
    standardise_features(model, rows(MUSIC))
    with torch.inference_mode():
        linear = model.eval().heads["emotion"].members(hidden(model, MUSIC[:5]), None)[-1]
    assert (linear == 0).all()


def test_features_are_asked_for(model):
    count = len(FEATURE_NAMES) + len(TONAL_NAMES)
    with pytest.raises(ValueError, match=rf"\(pieces, {count}\)"):
        model(torch.zeros((1, 1, 7), dtype=torch.long))


def test_experts_without_anything_to_hear_are_refused():
    arguments = ShapeArguments(encoder="features", tasks="emotion")
    with pytest.raises(ValueError, match="ensemble needs features for valence, arousal, familiar"):
        build_model(TOKENIZER, arguments)
    with pytest.raises(ValueError, match="ensemble needs features for arousal"):
        build_model(TOKENIZER, arguments, FEATURE_GROUPS["harmony"])
    with pytest.raises(ValueError, match="the encoder takes features"):
        build_model(TOKENIZER, ShapeArguments(encoder="features", tasks="key"))


def test_it_trains_from_a_token_file(tmp_path):
    pieces = [Piece(f"{i}.mid", f"song{i}", {"emotion": i % 4}) for i in range(60)]
    tokens = tokens_of(pieces, MUSIC, TOKENIZER, (*FEATURE_NAMES, *TONAL_NAMES))
    training = TrainingArguments(
        **{**TRAINING_DEFAULTS, "output_dir": str(tmp_path), "num_train_epochs": 1, "use_cpu": True}
    )
    arguments = TokenModelArguments(
        encoder="features", features="all,tonal", tasks="emotion,key", expert_members=2
    )
    inputs = TokenInputs(tokens, range(40), range(40, 60), arguments, {})
    model, found = train_model(inputs, FitArguments(), training)
    assert model.config.inputs == "features"
    assert len(found) == 20
    assert all({"emotion predicted", "key predicted", "emotion: Q1"} <= row.keys() for row in found)
    expected = answers(model.eval(), MUSIC[40:]).numpy()
    np.testing.assert_allclose([row["emotion: Q1"] for row in found], expected[:, 0], atol=1e-4)
