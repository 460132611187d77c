"""Corpora of notes that systems of audio learn from: their music is made to sound."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from transformers import TrainingArguments

from symbolic.audio.cache import features_of
from symbolic.audio.synthesis import rendering
from symbolic.data import READERS, read_emopia, read_vgmidi
from symbolic.data.splits.hold_out import hold_out
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.notes import ReadError
from symbolic.scoring.audio import AudioScorer
from symbolic.tasks import EMOTION
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.trainer import FitArguments


@pytest.fixture
def synthesiser():
    pytest.importorskip("soundfile")
    try:
        rendering.find_sound_font()
        rendering._fluidsynth()
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["emopia", "vgmidi"])
def test_pieces_keep_their_files_groups_splits_and_quadrants(name, request):
    folder = request.getfixturevalue(f"{name}_folder")
    read = {"emopia": read_emopia, "vgmidi": read_vgmidi}[name]
    corpus = READERS[name](folder)
    assert corpus.name == name
    assert corpus.tasks == (EMOTION,)
    assert corpus.features is corpus.front_end is None
    assert corpus.findings == []
    assert corpus.pieces == read(folder)


def test_a_song_is_on_one_side_of_a_fold_and_the_split_is_emopias(emopia_folder):
    corpus = READERS["emopia"](emopia_folder)
    for name in ("fold-0", "val"):
        train, test = hold_out(corpus, name)
        assert len(test)
        assert not {corpus.groups[i] for i in train} & {corpus.groups[i] for i in test}
    assert {corpus.pieces[i].split for i in hold_out(corpus, "val")[1]} == {"val"}


def told(folder, **changes):
    return TrainingArguments(
        **{
            **AUDIO_DEFAULTS,
            "output_dir": str(folder),
            "max_steps": 2,
            "per_device_train_batch_size": 4,
            "save_strategy": "no",
            "use_cpu": True,
            "disable_tqdm": True,
            **changes,
        }
    )


@pytest.fixture
def few(tmp_path, write_midi, write_table, tune):
    """EMOPIA in small: two clips of a second and a half of each of four songs."""
    rows = [
        {"file": f"Q{1 + i}_song{i}_{k}.mid", "song": f"song{i}", "quadrant": f"Q{1 + i}"}
        for i in range(4)
        for k in range(2)
    ]
    rows = [{**row, "split": "val" if i % 4 > 1 else "train"} for i, row in enumerate(rows)]
    folder = write_table(tmp_path / "emopia" / "clips.csv", rows)
    for number, row in enumerate(rows):
        write_midi(folder / "midi" / row["file"], tune(6, 50 + number))
    return folder


def test_a_system_of_audio_learns_from_notes_that_are_played(synthesiser, few, tmp_path):
    data = AudioDataArguments(
        corpus="emopia", audio=str(few), hold_out="val", cache_dir=str(tmp_path / "c"), workers=0
    )
    arguments = AudioModelArguments(system="short_chunk", width=1 / 16, seconds=1.0)
    model = train_audio(data, arguments, FitArguments(), told(tmp_path / "model"))
    assert [task.name for task in model.tasks] == ["emotion"]
    rows = pd.read_csv(tmp_path / "model" / "predictions.csv")
    assert Counter(rows["group"]) == {"song1": 2, "song3": 2}
    assert rows["emotion"].tolist() == ["Q2", "Q2", "Q4", "Q4"]
    path = few / "midi" / rows["file"][0]
    row = AudioScorer.from_pretrained(tmp_path / "model").score(path, workers=0).iloc[0]
    for quadrant in EMOTION.labels:  # as it was heard in training
        known = rows[f"emotion: {quadrant}"][0]
        assert row[f"emotion: {quadrant}"] == pytest.approx(known, abs=1e-4)


def test_the_best_epoch_is_chosen_by_the_quadrants_of_other_songs(synthesiser, few, tmp_path):
    data = AudioDataArguments(
        corpus="emopia", audio=str(few), hold_out="none", cache_dir=str(tmp_path / "c"), workers=0
    )
    arguments = AudioModelArguments(system="cnn_mel", width=1 / 16, seconds=0.5)
    training = told(tmp_path / "model", max_steps=-1, num_train_epochs=2, save_strategy="epoch")
    train_audio(data, arguments, FitArguments(validation_share=0.25), training)
    assert training.metric_for_best_model == "accuracy"


def test_notes_are_heard_as_samples_or_as_pictures(synthesiser, few, tmp_path):
    paths = [piece.path for piece in READERS["emopia"](few).pieces]
    mel = AUDIO_SYSTEMS["short_chunk"].front
    samples = AUDIO_SYSTEMS["sample_cnn"].front
    (heard,) = features_of(paths[:1], mel, tmp_path / "c", workers=0)
    (played,) = features_of(paths[:1], samples, tmp_path / "c", workers=0)
    assert heard.shape == (mel.positions(len(played)), mel.width)
    assert np.abs(played).max() > 0.001


def test_without_a_sound_font_training_says_what_is_missing(few, tmp_path, monkeypatch):
    pytest.importorskip("soundfile")
    monkeypatch.setenv("SYMBOLIC_SOUND_FONT", str(tmp_path / "none.sf2"))
    data = AudioDataArguments(
        corpus="emopia", audio=str(few), hold_out="val", cache_dir=str(tmp_path / "c"), workers=0
    )
    arguments = AudioModelArguments(system="cnn_mel", width=1 / 16, seconds=0.5)
    with pytest.raises(ReadError, match=r"no recording of emopia .*none\.sf2: no such sound font"):
        train_audio(data, arguments, FitArguments(), told(tmp_path / "model"))


@pytest.mark.parametrize(("name", "count"), [("emopia", 990), ("vgmidi", 162)])
def test_the_real_corpora_are_read(data_folder, name, count):
    corpus = READERS[name](data_folder / name)
    assert len(corpus.pieces) == count
    assert {piece.labels["emotion"] for piece in corpus.pieces} == {0, 1, 2, 3}
