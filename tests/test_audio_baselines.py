"""Statistics of recordings and the classical systems that learn from them."""

import importlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from symbolic.data import LeakError, group_folds

RATE = 22050


@pytest.fixture(scope="module")
def module(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "benchmarks")
        return importlib.import_module("audio_statistics")


def tone(hertz, seconds=1.0, level=0.5):
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


@pytest.fixture(scope="module")
def blobs():
    """90 rows of three classes, two to a song, that lie apart in two of five columns."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    X = rng.normal(size=(90, 5))
    X[:, 0] += 6 * (y == 1)
    X[:, 3] += 600 * (y == 2)
    return X, y, np.array([f"song{i // 2}" for i in range(90)])


@pytest.mark.slow
def test_the_statistics_say_what_they_are_called(module):
    pytest.importorskip("librosa")
    low, high = (
        dict(zip(module.STATISTICS, module.sound_statistics(tone(f)), strict=True))
        for f in (220, 3520)
    )
    assert len(module.STATISTICS) == len(set(module.STATISTICS)) == 57
    assert low["spectral_centroid_mean"] == pytest.approx(220, rel=0.3)
    assert high["spectral_centroid_mean"] == pytest.approx(3520, rel=0.1)
    assert high["zero_crossing_rate_mean"] == pytest.approx(2 * 3520 / RATE, rel=0.05)
    assert low["rms_mean"] == pytest.approx(0.5 / 2**0.5, rel=0.1)
    assert low["harmony_var"] > 10 * low["perceptr_var"]


def test_whole_numbers_are_scaled_by_their_type(module):
    pytest.importorskip("librosa")
    whole = np.round(tone(440) * 2**15).astype(np.int16)
    statistics = module.sound_statistics(whole), module.sound_statistics(whole / 2**15)
    np.testing.assert_array_equal(*statistics)


def test_the_statistics_of_a_real_excerpt_are_those_of_the_well_known_table(module, data_folder):
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("librosa")
    folder = data_folder / "audio"
    if not (folder / "gtzan_features_30_sec.csv").is_file():
        pytest.skip("no table of the statistics of GTZAN")
    table = pd.read_csv(folder / "gtzan_features_30_sec.csv").set_index("filename")
    found = module.sound_statistics(soundfile.read(folder / "gtzan_100" / "metal.00005.ogg")[0])
    known = table.loc["metal.00005.wav", list(module.STATISTICS)].to_numpy(float)
    means = [i for i, name in enumerate(module.STATISTICS) if name.endswith("_mean")]
    means = [i for i in means if module.STATISTICS[i] not in ("harmony_mean", "perceptr_mean")]
    spread = table[list(module.STATISTICS)].std().to_numpy()
    # Half a minute there, its first half here, and compressed.
    assert np.median((np.abs(found - known) / spread)[means]) < 0.3


def test_frames_become_means_and_deviations(module):
    frames = np.array([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_allclose(module.frame_statistics(frames), [2, 5, 1, 0])


def test_a_mixture_of_each_class_finds_classes_that_are_in_two_places(module):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(centre, 0.3, (40, 1)) for centre in (-4, 0, 4)])
    y = np.repeat([7, 3, 7], 40)
    model = module.MixtureClassifier(components=2).fit(X, y)
    assert model.classes_.tolist() == [3, 7]
    assert (model.predict(X) == y).mean() > 0.99
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    few = module.MixtureClassifier(components=5).fit(X[38:42], y[38:42])
    assert few.predict([[0.0]]).tolist() == [3]


@pytest.mark.parametrize("system", ["knn", "gmm", "logistic", "svm"])
def test_every_system_learns_what_is_easy_whatever_the_scale(module, blobs, system):
    X, y, groups = blobs
    fold = group_folds(y, groups, 2)
    few = {name: values[1:3] for name, values in module.SYSTEMS[system].settings.items()}
    answers = module.predict_classical(
        replace(module.SYSTEMS[system], settings=few), X, y, fold, groups
    )
    assert (answers == y).mean() > 0.9


def test_settings_are_chosen_by_the_validation_rows_and_these_are_not_fitted_to(module, blobs):
    X, y, _ = blobs
    train = np.arange(90) % 2 == 0
    model = module.fit_classical("knn", X[train], y[train], validation=(X[~train], y[~train]))
    assert model[-1].n_samples_fit_ == train.sum()
    with pytest.raises(ValueError, match="no system 'oracle'"):
        module.fit_classical("oracle", X, y)


def test_a_table_has_a_row_for_each_system_with_intervals(module, blobs):
    X, y, groups = blobs
    fold = group_folds(y, groups, 2)
    table = module.classical_table(X, y, fold, groups=groups, systems=("knn", "logistic"), draws=50)
    assert table["system"].tolist() == ["knn", "logistic"]
    assert (table["tested"] == 90).all()
    for score in ("accuracy", "macro_f1"):
        assert (table[f"{score}_low"] <= table[score]).all()
        assert (table[score] <= table[f"{score}_high"]).all()
    split = np.array(["train", "train", "val", "val", "test", ""])[np.arange(90) % 6]
    table = module.classical_table(X, y, split=split, systems=("knn",), draws=50)
    assert table["tested"].tolist() == [15]
    assert table["accuracy"][0] > 0.8


def test_songs_on_both_sides_and_tables_of_nothing_are_refused(module, blobs):
    X, y, groups = blobs
    with pytest.raises(LeakError, match="fold 0 and fold 1"):
        module.classical_table(X, y, fold=np.arange(90) % 2, groups=groups)
    split = np.where(np.arange(90) % 2 == 0, "train", "test")
    with pytest.raises(LeakError, match="train and test"):
        module.classical_table(X, y, split=split, groups=groups)
    with pytest.raises(ValueError, match="either fold or split"):
        module.classical_table(X, y)
