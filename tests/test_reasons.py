"""Reasons for a predicted emotion: exact, additive, in words that are true of the music."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from limits import HANGS
from test_corpus_report import Page

import symbolic
from symbolic import CPTokenizer, EmotionScorer, ScoringArguments, SymbolicConfig, SymbolicModel
from symbolic.commands.plot import main as plot
from symbolic.commands.score import main as score
from symbolic.features import FEATURE_NAMES, TONAL_NAMES, feature_rows
from symbolic.features.columns import CHOICES
from symbolic.inference.facts import FACTS, WORDINGS, pitch_name
from symbolic.inference.feature_model import load_feature_model
from symbolic.inference.reasons import (
    MUSICAL_GROUPS,
    OTHER,
    contributions,
    musical_group,
    shapley_weights,
)
from symbolic.notes import note_table
from symbolic.reports.corpus.page import corpus_page
from symbolic.reports.reason_plots import reasons_plot
from symbolic.scoring.emotion import COLUMNS, DEFAULT_MODEL
from symbolic.scoring.tables import read_scores
from symbolic.tasks import EMOTION, KEY, QUADRANTS
from symbolic.tasks.emotion import valence_arousal
from symbolic.training.build import standardise_features

ROOT = Path(__file__).parents[1]
EXACT = 1e-9
ALL = (*FEATURE_NAMES, *TONAL_NAMES)
ROLES = {"valence": "harmonic", "arousal": "temporal", "familiar": "rhythm,dynamics"}
ENSEMBLE = {"ensemble_size": 3, "ensemble_units": 8}
MODELS = {
    "ensemble and key": (ALL, {**ENSEMBLE, "ensemble_features": ROLES}),
    "voices and drums": ((*FEATURE_NAMES, *CHOICES["voices"], *CHOICES["drums"]), {}),
    "ensemble": (FEATURE_NAMES, {**ENSEMBLE, "ensemble_features": ROLES}),
    "hidden layer and key": (ALL, {}),
    "two groups": (CHOICES["rhythm"] + CHOICES["interval"], {}),
    "key alone": (TONAL_NAMES, {}),
}
MINOR, MAJOR = (0, 3, 7, 12, 7, 3), (0, 4, 7, 12, 7, 4)


def song(tonic, chord, step, velocity, length, count=60):
    """A broken chord: a note each `step` ticks, 960 a second, now softer and now louder."""
    onset = np.arange(count) * step
    pitch = tonic + np.resize(chord, count)
    louder = velocity + np.resize((-2, 2), count)
    return note_table(onset, np.full(count, length), pitch, louder)


@pytest.fixture(scope="module")
def pieces():
    rng = np.random.default_rng(0)
    made = []
    for number in range(40):
        tonic, step = int(rng.integers(40, 76)), int(rng.integers(120, 900))
        chord = (MINOR, MAJOR)[number % 2]
        velocity = int(rng.integers(30, 110))
        made.append(song(tonic, chord, step, velocity, int(rng.integers(60, 900))))
    return made


@pytest.fixture(scope="module", params=MODELS)
def folder(request, tmp_path_factory, pieces):
    """The folder of a model with random weights."""
    names, options = MODELS[request.param]
    place = tmp_path_factory.mktemp("model")
    torch.manual_seed(1)
    tokenizer = CPTokenizer()
    config = SymbolicConfig(
        encoder="features",
        feature_names=names,
        tasks=(EMOTION, KEY),
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        **options,
    )
    model = SymbolicModel(config)
    standardise_features(model, feature_rows(pieces, names))
    for parameter in model.heads.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.config.temperatures = {"emotion": 1.7, "key": 1.0}
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def scorer():
    return EmotionScorer.from_pretrained()


def one(scorer, notes):
    (found,) = scorer.explain([notes], workers=0)
    return found


def test_shapley_values_are_means_over_all_orders():
    values = np.random.default_rng(0).normal(size=2**4)
    expected = np.zeros(4)
    for order in permutations(range(4)):
        here = 0
        for player in order:
            expected[player] += values[here | 1 << player] - values[here]
            here |= 1 << player
    assert shapley_weights(4) @ values == pytest.approx(expected / 24, abs=1e-12)


def test_a_single_group_has_the_whole_difference():
    assert shapley_weights(1).tolist() == [[-1.0, 1.0]]


def test_contributions_add_up_to_the_prediction(folder, pieces):
    model = load_feature_model(folder)
    rows = feature_rows(pieces[:6], model.config.feature_names).astype(np.float32)
    predicted = model.predict([], rows, 32)["emotion"]
    absent = model.emotion_of(np.zeros((1, model.width)))[0]
    for found, probable in zip(contributions(model, rows), predicted, strict=True):
        total = found.baseline + found.quadrants.sum(axis=0)
        assert total == pytest.approx(probable, abs=EXACT)
        assert found.prediction == pytest.approx(probable, abs=EXACT)
        assert found.baseline == pytest.approx(absent, abs=EXACT)
        assert np.abs(found.quadrants).max() > 1e-4


def test_explanations_add_up_to_the_table(folder, pieces):
    scorer = EmotionScorer.from_pretrained(folder)
    table = scorer.score(pieces[:5], workers=0)
    found = scorer.explain(pieces[:5], workers=0)
    frame = found.to_frame()
    assert [one.path for one in found] == table["path"].tolist()
    sums = frame.groupby("path", sort=False)[["valence", "arousal"]].sum()
    expected = table[["valence", "arousal"]].to_numpy()
    assert sums.to_numpy() == pytest.approx(expected, abs=EXACT)
    assert [one.quadrant for one in found] == table["quadrant"].tolist()
    for one in found:
        total = one.baseline_confidence + sum(why.quadrant for why in one.reasons)
        assert total == pytest.approx(one.confidence, abs=EXACT)
        sizes = [abs(why.quadrant) for why in one.reasons]
        assert sizes == sorted(sizes, reverse=True)


def test_a_group_is_absent_where_its_columns_are_at_the_mean(scorer):
    """A piece whose columns of one group are at their means gets nothing from it."""
    model = scorer.predictor
    mean = model.net.encoder.feature_mean
    names = model.config.feature_names
    row = feature_rows([song(60, MINOR, 240, 80, 200)], names)[0]
    place = {name: k for k, name in enumerate(names)}
    others = [names[k] for k in model.net.encoder.other_columns]
    for name, value in zip(others, mean, strict=True):
        if musical_group(name) == "loudness":
            row[place[name]] = value
    (found,) = contributions(model, row[None])
    assert np.abs(found.quadrants[found.groups.index("loudness")]).max() < 1e-12
    assert np.abs(found.quadrants[found.groups.index("key and mode")]).max() > 1e-3


def test_every_column_is_in_one_group(folder):
    for model in (load_feature_model(folder), load_feature_model(DEFAULT_MODEL)):
        owners = [musical_group(name) for name in model.state_columns]
        assert len(owners) == model.width
        assert set(owners) <= set(MUSICAL_GROUPS) - {OTHER}


def test_every_column_of_the_package_has_a_group():
    for name in (*FEATURE_NAMES, *TONAL_NAMES):
        assert musical_group(name) in MUSICAL_GROUPS
        assert musical_group(name) != OTHER, name
    assert musical_group("ioi_share_03") == "speed and rhythm"
    assert musical_group("melody_from_tonic_04") == "key and mode"
    assert musical_group("chord_change_major_to_minor_03") == "harmony"
    assert musical_group("velocity_share_00") == "loudness"
    assert musical_group("onset_density_std") == "speed and rhythm"
    assert musical_group("silence") == "texture"
    assert {musical_group(name) for name in CHOICES["voices"]} == {"voices"}
    assert {musical_group(name) for name in CHOICES["drums"]} == {"drums"}
    assert musical_group("nothing_like_this") == OTHER


def test_every_wording_is_of_a_column():
    known = {*FEATURE_NAMES, *CHOICES["voices"], *CHOICES["drums"], *CHOICES["played"]}
    assert set(WORDINGS) <= known
    for column, wording in WORDINGS.items():
        for beginning in wording.beginnings:
            matching = [name for name in known if name.startswith(beginning)]
            assert matching, beginning
            assert {musical_group(name) for name in matching} == {musical_group(column)}, beginning


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (56.6, "A3"), (69.4, "A4"), (21, "A0")])
def test_pitches_have_names(pitch, name):
    assert pitch_name(pitch) == name


def test_facts_are_true_of_the_music(scorer):
    slow = one(scorer, song(45, MINOR, 1200, 30, 1200))
    assert slow.quadrant in ("Q3", "Q4")
    assert "0.8 onsets a second" in str(slow)
    words = [fact for why in slow.reasons for fact in why.facts]
    assert "soft (velocity 30)" in words
    loud = one(scorer, song(60, MINOR, 120, 110, 60))
    words = [fact for why in loud.reasons for fact in why.facts]
    assert loud.quadrant == "Q2"
    assert "fast (8.1 onsets a second)" in words
    assert any(fact.startswith("minor key (") for fact in words)
    assert "fast (8.1 onsets a second)" in words
    assert str(loud).startswith("Q2 (angry): ")


def test_a_piece_without_dynamics_is_neither_loud_nor_soft(scorer):
    notes = replace(song(60, MAJOR, 240, 64, 200), has_dynamics=False)
    found = one(scorer, notes)
    loudness = next(why for why in found.reasons if why.group == "loudness")
    assert set(loudness.facts) <= {"no dynamics in the file"}


def test_a_fact_pushes_as_its_group_does(scorer, pieces):
    """Measure the effect of the columns of speed alone, where speed is named."""
    model, wording = scorer.predictor, WORDINGS["onsets_per_second_log"]
    beginnings = ("onsets_per_second_log", *wording.beginnings)
    own = np.array([name.startswith(beginnings) for name in model.state_columns])
    rows = feature_rows(pieces, model.config.feature_names).astype(np.float32)
    named = 0
    for found, state in zip(
        scorer.explain(pieces, workers=0), model.embed([], rows, 32), strict=True
    ):
        why = next(why for why in found.reasons if why.group == "speed and rhythm")
        assert len(why.facts) <= FACTS
        if any(fact.startswith(("slow (", "fast (")) for fact in why.facts):
            sets = [own, ~own]
            values = model.emotion_of(np.where(sets, state, 0.0))
            alone, without = values[:, QUADRANTS.index(found.quadrant)]
            effect = alone - found.baseline_confidence + found.confidence - without
            assert effect * why.quadrant > 0
            named += 1
    assert named > 5


def test_facts_are_whole_texts(scorer, pieces):
    explained = {
        fact
        for found in scorer.explain(pieces, workers=0)
        for why in found.reasons
        for fact in why.facts
    }
    assert len(explained) > 30
    assert not any(re.search(r"[{}\n;]|\bnan\b|\binf\b", fact) for fact in explained)


def test_a_line_names_what_speaks_against_the_quadrant(scorer, pieces):
    lines = [(one, str(one)) for one in scorer.explain(pieces, workers=0)]
    opposed = [one for one, line in lines if "; against it: " in line]
    assert opposed
    for found in opposed:
        assert min(why.quadrant for why in found.reasons) < 0
    assert all("\n" not in line for _, line in lines)


def test_the_model_in_pytorch_gives_the_same_reasons(folder, pieces):
    light = EmotionScorer.from_pretrained(folder).explain(pieces[:3], workers=0)
    scorer = EmotionScorer.from_pretrained(folder)
    assert scorer.model is not None  # from then on PyTorch predicts
    for one, other in zip(light, scorer.explain(pieces[:3], workers=0), strict=True):
        assert str(one) == str(other)
        assert one.valence == pytest.approx(other.valence, abs=1e-9)


def test_models_of_notes_have_no_reasons(
    tiny_scorer, tiny_model_folder, write_midi, tmp_path, tune
):
    path = write_midi(tmp_path / "a.mid", tune(20))
    with pytest.raises(ValueError, match="need a model of features"):
        tiny_scorer.explain(path, workers=0)
    with pytest.raises(ValueError, match="need a model of features"):
        symbolic.explain(path, tiny_model_folder, workers=0)
    with pytest.raises(ValueError, match="need a model of features"):
        ScoringArguments(model=str(tiny_model_folder), explain=True).job()


@pytest.fixture
def music(tmp_path, write_midi, tune):
    place = tmp_path / "music"
    place.mkdir()
    for number in range(3):
        write_midi(place / f"{number}.mid", tune(40, 48 + 7 * number, step=120 * (number + 1)))
    (place / "bad.mid").write_bytes(b"no music")
    return place


def test_a_bad_file_has_its_place(music):
    found = symbolic.explain(music, workers=0)
    assert [Path(one.path).name for one in found] == ["0.mid", "1.mid", "2.mid", "bad.mid"]
    assert str(found[3]).startswith("not scored: neither MIDI nor MusicXML")
    assert str(found).count("\n") == 3
    frame = found.to_frame()
    assert list(frame.columns) == ["path", "group", "valence", "arousal", "facts"]
    bad = frame[frame["path"] == found[3].path]
    assert len(bad) == 1
    assert bad["valence"].isna().all()
    with pytest.raises(ValueError, match="nothing to explain"):
        reasons_plot(found[3], music / "a.png")


def test_the_command_prints_a_line_and_writes_a_column(music, tmp_path, capsys):
    assert score([str(music / "0.mid"), "--explain", "--workers", "0"]) == 0
    printed = capsys.readouterr().out
    line = str(symbolic.explain(music / "0.mid", workers=0))
    assert line in printed.splitlines()
    assert score([str(music), "--explain", "--workers", "0", "--json"]) == 0
    rows = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [*rows[0]] == [*COLUMNS, "reasons"]
    assert rows[0]["reasons"] == line
    assert rows[3]["reasons"] is None
    plain, explained = tmp_path / "plain.csv", tmp_path / "explained.csv"
    score([str(music), "-q", "--workers", "0", "-o", str(plain)])
    score([str(music), "-q", "--workers", "0", "-o", str(explained), "--explain"])
    table = read_scores(explained)
    assert table["reasons"][0] == line
    pd.testing.assert_frame_equal(table.drop(columns="reasons"), read_scores(plain))
    texts = Page(corpus_page(table, "explained.csv")).tables["Least confident predictions"]
    assert any(line in row[0] for row in texts)
    score([str(music), "--explain", "--workers", "0"])
    assert f"0.mid: {line}" in capsys.readouterr().out.splitlines()


def test_the_page_of_a_table_without_reasons_is_as_before(music, scorer):
    assert "why" not in corpus_page(scorer.score(music, workers=0), "a").partition("</style>")[2]


def test_the_command_draws_a_picture(music, tmp_path, capsys):
    picture = music / "0.reasons.png"
    assert plot([str(music / "0.mid"), "--explain"]) == 0
    alone = picture.read_bytes()
    assert alone.startswith(b"\x89PNG")
    table = tmp_path / "scores.csv"
    score([str(music), "-q", "--workers", "0", "-o", str(table)])
    for corpus in (table, music):
        assert plot([str(music / "0.mid"), "--explain", "--among", str(corpus)]) == 0
        assert picture.read_bytes() != alone
    capsys.readouterr()
    assert plot([str(music / "bad.mid"), "--explain"]) == 1
    assert "neither MIDI nor MusicXML" in capsys.readouterr().err
    for words in (["--among", "x"], ["--explain", "--window", "30s"]):
        assert plot([str(music / "0.mid"), *words]) == 2


def test_names_in_a_picture_do_not_overlap(pieces, scorer, tmp_path, monkeypatch):
    """Draw the longest facts, and look at where the texts are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = []
    save = Figure.savefig

    def keep(figure, *arguments, **options):
        drawn.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    found = one(scorer, pieces[0])
    long = tuple(replace(why, facts=("many words about it " * 4,) * 2) for why in found.reasons)
    for reasons in (long, (*long, *(replace(why, group="drums") for why in long[:3]))):
        reasons_plot(replace(found, reasons=reasons), tmp_path / "a.png", "name" * 60)
        figure = drawn.pop()
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
        boxes += [text.get_window_extent(renderer) for text in figure.texts]
        assert len(boxes) >= 3 * len(reasons)
        for k, box in enumerate(boxes):
            assert figure.bbox.x0 <= box.x0
            assert box.x1 <= figure.bbox.x1
            assert not any(box.overlaps(other) for other in boxes[:k])


def test_resuming_with_other_reasons_is_refused():
    plain, explained = ScoringArguments().job(), ScoringArguments(explain=True).job()
    assert plain.identity != explained.identity


def test_explaining_imports_neither_torch_nor_pandas(music):
    command = (
        "import sys, symbolic; from symbolic.commands.score import main; "
        f"symbolic.explain({str(music / '0.mid')!r}, workers=0); "
        f"main([{str(music / '0.mid')!r}, '--explain', '--workers', '0']); "
        "print([m for m in ('torch', 'transformers', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=HANGS
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_valence_of_a_baseline_is_that_of_its_probabilities(scorer):
    found = one(scorer, song(60, MAJOR, 240, 80, 200))
    baseline = scorer.predictor.emotion_of(np.zeros((1, scorer.predictor.width)))[0]
    assert (found.baseline_valence, found.baseline_arousal) == pytest.approx(
        tuple(valence_arousal(baseline))
    )
