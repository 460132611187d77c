"""A folder of files that mark their own sections, as a corpus of boundaries."""

import numpy as np
import pandas as pd
import pytest
from marked_files import DOUBLE, bar, bars, marked, midi, text, track
from musicxml_scores import score
from transformers import TrainingArguments

from symbolic.commands.evaluate import main as evaluate
from symbolic.data import READERS
from symbolic.data.recordings.marked import read_marked
from symbolic.inference.prediction_table import BAR_LINES
from symbolic.structure.detection import read_times
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.trainer import FitArguments

PARTS = (0, text(6, "A")), (4, text(6, "B"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "song.mid").write_bytes(marked(*PARTS))
    (tmp_path / "song.musicxml").write_text(score([bar("D4"), bar(after=DOUBLE), bar()]))
    (tmp_path / "deep" / "song.mid").write_bytes(marked(*PARTS, pitch=50))
    (tmp_path / "deep" / "other.mid").write_bytes(marked(*PARTS, pitch=51))
    (tmp_path / "plain.mid").write_bytes(marked((0, text(6, "Title"))))
    (tmp_path / "bad.mid").write_bytes(b"words")
    return tmp_path


def test_pieces_have_boundaries_bars_and_groups(folder):
    corpus = read_marked(folder)
    assert {piece.path.relative_to(folder).as_posix(): piece.group for piece in corpus.pieces} == {
        "deep/other.mid": "deep/other",
        "deep/song.mid": "deep/song",
        "song.mid": "song",
        "song.musicxml": "song",
    }
    (piece,) = [piece for piece in corpus.pieces if piece.path.suffix == ".musicxml"]
    assert piece.labels == {"boundary": (0.0, 4.0, 6.0)}
    assert piece.bars == (0.0, 2.0, 4.0, 6.0)
    assert corpus.findings == [
        "1 of 6 files have no marked sections and are left out",
        "1 of 6 files cannot be read and are left out, the first is bad.mid",
    ]


def test_a_folder_can_be_a_group(folder):
    groups = {piece.path.name: piece.group for piece in READERS["marked-folders"](folder).pieces}
    assert groups == {"other.mid": "deep", "song.mid": ".", "song.musicxml": "."}
    with pytest.raises(ValueError, match="by 'song': there are file, folder"):
        read_marked(folder, by="song")


def test_files_with_the_same_notes_are_one_group(folder):
    (folder / "deep" / "copy.mid").write_bytes(marked(*PARTS, (8, text(6, "C"))))
    groups = {piece.path.name: piece.group for piece in read_marked(folder).pieces}
    assert groups["copy.mid"] == "deep/copy"
    (same,) = {
        piece.group
        for piece in read_marked(folder).pieces
        if piece.path.relative_to(folder).as_posix() in ("song.mid", "deep/copy.mid")
    }
    assert same == "deep/copy"


def test_a_folder_without_marked_files_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no MIDI or MusicXML file in it"):
        read_marked(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        read_marked(tmp_path / "nowhere")
    (tmp_path / "plain.mid").write_bytes(marked())
    (tmp_path / "bad.mid").write_bytes(b"words")
    with pytest.raises(ValueError, match="none of 2 files has marked sections, and 1 cannot be"):
        read_marked(tmp_path)


def test_a_model_learns_from_marked_files_and_is_scored_by_bars(tmp_path, capsys):
    pytest.importorskip("mir_eval")
    from symbolic.training.audio import train_audio

    folder = tmp_path / "songs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(9):
        pitches = enumerate(rng.integers(40, 80, 16))
        notes = [(1920 * bar, bytes([0x90, pitch, 64])) for bar, pitch in pitches]
        offs = [(tick + 960, bytes([0x80, event[1], 0])) for tick, event in notes]
        marks = [(0, text(6, "A")), (8 * 1920, text(6, "B"))]
        (folder / f"{number}.mid").write_bytes(midi(track(*marks), track(*notes, *offs)))
    (folder / "plain.mid").write_bytes(midi(bars(4)))
    run = tmp_path / "run"
    given = {**AUDIO_DEFAULTS, "output_dir": str(run), "max_steps": 2, "save_strategy": "no"}
    given |= {"use_cpu": True, "disable_tqdm": True}
    train_audio(
        AudioDataArguments(corpus="marked", audio=str(folder), folds=3, workers=0),
        AudioModelArguments(system="beat_pictures", width=1 / 2),
        FitArguments(),
        TrainingArguments(**given),
    )
    assert "1 of 10 files have no marked sections and are left out" in capsys.readouterr().out
    rows = pd.read_csv(run / "predictions.csv")
    assert len(rows) == 3
    assert read_times(rows[BAR_LINES][0]).tolist() == (2.0 * np.arange(17)).tolist()
    assert read_times(rows["boundary"][0]).tolist()[:2] == [0.0, 16.0]
    rows["boundary predicted 0.5"] = "0.000 16.900 31.000"  # in the right bar
    rows.to_csv(run / "predictions.csv", index=False)
    assert evaluate([str(run), "--baselines", "none"]) == 0
    heading, _, row = capsys.readouterr().out.splitlines()[2:5]
    cells = dict(zip(heading.split(" | "), row.split(" | "), strict=True))
    assert cells["boundary: f bar"] == "1.000"
    assert cells["boundary: f 0.5"].startswith("0.667")
