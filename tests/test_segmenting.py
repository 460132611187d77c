"""`symbolic segment`: where the parts of files begin."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from symbolic import load
from symbolic.audio import inputs as hearing
from symbolic.cli import main as cli
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import AUDIO_SYSTEMS, BOUNDARY_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.notes import read_notes
from symbolic.reports.segment_plots import segment_plot
from symbolic.scoring import progress
from symbolic.structure import segmenter as segmenting
from symbolic.structure.detection import FRAME_GRID, boundary_times
from symbolic.structure.segmentation import Segmentation, segment_table
from symbolic.structure.segmenter import Segmenter
from symbolic.tasks import BOUNDARY, TAGS

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("librosa")
pytest.importorskip("mir_eval")

RATE = 22050
CHANGE = 20.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recording and a MIDI file that become another thing after twenty seconds, and no music."""
    import pretty_midi

    folder = tmp_path_factory.mktemp("pieces")
    rng = np.random.default_rng(0)
    time = np.arange(int(2 * CHANGE * RATE)) / RATE
    low = np.sin(2 * np.pi * 110 * time) + 0.5 * np.sin(2 * np.pi * 330 * time)
    high = rng.standard_normal(len(time))
    sound = 0.2 * np.where(time < CHANGE, low, high) * (1 + 0.1 * rng.standard_normal(len(time)))
    soundfile.write(folder / "two parts.wav", sound, RATE)
    music = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    for step in range(80):
        chord = (48, 52, 55) if step < 40 else (54, 58, 61)
        pitch = chord[step % 3]
        piano.notes.append(pretty_midi.Note(80, pitch, step / 2, step / 2 + 0.5))
    music.instruments.append(piano)
    music.write(str(folder / "two parts.mid"))
    (folder / "words.wav").write_bytes(b"no sound")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    made = SymbolicModel(BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], 1 / 8))
    made.config.thresholds = {"boundary": {"0.5": 0.6, "3": 0.0}}
    made.save_pretrained(folder)
    made.config.feature_extractor().save_pretrained(folder)
    return folder


def test_without_a_model_it_is_where_something_new_begins(folder):
    found = Segmenter().segment([folder / "two parts.wav", folder / "two parts.mid"], workers=0)
    for one in found:
        assert one.error == ""
        best = one.times[1:-1][one.confidence[1:-1].argmax()]
        assert abs(best - CHANGE) < 1, one.path
        assert one.times[-1] == pytest.approx(2 * CHANGE, abs=0.5)
    assert found[1].front.from_notes


def strophes(write_midi, path, minor=(0, 3, 7), major=(0, 4, 7), quarter=480):
    """A song of sixteen-bar parts, A B A B, each with a melody and chords of its own: 128 s."""
    notes = []
    for part in range(4):
        chords = [(0, minor), (5, major), (7, major), (3, minor)] if part % 2 else [(0, major)] * 2
        for bar in range(16):
            start = (part * 16 + bar) * 4 * quarter
            root, chord = chords[bar % len(chords)]
            notes += [(start, 4 * quarter, 48 + root + third, 60) for third in chord]
            steps = (0, 2, 4, 5, 7, 5, 4, 2) if part % 2 else (0, 4, 7, 4)
            length = 4 * quarter // len(steps)
            notes += [
                (start + i * length, length, (76 if part % 2 else 64) + step, 80)
                for i, step in enumerate(steps)
            ]
    return write_midi(path, notes)


def test_without_a_name_it_is_the_model_in_the_package_and_novelty_has_a_name(folder):
    paths = [folder / "two parts.mid"]
    default, named, novelty, untrained = (
        segmenter.segment(paths, workers=0)[0]
        for segmenter in (
            Segmenter.from_pretrained(),
            Segmenter.from_pretrained("phrases"),
            Segmenter.from_pretrained("novelty"),
            Segmenter(),
        )
    )
    assert (default.curve, novelty.curve) == ("activation", "novelty")
    np.testing.assert_array_equal(default.times, named.times)
    np.testing.assert_array_equal(novelty.times, untrained.times)


def test_the_method_is_chosen_on_the_command_line(folder, tmp_path, capsys):
    path = folder / "two parts.mid"
    tables = {}
    for name, words in {"default": [], "novelty": ["--method", "novelty"]}.items():
        output = tmp_path / f"{name}.csv"
        words = ["segment", str(path), "--workers", "0", "-q", "-o", str(output), *words]
        assert cli(words) == 0
        tables[name] = pd.read_csv(output)
    (expected,) = Segmenter().segment([path], workers=0)
    assert tables["novelty"]["start"].tolist() == expected.times[:-1].round(3).tolist()
    assert tables["default"]["start"].tolist() != tables["novelty"]["start"].tolist()
    assert cli(["segment", str(path), "--method", "novelty", "--model", "phrases"]) == 2
    assert "--method novelty takes no --model" in capsys.readouterr().err


def test_the_model_in_the_package_finds_phrases(tmp_path, write_midi):
    song = strophes(write_midi, tmp_path / "song.mid")
    (found,) = Segmenter.from_pretrained("phrases").segment([song], workers=0)
    assert found.curve == "activation"
    assert found.times[-1] == pytest.approx(128, abs=0.5)
    changes = [np.abs(found.times - change).min() < 3 for change in (32, 64, 96)]
    assert sum(changes) >= 2
    off = np.abs((found.times + 4) % 8 - 4) > 0.5  # phrases of four bars begin every 8 s
    assert off.mean() < 0.15
    (novelty,) = Segmenter(tolerance="3").segment([song], workers=0)
    assert (np.abs((novelty.times + 4) % 8 - 4) > 0.5).mean() > 0.3


def test_the_model_in_the_package_leaves_recordings_to_novelty(folder):
    paths = [folder / "two parts.wav", folder / "two parts.mid"]
    recording, notes = Segmenter.from_pretrained("phrases").segment(paths, workers=0)
    assert (recording.curve, notes.curve) == ("novelty", "activation")
    (expected,) = Segmenter().segment(paths[:1], workers=0)
    np.testing.assert_array_equal(recording.times, expected.times)
    np.testing.assert_array_equal(recording.confidence, expected.confidence)


@pytest.mark.parametrize("name", ["phrases", "novelty"])
def test_notes_are_read_once_and_their_piano_roll_is_computed_when_it_is_asked_for(
    name, folder, monkeypatch
):
    path = folder / "two parts.mid"
    calls = []

    def reading(source):
        calls.append("read")
        return read_notes(source)

    monkeypatch.setattr(segmenting, "read_notes", reading)
    monkeypatch.setattr(hearing, "read_notes", reading)
    (one,) = Segmenter.from_pretrained(name).segment([path], workers=0)
    assert calls == ["read"]
    alike = [copy.copy(one), pickle.loads(pickle.dumps(one))]
    assert not any("frames" in vars(each) for each in (one, *alike))
    frames = hearing.frames_of(path, FRAME_GRID)[: len(one.activation)]
    for each in (one, *alike, replace(one)):
        np.testing.assert_array_equal(each.frames, frames)
        assert each.frames is each.frames
        assert each == one
        assert repr(each) == repr(one)
    shown = replace(one, frames=frames[:5])
    assert len(shown.frames) == 5
    assert shown != one
    assert one != replace(one, times=one.times + 1)
    assert one != str(one)
    with pytest.raises(AttributeError, match="Segmentation has no frame"):
        one.frame  # noqa: B018


def test_the_model_in_the_package_has_a_name_on_the_command_line(folder, tmp_path, monkeypatch):
    path = folder / "two parts.mid"
    words = ["segment", str(path), "--workers", "0", "-q", "--model", "phrases"]
    assert cli([*words, "--output", str(tmp_path / "parts.csv")]) == 0
    (expected,) = Segmenter.from_pretrained("phrases").segment([path], workers=0)
    table = pd.read_csv(tmp_path / "parts.csv")
    assert table["start"].tolist() == pytest.approx(expected.times[:-1].round(3).tolist())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phrases").mkdir()  # of something else
    assert cli(words) == 0
    (tmp_path / "phrases" / "config.json").write_text("{}")  # a model of that name comes first
    assert cli(words) == 2


def test_the_model_in_the_package_predicts_as_in_pytorch(tmp_path, write_midi):
    song = strophes(write_midi, tmp_path / "song.mid")
    light = Segmenter.from_pretrained("phrases", tolerance="3")
    light.save_pretrained(tmp_path / "saved")
    heavy = Segmenter.from_pretrained(tmp_path / "saved", tolerance="3")
    assert isinstance(heavy.model, SymbolicModel)
    (one,), (other,) = light([song], workers=0), heavy([song], workers=0)
    np.testing.assert_allclose(one.activation, other.activation, atol=1e-5)
    np.testing.assert_allclose(one.times, other.times, atol=1e-6)


def test_columns_are_called_as_those_of_scores(folder):
    table = segment_table(Segmenter().segment(folder, workers=0))
    named = ["label", "similar_to"]
    assert list(table.columns) == ["path", "part", "start", "end", *named, "confidence", "error"]
    recording = table[table["path"].str.endswith("two parts.wav")]
    assert (recording["label"] == "").all()
    assert recording["similar_to"].isna().all()
    assert set(table[table["path"].str.endswith(".mid")]["label"]) >= {"A", "B"}


def test_a_bar_follows_long_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(progress, "DELAY", 0)
    Segmenter().segment(folder, workers=0, progress=True)
    assert "/3" in capsys.readouterr().err
    Segmenter().segment(folder, workers=0)
    assert capsys.readouterr().err == ""


def test_folders_are_searched_for_notation_as_well(tmp_path):
    from music21 import note, stream

    score = stream.Score(
        [stream.Part([note.Note(48 + i // 8, quarterLength=1) for i in range(32)])]
    )
    score.write("musicxml", fp=tmp_path / "written.musicxml")
    (one,) = Segmenter().segment(tmp_path, workers=0)
    assert not one.error
    assert one.path.endswith("written.musicxml")


def test_tables_labels_and_pictures_are_written(folder, tmp_path, capsys):
    marked = tmp_path / "marked.txt"
    marked.write_text("# by ear\n0.0\tA\n20.0\tB\n\n40.0\n", encoding="utf-8")
    table = tmp_path / "out" / "parts.csv"
    words = ["segment", str(folder / "two parts.mid"), "--workers", "0", "-o", str(table)]
    words += ["--labels", str(tmp_path / "labels"), "--plots", str(tmp_path / "plots")]
    assert cli([*words, "--reference", str(marked)]) == 0
    parts = pd.read_csv(table)
    assert parts["start"].iloc[0] == 0
    np.testing.assert_allclose(parts["start"].iloc[1:], parts["end"].iloc[:-1])
    lines = (tmp_path / "labels" / "two parts.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(parts)
    start, end, name = lines[1].split("\t")
    assert float(start) == pytest.approx(parts["start"].iloc[1], abs=1e-3)
    assert float(end) > float(start)
    assert name.startswith(parts["label"].iloc[1])
    assert (tmp_path / "plots" / "two parts.png").read_bytes().startswith(b"\x89PNG")
    assert "confidence" in capsys.readouterr().out


def test_what_cannot_be_read_has_a_row_that_says_why(folder, tmp_path, capsys):
    output = tmp_path / "parts.json"
    words = ["segment", str(folder), "--workers", "0", "-o", str(output), "-q"]
    assert cli([*words, "--plots", str(tmp_path)]) == 0
    records = {record["path"]: record for record in json.loads(output.read_text(encoding="utf-8"))}
    assert len(records) == 3
    (bad,) = [record for record in records.values() if record["error"]]
    assert "words.wav" in bad["path"]
    assert bad["boundaries"] == []
    # A recording and a MIDI file of one name have pictures of their own.
    assert {path.name for path in tmp_path.glob("*.png")} == {"two parts.png", "two parts-2.png"}
    assert capsys.readouterr().out == ""


def test_a_model_answers_with_its_own_thresholds(folder, model):
    path = folder / "two parts.wav"
    sure, unsure = (
        Segmenter.from_pretrained(model, tolerance=tolerance).segment([path], workers=0)[0]
        for tolerance in ("0.5", "3")
    )
    assert len(sure.times) <= len(unsure.times)
    assert unsure.activation.shape == (len(unsure.frames),)
    assert unsure.frames.shape[1] == 80


def test_a_model_with_an_old_or_unknown_rule_works_or_is_not_loaded(folder, model):
    path, saved = folder / "two parts.wav", Segmenter.from_pretrained(model).model
    saved.config.peaks = "window"  # before 0.2
    with pytest.warns(FutureWarning, match="is now 'local_mean'"):
        (old,) = Segmenter(saved, "3").segment([path], workers=0)
    saved.config.peaks = "local_mean"
    (new,) = Segmenter(saved, "3").segment([path], workers=0)
    assert old.times.tolist() == new.times.tolist()
    assert len(old.times) > 2
    saved.config.peaks = "highest"
    with pytest.raises(ValueError, match="'highest': not one or two of min_distance"):
        Segmenter(saved)


def test_silence_has_no_parts_and_two_seconds_have_one(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(30 * RATE), RATE)
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "short.wav", 0.1 * rng.standard_normal(2 * RATE), RATE)
    found = Segmenter().segment([tmp_path / "silence.wav", tmp_path / "short.wav"], workers=0)
    assert len(found[0].times) == 2
    assert found[0].times[0] == 0
    assert found[1].times[-1] == pytest.approx(2, abs=0.3)


def test_models_that_find_no_boundaries_are_refused(tmp_path, folder, capsys):
    made = SymbolicModel(AUDIO_SYSTEMS["cnn_mel"].config([TAGS], 1 / 16))
    made.save_pretrained(tmp_path)
    made.config.feature_extractor().save_pretrained(tmp_path)
    assert cli(["segment", str(folder), "--model", str(tmp_path)]) == 2
    assert "the model predicts tags, not boundaries" in capsys.readouterr().err
    none = SymbolicModel(BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], 1 / 8))
    with pytest.raises(ValueError, match="it has none"):
        Segmenter(none)


def test_what_is_asked_wrongly_is_said_before_any_work(folder, tmp_path, capsys):
    marked = tmp_path / "marked.txt"
    marked.write_text("soon\n", encoding="utf-8")
    assert cli(["segment", str(folder), "--reference", str(marked)]) == 2
    assert "line 1: 'soon' is not a time" in capsys.readouterr().err
    marked.write_text("1\n", encoding="utf-8")
    words = ["segment", str(folder), "--workers", "0", "--reference", str(marked)]
    assert cli(words) == 2
    assert "a single file, not 3" in capsys.readouterr().err
    assert cli(["segment", str(tmp_path / "nowhere.wav"), "--workers", "0", "-q"]) == 1
    (tmp_path / "empty").mkdir()
    assert cli(["segment", str(tmp_path / "empty")]) == 1


def test_the_old_name_of_the_tolerance_is_accepted(folder, model, tmp_path, capsys):
    tables = []
    for option in ("--tolerance", "--window"):
        words = ["segment", str(folder / "two parts.wav"), "--model", str(model), option, "3"]
        assert cli([*words, "--workers", "0", "-q", "-o", str(tmp_path / "a.csv")]) == 0
        tables.append((tmp_path / "a.csv").read_text(encoding="utf-8"))
    assert tables[0] == tables[1]
    assert "--window is now --tolerance" in capsys.readouterr().err
    with pytest.warns(FutureWarning, match="window"):
        assert Segmenter.from_pretrained(model, window="3").tolerance == 3.0


def test_a_table_of_nothing_but_errors():
    table = segment_table([Segmentation("a.wav", error="no sound")])
    assert table["error"].tolist() == ["no sound"]
    assert table["part"].isna().all()
    assert (
        Segmentation("a", np.array([0, 2.0]), np.ones(2)).to_audacity().startswith("0.000000\t2.0")
    )


def test_a_model_of_boundaries_scores_no_whole_recordings(folder, model, capsys):
    assert cli(["score", str(folder / "two parts.wav"), "--model", str(model)]) == 2
    assert "symbolic segment finds boundaries" in capsys.readouterr().err


SHAPES = [(10.0, 22050), (7.31, 8000), (33.337, 44100), (2.5, 16000), (0.4, 48000)]


def noise(path, seconds, rate):
    """A recording of noise, and how long it is to its last sample."""
    count = round(seconds * rate)
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(count), rate)
    return count / rate


def parted_everywhere(one, seconds, folder):
    """All that is written of a piece begins at 0, ends where it does, and has nothing beyond."""
    assert one.error == ""
    assert one.times[0] == 0
    assert one.times[-1] == seconds
    assert (np.diff(one.times) > 0).all()
    table = segment_table([one])
    assert table["start"].iloc[0] == 0
    assert table["end"].iloc[-1] == pytest.approx(seconds, abs=5e-4)
    np.testing.assert_array_equal(table["start"].iloc[1:], table["end"].iloc[:-1])
    assert (table["start"] < table["end"]).all()
    labels = [line.split("\t") for line in one.to_audacity().splitlines()]
    assert float(labels[0][0]) == 0
    assert float(labels[-1][1]) == pytest.approx(seconds, abs=5e-7)
    times = [boundary["time"] for boundary in one.to_dict()["boundaries"]]
    assert times == [0, *table["end"]]
    axes = drawn(one, folder)
    for each in axes:
        assert each.get_xlim() == pytest.approx((0, seconds))
        at = [line.get_xdata()[0] for line in each.lines if len(line.get_xdata()) == 2]
        assert [time for time in at if not 0 < time < seconds] == []
    left, right, _, _ = axes[0].images[0].get_extent()
    assert left <= 0
    assert (right - left) * one.front.rate == pytest.approx(len(one.frames))
    (curve,) = [line for line in axes[1].lines if line.get_label() == one.curve]
    frames = curve.get_xdata()
    assert len(frames) == 1 or frames[-1] < seconds
    np.testing.assert_allclose(frames - left, (np.arange(len(frames)) + 0.5) / one.front.rate)


def drawn(one, folder):
    """The axes of a picture."""
    from matplotlib.figure import Figure

    kept = []
    with pytest.MonkeyPatch.context() as patch:
        save = Figure.savefig
        patch.setattr(Figure, "savefig", lambda *a, **o: kept.append(a[0]) or save(*a, **o))
        segment_plot(one, folder / "picture.png")
    return kept[0].axes


@pytest.mark.parametrize(("seconds", "rate"), SHAPES)
def test_a_recording_ends_with_its_last_sample(seconds, rate, model, tmp_path):
    exact = noise(tmp_path / "noise.wav", seconds, rate)
    for segmenter in (Segmenter(), Segmenter.from_pretrained(model, tolerance="3")):
        (one,) = segmenter.segment([tmp_path / "noise.wav"], workers=0)
        parted_everywhere(one, exact, tmp_path)


@pytest.mark.parametrize("pool", [1, 6])
def test_frames_that_are_not_pooled_end_no_later(pool, tmp_path):
    config = BOUNDARY_SYSTEMS["mls"].config([BOUNDARY], 1 / 8)
    config.front_end = replace(config.front_end, pool=pool)
    made = SymbolicModel(config)
    made.config.thresholds = {"boundary": {"0.5": 0.0}}
    exact = noise(tmp_path / "noise.wav", 9.5, 44100)
    (one,) = Segmenter(made).segment([tmp_path / "noise.wav"], workers=0)
    parted_everywhere(one, exact, tmp_path)


def scale(path, seconds=20.0, gap=0.0):
    """A scale of half seconds, each note as long but for a gap; its last note ends at `seconds`."""
    import pretty_midi

    music, piano = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0)
    for step in np.arange(0, seconds, 0.5):
        pitch = 48 + int(step * 2) % 12 + (24 if step > seconds / 2 else 0)
        piano.notes.append(pretty_midi.Note(80, pitch, step, min(step + 0.5 - gap, seconds)))
    piano.control_changes.append(pretty_midi.ControlChange(64, 0, seconds + 30))
    music.instruments.append(piano)
    music.write(str(path))
    return read_notes(path).seconds


@pytest.mark.parametrize("seconds", [20.0, 17.8, 3.3])
def test_notes_end_with_the_last_of_them(seconds, tmp_path):
    exact = scale(tmp_path / "scale.mid", seconds)
    assert exact == pytest.approx(seconds, abs=0.01)
    (one,) = Segmenter().segment([tmp_path / "scale.mid"], workers=0)
    parted_everywhere(one, exact, tmp_path)


def test_written_music_ends_with_its_last_note(tmp_path):
    from music21 import note, stream

    notes = [note.Note(48 + i // 8, quarterLength=1) for i in range(29)]
    stream.Score([stream.Part([*notes, note.Rest(quarterLength=3)])]).write(
        "musicxml", fp=tmp_path / "written.musicxml"
    )
    exact = read_notes(tmp_path / "written.musicxml").seconds
    assert exact == pytest.approx(14.5)
    (one,) = Segmenter().segment([tmp_path / "written.musicxml"], workers=0)
    parted_everywhere(one, exact, tmp_path)


def test_reverberation_is_no_part_of_music_that_is_played(model, tmp_path, monkeypatch):
    exact = scale(tmp_path / "scale.mid", 12.3)

    def rendered(source, rate):
        assert source == tmp_path / "scale.mid"
        sound = 0.1 * np.random.default_rng(0).standard_normal(int((exact + 1) * rate))
        return sound.astype(np.float32)

    monkeypatch.setattr(hearing, "read_sound", rendered)
    (one,) = Segmenter.from_pretrained(model, tolerance="3").segment(
        [tmp_path / "scale.mid"], workers=0
    )
    parted_everywhere(one, exact, tmp_path)


@pytest.mark.parametrize("unit", ["beat", "bar"])
@pytest.mark.parametrize("seconds", [20.0, 17.8])
def test_music_by_bars_and_beats_ends_with_its_last_note(unit, seconds, tmp_path):
    options = {"pictures": ["chroma"], "size": 16, "lags": 8}
    config = SymbolicConfig(
        encoder="metrical", tasks=[BOUNDARY], metrical_unit=unit, metrical_options=options
    )
    config.thresholds = {"boundary": {"0.5": 0.0}}
    exact = scale(tmp_path / "scale.mid", seconds)
    (one,) = Segmenter(SymbolicModel(config)).segment([tmp_path / "scale.mid"], workers=0)
    parted_everywhere(one, exact, tmp_path)


def test_a_change_in_the_last_moment_makes_no_part():
    front, activation = BOUNDARY_SYSTEMS["mls"].front, np.zeros(100)
    activation[[40, 98]] = 0.9
    last = front.first + 98 / front.rate
    for end, inner in ((last + 0.2, 2), (last + 5e-4, 1), (last - 0.01, 1)):
        times, sure = boundary_times(activation, front, "expected_hits", 0.05, 0.5, end)
        assert times[-1] == end
        assert len(times) == len(sure) == inner + 2


def test_what_sounds_after_the_end_hides_no_boundary_before_it():
    front, activation = BOUNDARY_SYSTEMS["mls"].front, np.zeros(100)
    activation[80], activation[95] = 0.6, 0.9  # nearer than parts may be
    end = front.first + 90 / front.rate
    times, _ = boundary_times(activation, front, "min_distance", 0.3, 0.5, end)
    assert times.tolist() == [0, front.first + 80 / front.rate, end]


def test_a_saved_segmenter_is_loaded_and_finds_the_same(model, tmp_path, write_midi):
    path = write_midi(tmp_path / "scale.mid", [(480 * i, 480, 60 + i % 12, 64) for i in range(64)])
    segmenter = Segmenter.from_pretrained(model, tolerance="3")
    segmenter.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved", tolerance="3")
    assert isinstance(again, Segmenter)
    assert "boundary" in repr(again)
    (one,), (other,) = segmenter([path], workers=0), again([path], workers=0)
    assert one.times.tolist() == other.times.tolist()


def test_novelty_has_no_model_to_save(tmp_path):
    with pytest.raises(ValueError, match="no model"):
        Segmenter().save_pretrained(tmp_path)
