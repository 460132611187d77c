"""Models of audio, from a folder of recordings to answers: trained, scored, shared, asked again."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, TrainingArguments, pipeline

from symbolic.cli import main as cli
from symbolic.commands.evaluate import main as evaluate
from symbolic.commands.sweep import main as sweep
from symbolic.commands.train import main as train
from symbolic.data import READERS, DataArguments, Reader
from symbolic.data.groups import LeakError, hashed_group
from symbolic.data.recordings.moods import FRONT as MOODS
from symbolic.data.splits.hold_out import hold_out
from symbolic.encoders.systems import AUDIO_SYSTEMS
from symbolic.evaluation.evaluator import MODEL
from symbolic.evaluation.evaluator import evaluate as evaluated
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.scoring.audio import AudioScorer, load_audio_model
from symbolic.scoring.emotion import EmotionScorer
from symbolic.scoring.notes import load_model
from symbolic.tasks import GTZAN_GENRES
from symbolic.training.audio import build_audio_model, train_audio
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.run_folder import read_record, recorded_groups
from symbolic.training.trainer import FitArguments

RATE = 22050
TONES = {"blues": 110.0, "metal": 3520.0}  # Hz
SHORT = {"width": 0.2, "seconds": 1.0, "head_dropout": 0.0}


def told(folder, epochs=30, **changes):
    return TrainingArguments(
        **{
            **AUDIO_DEFAULTS,
            "output_dir": str(folder),
            "num_train_epochs": epochs,
            "learning_rate": 3e-3,
            "per_device_train_batch_size": 4,
            "save_strategy": "no",
            "use_cpu": True,
            "disable_tqdm": True,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Ten seconds of low tones, which are blues, and of high ones, which are metal."""
    soundfile = pytest.importorskip("soundfile")
    folder = tmp_path_factory.mktemp("genres")
    rng = np.random.default_rng(0)
    time = np.arange(2 * RATE) / RATE
    for genre, hertz in TONES.items():
        for number in range(6):
            tone = np.sin(2 * np.pi * hertz * (1 + 0.02 * number) * time)
            sound = 0.3 * tone + 0.01 * rng.standard_normal(len(time))
            soundfile.write(folder / f"{genre}.{number:05d}.wav", sound, RATE)
    return folder


@pytest.fixture(scope="module")
def run(recordings, tmp_path_factory):
    """A trained model of genre, which has held out a third of the recordings."""
    folder = tmp_path_factory.mktemp("run")
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), folds=3, cache_dir=str(folder / "cache"), workers=0
    )
    arguments = AudioModelArguments(system="cnn_gru_mel", **SHORT)
    train_audio(data, arguments, FitArguments(), told(folder / "model"))
    return folder / "model"


@pytest.mark.slow
def test_high_tones_are_told_from_low_ones(run):
    summary = evaluated([run], DataArguments(), draws=20).summaries[MODEL]
    assert [task.name for task in summary.tasks] == ["genre"]
    assert summary.pieces == summary.confusion["genre"].sum() == 4
    assert summary.scores["genre: accuracy"] == 1.0


def test_the_folder_says_what_it_was_trained_on(run):
    record = json.loads((run / "training.json").read_text())
    assert len(recorded_groups(record)) == 8
    assert record["data"]["corpus"] == "gtzan"
    held = pd.read_csv(run / "predictions.csv")
    groups = {hashed_group(f"gtzan: {group}") for group in held["group"]}
    assert not groups & set(recorded_groups(record))


def test_a_model_is_loaded_by_the_auto_classes(run):
    assert AutoConfig.from_pretrained(run).front_end == load_audio_model(run)[0].config.front_end
    model = AutoModel.from_pretrained(run).eval()
    extractor = AutoFeatureExtractor.from_pretrained(run)
    batch = extractor(np.zeros(RATE, np.float32), sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        assert model(**batch).logits["genre"].shape == (1, 10)


def test_the_pipeline_answers_a_path_as_the_scorer_does(run, recordings):
    path = recordings / "metal.00003.wav"
    row = AudioScorer.from_pretrained(run).score(path, workers=0).iloc[0]
    tag = pipeline("music-tags", model=str(run))
    for source in (str(path), path, path.read_bytes()):
        answer = tag(source, top_k=1)
        assert answer == [{"label": "metal", "score": pytest.approx(row["genre: metal"])}]
    assert row["genre"] == "metal"
    assert row["seconds"] == pytest.approx(2.0)
    several = tag([str(path), str(recordings / "blues.00001.wav")], batch_size=2)
    assert [one[0]["label"] for one in several] == ["metal", "blues"]


def test_the_pipeline_takes_samples_at_the_models_rate_only(run):
    tag = pipeline("music-tags", model=str(run))
    samples = np.sin(np.arange(RATE) / 10).astype(np.float32)
    assert len(tag(samples)) == len(tag({"array": samples, "sampling_rate": RATE})) == 10
    with pytest.raises(ValueError, match="16000 Hz"):
        tag({"array": samples, "sampling_rate": 16000})
    with pytest.raises(ValueError, match="no task"):
        tag(samples, task="key")


def test_a_saved_pipeline_is_a_model_of_audio(run, recordings, tmp_path):
    pipeline("music-tags", model=str(run)).save_pretrained(tmp_path)
    again = pipeline("music-tags", model=str(tmp_path))
    path = str(recordings / "blues.00000.wav")
    assert again(path) == pipeline("music-tags", model=str(run))(path)


def test_a_model_of_notes_hears_no_recordings_and_the_other_way_round(run, recordings, capsys):
    path = str(recordings / "blues.00000.wav")
    with pytest.raises(ValueError, match="model of audio"):
        load_model(run)
    with pytest.raises(ValueError, match="of audio"):
        pipeline("music-tags", model=EmotionScorer.from_pretrained().model)
    assert cli(["score", path, "--workers", "0", "-q"]) == 1
    assert cli(["score", path, "--workers", "0"]) == 1
    assert "a recording, not notes" in capsys.readouterr().out


def test_the_command_scores_recordings_and_a_bad_file_costs_its_row(
    run, recordings, tmp_path, capsys
):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF no sound")
    table = tmp_path / "scores.csv"
    words = ["score", str(recordings), str(bad), "--model", str(run), "-o", str(table)]
    assert cli(words) == 0
    shown = capsys.readouterr()
    assert "scored 12 of 13 files" in shown.out
    assert "bad.wav" in shown.out
    rows = pd.read_csv(table)
    assert (rows["genre"].dropna() == [name.split(".")[0] for name in names(rows)[:12]]).all()
    sums = rows.filter(like="genre: ").sum(axis=1)
    assert np.allclose(sums[:12], 1)


def names(rows):
    return [path.rpartition("/")[2] for path in rows["path"]]


def test_the_door_of_training_knows_systems_of_audio(recordings, tmp_path, capsys):
    words = (
        f"--system fcn_small --corpus gtzan --audio {recordings} --output_dir {tmp_path} --use_cpu"
    )
    assert train(words.split()) == 2
    assert "no system 'fcn_small'" in capsys.readouterr().err
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        f"system: cnn_mel\ncorpus: gtzan\naudio: {recordings}\nfolds: 3\nmax_steps: 2\n"
        f"output_dir: {tmp_path / 'model'}\nuse_cpu: true\nwidth: 0.1\nseconds: 0.5\n"
        f"cache_dir: {tmp_path / 'cache'}\nsave_strategy: 'no'\n"
    )
    assert train([str(settings)]) == 0
    assert "held out fold-0: 4 recordings, accuracy of genre" in capsys.readouterr().out


@pytest.mark.slow
def test_the_door_of_evaluation_pools_folds_and_probes(run, recordings, tmp_path, capsys):
    picture = tmp_path / "views.png"
    words = [str(run), "--probe", "--audio", str(recordings), "--views", str(picture)]
    assert evaluate(words) == 0
    shown = capsys.readouterr().out
    assert "| 4 (4) | 1.000" in shown
    assert "| genre | gain -6 dB |" in shown
    assert "| genre | speed +1 % |" in shown
    assert picture.stat().st_size > 1000
    with pytest.raises(LeakError):
        evaluated([run, run], DataArguments())


def test_an_encoder_goes_on_to_another_task(run, recordings, tmp_path):
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), hold_out="none", cache_dir=str(tmp_path), workers=0
    )
    arguments = AudioModelArguments(system="cnn_gru_mel", pretrained=str(run), **SHORT)
    frozen = FitArguments(freeze="encoder")
    moved = train_audio(data, arguments, frozen, told(tmp_path / "model", max_steps=2))
    base = load_audio_model(run)[0]
    for name, value in base.encoder.state_dict().items():  # of batch norms, too
        assert torch.equal(value, moved.encoder.state_dict()[name]), name
    held = replace(data, hold_out="fold-1", folds=3)
    with pytest.raises(LeakError):
        train_audio(held, arguments, frozen, told(tmp_path / "leak", max_steps=2))
    other = AudioModelArguments(system="cnn_mel", pretrained=str(run), **SHORT)
    with pytest.raises(ValueError, match="not of the system cnn_mel"):
        build_audio_model(READERS["gtzan"](recordings), other)


@pytest.mark.slow
@pytest.mark.parametrize("system", AUDIO_SYSTEMS)
def test_every_system_trains_two_steps_and_scores(system, recordings, tmp_path):
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), hold_out="none", cache_dir=str(tmp_path), workers=0
    )
    arguments = AudioModelArguments(system=system, width=1 / 16)
    model = train_audio(
        data,
        arguments,
        FitArguments(),
        told(tmp_path / "model", max_steps=2, per_device_train_batch_size=2),
    )
    before = {name: value.clone() for name, value in model.named_parameters()}
    scorer = AudioScorer.from_pretrained(tmp_path / "model")
    for name, value in scorer.model.named_parameters():
        assert torch.equal(value, before[name]), name
    row = scorer.score(recordings / "blues.00000.wav", workers=0).iloc[0]
    assert row["error"] == ""
    assert row.filter(like="genre: ").sum() == pytest.approx(1)


def test_the_front_may_be_inside(recordings, tmp_path):
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), hold_out="none", cache_dir=str(tmp_path), workers=0
    )
    inside = AudioModelArguments(system="cnn_mel", front_inside=True, gain=6.0, noise=20.0, **SHORT)
    train_audio(data, inside, FitArguments(), told(tmp_path / "model", max_steps=2))
    path = recordings / "blues.00000.wav"
    scorer = AudioScorer.from_pretrained(tmp_path / "model")
    answer = scorer.score(path, workers=0).filter(like="genre: ").to_numpy(float)
    # The same weights behind frames that librosa has made.
    outside = SymbolicModel.from_pretrained(tmp_path / "model")
    outside.config.front_end_in_model = False
    outside.encoder.spectral = None
    outside.config.window = outside.config.front_end.positions(outside.config.window)
    same = AudioScorer(outside).score(path, workers=0).filter(like="genre: ").to_numpy(float)
    np.testing.assert_allclose(answer, same, atol=0.02)


def test_pictures_are_stretched_onto_the_grid_of_an_encoder():
    from symbolic.data import Corpus, Piece
    from symbolic.tasks import MOOD

    rng = np.random.default_rng(0)
    pictures = [rng.normal(size=(60, 64)).astype(np.float32) for _ in range(2)]
    pieces = [Piece(f"{i}", f"{i}", {"mood": i}, "moods") for i in range(2)]
    corpus = Corpus("moods", pieces, (MOOD,), [], pictures, MOODS)
    arguments = AudioModelArguments(system="fcn", width=0.05, seconds=5.0, frame_rate=300.0)
    model = build_audio_model(corpus, arguments)
    assert model.config.front_end == MOODS
    assert model.config.window == MOODS.positions(5 * RATE)
    values = torch.from_numpy(np.stack(pictures))
    heard, lengths = model.encoder.prepared(values, torch.ones(2, 60))
    assert heard.shape == (2, int(60 * 300 / MOODS.rate), 96)
    assert lengths is None
    with pytest.raises(ValueError, match="has no samples"):
        build_audio_model(corpus, AudioModelArguments(system="sample_cnn"))


def test_splits_of_a_corpus_and_folds_keep_groups_apart(recordings):
    corpus = READERS["gtzan"](recordings)
    train, test = hold_out(corpus, "fold-1", folds=3)
    assert not {corpus.groups[i] for i in train} & {corpus.groups[i] for i in test}
    assert sorted([*train, *test]) == list(range(12))
    for bad in ("fold-5", "val"):
        with pytest.raises(ValueError, match="hold_out"):
            hold_out(corpus, bad)


def test_what_cannot_be_read_is_left_out_and_told(recordings, tmp_path, capsys):
    for path in recordings.glob("*.wav"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "blues.00099.wav").write_bytes(b"RIFF no sound")
    data = AudioDataArguments(
        corpus="gtzan", audio=str(tmp_path), folds=3, cache_dir=str(tmp_path / "c"), workers=0
    )
    arguments = AudioModelArguments(system="cnn_mel", **SHORT)
    train_audio(data, arguments, FitArguments(), told(tmp_path / "model", max_steps=1))
    assert "blues.00099.wav" in capsys.readouterr().out
    for path in tmp_path.glob("*.wav"):
        path.write_bytes(b"RIFF no sound")
    with pytest.raises(ReadError, match="no recording of gtzan can be read"):
        train_audio(data, arguments, FitArguments(), told(tmp_path / "another", max_steps=1))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"system": "cnn_mel", "stretch": 0.1}, "stretch: of samples"),
        ({"system": "cnn_mfcc", "gain": 6.0}, "gain: of spectrograms in dB"),
        ({"system": "wave_cnn", "spec_augment": True}, "takes samples"),
    ],
)
def test_changes_of_another_kind_of_input_are_refused(changes, words, recordings, tmp_path):
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), folds=3, cache_dir=str(tmp_path), workers=0
    )
    arguments = AudioModelArguments(width=0.05, seconds=0.5, **changes)
    with pytest.raises(ValueError, match=words):
        train_audio(data, arguments, FitArguments(), told(tmp_path / "model", max_steps=1))


@pytest.mark.slow
def test_a_grid_of_systems_is_trained_summed_up_and_not_done_twice(recordings, tmp_path, capsys):
    words = ["--corpus", "gtzan", "--audio", str(recordings), "--output_dir", str(tmp_path)]
    words += ["--cache_dir", str(tmp_path / "cache"), "--folds", "2", "--epochs", "1"]
    words += ["--seconds", "0.5", "--use_cpu", "--width", "0.1", "--systems"]
    assert sweep([*words, "cnn_gru_mel", "mel_cnn1d"]) == 0
    table = capsys.readouterr().out[-2000:]
    assert "| cnn_gru_mel | GTZAN .8778 | 0.1 | 0.5 s |" in table
    assert "| mel_cnn1d |" in table
    cell = tmp_path / "cnn_gru_mel" / "fold-0" / "cell.json"
    before = cell.stat().st_mtime_ns
    assert sweep([*words, "cnn_gru_mel"]) == 0
    assert cell.stat().st_mtime_ns == before
    assert sweep([*words, "cnn_gru_mel", "--learning-rate", "0.01"]) == 0  # another setting
    done = json.loads(cell.read_text())
    assert done["learning_rate"] == 0.01
    del done["inputs"]  # as version 0.1.0 wrote it
    cell.write_text(json.dumps(done))
    before = cell.stat().st_mtime_ns
    assert sweep([*words, "cnn_gru_mel"]) == 0
    assert cell.stat().st_mtime_ns == before
    assert sweep([*words, "cnn_gru_mel,mel_cnn1d", "--shard", "1/4", "--hold-out", "fold-1"]) == 0
    assert sweep(["--corpus", "gtzan", "--output_dir", str(tmp_path)]) == 2
    assert "--corpus and --audio" in capsys.readouterr().err
    assert sweep(["--output_dir", str(tmp_path / "none"), "--table"]) == 2
    assert "no finished cell" in capsys.readouterr().err


def test_a_grid_begins_with_models_of_its_systems_and_takes_some_pieces(recordings, tmp_path):
    words = ["--corpus", "gtzan", "--audio", str(recordings), "--cache_dir", str(tmp_path / "c")]
    words += ["--folds", "2", "--epochs", "1", "--seconds", "0.5", "--use_cpu", "--width", "0.1"]
    words += ["--systems", "cnn_gru_mel", "--hold_out", "none", "--most", "6"]
    first, then = tmp_path / "bases", tmp_path / "more"
    assert sweep([*words, "--output_dir", str(first)]) == 2  # nothing is held out: no table
    record = read_record(first / "cnn_gru_mel" / "none")
    assert any("6 of" in one for one in record["data"]["findings"])
    base = str(first / "{system}" / "none")
    assert sweep([*words, "--output_dir", str(then), "--pretrained", base]) == 2
    told = read_record(then / "cnn_gru_mel" / "none")["model"]
    assert told["pretrained"] == "none"


def test_a_pretrained_model_hears_another_corpus_as_it_has_heard_its_own(recordings, tmp_path):
    from symbolic.data import Corpus, Piece
    from symbolic.tasks import MOOD

    rng = np.random.default_rng(0)
    pictures = [rng.normal(size=(60, 64)).astype(np.float32) for _ in range(2)]
    pieces = [Piece(f"{i}", f"{i}", {"mood": i}, "moods") for i in range(2)]
    moods = Corpus("moods", pieces, (MOOD,), [], pictures, MOODS)
    base = build_audio_model(moods, AudioModelArguments(system="cnn_gru_mel", **SHORT))
    base.save_pretrained(tmp_path / "base")
    data = AudioDataArguments(
        corpus="gtzan", audio=str(recordings), folds=3, cache_dir=str(tmp_path / "c"), workers=0
    )
    told_base = {"pretrained": str(tmp_path / "base"), "width": SHORT["width"]}
    frozen = FitArguments(freeze="encoder")
    model = train_audio(
        data,
        AudioModelArguments(system="cnn_gru_mel", **told_base),
        frozen,
        told(tmp_path / "model", max_steps=2),
    )
    assert [task.name for task in model.tasks] == ["genre"]
    for name in ("front_end", "encoder_options", "window", "chunks"):
        assert getattr(model.config, name) == getattr(base.config, name), name
    path = recordings / "metal.00001.wav"
    row = AudioScorer.from_pretrained(tmp_path / "model").score(path, workers=0).iloc[0]
    assert row["error"] == ""
    corpus = READERS["gtzan"](recordings)
    longer = AudioModelArguments(system="cnn_gru_mel", seconds=2.0, **told_base)
    assert build_audio_model(corpus, longer).config.window == MOODS.positions(2 * RATE)
    for system, width in (("cnn_gru_mfcc", 0.2), ("cnn_gru_mel", 0.1), ("spec_cnn_gru", 0.2)):
        other = AudioModelArguments(system=system, pretrained=str(tmp_path / "base"), width=width)
        with pytest.raises(ValueError, match=f"not of the system {system}"):
            build_audio_model(corpus, other)
    rate = AudioModelArguments(system="cnn_gru_mel", frame_rate=50.0, **told_base)
    with pytest.raises(ValueError, match="frames a second"):
        build_audio_model(corpus, rate)


def test_a_system_of_mfcc_learns_from_mel_pictures(monkeypatch, tmp_path):
    from symbolic.audio import front_features
    from symbolic.data import Corpus, Piece
    from symbolic.tasks import MOOD

    rng = np.random.default_rng(0)
    sounds = [rng.normal(0, 0.1, 2 * RATE).astype(np.float32) for _ in range(4)]
    pictures = [front_features(sound, MOODS) for sound in sounds]
    pieces = [Piece(tmp_path / f"{i}", f"{i}", {"mood": i % 2}, "moods") for i in range(4)]
    corpus = Corpus("moods", pieces, (MOOD,), [], pictures, MOODS)
    monkeypatch.setitem(READERS, "moods", Reader(lambda folder: corpus))
    data = AudioDataArguments(corpus="moods", audio=".", hold_out="fold-0", folds=2)
    arguments = AudioModelArguments(system="cnn_gru_mfcc", **SHORT)
    model = train_audio(data, arguments, FitArguments(), told(tmp_path / "model", max_steps=2))
    front = model.config.front_end
    assert front == replace(MOODS, kinds=("mfcc",), n_mfcc=20)
    for sound, features in zip(sounds, corpus.with_front_end(front).features, strict=True):
        np.testing.assert_allclose(features, front_features(sound, front), atol=1e-4)
    with pytest.raises(ValueError, match="has no cqt"):
        build_audio_model(corpus, AudioModelArguments(system="branch_cqt"))
    with pytest.raises(ValueError, match="another front end"):
        corpus.with_front_end(AUDIO_SYSTEMS["cnn_mfcc"].front)


def test_a_rare_genre_can_count_as_much_as_a_frequent_one(recordings, tmp_path):
    for path in [*recordings.glob("blues*"), *list(recordings.glob("metal*"))[:2]]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    data = AudioDataArguments(
        corpus="gtzan", audio=str(tmp_path), hold_out="none", cache_dir=str(tmp_path), workers=0
    )
    arguments = AudioModelArguments(system="cnn_mel", **SHORT)
    fitting = FitArguments(class_weights=True)
    model = train_audio(data, arguments, fitting, told(tmp_path / "model", max_steps=1))
    weights = model.config.class_weights["genre"]
    assert weights[GTZAN_GENRES.index("blues")] == pytest.approx(8 / (2 * 6))
    assert weights[GTZAN_GENRES.index("metal")] == pytest.approx(8 / (2 * 2))
