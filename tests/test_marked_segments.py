"""`symbolic segment --method marks`: the sections that files mark themselves."""

import csv
import json

import numpy as np
import pytest
from marked_files import REPEAT_SIGN, bar, marked, rehearsal, text
from musicxml_scores import score

from symbolic.cli import main as cli
from symbolic.reports.segment_plots import segment_plot
from symbolic.structure.segmenter import Segmenter

SONG = marked((0, text(6, "Verse 1")), (4, text(6, "Chorus")), (8, text(6, "Chorus")))


def rehearsed() -> str:
    """A score whose letters, A B A, stand at bars of 2 s."""
    letters = ["A", "", "B", "", "A", ""]
    return score([bar(before=rehearsal(one) if one else "") for one in letters])


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pieces"
    folder.mkdir()
    (folder / "broken.mid").write_bytes(b"MThd")
    (folder / "plain.mid").write_bytes(marked())
    (folder / "score.musicxml").write_text(rehearsed())
    (folder / "song.mid").write_bytes(SONG)
    (folder / "sound.wav").write_bytes(b"RIFF")
    return folder


def segmented(*sources):
    return Segmenter.from_pretrained("marks").segment(sources, workers=0)


def test_markers_part_a_piece_with_their_texts():
    (found,) = segmented(SONG)
    assert found.error == ""
    assert found.times.round(3).tolist() == [0, 8, 16, 22.5]
    assert found.names.labels == ("Verse 1", "Chorus", "Chorus")
    assert found.names.similar_to == (None, None, 2)
    assert found.confidence.tolist() == [1, 1, 1, 1]


def test_repeats_have_letters_and_the_first_playing_as_similar(tmp_path):
    once = score([bar(), bar(after=f'<barline location="right">{REPEAT_SIGN}</barline>'), bar()])
    path = tmp_path / "score.musicxml"
    path.write_text(once)
    (found,) = segmented(path)
    assert found.times.round(3).tolist() == [0, 4, 8, 10]
    assert found.names.labels == ("A", "A", "B")
    assert found.names.similar_to == (None, 1, None)


def test_a_section_without_a_text_is_like_no_other():
    unnamed = marked((2, text(6, "Chorus")), (6, text(6, "Coda")))
    (found,) = segmented(unnamed)
    assert found.names.labels == ("", "Chorus", "Coda")
    assert found.names.similar_to == (None, None, None)
    assert found.to_audacity().splitlines()[0].endswith("part 1 (1.00)")


def test_each_file_has_its_parts_or_its_reason(folder, tmp_path, capsys):
    table, labels, plots = tmp_path / "parts.csv", tmp_path / "labels", tmp_path / "plots"
    words = ["--labels", str(labels), "--plots", str(plots), "-o", str(table)]
    assert cli(["segment", str(folder), "--method", "marks", "--workers", "0", *words]) == 0
    with open(table, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    errors = {row["path"].rpartition("/")[2]: row["error"] for row in rows if row["error"]}
    assert sorted(errors) == ["broken.mid", "plain.mid", "sound.wav"]
    assert errors["plain.mid"].startswith("marks no sections: no markers, cue points, rehearsal")
    assert errors["sound.wav"].startswith("a recording has no marks")
    parts = [(row["label"], row["start"], row["similar_to"]) for row in rows if not row["error"]]
    assert parts == [
        *(("A", "0.0", ""), ("B", "4.0", ""), ("A", "8.0", "1")),
        *(("Verse 1", "0.0", ""), ("Chorus", "8.0", ""), ("Chorus", "16.0", "2")),
    ]
    assert {row["confidence"] for row in rows if not row["error"]} == {"1.0"}
    assert (labels / "song.txt").read_text().splitlines()[1].endswith("\tChorus (1.00)")
    assert sorted(one.name for one in plots.iterdir()) == ["score.png", "song.png"]
    assert "segmented 2 of 5 files: 6 parts" in capsys.readouterr().out


def test_json_has_the_labels_of_the_marks(folder, tmp_path):
    output = tmp_path / "parts.json"
    words = ["segment", str(folder / "song.mid"), "--method", "marks", "-q", "--workers", "0"]
    assert cli([*words, "-o", str(output)]) == 0
    (piece,) = json.loads(output.read_text())
    assert [one.get("label") for one in piece["boundaries"]] == [
        *("Verse 1", "Chorus", "Chorus", None)
    ]


def test_a_file_without_marks_alone_fails_and_is_named(folder, capsys):
    path = str(folder / "plain.mid")
    assert cli(["segment", path, "--method", "marks", "--workers", "0"]) == 1
    printed = capsys.readouterr().out
    assert path in printed
    assert "marks no sections" in printed


def test_marks_take_no_model(folder, capsys):
    words = ["segment", str(folder), "--method", "marks", "--model", "phrases"]
    assert cli(words) == 2
    assert "--method marks takes no --model" in capsys.readouterr().err


def test_the_curve_of_the_plot_is_one_at_the_boundaries(folder, tmp_path):
    (found,) = segmented(folder / "song.mid")
    at = np.flatnonzero(found.activation) / found.front.rate + found.front.first
    assert np.abs(at - found.times).max() <= 1 / found.front.rate
    segment_plot(found, tmp_path / "song.svg")
    assert found.curve == "marks"
    assert (tmp_path / "song.svg").stat().st_size > 0


def test_marks_have_no_model_to_save(tmp_path):
    with pytest.raises(ValueError, match="no model"):
        Segmenter.from_pretrained("marks").save_pretrained(tmp_path)
