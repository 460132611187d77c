"""Scores of segmentations against annotated times and against marked files."""

import numpy as np
import pytest
from marked_files import bar, marked, rehearsal, text
from musicxml_scores import score

from symbolic.structure.references import (
    SCORES,
    BadReference,
    OneReference,
    ReferenceFolder,
    read_reference,
    reference_scores,
    score_rows,
)
from symbolic.structure.segmentation import Segmentation
from symbolic.tasks.bar_metrics import bar_scores

BARS = np.arange(0.0, 22.0, 2.0)
SONG = marked((0, text(6, "A")), (4, text(6, "B")), (8, text(6, "C")))  # boundaries at 8 s and 16 s


def found(*times: float, path: str = "song.mid") -> Segmentation:
    return Segmentation(path, np.array(times), np.ones(len(times)))


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(SONG)
    return path


def test_a_boundary_hits_the_bar_whose_line_is_nearest():
    scores = bar_scores([0, 8, 16, 20], [0, 7.1, 14.9, 20], BARS)
    assert scores == {"precision_bar": 3 / 4, "recall_bar": 3 / 4, "f_bar": 3 / 4}
    assert bar_scores([0, 8, 16, 20], [0, 7.1, 14.9, 20], BARS, trim=True)["f_bar"] == 1 / 2


def test_the_same_boundaries_are_right_wherever_the_piece_ends():
    for end in (16.05, 17.0, 30.0):
        assert bar_scores([0, 8, 16, end], [0, 8, 16, end], BARS)["f_bar"] == 1


def test_two_boundaries_of_one_bar_are_one_hit():
    scores = bar_scores([0, 8, 20], [0, 7.5, 8.5, 20], BARS)
    assert scores["precision_bar"] == 3 / 4
    assert scores["recall_bar"] == 1
    scores = bar_scores([0, 7.5, 8.5, 20], [0, 8, 20], BARS)
    assert scores["f_bar"] == 1


def test_bars_of_different_lengths():
    assert bar_scores([0, 1, 9], [0, 2.9, 9], [0, 1, 5, 9], trim=True)["f_bar"] == 1
    assert bar_scores([0, 1, 9], [0, 3.1, 9], [0, 1, 5, 9], trim=True)["f_bar"] == 0


def test_no_boundaries_and_no_bars():
    assert bar_scores([0, 20], [0, 20], BARS)["f_bar"] == 1
    assert bar_scores([0, 20], [0, 20], BARS, trim=True)["f_bar"] == 0
    assert bar_scores([0, 20], [0, 20], [0.0])["f_bar"] == 1
    with pytest.raises(ValueError, match="no bar lines"):
        bar_scores([0, 20], [0, 20], [])
    with pytest.raises(ValueError, match="not a single segment"):
        bar_scores([0], [0, 20], BARS)


def test_times_of_a_text_file_get_the_beginning_and_the_end(tmp_path):
    path = tmp_path / "marked.txt"
    path.write_text("# times\n10.5, B\n\n5\tA\n19.8\n300\n", encoding="utf-8")
    reference = read_reference(path)
    assert reference.boundaries(20.0).tolist() == [0.0, 5.0, 10.5, 20.0]
    assert reference.boundaries(400.0).tolist() == [0.0, 5.0, 10.5, 19.8, 300.0, 400.0]


@pytest.mark.parametrize("content", ["soon\n", "nan\n", "inf\n"])
def test_what_is_no_time(tmp_path, content):
    path = tmp_path / "marked.txt"
    path.write_text(f"1\n{content}", encoding="utf-8")
    with pytest.raises(BadReference, match=r"marked\.txt, line 2: .* is not a time"):
        read_reference(path)


def test_a_marked_file_is_its_own_reference(song):
    reference = read_reference(song)
    assert reference.boundaries(99.0).tolist() == [0.0, 8.0, 16.0, 22.5]
    assert reference.labels == ("A", "B", "C")
    scores = reference_scores(found(0, 8.4, 15.9, 22.5), reference)
    assert scores == dict.fromkeys(SCORES, 1.0)
    scores = reference_scores(found(0, 8.6, 10, 22.5), reference)
    assert scores["f_0.5"] == 2 / 4
    assert scores["recall_3"] == 3 / 4
    assert scores["f_bar"] == 3 / 4


def test_a_score_is_the_reference_of_a_recording(tmp_path):
    path = tmp_path / "song.musicxml"
    bars = [bar(before=rehearsal("A")), bar(), bar(before=rehearsal("B")), bar()]
    path.write_text(score(bars), encoding="utf-8")
    scores = reference_scores(found(0, 4.9, 9, path="song.wav"), read_reference(path))
    assert scores["f_bar"] == 1
    assert scores["f_0.5"] == 2 / 3


def test_bars_of_a_text_reference_are_those_of_the_notes(song, tmp_path):
    path = tmp_path / "times.txt"
    path.write_text("8\n16\n", encoding="utf-8")
    scores = reference_scores(found(0, 8.9, 16.9, 22.5, path=str(song)), read_reference(path))
    assert scores["f_bar"] == 1
    assert scores["f_0.5"] == 1 / 2
    assert "f_bar" not in reference_scores(found(0, 8, 22, path="a.wav"), read_reference(path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing", "neither MIDI nor MusicXML"),
        (marked((0, text(6, "A"))), "marks no sections: no markers, cue points"),
        (marked((4, text(6, "Allegro"))), "no markers"),
    ],
)
def test_files_without_sections_are_no_references(tmp_path, content, reason):
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    with pytest.raises(BadReference, match=reason) as error:
        read_reference(path)
    assert str(path) in str(error.value)
    with pytest.raises(BadReference, match="cannot read"):
        read_reference(tmp_path / "nowhere.txt")


def test_references_of_a_folder_are_found_by_name(song, tmp_path):
    folder = tmp_path / "marked"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "song.txt").write_text("8\n", encoding="utf-8")
    (folder / "twice.txt").write_text("8\n", encoding="utf-8")
    (folder / "twice.mid").write_bytes(SONG)
    references = ReferenceFolder(folder)
    assert references.of("elsewhere/song.wav").times.tolist() == [8.0]
    with pytest.raises(BadReference, match=r"no other\.\* in"):
        references.of("other.wav")
    with pytest.raises(BadReference, match=r"several files twice\.\*"):
        references.of("twice.wav")
    assert references.of(folder / "twice.mid").times.tolist() == [8.0]  # the annotation beside it
    assert ReferenceFolder(tmp_path).of(song).times.tolist() == [8.0]
    (folder / "deep" / "song.txt").unlink()
    assert ReferenceFolder(tmp_path).of(song).times.tolist() == [0.0, 8.0, 16.0, 22.5]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadReference, match="no file of times"):
        ReferenceFolder(tmp_path / "empty")


def test_rows_of_several_pieces_have_a_mean_and_reasons(song):
    pieces = [found(0, 8, 16, 22.5), found(0, 22.5), Segmentation("bad.mid", error="empty file")]
    rows = score_rows(pieces, OneReference(song))
    assert [row["path"] for row in rows] == ["song.mid", "song.mid", "bad.mid", "mean"]
    assert rows[0]["f_bar"] == 1
    assert rows[1]["recall_3"] == 1 / 2
    assert rows[2] == {"path": "bad.mid", "error": "empty file"}
    assert rows[3]["recall_3"] == 3 / 4
    assert len(score_rows(pieces[:1], OneReference(song))) == 1
