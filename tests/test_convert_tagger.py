"""Published weights of a tagger as a model: the same numbers as the published layers in NumPy."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from bundles import write_bundle

import symbolic
from symbolic.audio import FrontEnd, front_features
from symbolic.cli import main
from symbolic.conversion.musicnn import ConversionError, convert_musicnn
from symbolic.encoders import AUDIO_SYSTEMS
from symbolic.inference.prediction import predict_audio
from symbolic.publishing.hub import assemble
from symbolic.scoring.audio import AudioScorer

TAGS = ["rock", "slow, quiet", "harp"]
RATE, BANDS, PATCH = 16000, 96, 187
VERTICAL, HORIZONTAL, CHANNELS, DENSE = 3, 2, 4, 5
FILTERS = 2 * VERTICAL + 3 * HORIZONTAL


def weights(channels=CHANNELS, tags=3):
    """Weights of all layers, named and shaped as TensorFlow saves them."""
    rng = np.random.default_rng(0)
    found = {}

    def layer(name, kernel):
        scale = 1 / np.sqrt(np.prod(kernel[:-1]))
        found[f"{name}/kernel"] = rng.normal(0, scale, kernel)
        found[f"{name}/bias"] = rng.normal(0, 0.1, kernel[-1])

    kernels = [
        *((7, 38, 1, VERTICAL), (7, 67, 1, VERTICAL)),
        *((length, 1, 1, HORIZONTAL) for length in (128, 64, 32)),
        *((7, FILTERS, 1, channels), (7, channels, 1, channels), (7, channels, 1, channels)),
    ]
    for number, kernel in enumerate(kernels):
        layer(f"conv2d_{number}" if number else "conv2d", kernel)
    pooled = 2 * (FILTERS + 3 * channels)
    layer("dense", (pooled, DENSE))
    layer("dense_1", (DENSE, tags))
    sizes = [1, VERTICAL, VERTICAL, *[HORIZONTAL] * 3, *[channels] * 3, pooled, DENSE]
    for number, size in enumerate(sizes):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        found[f"{name}/gamma"] = rng.uniform(-1, 1.5, size)  # of both signs
        found[f"{name}/beta"] = rng.normal(0, 0.3, size)
        found[f"{name}/moving_mean"] = rng.normal(0.2, 0.3, size)
        found[f"{name}/moving_variance"] = rng.uniform(0.001, 1, size)
    found["dense/kernel/Adam"] = np.ones((pooled, DENSE))
    return {name: values.astype(np.float32) for name, values in found.items()}


def published(w, power):
    """(tags,) probabilities of (frames, bands) mel power: musicnn/models.py in NumPy."""
    w = {name: values.astype(np.float64) for name, values in w.items()}

    def norm(x, n):  # of the last axis
        name = f"batch_normalization_{n}" if n else "batch_normalization"
        part = {p: w[f"{name}/{p}"] for p in ("gamma", "beta", "moving_mean", "moving_variance")}
        scale = part["gamma"] / np.sqrt(part["moving_variance"] + 1e-3)
        return (x - part["moving_mean"]) * scale + part["beta"]

    def conv(x, n):
        """(T, F) to (T - time + 1, F - bands + 1, outputs)."""
        name = f"conv2d_{n}" if n else "conv2d"
        kernel = w[f"{name}/kernel"][:, :, 0]
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2])
        return np.maximum(np.einsum("tfab,abo->tfo", windows, kernel) + w[f"{name}/bias"], 0)

    x = np.log10(10000 * power + 1)
    x = norm(x[..., None], 0)[..., 0]
    found = [
        norm(conv(np.pad(x, ((3, 3), (0, 0))), number), number + 1).max(1) for number in (0, 1)
    ]
    for number, length in ((2, 128), (3, 64), (4, 32)):
        before = (length - 1) // 2
        padded = np.pad(x, ((before, length - 1 - before), (0, 0)))
        found.append(norm(conv(padded, number), number + 1).max(1))
    front = np.concatenate(found, 1)
    layers, value = [front], front
    for number in (5, 6, 7):
        out = norm(conv(np.pad(value, ((3, 3), (0, 0))), number)[:, 0], number + 1)
        value = out if number == 5 else out + value
        layers.append(value)
    features = np.concatenate(layers, 1)
    pooled = np.stack([features.max(0), features.mean(0)], 1).reshape(-1)
    hidden = np.maximum(norm(pooled, 9) @ w["dense/kernel"] + w["dense/bias"], 0)
    logits = norm(hidden, 10) @ w["dense_1/kernel"] + w["dense_1/bias"]
    return 1 / (1 + np.exp(-logits))


def library(place, w=None, name="MTT_musicnn", tags=TAGS):
    """A folder like that of the library; importing it is an error."""
    folder = place / "musicnn" / name
    folder.mkdir(parents=True)
    write_bundle(f"{folder}/", weights() if w is None else w)
    (place / "musicnn" / "__init__.py").write_text("raise ImportError('needs TensorFlow')")
    (place / "musicnn" / "configuration.py").write_text(f"SR = {RATE}\nMTT_LABELS = {tags}\n")
    (place / "musicnn-0.1.0.dist-info").mkdir()
    (place / "musicnn-0.1.0.dist-info" / "LICENSE.md").write_text("Copyright (c) Someone.")
    return folder


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The library on the path of imports, and the working folder empty."""
    folder = library(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def noise(seconds):
    rng = np.random.default_rng(0)
    envelope = rng.uniform(0, 0.3, int(seconds * 20)).repeat(RATE // 20)
    return (rng.normal(size=len(envelope)) * envelope).astype(np.float32)


def power_of(samples):
    """The mel power of librosa's defaults at the sizes of the original."""
    front = FrontEnd(sampling_rate=RATE, n_fft=512, hop=256, n_mels=BANDS, decibels=False)
    return front_features(samples, front).astype(np.float64)


def test_the_predictions_are_those_of_the_published_layers(tmp_path):
    model, _ = convert_musicnn(folder=library(tmp_path))
    assert model.config.window == PATCH
    samples = noise(6.0)
    values = front_features(samples, model.config.front_end)
    power = power_of(samples)
    for start in (0, PATCH):
        with torch.inference_mode():
            part = torch.from_numpy(values[None, start : start + PATCH])
            logits = model(input_values=part).logits["tags"]
        expected = published(weights(), power[start : start + PATCH])
        assert np.ptp(expected) > 0.05  # tags that differ
        np.testing.assert_allclose(logits.sigmoid()[0], expected, atol=1e-5)


def test_the_front_end_is_that_of_librosa():
    librosa = pytest.importorskip("librosa")
    samples = noise(3.0)
    wanted = librosa.feature.melspectrogram(
        y=samples, sr=RATE, hop_length=256, n_fft=512, n_mels=BANDS
    ).T
    front = AUDIO_SYSTEMS["musicnn_published"].front
    found = 10 ** (front_features(samples, front) / 10)
    np.testing.assert_allclose(np.log10(10000 * found + 1), np.log10(10000 * wanted + 1), atol=2e-5)


def test_one_command_makes_a_folder_that_scores_recordings(installed, capsys):
    soundfile = pytest.importorskip("soundfile")
    assert main(["convert-tagger", "musicnn"]) in (0, None)
    assert "taggers/MTT_musicnn: 3 tags" in capsys.readouterr().out
    assert "musicnn" not in sys.modules
    folder = "taggers/MTT_musicnn"
    samples = noise(8.0)[: (2 * PATCH - 1) * 256]
    soundfile.write("song.wav", samples, RATE, subtype="FLOAT")
    table = AudioScorer.from_pretrained(folder).score(["song.wav"])
    power = power_of(samples)
    assert len(power) == 2 * PATCH
    expected = (published(weights(), power[:PATCH]) + published(weights(), power[PATCH:])) / 2
    found = table[[f"tags: {tag}" for tag in TAGS]].to_numpy()[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    from transformers import pipeline

    best = pipeline("music-tags", model=folder)("song.wav", top_k=1)[0]
    assert best["label"] == TAGS[int(expected.argmax())]
    assert best["score"] == pytest.approx(expected.max(), abs=1e-5)
    model = symbolic.load(folder).model
    assert list(model.config.id2label.values()) == TAGS


def test_the_printed_table_has_the_most_probable_of_many_tags(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soundfile = pytest.importorskip("soundfile")
    names = [f"tag {n}" for n in range(20)]
    w = weights(tags=20)
    folder = library(tmp_path, w, tags=names)
    main(["convert-tagger", "musicnn", "--checkpoint", str(folder), "--output-dir", "out"])
    soundfile.write(tmp_path / "song.wav", noise(3.0), RATE)
    (tmp_path / "bad.wav").write_text("no music")
    capsys.readouterr()
    files = [str(tmp_path / name) for name in ("song.wav", "bad.wav")]
    main(["score", *files, "--model", "out", "--workers", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["path", "tags:", "top", "5", "seconds", "error"]
    bad, good = sorted(lines[1:3])
    assert bad.split()[0] == "bad.wav"
    assert "tag" not in bad
    row = AudioScorer.from_pretrained("out").score(files[:1]).iloc[0]
    best = sorted(names, key=lambda name: -row[f"tags: {name}"])[:5]
    assert ", ".join(f"{name} {row[f'tags: {name}']:.2f}" for name in best) in good


def test_midi_is_rendered_and_tagged(installed, write_midi, tune):
    from symbolic.audio.synthesis import rendering

    pytest.importorskip("soundfile")
    try:
        rendering.find_sound_font()
        samples = rendering.render_midi(write_midi("song.mid", tune(20)), RATE)
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(str(error))
    main(["convert-tagger", "musicnn", "--output-dir", "out"])
    model = AudioScorer.from_pretrained("out").model
    assert main(["score", "song.mid", "--model", "out", "-o", "tags.csv", "-q"]) == 0
    row = pd.read_csv("tags.csv").iloc[0]
    values = front_features(samples, model.config.front_end)
    expected = predict_audio(model, [values])["tags"][0]
    np.testing.assert_allclose([row[f"tags: {tag}"] for tag in TAGS], expected, atol=1e-4)


def test_the_card_says_where_the_weights_are_from_and_what_the_licence_asks_for(installed):
    main(["convert-tagger", "musicnn", "--output-dir", "out"])
    with open("out/README.md", encoding="utf-8") as file:
        card = file.read()
    assert "license: isc" in card
    assert "MTT_musicnn of the library musicnn 0.1.0" in card
    assert "trained on MagnaTagATune by their authors" in card
    assert "> Copyright (c) Someone." in card
    assemble("out", "pushed", "me/tagger")
    with open("pushed/README.md", encoding="utf-8") as file:
        assert "license: isc" in file.read()
    with open("pushed/conversion.json", encoding="utf-8") as file:
        assert json.load(file)["notice"] == "Copyright (c) Someone."


def test_wider_layers_are_converted_too(tmp_path):
    wide = weights(channels=9)
    folder = library(tmp_path, wide)
    model, _ = convert_musicnn(folder=folder)
    assert model.config.encoder_options["channels"] == 9
    samples = noise(3.0)[: (PATCH - 1) * 256]
    values = front_features(samples, model.config.front_end)
    with torch.inference_mode():
        logits = model(input_values=torch.from_numpy(values[None])).logits["tags"]
    np.testing.assert_allclose(logits.sigmoid()[0], published(wide, power_of(samples)), atol=1e-5)


def test_the_published_sizes_are_those_of_the_system_so_that_training_goes_on(tmp_path):
    from symbolic.conversion.musicnn import layer_options

    shapes = [(7, 38, 1, 204), (7, 67, 1, 204), *((n, 1, 1, 51) for n in (128, 64, 32))]
    shapes += [(7, 561, 1, 64), (7, 64, 1, 64), (7, 64, 1, 64)]
    tensors = {
        f"conv2d_{n}/kernel" if n else "conv2d/kernel": np.broadcast_to(np.float32(0), shape)
        for n, shape in enumerate(shapes)
    }
    tensors["dense/kernel"] = np.broadcast_to(np.float32(0), (1506, 200))
    assert layer_options(tensors, tmp_path) == {}


def refused(capsys, *words):
    """The message of a command that fails."""
    assert main(["convert-tagger", "musicnn", *map(str, words)]) == 2
    return capsys.readouterr().err


def test_without_the_library_the_message_says_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("symbolic.conversion.musicnn.find_spec", lambda name: None)
    message = refused(capsys, "--output-dir", tmp_path / "out")
    assert "pip install --no-deps musicnn" in message
    assert "--checkpoint" in message
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_there(installed, capsys):
    message = refused(capsys, "--weights", "MSD_musicnn")
    assert "MSD_musicnn: no such folder; there are MTT_musicnn" in message


def test_weights_of_another_network(tmp_path, capsys):
    folder = library(tmp_path, {"1CNN/kernel": np.ones((3, 3, 1, 2), np.float32)}, "MTT_vgg")
    message = refused(capsys, "--checkpoint", folder, "--output-dir", tmp_path / "out")
    assert "MTT_vgg: not the layers of musicnn" in message


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("dense/bias", np.zeros(4), "dense.linear.bias would have the shape (4,), but it is (5,)"),
        ("dense/bias", None, "no tensor dense/bias"),
        ("conv2d_6/kernel", np.zeros((7, 4, 2, 4)), "conv2d_6/kernel has the shape (7, 4, 2, 4)"),
        ("dense_1/kernel", np.zeros((DENSE, 4)), "another number of labels"),
    ],
)
def test_layers_of_other_shapes(tmp_path, capsys, name, values, message):
    w = weights()
    del w[name]
    if values is not None:
        w[name] = values.astype(np.float32)
    folder = library(tmp_path, w)
    found = refused(capsys, "--checkpoint", folder, "--output-dir", tmp_path / "out")
    assert message in found
    assert str(folder) in found
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_named(installed, capsys):
    path = installed / ".data-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-5])
    assert f"{path}: damaged" in refused(capsys)


def test_labels_of_ones_own(tmp_path, capsys):
    folder = library(tmp_path).rename(tmp_path / "mine")
    with pytest.raises(ConversionError, match="give the names of the tags"):
        convert_musicnn(folder=folder)
    (tmp_path / "labels.txt").write_text("a\nb\n\nc\n")
    words = ["--checkpoint", folder, "--labels", tmp_path / "labels.txt"]
    main(["convert-tagger", "musicnn", *map(str, words), "--output-dir", str(tmp_path / "out")])
    assert list(AudioScorer.from_pretrained(tmp_path / "out").model.tasks[0].labels) == [*"abc"]


def test_a_folder_with_files_is_not_overwritten(installed, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    assert "is not empty" in refused(capsys, "--output-dir", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("front", [FrontEnd(kinds=("mfcc",)), FrontEnd(decibels=False)])
def test_the_network_takes_mel_bands_in_decibels(front):
    from symbolic.modeling import SymbolicModel

    config = AUDIO_SYSTEMS["musicnn_published"].config([symbolic.tasks.TAGS], front=front)
    with pytest.raises(ValueError, match="mel bands in decibels"):
        SymbolicModel(config)
