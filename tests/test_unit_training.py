"""Models of bars and beats: trained, scored, asked for the parts of files."""

import numpy as np
import pandas as pd
import pytest
from transformers import TrainingArguments

from symbolic.structure.detection import predicted_column, read_times
from symbolic.tasks import BOUNDARY
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.trainer import FitArguments

pytestmark = pytest.mark.slow  # of real runs, as they are

QUARTER = 480


def song(rng, parts):
    """A song whose parts are two tunes by turns: notes in ticks, and the beats of boundaries."""
    tunes = [rng.integers(40, 60, 4), rng.integers(70, 90, 4)]
    notes, edges, beat = [], [0], 0
    for part in range(parts):
        for _ in range(int(rng.choice([8, 12, 16]))):
            pitch = int(tunes[part % 2][beat % 4])
            notes.append((beat * QUARTER, QUARTER, pitch, 60 + int(rng.integers(40))))
            beat += 1
        edges.append(beat)
    return notes, edges


@pytest.fixture(scope="module")
def songs(tmp_path_factory, write_midi):
    """Songs with phrases in the layout of POP909."""
    folder = tmp_path_factory.mktemp("songs")
    (folder / "beats").mkdir()
    (folder / "pop909").mkdir()
    rng = np.random.default_rng(0)
    rows = ["file,annotator1,annotator2"]
    for number in range(24):
        notes, edges = song(rng, 6)
        string = "".join(f"{'AB'[part % 2]}{bars}" for part, bars in enumerate(np.diff(edges) // 4))
        rows.append(f"{number:03}.mid,{string},{string}")
        write_midi(folder / "pop909" / f"{number:03}.mid", notes, tempos=[(0, 100)])
        beats = np.arange(edges[-1] + 1) * 0.6
        lines = "\n".join(f"{beat} 1.0 0.0" for beat in beats)
        (folder / "beats" / f"{number:03}.txt").write_text(lines, encoding="utf-8")
    (folder / "pop909_phrases.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(songs, tmp_path_factory):
    pytest.importorskip("mir_eval")
    from symbolic.training.audio import train_audio

    folder = tmp_path_factory.mktemp("run")
    train_audio(
        AudioDataArguments(corpus="pop909_structure", audio=str(songs), folds=3, workers=0),
        AudioModelArguments(system="beat_bert_pictures", width=1 / 2),
        FitArguments(),
        TrainingArguments(
            **{
                **AUDIO_DEFAULTS,
                "output_dir": str(folder),
                "num_train_epochs": 25,
                "learning_rate": 5e-3,
                "per_device_train_batch_size": 4,
                "save_strategy": "no",
                "use_cpu": True,
                "disable_tqdm": True,
            }
        ),
    )
    return folder


def test_a_model_that_has_learnt_is_above_the_floor(run):
    from symbolic.data import DataArguments
    from symbolic.evaluation.evaluator import MODEL, evaluate
    from symbolic.evaluation.summary import summarise
    from symbolic.structure import equal_distances

    learnt = evaluate([run], DataArguments()).summaries[MODEL]
    rows = pd.read_csv(run / "predictions.csv")
    floors = []
    for spacing in (4.8, 7.2, 9.6):
        guessed = rows.copy()
        for window in ("0.5", "3"):
            guessed[predicted_column(window)] = [
                " ".join(map(str, [0, *equal_distances(end, spacing), end]))
                for end in (read_times(text)[-1] for text in rows["boundary"])
            ]
        floors.append(summarise(guessed, (BOUNDARY,)).scores["boundary: f_0.5"])
    assert learnt.pieces == 8
    assert learnt.scores["boundary: f_0.5"] > max(0.8, max(floors) + 0.15)


def test_files_are_parted_by_a_model_of_notes(run, songs, tmp_path, capsys):
    from symbolic.cli import main as cli
    from symbolic.structure.segmenter import Segmenter

    held = pd.read_csv(run / "predictions.csv").iloc[0]
    path = songs / "pop909" / held["file"]
    (one,) = Segmenter.from_pretrained(run, tolerance="3").segment([path], workers=0)
    assert one.times.tolist() == pytest.approx(read_times(held[predicted_column("3")]), abs=1e-3)
    assert len(one.activation) == len(one.frames)
    (tmp_path / "words.mid").write_bytes(b"no music")
    table = tmp_path / "parts.csv"
    arguments = [str(path), str(tmp_path / "words.mid"), "--model", str(run), "--workers", "0"]
    assert cli(["segment", *arguments, "-o", str(table), "--plots", str(tmp_path)]) == 0
    assert (tmp_path / f"{path.stem}.png").stat().st_size > 10_000
    told = pd.read_csv(table)
    assert told["error"].notna().sum() == 1


def test_a_grid_and_the_evaluation_know_models_of_notes(run, tmp_path, capsys):
    import json
    import shutil

    from symbolic.commands.evaluate import main as evaluate
    from symbolic.commands.sweep import main as sweep

    assert evaluate([str(run)]) == 0
    assert "f 0.5" in capsys.readouterr().out
    cell = tmp_path / "beat_bert_pictures" / "fold-0"
    shutil.copytree(run, cell)
    told = {"width": 0.5, "seconds": 0.0, "epochs": 25, "parameters": 1, "minutes": 1.0}
    (cell / "cell.json").write_text(json.dumps(told))
    assert sweep(["--output_dir", str(tmp_path), "--table"]) == 0
    assert "| beat_bert_pictures |  | 0.5 | 256 beats |" in capsys.readouterr().out


def test_what_is_of_recordings_is_refused(songs, tmp_path):
    from symbolic.training.audio import train_audio

    def trained(corpus, fitting=None, **options):
        train_audio(
            AudioDataArguments(corpus=corpus, audio=str(songs), workers=0),
            AudioModelArguments(system="beat_lstm", **options),
            fitting or FitArguments(),
            TrainingArguments(**{**AUDIO_DEFAULTS, "output_dir": str(tmp_path), "use_cpu": True}),
        )

    with pytest.raises(ValueError, match="norm: of recordings"):
        trained("pop909_structure", norm="column")
    with pytest.raises(ValueError, match="front_inside, stretch: of recordings"):
        trained("pop909_structure", front_inside=True, stretch=0.1)
    with pytest.raises(ValueError, match="validation_share"):
        trained("pop909_structure", FitArguments(validation_share=0.2))
