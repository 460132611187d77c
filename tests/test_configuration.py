"""Configurations: files of today and of version 0.1.0, and values that follow from others."""

import json

import pytest

from symbolic.audio import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import BEAT_SYSTEMS, BOUNDARY_SYSTEMS, ENCODERS
from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, FEATURE_SETS, TONAL_NAMES
from symbolic.features.columns import named_columns
from symbolic.features.model_columns import KEY_FEATURES
from symbolic.features.sets import column_text, subset_text
from symbolic.modeling import SymbolicModel
from symbolic.scoring.emotion import DEFAULT_MODEL
from symbolic.tasks import BOUNDARY, EMOTION, GENRE, KEY, TAGS, UNIT_BOUNDARY, VELOCITY

OPTIONS = {"rolls": ["chroma"], "size": 16, "lags": 8}
COLUMNS = [*FEATURE_NAMES, *TONAL_NAMES]
ROLES = {
    "valence": [n for n in COLUMNS if n in FEATURE_SETS["harmonic"]] + list(KEY_FEATURES),
    "arousal": [n for n in COLUMNS if n in FEATURE_SETS["temporal"]],
    "familiar": [n for n in COLUMNS if n in FEATURE_GROUPS["dynamics"]],
}
FEATURES = {"encoder": "features", "feature_names": COLUMNS, "ensemble_features": ROLES}


def saved(config, folder):
    config.save_pretrained(folder)
    return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize(
    ("values", "inputs"),
    [
        ({}, "notes"),
        ({"encoder": "features", "feature_names": ["pitch_mean"]}, "features"),
        ({"encoder": "spectrogram", "front_end": FrontEnd()}, "audio"),
        ({"encoder": "metrical", "metrical_unit": "bar", "tasks": [BOUNDARY]}, "beats"),
        ({"metrical_unit": "beat", "tasks": [UNIT_BOUNDARY]}, "beats"),
    ],
)
def test_inputs_follow_from_the_other_values_and_are_saved(values, inputs, tmp_path):
    config = SymbolicConfig(**values)
    assert config.inputs == inputs
    assert saved(config, tmp_path)["inputs"] == inputs
    assert SymbolicConfig.from_pretrained(tmp_path).inputs == inputs


def test_inputs_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="audio"):
        SymbolicConfig(inputs="audio")
    with pytest.raises(ValueError, match="beats"):
        SymbolicConfig(inputs="notes", metrical_unit="bar", tasks=[UNIT_BOUNDARY])


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_names_its_inputs(name):
    assert ENCODERS[name].inputs in ("notes", "features", "audio", "beats")


@pytest.mark.parametrize(
    ("tasks", "labels"),
    [
        ([EMOTION, KEY, VELOCITY], EMOTION.labels),
        ([VELOCITY, KEY, EMOTION], KEY.labels),
        ([GENRE], GENRE.labels),
        ([TAGS], TAGS.labels),
    ],
)
def test_labels_are_those_of_the_first_task_of_classes(tasks, labels, tmp_path):
    config = SymbolicConfig(tasks=tasks)
    for found in (config, SymbolicConfig(**saved(config, tmp_path))):
        assert found.id2label == dict(enumerate(labels))
        assert found.label2id == {label: i for i, label in enumerate(labels)}
        assert found.num_labels == len(labels)


def test_feature_columns_are_saved_as_the_names_of_their_sets(tmp_path):
    config = SymbolicConfig(**FEATURES)
    values = saved(config, tmp_path)
    assert values["features"] == "all,tonal"
    assert "feature_names" not in values
    assert values["ensemble_features"] == {
        "valence": "harmonic,predicted_key",
        "arousal": "temporal",
        "familiar": "dynamics",
    }
    again = SymbolicConfig.from_pretrained(tmp_path)
    assert again.feature_names == COLUMNS
    assert again.ensemble_features == ROLES


def test_columns_of_no_set_are_saved_one_by_one(tmp_path):
    names = [*FEATURE_NAMES[3:9], *FEATURE_GROUPS["rhythm"]]
    roles = {"valence": names[:2], "arousal": ["ioi_mean"], "familiar": list(KEY_FEATURES)}
    config = SymbolicConfig(encoder="features", feature_names=names, ensemble_features=roles)
    assert saved(config, tmp_path)["feature_names"] == names
    again = SymbolicConfig.from_pretrained(tmp_path)
    assert (again.feature_names, again.ensemble_features) == (names, roles)


def test_other_columns_than_those_of_training_are_refused(tmp_path):
    values = saved(SymbolicConfig(**FEATURES), tmp_path)
    with pytest.raises(ValueError, match="other columns"):
        SymbolicConfig(**{**values, "features": "core,tonal"})
    with pytest.raises(ValueError, match="other columns"):
        SymbolicConfig(**{**values, "features_digest": "0" * 32})


@pytest.mark.parametrize(
    "text", ["none", *FEATURE_SETS, *FEATURE_GROUPS, "rhythm,core", "all,tonal", "all,tonal,voices"]
)
def test_the_text_of_columns_gives_these_columns(text):
    columns = named_columns(text)
    assert named_columns(column_text(columns) or text) == columns
    every = list(reversed([*COLUMNS, *named_columns("voices,drums,played")]))
    among = [name for name in every if name in columns]
    assert sorted(named_columns(subset_text(among, every))) == sorted(columns)


def test_keys_of_version_0_1_0_are_read():
    front = FrontEnd(n_mels=48)
    old = {**front.to_dict(), "of_notes": False}
    del old["from_notes"]
    with pytest.warns(FutureWarning, match="front_inside is now front_end_in_model"):
        config = SymbolicConfig(
            encoder="spectrogram",
            front=old,
            front_inside=True,
            encoder_options={"norm": "picture"},
            expert_members=3,
            expert_size=5,
            expert_dropout=0.5,
            tasks=[GENRE],
        )
    assert config.front_end == front
    assert config.front_end_in_model
    assert config.encoder_options == {"norm": "global"}
    ensemble = (config.ensemble_size, config.ensemble_units, config.ensemble_dropout)
    assert ensemble == (3, 5, 0.5)
    assert not {"front", "front_inside", "expert_members"} & vars(config).keys()


def test_an_old_key_beside_its_new_name_is_an_error():
    with pytest.raises(ValueError, match="front_inside"):
        SymbolicConfig(front_end=FrontEnd(), front_inside=True, front_end_in_model=False)


def test_an_old_key_replaces_the_value_of_a_saved_file(tmp_path):
    SymbolicConfig(encoder="spectrogram", front_end=FrontEnd(), tasks=[GENRE]).save_pretrained(
        tmp_path
    )
    with pytest.warns(FutureWarning, match="front_end_in_model"):
        config = SymbolicConfig.from_pretrained(tmp_path, front_inside=True)
    assert config.front_end_in_model


def test_the_predicted_key_has_its_old_names_in_old_files():
    roles = {**ROLES, "valence": ["heard_minor", "heard_certainty", "heard_major_on_tonic"]}
    with pytest.warns(FutureWarning, match="ensemble_features"):
        config = SymbolicConfig(encoder="features", feature_names=COLUMNS, expert_features=roles)
    assert config.ensemble_features["valence"] == list(KEY_FEATURES)


def test_the_default_model_has_a_short_configuration():
    text = (DEFAULT_MODEL / "config.json").read_text()
    assert len(text.splitlines()) < 165
    config = SymbolicConfig.from_pretrained(DEFAULT_MODEL)
    taken = [name for name in COLUMNS if not name.startswith("pulse_")]
    assert config.feature_names == [*taken, *named_columns("voices,played")]
    assert list(config.id2label.values()) == ["Q1", "Q2", "Q3", "Q4"]
    assert json.loads(config.to_json_string()) == json.loads(text)


def test_only_audio_models_have_a_feature_extractor():
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY])
    assert config.feature_extractor().front_end == config.front_end
    with pytest.raises(ValueError, match="front end"):
        SymbolicConfig().feature_extractor()


def test_a_model_of_beats_loads_from_a_file_of_version_0_1_0(tmp_path):
    system = BEAT_SYSTEMS["beat_pictures"]
    config = SymbolicConfig(
        encoder="metrical",
        metrical_unit=system.unit,
        metrical_options={**OPTIONS, "rolls": list(system.rolls)},
        tasks=[BOUNDARY],
    )
    model = SymbolicModel(config)
    model.save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    del values["inputs"], values["metrical_unit"], values["metrical_options"]
    values |= {"encoder": "units", "unit": system.unit, "unit_members": 1}
    values["unit_options"] = {**OPTIONS, "pictures": list(system.rolls)}
    del values["unit_options"]["rolls"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    again = SymbolicModel.from_pretrained(tmp_path)
    assert again.config.metrical_options == config.metrical_options
    for name, weight in model.state_dict().items():
        assert weight.equal(again.state_dict()[name]), name
