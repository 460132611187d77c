"""Boundary detection from spectrograms: training, peak picking, scores, and baselines."""

import importlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from symbolic.audio.front_end import FrontEnd
from symbolic.commands.evaluate import main as evaluate
from symbolic.data import DataArguments, Piece, group_folds
from symbolic.data.recordings.beatles import FRONT, read_beatles
from symbolic.encoders import BOUNDARY_SYSTEMS
from symbolic.evaluation.evaluator import MODEL
from symbolic.evaluation.evaluator import evaluate as evaluated
from symbolic.evaluation.summary import summarise
from symbolic.inference.prediction import CONTEXT, predict_frames
from symbolic.modeling import SymbolicModel
from symbolic.structure.detection import (
    BoundaryArguments,
    Curve,
    boundary_rows,
    boundary_times,
    choose_thresholds,
    frame_times,
    picker,
    position_labels,
    predicted_column,
    read_times,
)
from symbolic.tasks import BOUNDARY
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.trainer import FitArguments

pytest.importorskip("mir_eval")
pytest.importorskip("librosa")

HEARD = BOUNDARY_SYSTEMS["mls"].front
SONGS = 12
OF_SOUND = [name for name, system in BOUNDARY_SYSTEMS.items() if not system.front.from_notes]


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Songs of two kinds of parts, low and high, of 9 to 25 s; a click stands where they change."""
    folder = tmp_path_factory.mktemp("songs")
    rng = np.random.default_rng(0)
    pictures, rows = {}, ["song,start,end,label"]
    for number in range(SONGS):
        times = np.concatenate([[0.0], np.cumsum(rng.uniform(9, 25, 5))])
        frames = int(times[-1] * FRONT.rate)
        part = np.searchsorted(times, np.arange(frames) / FRONT.rate, side="right") % 2
        mel = 60 + 30 * rng.random((80, frames))
        mel[:40] += 90 * part
        mel[40:] += 90 * (1 - part)
        for time in times[1:-1]:
            mel[:, int(time * FRONT.rate)] = 255
        chroma = 40 * rng.random((12, frames))
        chroma[:6] += 200 * part
        chroma[6:] += 200 * (1 - part)
        name = f"{number:02d}_01"
        pictures[f"{name}/mel"] = mel.clip(0, 255).astype(np.uint8)
        pictures[f"{name}/chroma"] = chroma.clip(0, 255).astype(np.uint8)
        rows += [f"{name},{a:.4f},{b:.4f},part" for a, b in pairwise(times)]
    np.savez(folder / "beatles_features.npz", **pictures)
    (folder / "beatles_segments.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def trained(songs, folder, system="mls", epochs=25, **options):
    from transformers import TrainingArguments

    told = TrainingArguments(
        **{
            **AUDIO_DEFAULTS,
            "output_dir": str(folder),
            "num_train_epochs": epochs,
            "learning_rate": 3e-3,
            "per_device_train_batch_size": 4,
            "save_strategy": "no",
            "use_cpu": True,
            "disable_tqdm": True,
            **options.pop("training", {}),
        }
    )
    data = AudioDataArguments(corpus="beatles", audio=str(songs), folds=3)
    arguments = AudioModelArguments(system=system, seconds=30.0, **options)
    return train_audio(data, arguments, FitArguments(), told)


@pytest.fixture(scope="module")
def run(songs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    options = {"norm": "column", "head_dropout": 0.0, "training": {"learning_rate": 1e-2}}
    trained(songs, folder, width=1 / 4, epochs=30, **options)
    return folder


@pytest.fixture(scope="module")
def baselines(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "benchmarks")
        return importlib.import_module("boundary_baselines")


@pytest.mark.slow
def test_a_trained_model_is_better_than_the_baselines(songs, run, baselines):
    learnt = evaluated([run], DataArguments()).summaries[MODEL]
    corpus = read_beatles(songs)
    front = FrontEnd(**{**HEARD.to_dict(), "kinds": ("mel", "chroma")})
    heard = corpus.with_front_end(corpus.front_end_for(front)).features
    fold = group_folds(np.zeros(SONGS, int), corpus.groups, 3, seed=0)
    for name, guesses in baselines.BASELINES.items():
        rows = [
            row
            for row in baselines.baseline_rows(guesses, corpus.pieces, heard, front, fold)
            if row["fold"] == "fold-0"
        ]
        baseline = summarise(pd.DataFrame(rows), (BOUNDARY,))
        assert baseline.pieces == learnt.pieces
        if name == "equal distances":
            assert learnt.scores["boundary: f_0.5"] > baseline.scores["boundary: f_0.5"] + 0.15
    assert learnt.scores["boundary: f_0.5"] > 0.7
    # Beginning and end are always found, so that without them a model has less.
    assert 0 < learnt.scores["boundary: f_3 trimmed"] < learnt.scores["boundary: f_3"]


def test_thresholds_are_chosen_on_songs_that_are_neither_trained_on_nor_held_out(run):
    model = SymbolicModel.from_pretrained(run)
    assert set(model.config.thresholds["boundary"]) == {"0.5", "3"}
    assert model.config.peaks == "min_distance,expected_hits_tight"


def test_what_was_held_out_is_scored_at_the_door(run, capsys):
    assert evaluate([str(run)]) == 0
    told = capsys.readouterr().out
    assert "f 0.5" in told
    assert "deviation" in told


def test_a_probe_asks_about_whole_recordings(songs, run, capsys):
    assert evaluate([str(run), "--probe", "--audio", str(songs)]) == 2
    assert "whole pieces, not boundary" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("system", OF_SOUND)
def test_every_system_of_sound_trains_two_steps_and_answers(system, songs, tmp_path):
    model = trained(songs, tmp_path, system, width=1 / 8, training={"max_steps": 2})
    rows = pd.read_csv(tmp_path / "predictions.csv")
    assert len(rows) == SONGS / 3
    for text in rows[predicted_column("0.5")]:
        times = read_times(text)
        assert times[0] == 0
        assert (np.diff(times) > 0).all()
    again = SymbolicModel.from_pretrained(tmp_path)
    corpus = read_beatles(songs)
    heard = corpus.with_front_end(again.config.front_end).features[0]
    for one in (model, again):
        (found,) = predict_frames(one.eval(), [heard], BOUNDARY)
        assert found.shape == (len(heard), 1)


def test_systems_that_do_not_keep_their_frames_are_refused(songs, tmp_path):
    with pytest.raises(ValueError, match="'fcn' predicts no boundaries"):
        trained(songs, tmp_path, "fcn")


def test_each_tolerance_may_have_its_own_rule():
    peaks = "min_distance,expected_hits"
    assert [picker(peaks, tolerance) for tolerance in (0.5, 3.0)] == peaks.split(",")
    assert [picker("expected_hits", tolerance) for tolerance in (0.5, 3.0)] == 2 * ["expected_hits"]
    for wrong in ("highest", "min_distance,", f"{peaks},min_distance", ""):
        with pytest.raises(ValueError, match="not one or two of min_distance, expected_hits_tight"):
            BoundaryArguments(peaks=wrong)


def test_old_names_of_the_rules_are_accepted_with_a_warning():
    with pytest.warns(FutureWarning, match="is now 'min_distance,expected_hits_tight'"):
        assert BoundaryArguments(peaks="apart,close").peaks == BoundaryArguments().peaks
    with pytest.warns(FutureWarning, match="is now 'expected_hits'"):
        assert picker("hits", 3.0) == "expected_hits"


def test_a_long_piece_is_heard_in_parts_that_agree(monkeypatch):
    config = BOUNDARY_SYSTEMS["sug1"].config([BOUNDARY], 1 / 8)
    model = SymbolicModel(config).eval()
    frames = np.random.default_rng(0).random((300, 80), np.float32) * 80 - 80
    (whole,) = predict_frames(model, [frames], BOUNDARY)
    monkeypatch.setattr("symbolic.inference.prediction.FRAMES", 70)
    (parts,) = predict_frames(model, [frames], BOUNDARY)
    assert CONTEXT < 70
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_a_boundary_is_the_frame_whose_middle_is_nearest():
    labels = position_labels((0.0, 5.0, 10.0), frame_times(72, HEARD), BoundaryArguments())
    assert labels.shape == (72, 2)
    middle = HEARD.first + labels[:, 0].argmax() / HEARD.rate
    assert abs(middle - 5.0) <= 0.5 / HEARD.rate
    assert labels[0, 0] < 0.02  # where a piece begins is none
    assert labels[:, 1].tolist() == [1.0] * 72


def test_boundaries_are_found_where_they_were_put():
    activation = np.zeros(300)
    activation[[60, 61, 200]] = [0.8, 0.5, 0.6]
    times, sure = boundary_times(activation, HEARD, "min_distance", 0.3, 0.5)
    np.testing.assert_allclose(times[1:-1], HEARD.first + np.array([60, 200]) / HEARD.rate)
    assert times[0] == 0
    assert times[-1] == pytest.approx(300 / HEARD.rate)
    assert sure.tolist() == [1.0, 0.8, 0.6, 1.0]


def test_the_more_a_boundary_may_be_off_the_more_of_two_places_count_for_one():
    activation = np.zeros(300)
    activation[[58, 59, 60]] = activation[[73, 74, 75]] = [0.4, 0.5, 0.4]  # 2 s apart
    (_, between, _), (_, sure, _) = boundary_times(activation, HEARD, "expected_hits", 0.2, 3.0)
    assert between == pytest.approx(HEARD.first + 66.5 / HEARD.rate, abs=0.5)
    assert boundary_times(activation, HEARD, "expected_hits_tight", 0.2, 3.0)[0][1] in (
        HEARD.first + np.array([59, 74]) / HEARD.rate
    )
    times, each = boundary_times(activation, HEARD, "expected_hits", 0.1, 0.5)
    np.testing.assert_allclose(times[1:-1], HEARD.first + np.array([59, 74]) / HEARD.rate)
    assert each[1] < sure <= 1
    activation[:] = 1.0
    assert boundary_times(activation, HEARD, "expected_hits", 0.1, 3.0)[1].max() == 1.0


def test_the_threshold_is_the_one_that_leaves_the_false_ones_out():
    activation = np.zeros(300)
    activation[[60, 130, 200]] = [0.8, 0.2, 0.6]
    truth = (0.0, HEARD.first + 60 / HEARD.rate, HEARD.first + 200 / HEARD.rate, 300 / HEARD.rate)
    piece = Piece(Path("a.wav"), "a", {"boundary": truth}, "own")
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], peaks="min_distance")
    choose_thresholds(config, [piece], [Curve(activation)])
    best = config.thresholds["boundary"]
    assert set(best) == {"0.5", "3"}
    assert all(0.2 < threshold < 0.6 for threshold in best.values())


def test_times_go_through_the_table(tmp_path):
    piece = Piece(Path("a.wav"), "a", {"boundary": (0.0, 1.25, 40.0)}, "own")
    activation = np.zeros(287)
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], thresholds={"boundary": {"0.5": 0.5}})
    (row,) = boundary_rows([piece], [Curve(activation)], config)
    assert read_times(row["boundary"]).tolist() == [0.0, 1.25, 40.0]
    assert len(read_times(row[predicted_column("0.5")])) == 2


def test_the_end_of_a_piece_is_in_the_table_where_it_is_known():
    piece = Piece(Path("a.mid"), "a", {"boundary": (0.0, 40.0)}, "own")
    activation = np.zeros(287)
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], thresholds={"boundary": {"0.5": 0.5}})
    for seconds, end in ((None, 287 / HEARD.rate), (39.875, 39.875)):
        (row,) = boundary_rows([piece], [Curve(activation, seconds)], config)
        assert read_times(row[predicted_column("0.5")]).tolist() == pytest.approx(
            [0, end], abs=5e-4
        )


def test_segments_that_overlap_are_refused_by_line(songs, tmp_path):
    table = (songs / "beatles_segments.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "beatles_features.npz").write_bytes((songs / "beatles_features.npz").read_bytes())
    target = tmp_path / "beatles_segments.csv"
    target.write_text("\n".join([*table[:3], table[1]]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"segments\.csv, line 4.*a segment from 0 to"):
        read_beatles(tmp_path)
    target.write_text("\n".join([*table, "nobody,0,1,part"]), encoding="utf-8")
    with pytest.raises(ValueError, match="nobody/mel cannot be read"):
        read_beatles(tmp_path)
    target.write_text(table[0] + "\n00_01,0,3,part\n", encoding="utf-8")
    assert "1 recordings are more than 2 s longer" in read_beatles(tmp_path).findings[0]
    target.unlink()
    with pytest.raises(FileNotFoundError, match="Expected is a table"):
        read_beatles(tmp_path)


def test_songs_are_heard_as_structure_alone_where_it_can_be_made_of_them(songs):
    corpus = read_beatles(songs)
    lags = BOUNDARY_SYSTEMS["gs1"].front
    assert corpus.front_end_for(lags) == lags
    heard = corpus.with_front_end(lags).features[0]
    assert heard.shape == (len(corpus.features[0]) // 3, 280)
    for other in (
        FrontEnd(kinds=("mel",), pool=6),
        FrontEnd(**{**lags.to_dict(), "pool": 1, "lags": {"pool": 1}}),
    ):
        with pytest.raises(ValueError, match="beatles: has no"):
            corpus.front_end_for(other)
