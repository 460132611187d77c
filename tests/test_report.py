"""Reports of systems, as files."""

import json

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from symbolic.evaluation.comparison import compare
from symbolic.evaluation.report import write_report
from symbolic.evaluation.summary import summarise
from symbolic.inference.prediction_table import columns_of
from symbolic.reports.confusion import confusion_plot, confusion_plots
from symbolic.reports.plots import reliability_plot
from symbolic.tasks import EMOTION, QUADRANTS

PROBABILITIES = columns_of(EMOTION)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    true = np.arange(40) % 4
    frame = pd.DataFrame(
        {
            "corpus": "songs",
            "file": [f"clip {i}.mid" for i in range(40)],
            "group": [f"song {i // 2}" for i in range(40)],
            "fold": np.arange(40) // 20,
            "seed": 0,
            "emotion": [QUADRANTS[quadrant] for quadrant in true],
        }
    )
    frame[PROBABILITIES] = 0.5 * np.eye(4)[true] + 0.5 * rng.dirichlet(np.ones(4), 40)
    return frame


@pytest.fixture
def chance(frame):
    return frame.assign(**dict.fromkeys(PROBABILITIES, 0.25))


def summaries(frames):
    return {name: summarise(frame, draws=50) for name, frame in frames.items()}


def test_one_system_is_reported_in_the_folder_itself(frame, tmp_path):
    found = summaries({"model": frame})
    write_report(tmp_path / "run", {"model": frame}, found)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        *("confusion.csv", "confusion.png", "metrics.json", "reliability.png", "results.md")
    ]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["scores"] == found["model"].scores
    matrix = pd.read_csv(tmp_path / "run" / "confusion.csv", index_col="true")
    assert (matrix.to_numpy() == found["model"].confusion["emotion"]).all()
    assert matrix.columns.tolist() == matrix.index.tolist() == list(QUADRANTS)


def test_several_systems_share_a_table_and_have_a_folder_each(frame, chance, tmp_path):
    frames = {"model": frame, "chance, always": chance}
    differences = {"chance, always": compare(chance, frame, 50)}
    write_report(tmp_path, frames, summaries(frames), differences, "model")
    for name in ("model", "chance_always"):
        assert json.loads((tmp_path / name / "metrics.json").read_text())["pieces"] == 40
    text = (tmp_path / "results.md").read_text()
    assert "| accuracy above model |" in text
    assert "| **Q4** | 10 | 0 | 0 | 0 |" in text  # the first quadrant, where all are as likely
    assert not (tmp_path / "metrics.json").exists()


@pytest.mark.slow
def test_what_is_known_of_a_system_is_told(frame, chance, tmp_path):
    known = summarise(
        frame,
        draws=20,
        protocol="5 folds by clip",
        robustness={
            "tempo": 0.9,
            "velocity": 0.8,
            "orchestration": 0.7,
            "drums": 1.0,
            "pieces": 40,
            "velocity_pieces": 12,
            "drums_pieces": 5,
        },
    )
    frames = {"model": frame, "chance": chance}
    write_report(tmp_path, frames, {**summaries(frames), "model": known})
    text = (tmp_path / "results.md").read_text()
    assert "Protocol of model: 5 folds by clip." in text
    assert "in the 12 pieces with dynamics" in text
    assert "in the 5 pieces with drums" in text
    assert "| stays when re-orchestrated | stays without drums |" in text
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text())
    assert metrics["robustness"]["tempo"] == 0.9


def test_a_system_without_an_emotion_head_has_no_confusion(frame, tmp_path):
    keys = frame.drop(columns=PROBABILITIES).assign(
        **{"key": "C major", "key predicted": "G major"}
    )
    found = summaries({"key finder": keys})
    write_report(tmp_path, {"key finder": keys}, found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json", "results.md"]
    assert found["key finder"].scores == {"key_exact": 0.0, "key_mirex": 0.5}


def test_what_cannot_be_reported_is_refused(frame, tmp_path):
    with pytest.raises(ValueError, match="no system"):
        write_report(tmp_path, {}, {})
    with pytest.raises(ValueError, match="same folder: a b, A_b"):
        write_report(tmp_path, {"a b": frame, "A_b": frame}, {})
    with pytest.raises(ValueError, match="named after"):
        write_report(tmp_path, {"..": frame, "b": frame}, {})
    assert not list(tmp_path.iterdir())


def test_a_confusion_is_drawn_in_any_format_and_of_four_quadrants_only(tmp_path):
    matrix = np.array([[9, 1, 0, 0], [0, 10, 0, 0], [0, 0, 10, 0], [10, 0, 0, 0]])
    confusion_plot(matrix, tmp_path / "confusion.png", "costs $2 or $3")
    assert matplotlib.image.imread(tmp_path / "confusion.png").shape[0] > 600
    confusion_plot(matrix, tmp_path / "confusion.svg")
    assert "<svg" in (tmp_path / "confusion.svg").read_text()
    with pytest.raises(ValueError, match="4 classes"):
        confusion_plot(np.eye(3), tmp_path / "small.png")


def test_several_systems_have_a_panel_each(tmp_path):
    matrices = {f"system {k}": np.full((4, 4), k + 1.0) for k in range(6)}
    confusion_plots(matrices, tmp_path / "all.svg", "a corpus")
    text = (tmp_path / "all.svg").read_text()
    assert all(f"<!-- system {k} -->" in text for k in range(6))
    assert text.count("<!-- accuracy 0.250 -->") == 6
    assert text.count("<!-- 25% -->") == 6 * 16
    with pytest.raises(ValueError, match="no confusion matrix"):
        confusion_plots({}, tmp_path / "none.png")
    with pytest.raises(ValueError, match="4 classes"):
        confusion_plots({"a": np.eye(3)}, tmp_path / "small.png")


def test_a_confusion_shows_shares_of_rows_and_survives_an_empty_row(tmp_path):
    rows = np.array([[4, 0, 0, 0], [0, 400, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]])
    confusion_plot(rows, tmp_path / "rows.png")
    confusion_plot(rows * [[100], [1], [7], [1]], tmp_path / "same shares.png")
    pictures = [
        matplotlib.image.imread(tmp_path / name) for name in ("rows.png", "same shares.png")
    ]
    dark = [(picture[..., 0] < 0.1).mean() for picture in pictures]
    assert dark[0] > 0.05  # the cells of the first two quadrants, which are always named rightly
    assert dark[0] == pytest.approx(dark[1], rel=0.1)


def test_a_reliability_diagram_is_drawn_also_of_one_who_is_always_certain(frame, tmp_path):
    labels = frame["emotion"].map(QUADRANTS.index).to_numpy()
    reliability_plot(labels, frame[PROBABILITIES].to_numpy(), tmp_path / "some.png", "model")
    reliability_plot(labels, np.eye(4)[np.zeros(40, int)], tmp_path / "certain.png")
    pictures = [matplotlib.image.imread(tmp_path / name) for name in ("some.png", "certain.png")]
    assert pictures[0].shape[0] > 600
    assert all(picture.std() > 0.05 for picture in pictures)
