"""Scores that `symbolic segment --reference` prints."""

import pytest
from marked_files import marked, text

from symbolic.cli import main as cli

SONG = marked((0, text(6, "A")), (4, text(6, "B")), (8, text(6, "C")))  # boundaries at 8 s and 16 s


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(SONG)
    return path


def test_scores_are_printed(song, tmp_path, capsys):
    assert cli(["segment", str(song), "--reference", str(song), "--workers", "0"]) == 0
    heading, row = capsys.readouterr().out.splitlines()[-2:]
    assert heading.split() == [
        "path",
        "P_0.5",
        "R_0.5",
        "f_0.5",
        "P_3",
        "R_3",
        "f_3",
        "P_bar",
        "R_bar",
        "f_bar",
    ]
    assert row.startswith(str(song))
    other = tmp_path / "other.mid"
    other.write_bytes(marked((0, text(6, "A"))))
    words = ["segment", str(song), str(other), "--reference", str(tmp_path), "--workers", "0"]
    assert cli([*words, "-o", "-"]) == 0
    streams = capsys.readouterr()
    assert "f_bar" not in streams.out
    assert "other.mid marks no sections: no markers" in streams.err
    assert streams.err.splitlines()[-1].startswith("mean")
    assert cli([*words, "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_marks_of_the_reference_are_in_the_plot(song, tmp_path, capsys):
    words = ["segment", str(song), "--reference", str(song), "--workers", "0", "-q"]
    assert cli([*words, "--plots", str(tmp_path)]) == 0
    assert (tmp_path / "song.png").read_bytes().startswith(b"\x89PNG")


def test_a_reference_without_sections_is_refused_before_any_work(tmp_path, capsys):
    path = tmp_path / "song.mid"
    path.write_bytes(marked((0, text(6, "A"))))
    assert cli(["segment", str(path), "--reference", str(path)]) == 2
    assert "no markers" in capsys.readouterr().err
