"""Generated music against its targets, and two corpora side by side."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import symbolic
from symbolic.cli import main as cli
from symbolic.evaluation.generation.frechet import frechet_distance
from symbolic.evaluation.generation.generated import GeneratedEmotion, evaluate_generated
from symbolic.evaluation.generation.targets import Target, parse_target, targets_of

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(60, 5)), RNG.normal(size=(80, 5)) * [1, 2, 0.5, 1, 3] + 0.5


class Scorer:
    """A scorer with fixed probabilities; a file named `broken` has an error."""

    def score(self, files, workers=None, progress=False):
        rows = []
        for path in files:
            if path == "broken.mid":
                rows.append({"path": path, "error": "not a MIDI file"})
                continue
            q = np.full(4, 0.1)
            q[int(path[1]) - 1] = 0.7
            names = dict(zip(("q1", "q2", "q3", "q4"), q, strict=True))
            point = {"valence": q[0] + q[3] - q[1] - q[2], "arousal": q[0] + q[1] - q[2] - q[3]}
            rows.append({"path": path, **names, **point, "familiarity": 0.5, "error": np.nan})
        columns = ["path", "q1", "q2", "q3", "q4", "valence", "arousal", "familiarity", "error"]
        return pd.DataFrame(rows, columns=columns)


def song(midi_bytes, low=48, loud=64, step=240):
    return midi_bytes([(i * step, step, low + i * 5 % 24, loud) for i in range(40)])


@pytest.fixture(scope="module")
def folders(midi_bytes, tmp_path_factory):
    """Six soft, slow pieces and six loud, fast ones; one of each folder cannot be read."""
    root = tmp_path_factory.mktemp("corpora")
    for name, options in (("soft", {"loud": 30, "step": 480}), ("loud", {"loud": 110, "step": 60})):
        (root / name).mkdir()
        for i in range(6):
            content = song(midi_bytes, 40 + i, **options)
            (root / name / f"{i}.mid").write_bytes(content)
        (root / name / "broken.mid").write_bytes(b"no music")
    return root


def test_the_distance_of_shifted_and_stretched_vectors_is_the_closed_form():
    # Of diagonal covariances: the sum of (difference of means)² + (difference of deviations)².
    square = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
    deviation = np.std(square[:, 0], ddof=1)
    found = frechet_distance(square, square * [3, 1] + [0, 2], deals=1)
    assert found.distance == pytest.approx(2**2 + (2 * deviation) ** 2)


def test_the_distance_is_that_of_the_matrix_root_of_scipy():
    from scipy.linalg import sqrtm

    left, right = np.cov(A.T), np.cov(B.T)
    shift = A.mean(0) - B.mean(0)
    expected = shift @ shift + np.trace(left + right - 2 * sqrtm(left @ right).real)
    assert frechet_distance(A, B, deals=1).distance == pytest.approx(expected)
    assert frechet_distance(B, A, deals=1).distance == pytest.approx(expected)
    assert frechet_distance(A, A, deals=1).distance == pytest.approx(0, abs=1e-9)


def test_chance_explains_two_samples_of_one_kind_and_not_two_kinds():
    one, other = np.random.default_rng(1).normal(size=(2, 50, 5))
    same, far = frechet_distance(one, other), frechet_distance(one, other + 2)
    low, high = same.by_chance_range
    assert low < same.distance < high
    assert same.p_value > 0.025
    assert abs(same.share) < 0.1
    assert far.p_value == 1 / 201
    assert far.excess > 15
    assert far.standard_error > 0


def test_vectors_of_a_group_are_dealt_together():
    # Ten songs of ten equal clips: single clips are dealt evenly, songs are not.
    songs = np.repeat(np.random.default_rng(2).normal(size=(20, 3)), 10, axis=0)
    names = [f"song {i // 10}" for i in range(200)]
    alone = frechet_distance(songs[:100], songs[100:])
    together = frechet_distance(songs[:100], songs[100:], names[:100], names[100:])
    assert together.distance == alone.distance
    assert together.by_chance > 4 * alone.by_chance
    assert together.p_value > alone.p_value
    assert together.standard_error > alone.standard_error


def test_few_vectors_have_a_distance_too_and_what_is_undefined_is_none():
    found = frechet_distance(A[:4], B[:4], ["a"] * 4, ["b"] * 4, deals=3)
    assert np.isnan(found.standard_error)
    assert found.to_dict()["standard_error"] is None
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (A, B[:, :4], {}, r"shapes \(60, 5\) and \(80, 4\)"),
        (A[:3], B, {}, "sets of 3 and 80"),
        (A * np.nan, B, {}, "not finite"),
        (A, B, {"groups_a": ["x"]}, "1 groups for 60"),
        (A, B, {"deals": 0}, "0 deals"),
    ],
)
def test_vectors_that_have_no_distance_are_refused(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b, **options)


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("Q1", Target(0, 1, 1)),
        (" q3 ", Target(2, -1, -1)),
        ((0.5, -0.25), Target(3, 0.5, -0.25)),
        ("-0.5, 0.75", Target(1, -0.5, 0.75)),
        (np.array([-0.5, -1]), Target(2, -0.5, -1)),
    ],
)
def test_targets_are_quadrants_or_points(value, target):
    assert parse_target(value) == target


@pytest.mark.parametrize("value", ["Q5", "happy", (1, 2, 3), (2, 0), ("a", "b"), 3, "nan 0"])
def test_other_targets_are_refused(value):
    with pytest.raises(ValueError, match=r"target|valence"):
        parse_target(value)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_point_lies_in_its_quadrant(valence, arousal):
    corner = parse_target(f"Q{parse_target((valence, arousal)).quadrant + 1}")
    assert (corner.valence > 0) == (valence >= 0)
    assert (corner.arousal > 0) == (arousal >= 0)


def test_targets_are_found_by_path_name_or_stem(tmp_path):
    paths = ["x/a.mid", "x/b.mid", "y/b.mid", "c.xml"]
    named = {"a": "Q1", "x/b.mid": "Q2", "b.mid": "Q3"}
    found = targets_of(paths, named)
    assert [None if one is None else one.quadrant for one in found] == [0, 1, 2, None]
    table = tmp_path / "targets.csv"
    table.write_text("file,target,more\na,Q1,1\nb.mid,q2,2\nc.xml,,3\n")
    for given_table in (table, str(table)):
        quadrants = [one and one.quadrant for one in targets_of(paths, given_table)]
        assert quadrants == [0, 1, 1, None]
    table.write_text("path,valence,arousal\nc.xml,0.5,-0.5\n")
    assert targets_of(paths, table)[3] == Target(3, 0.5, -0.5)
    assert targets_of(paths, "Q4") == [Target(3, 1, -1)] * 4
    assert targets_of(paths, (0.5, 1)) == [Target(0, 0.5, 1)] * 4


def test_targets_that_cannot_be_used_name_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"b\.mid: target 'Q9'"):
        targets_of(["a.mid", "b.mid"], ["Q1", "Q9"])
    with pytest.raises(ValueError, match="3 targets for 2 files"):
        targets_of(["a.mid", "b.mid"], ["Q1", "Q2", "Q3"])
    with pytest.raises(ValueError, match=r"a\.mid is not among the names"):
        targets_of(["a.mid"], {"other": "Q1"})
    table = tmp_path / "t.csv"
    table.write_text("song,target\na,Q1\n")
    with pytest.raises(ValueError, match=r"t\.csv: expected a column path or file"):
        targets_of(["a.mid"], table)
    for content in (b"", b"file,target\n\xff,Q1\n"):
        table.write_bytes(content)
        with pytest.raises(ValueError, match=r"t\.csv: not a table"):
            targets_of(["a.mid"], table)
    with pytest.raises(FileNotFoundError):
        targets_of(["a.mid"], tmp_path / "missing.csv")


def test_hits_expectation_and_distance_are_those_of_the_pieces_with_a_target():
    files = ["Q1 a", "Q1 b", "Q2 c", "broken.mid", "Q3 d"]
    found = evaluate_generated(files, ["Q1", "Q2", "Q2", "Q1", None], Scorer(), draws=50)
    assert (found.pieces, found.unread) == (3, 1)
    assert found.scores["hits"] == pytest.approx(2 / 3)
    assert found.scores["expected"] == pytest.approx((0.7 + 0.1 + 0.7) / 3)
    # The point of 0.7 and three times 0.1 is 0.6 on either axis; a miss is 1.6 away on one.
    hit, miss = np.hypot(0.4, 0.4), np.hypot(1.6, 0.4)
    assert found.scores["distance"] == pytest.approx((2 * hit + miss) / 3)
    assert found.scores["arousal"] == 1.0
    assert "macro_f1" not in found.scores  # two quadrants have no target
    assert found.confusion.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0] * 4, [0] * 4]
    assert found.rows["error"].tolist()[3:] == ["not a MIDI file", "no target"]
    assert found.rows["hit"].tolist()[:3] == [True, False, True]
    assert found.rows["hit"].isna().tolist() == [False, False, False, True, True]
    low, high = found.intervals["hits"]
    assert low < 2 / 3 < high
    assert "1 files not read" in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_pieces_of_a_group_are_drawn_together():
    files, targets = ["Q1 a"] * 10 + ["Q2 a"] * 10, ["Q1"] * 20
    alone = evaluate_generated(files, targets, Scorer(), draws=200).intervals["hits"]
    groups = ["one"] * 10 + ["other"] * 10
    found = evaluate_generated(files, targets, Scorer(), groups=groups, draws=200)
    assert found.intervals["hits"] == (0.0, 1.0)
    assert alone[0] > 0.1
    assert alone[1] < 0.9
    with pytest.raises(ValueError, match="2 groups for 20 files"):
        evaluate_generated(files, targets, Scorer(), groups=["a", "b"])


def test_without_a_piece_that_counts_there_is_nothing_to_evaluate():
    with pytest.raises(ValueError, match="no file that can be read has a target"):
        evaluate_generated(["broken.mid"], "Q1", Scorer())


def test_all_four_quadrants_have_a_macro_f1():
    files = [f"Q{i} a" for i in range(1, 5)]
    found = evaluate_generated(files, ["Q1", "Q2", "Q3", "Q4"], Scorer(), draws=10)
    assert found.scores["macro_f1"] == 1.0


def test_the_model_in_the_package_evaluates_made_music(folders):
    found = symbolic.evaluate_generated(folders / "loud", "Q2", workers=0, draws=20)
    table = symbolic.score(folders / "loud", workers=0)
    read = table["error"].isna() | (table["error"] == "")
    assert (found.pieces, found.unread) == (6, 1)
    assert found.scores["expected"] == pytest.approx(table["q2"][read].mean())
    assert found.scores["hits"] == (table["quadrant"][read] == "Q2").mean()


def test_a_metric_collects_files_and_forgets_them():
    metric = GeneratedEmotion(Scorer(), workers=0)
    metric.add(prediction="Q1 a", reference="Q1")
    metric.add_batch(predictions=["Q2 b"], references=["Q1"])
    assert metric.compute()["hits"] == 0.5
    assert metric.compute(predictions=["Q3 c"], references=["Q3"])["hits"] == 1.0
    with pytest.raises(ValueError, match="2 references for 1 predictions"):
        metric.add_batch(predictions=["Q1 a"], references=["Q1", "Q2"])


def test_corpora_of_different_music_are_farther_than_by_chance(folders):
    found = symbolic.compare_corpora(
        folders / "soft", folders / "loud", deals=60, draws=20, workers=0
    )
    assert (found.pieces, found.unread) == ((6, 6), (1, 1))
    assert found.distance.p_value < 0.05
    assert found.quadrants.sum(axis=1) == pytest.approx([1, 1])
    assert (found.intervals[..., 0] <= found.quadrants + 1e-9).all()
    assert (found.quadrants <= found.intervals[..., 1] + 1e-9).all()
    same = symbolic.compare_corpora(
        *[[folders / "soft" / f"{i}.mid" for i in part] for part in ((0, 2, 4, 5), (1, 3, 0, 2))],
        deals=20,
        draws=20,
        workers=0,
    )
    assert same.distance.excess < found.distance.excess / 5
    assert found.to_dict()["encoder"] == "base"


def test_too_few_pieces_are_refused(folders):
    with pytest.raises(ValueError, match="A: 1 pieces can be read, 4 are needed"):
        symbolic.compare_corpora(folders / "soft" / "1.mid", folders / "loud", workers=0)


def test_the_command_prints_both_and_writes_rows(folders, capsys, tmp_path):
    rows = tmp_path / "rows.csv"
    words = ["compare", str(folders / "soft"), str(folders / "loud"), "--targets", "Q4"]
    assert cli([*words, "--deals", "9", "--workers", "0", "--rows", str(rows)]) == 0
    text = capsys.readouterr().out
    assert "6 pieces with a target, 1 files not read" in text
    assert "Fréchet distance (base, 256 dimensions)" in text
    assert len(pd.read_csv(rows)) == 7
    assert cli([*words, "--deals", "9", "--workers", "0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["corpora"]["pieces"] == [6, 6]
    assert found["targets"]["unread"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{soft}"], "a second corpus or --targets is needed"),
        (["{soft}", "{loud}x"], "does not exist"),
        (["{soft}", "--targets", "Q9"], "target 'Q9'"),
        (["{soft}", "--targets", "{soft}.csv"], "No such file"),
        (["{soft}", "{loud}", "--rows", "{soft}.csv"], "--rows are those of --targets"),
    ],
)
def test_wrong_use_of_the_command_is_a_line(words, message, folders, capsys):
    names = {"soft": folders / "soft", "loud": folders / "loud"}
    assert cli(["compare", *(word.format(**names) for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_quadrants_of_emopia_are_nearer_to_themselves_than_to_others(data_folder):
    from symbolic.data import READERS

    pieces = READERS["emopia"].read(data_folder / "emopia")
    songs = {(piece.group, piece.labels["emotion"]): piece.path for piece in pieces}
    happy, sad = (
        symbolic.load("base").embed([p for (_, q), p in songs.items() if q == quadrant], workers=0)
        for quadrant in (0, 2)
    )
    same = frechet_distance(happy[::2], happy[1::2], deals=20)
    other = frechet_distance(happy[::2], sad[1::2], deals=20)
    assert other.excess > 3 * max(same.excess, 1)
