"""Models of features in NumPy: the predictions of PyTorch, without importing it."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import HANGS
from safetensors.numpy import load_file, save_file
from scipy import special

from symbolic import (
    EmotionScorer,
    NoteScorer,
    SlidingWindow,
    SymbolicConfig,
    SymbolicModel,
    load_model,
    timeline,
)
from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, TONAL_NAMES, feature_rows
from symbolic.forward import numpy_ops, torch_ops
from symbolic.forward.spectrum import turned_products, weight_spectrum
from symbolic.forward.states import piece_states
from symbolic.forward.tonic import turned_weight
from symbolic.inference.feature_model import FeatureModel, load_feature_model
from symbolic.inference.prediction import tempered
from symbolic.inference.torch_predictor import TorchPredictor
from symbolic.notes import note_table
from symbolic.scoring.corpus import ScoringArguments
from symbolic.scoring.emotion import DEFAULT_MODEL, load_scorer
from symbolic.tasks import EMOTION, KEY, MOOD, TAGS, VALENCE_AROUSAL
from symbolic.tokenizers import CPTokenizer, FerreiraTokenizer, MidiTokTokenizer
from symbolic.tokenizers.emission import load_emitted
from symbolic.training.build import standardise_features

ROOT = Path(__file__).parents[1]
TOLERANCE = 1e-9  # beside PyTorch in float64
ROUNDING = 1e-5  # of PyTorch in float32, whose rounding also depends on the batch
ALL = (*FEATURE_NAMES, *TONAL_NAMES)
RHYTHM = FEATURE_GROUPS["rhythm"]
ROLES = {"valence": "harmonic", "arousal": "temporal", "familiar": "rhythm,dynamics"}
ENSEMBLE = {
    "ensemble_size": 3,
    "ensemble_units": 8,
    "ensemble_features": {**ROLES, "valence": "harmonic,predicted_key"},
}
MODELS = {
    "ensemble and key": (ALL, (EMOTION, KEY), ENSEMBLE),
    "ensemble": (FEATURE_NAMES, (EMOTION,), {**ENSEMBLE, "ensemble_features": ROLES}),
    "key alone": (TONAL_NAMES, (KEY,), {}),
    "hidden layer": (RHYTHM, (EMOTION, VALENCE_AROUSAL), {}),
    "hidden layer of five": (RHYTHM, (EMOTION, TAGS), {"head_units": 5}),
    "no hidden layer": (RHYTHM, (MOOD, KEY), {"head_units": 0}),
}


def random_piece(rng):
    n = int(rng.integers(1, 60))
    onset = np.sort(rng.integers(0, 20_000, n))
    pitch, velocity = rng.integers(21, 109, n), rng.integers(1, 128, n)
    return note_table(onset, rng.integers(0, 2000, n), pitch, velocity)


@pytest.fixture(scope="module")
def pieces():
    rng = np.random.default_rng(0)
    return [random_piece(rng) for _ in range(50)]


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory, pieces):
    """The folder of a model with random weights, standardised on `pieces`."""
    names, tasks, options = MODELS[request.param]
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(1)
    tokenizer = CPTokenizer()
    config = SymbolicConfig(
        encoder="features",
        feature_names=names,
        tasks=tasks,
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        **options,
    )
    model = SymbolicModel(config)
    standardise_features(model, feature_rows(pieces, names))
    for parameter in model.heads.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.config.temperatures = {task.name: 1.7 for task in model.tasks}
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def both(folder):
    light = load_feature_model(folder)
    assert light is not None
    return light, TorchPredictor(load_model(folder)[0])


def in_float64(model, rows):
    """Probabilities, states and measures in PyTorch without rounding to float32."""
    model = copy.deepcopy(model).double()
    with torch.inference_mode():
        states = piece_states(model.encoder, torch.from_numpy(rows).double(), torch_ops)
        logits, _ = model.heads(states[:, None], torch.ones(len(rows), 1))
        found = {task.name: tempered(model, logits[task.name], task) for task in model.tasks}
        head = dict(model.heads.items()).get("emotion")
        measured = None
        if hasattr(head, "familiarity"):
            valence = head.valence(states[:, head.valence_columns].clamp(-2, 2))
            arousal = head.arousal(states[:, head.arousal_columns].clamp(-2, 2))
            # The log odds of a half of the plane, where its logits are v and -v.
            measured = head.familiarity(states).numpy(), torch.hstack([2 * valence, 2 * arousal])
    return {name: values.numpy() for name, values in found.items()}, states.numpy(), measured


def assert_alike(light, reference, rows, rounding=ROUNDING):
    expected, states, measures = in_float64(reference.model, rows)
    rounded = reference.predict([], rows, 32)
    found = light.predict([], rows, 32)
    assert found.keys() == expected.keys() == rounded.keys()
    for task, values in found.items():
        assert values == pytest.approx(expected[task], abs=TOLERANCE), task
        assert values == pytest.approx(rounded[task], abs=rounding), task
    assert light.embed([], rows, 32) == pytest.approx(states, rel=TOLERANCE, abs=TOLERANCE)
    assert light.width == reference.width == states.shape[1]
    if measures is None:
        assert light.predict_measured([], rows, 8)[1] is None
        assert reference.predict_measured([], rows, 8)[1] is None
    else:
        familiar, strengths = measures
        measured, by_torch = (one.predict_measured([], rows, 8)[1] for one in (light, reference))
        assert measured.familiarity == pytest.approx(familiar, abs=TOLERANCE)
        assert measured.familiarity == pytest.approx(by_torch.familiarity, abs=1e-4)
        assert measured.strengths == pytest.approx(strengths, abs=TOLERANCE)
        assert measured.strengths == pytest.approx(by_torch.strengths, abs=1e-4)


def test_predictions_are_those_of_pytorch(saved, pieces):
    light, reference = both(saved)
    rows = feature_rows(pieces, light.config.feature_names).astype(np.float32)
    assert_alike(light, reference, rows)
    assert_alike(light, reference, rows[:1])


@pytest.fixture(scope="module")
def default_models():
    return both(DEFAULT_MODEL)


def test_the_model_of_the_package_predicts_as_in_pytorch(default_models, pieces):
    light, reference = default_models
    rows = feature_rows(pieces, light.config.feature_names).astype(np.float32)
    assert_alike(light, reference, rows)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 8), count=st.integers(1, 40))
def test_any_features_give_the_same_predictions(default_models, seed, spread, count):
    light, reference = default_models
    encoder = reference.model.encoder
    rng = np.random.default_rng(seed)
    rows = rng.random((count, len(light.config.feature_names)))  # shares, for the network of keys
    places = encoder.other_columns
    away = rng.normal(size=(count, len(places))) * spread
    rows[:, places] = away * encoder.feature_scale.numpy() + encoder.feature_mean.numpy()
    assert_alike(light, reference, rows.astype(np.float32), rounding=1e-3)


def test_many_rows_are_predicted_as_one_by_one(default_models, pieces):
    light, _ = default_models
    rows = feature_rows(pieces, light.config.feature_names).astype(np.float32)
    many = np.concatenate([rows] * 22)  # more than one pass
    found = light.predict([], many, 32)
    for task, values in found.items():
        alone = np.concatenate([light.predict([], row[None], 32)[task] for row in rows])
        assert values == pytest.approx(np.concatenate([alone] * 22), abs=TOLERANCE)


def test_the_error_function_is_that_of_scipy():
    values = np.concatenate([np.linspace(-9, 9, 40_001), [-0.0, 1e300, -np.inf, np.inf, np.nan]])
    np.testing.assert_allclose(numpy_ops.erf(values), special.erf(values), rtol=1e-14)
    assert np.array_equal(np.signbit(numpy_ops.erf(values)), np.signbit(values))
    several = np.random.default_rng(0).normal(size=(3, 50, 100))
    expected = several * (1 + special.erf(several * 0.5**0.5)) / 2
    np.testing.assert_allclose(numpy_ops.gelu(several), expected, rtol=1e-13)
    turned = several.transpose(2, 0, 1)
    assert np.array_equal(numpy_ops.gelu(turned), numpy_ops.gelu(several).transpose(2, 0, 1))


def test_no_rows_have_no_predictions(default_models):
    light, _ = default_models
    found = light.predict([], np.zeros((0, len(light.config.feature_names)), np.float32), 32)
    assert {task: values.shape for task, values in found.items()} == {
        "emotion": (0, 4),
        "key": (0, 24),
    }


def test_other_features_than_the_model_takes_are_refused(default_models):
    light, _ = default_models
    with pytest.raises(ValueError, match="takes 958 features of a piece, not 3"):
        light.predict([], np.zeros((1, 3), np.float32), 32)


@pytest.fixture
def folder(tmp_path, midi_bytes):
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(3):
        notes = [(240 * i, 300, 48 + (5 * number + 7 * i) % 30, 40 + 3 * i) for i in range(24)]
        (folder / f"{number}.mid").write_bytes(midi_bytes(notes))
    return folder


def assert_tables_alike(found, expected):
    numbers = expected.select_dtypes("float64").columns
    assert found.drop(columns=numbers).equals(expected.drop(columns=numbers))
    for name in numbers:
        assert found[name].to_numpy() == pytest.approx(
            expected[name].to_numpy(), abs=1e-5, nan_ok=True
        )


def test_a_scorer_uses_pytorch_from_the_moment_its_model_is_used(folder):
    scorer = EmotionScorer.from_pretrained()
    assert isinstance(scorer.predictor, FeatureModel)
    table, windows = scorer.score(folder, workers=0), timeline(scorer, folder, workers=0)
    vectors, shown = scorer.embed(folder, workers=0), repr(scorer)
    assert isinstance(scorer.model, SymbolicModel)
    assert isinstance(scorer.predictor, TorchPredictor)
    assert scorer.tokenizer.vocab_sizes == scorer.model.config.vocab_sizes
    assert repr(scorer) == shown
    assert_tables_alike(scorer.score(folder, workers=0), table)
    assert_tables_alike(timeline(scorer, folder, workers=0), windows)
    assert scorer.embed(folder, workers=0) == pytest.approx(vectors, abs=1e-5)
    scorer.model.config.temperatures = {"emotion": 100.0}
    assert scorer.score(folder, workers=0)["confidence"].max() < 0.3


def test_a_timeline_has_the_windows_of_pytorch(folder):
    light = EmotionScorer.from_pretrained()
    reference = EmotionScorer(*load_model(DEFAULT_MODEL))
    sliding = SlidingWindow(2, 0.5)
    found, expected = (timeline(one, folder, sliding, workers=0) for one in (light, reference))
    assert len(found) > 6
    assert_tables_alike(found, expected)


def test_models_of_other_tasks_have_a_note_scorer(saved, folder):
    scorer = load_scorer(str(saved))
    assert type(scorer) is (EmotionScorer if "emotion" in scorer.model.heads else NoteScorer)
    light = type(scorer).from_pretrained(saved)
    assert isinstance(light.predictor, FeatureModel)
    assert_tables_alike(light.score(folder, workers=0), scorer.score(folder, workers=0))


def test_a_scorer_saves_its_model(folder, tmp_path):
    scorer = EmotionScorer.from_pretrained()
    table = scorer.score(folder, workers=0)
    scorer.save_pretrained(tmp_path / "saved")
    assert EmotionScorer.from_pretrained(tmp_path / "saved").score(folder, workers=0).equals(table)


@pytest.fixture
def changed_model(tmp_path):
    """A copy of the model of the package, and a function that changes its configuration."""
    folder = tmp_path / "copy"
    shutil.copytree(DEFAULT_MODEL, folder)

    def change(**values):
        file = folder / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
        return folder

    return change


def test_other_models_options_and_devices_are_left_to_pytorch(tiny_model_folder, changed_model):
    assert load_feature_model(tiny_model_folder) is None
    assert load_feature_model("no/such/folder at all") is None
    assert load_feature_model(changed_model(), "meta") is None
    assert load_feature_model(changed_model(), dtype="float16") is None
    assert load_feature_model(changed_model(), local_files_only=True) is not None
    assert load_feature_model(changed_model(dtype="float16")) is None
    assert load_feature_model(changed_model(dtype="float32", front={})) is None  # of version 0.1.0


def test_other_features_than_those_of_training_are_refused(changed_model):
    with pytest.raises(ValueError, match="other columns than those"):
        EmotionScorer.from_pretrained(changed_model(features_digest="0"))


@pytest.mark.parametrize("missing", ["heads.emotion.valence.weight", "encoder.feature_mean"])
def test_weights_that_do_not_fit_have_the_error_of_pytorch(changed_model, missing):
    file = changed_model() / "model.safetensors"
    weights = load_file(file)
    del weights[missing]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ValueError, match=f"the weights lack .*{missing}"):
        EmotionScorer.from_pretrained(changed_model())


def test_the_digest_depends_on_weights_and_configuration(changed_model):
    first = ScoringArguments(model=str(changed_model())).job().identity
    assert ScoringArguments(model=str(changed_model())).job().identity == first
    other = ScoringArguments(model=str(changed_model(temperatures={"emotion": 2.0}))).job().identity
    assert other["model"] != first["model"]
    file = changed_model(temperatures={"emotion": 1.0}) / "model.safetensors"
    weights = load_file(file)
    weights["heads.emotion.outer_bias"] += 1
    save_file(weights, file, {"format": "pt"})
    third = ScoringArguments(model=str(changed_model())).job().identity
    assert third["model"] not in (first["model"], other["model"])


@pytest.mark.parametrize(
    "tokenizer",
    [
        *(CPTokenizer(preset=preset) for preset in ("midibert", "score", "performance")),
        FerreiraTokenizer(),
        MidiTokTokenizer("REMI"),
    ],
    ids=lambda tokenizer: type(tokenizer).__name__ + getattr(tokenizer, "preset", ""),
)
def test_the_notes_of_a_saved_tokenizer_are_found_without_it(tokenizer, pieces, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    (file,) = tmp_path.glob("*.json")
    emitted = load_emitted(file, type(tokenizer).__name__)
    assert emitted is not None
    for piece in pieces:
        found, expected = emitted(piece), tokenizer.emitted(piece)
        assert type(found) is type(expected)
        for name in ("onset", "duration", "pitch", "velocity"):
            assert np.array_equal(getattr(found, name), getattr(expected, name))


def test_a_tokenizer_of_users_is_left_to_them(tmp_path):
    CPTokenizer().save_pretrained(tmp_path)
    (file,) = tmp_path.glob("*.json")
    assert load_emitted(file, "MyTokenizer") is None
    assert load_emitted(file, "FerreiraTokenizer") is None


NOT_NEEDED = ("torch", "transformers", "miditok", "matplotlib", "sklearn", "music21", "datasets")
BY_COMMANDS = (*NOT_NEEDED, "pandas", "wrapt", "tqdm")


CALLS = (
    "symbolic.EmotionScorer.from_pretrained().score(folder, workers=workers)",
    "symbolic.timeline(symbolic.EmotionScorer.from_pretrained(), folder, workers=workers)",
    "symbolic.load().embed(folder, workers=workers)",
    "symbolic.score(folder, workers=workers)",
    "from symbolic.cli import main; main(['plot', folder + '/0.mid', '-o', out + '/x.png'])"
    "; del sys.modules['matplotlib']",
)
COMMANDS = (
    "from symbolic.cli import main; main(['segment', folder])",
    "symbolic.score_corpus(folder, out + '/x.csv')",
    "from symbolic.cli import main; main(['score', folder])",
    "from symbolic.cli import main; main(['score', folder, '-o', out + '/x.csv', "
    "'--timeline', out + '/t.csv'])",
)


def loaded(names, code, folder, out):
    """Which of some modules a program has imported."""
    program = (
        f"import sys, symbolic\nfolder, out, workers = {str(folder)!r}, {str(out)!r}, 1\n"
        f"{code}\n"
        f"print('loaded:', [name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("code", CALLS)
def test_no_pytorch_is_imported(code, folder, tmp_path):
    assert loaded(NOT_NEEDED, code, folder, tmp_path) == "loaded: []"


@pytest.mark.parametrize("code", COMMANDS)
def test_commands_need_neither_pandas_nor_bars(code, folder, tmp_path):
    assert loaded(BY_COMMANDS, code, folder, tmp_path) == "loaded: []"


def test_one_midi_file_needs_no_readers_of_other_formats(folder, tmp_path):
    unneeded = (
        "asyncio",
        "pebble",
        "importlib.metadata",
        "pyarrow",
        "symbolic.notes.musicxml.reader",
    )
    unneeded += ("symbolic.notes.formats.notations", "symbolic.notes.formats.streams", "fractions")
    code = "from symbolic.cli import main; main(['score', folder + '/0.mid', '--workers', '0'])"
    assert loaded((*BY_COMMANDS, *unneeded), code, folder, tmp_path) == "loaded: []"


def test_products_by_spectra_are_those_with_the_turned_weight():
    rng = np.random.default_rng(0)
    weight, values = rng.normal(size=(5, 3, 12)), rng.normal(size=(4, 3, 12))
    turned = turned_weight(weight, numpy_ops)
    expected = (values.reshape(4, -1) @ turned.T).reshape(4, 12, 5)
    found = turned_products(values, weight_spectrum(weight))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
    with_loop = sum(
        values[1, c, q] * weight[2, c, (q - 7) % 12] for c in range(3) for q in range(12)
    )
    assert found[1, 7, 2] == pytest.approx(with_loop)
