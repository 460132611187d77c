"""Readers of corpora of recordings: miniatures of each, and the real ones where they are."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from small_corpora import (
    FMA_ROWS,
    fma_table,
    write_magnatagatune,
    write_moods,
    write_sound,
    write_text,
)

from symbolic.audio import FrontEnd, read_audio
from symbolic.data import (
    LeakError,
    Piece,
    group_folds,
    read_audio_folder,
    read_fma,
    read_gtzan,
    read_magnatagatune,
    read_moods,
    recording_corpora,
)
from symbolic.data.corpus import without_leaks
from symbolic.data.recordings.gtzan import REPETITIONS, gtzan_groups
from symbolic.tasks import GTZAN_GENRES, MOOD_CLUSTERS

pytest.importorskip("soundfile")


@pytest.fixture(scope="session")
def audio_data(data_folder):
    folder = data_folder / "audio"
    if not (folder / "moods.csv").is_file() or not (folder / "gtzan_100").is_dir():
        pytest.skip("no recordings in SYMBOLIC_DATA: audio/gtzan_100 and audio/moods.csv")
    return folder


@pytest.mark.parametrize(
    "layout", ["genres/{genre}/{name}.wav", "{genre}/{name}.au", "{name}.flac"]
)
def test_excerpts_of_gtzan_are_found_however_they_lie(tmp_path, layout):
    for genre in ("blues", "rock"):
        for number in (0, 3):
            name = f"{genre}.{number:05d}"
            write_sound(tmp_path / layout.format(genre=genre, name=name))
    write_sound(tmp_path / "polka.00001.wav")
    corpus = read_gtzan(tmp_path)
    assert [piece.labels["genre"] for piece in corpus.pieces] == [0, 0, 9, 9]
    assert corpus.groups == ["blues.00000", "blues.00003", "rock.00000", "rock.00003"]
    assert corpus.tasks[0].labels == GTZAN_GENRES
    assert corpus.findings == []
    assert {piece.split for piece in corpus.pieces} == {""}
    assert corpus.features is corpus.front_end is None


def test_the_corrupt_excerpt_of_gtzan_is_left_out_and_repetitions_share_a_group(tmp_path):
    for name in ("jazz.00054", "jazz.00033", "jazz.00051", "metal.00058", "rock.00016"):
        write_sound(tmp_path / f"{name}.wav")
    corpus = read_gtzan(tmp_path)
    assert corpus.groups == ["jazz.00033", "jazz.00033", "metal.00058", "metal.00058"]
    assert "jazz.00054.wav is left out" in corpus.findings[0]
    assert "2 excerpts repeat another" in corpus.findings[1]


def test_every_repetition_is_of_an_excerpt_that_can_be_and_of_one_group():
    names = [f"{genre}.{number:05d}" for genre in GTZAN_GENRES for number in range(100)]
    listed = [name for group in REPETITIONS for name in group]
    assert set(listed) <= set(names)
    assert len(listed) == len(set(listed))
    sizes = Counter(gtzan_groups(names).values())
    assert sum(size > 1 for size in sizes.values()) == len(REPETITIONS)


def test_the_fault_filtered_split_of_gtzan_is_read_without_what_would_leak(tmp_path):
    for name in ("metal.00058", "rock.00016", "rock.00001", "rock.00002", "rock.00003"):
        write_sound(tmp_path / "audio" / f"{name}.wav")
    splits = tmp_path / "splits"
    write_text(splits / "train_filtered.txt", "rock/rock.00016.wav\nrock/rock.00001.wav\n")
    write_text(splits / "valid.txt", "rock.00002.wav\n\n")
    with pytest.raises(FileNotFoundError, match=r"test_filtered\.txt: not there"):
        read_gtzan(tmp_path / "audio", splits)
    write_text(splits / "test_filtered.txt", "metal/metal.00058.au\nblues/blues.00000.au\n")
    corpus = read_gtzan(tmp_path / "audio", splits)
    split = {piece.path.stem: piece.split for piece in corpus.pieces}
    assert split == {
        "metal.00058": "test",
        "rock.00016": "",
        "rock.00001": "train",
        "rock.00002": "val",
        "rock.00003": "",
    }
    assert any("1 excerpts of the split are missing" in one for one in corpus.findings)
    assert any("rock.00016" in one and "out of their split" in one for one in corpus.findings)
    write_text(splits / "valid.txt", "rock.00002.wav\nrock.00001.wav\n")
    with pytest.raises(ValueError, match=r"valid\.txt, line 2: rock\.00001 is in train already"):
        read_gtzan(tmp_path / "audio", splits)
    write_text(splits / "valid.txt", "rock.00002.wav\npolka.00001.wav\n")
    with pytest.raises(ValueError, match=r"valid\.txt, line 2: 'polka\.00001\.wav' names no"):
        read_gtzan(tmp_path / "audio", splits)


def test_a_folder_without_gtzan_and_an_excerpt_that_is_there_twice_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no excerpt"):
        read_gtzan(tmp_path)
    write_sound(tmp_path / "blues.00000.wav")
    write_sound(tmp_path / "blues" / "blues.00000.flac")
    with pytest.raises(ValueError, match=r"blues\.00000 is there already"):
        read_gtzan(tmp_path)


def test_fma_has_artists_its_own_split_and_subsets(tmp_path):
    write_text(tmp_path / "fma_metadata" / "tracks.csv", fma_table(*FMA_ROWS))
    for name in ("000/000002", "000/000005", "001/001001"):
        write_sound(tmp_path / "fma_small" / f"{name}.mp3")
    corpus = read_fma(tmp_path)
    assert corpus.tasks[0].labels == ("Folk", "Hip-Hop", "Rock, or\nso")
    assert [piece.labels["genre"] for piece in corpus.pieces] == [1, 1, 0]
    assert corpus.groups == ["1", "1", "70"]
    assert [piece.split for piece in corpus.pieces] == ["train", "train", "test"]
    assert corpus.findings == [
        "1 of 4 recordings are missing and left out, the first is 001002.mp3"
    ]
    (tmp_path / "fma_small").rename(tmp_path / "fma_large")
    large = read_fma(tmp_path, subset="large")
    assert "1 tracks have no top genre" in large.findings[0]
    assert "2 of 5 recordings are missing" in large.findings[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track,genre\n1,Rock\n", r"tracks\.csv: .*no column \('artist', 'id'\)"),
        (fma_table((2, 1, "train", "small", "Rock")), r"line 4: split 'train' is none of training"),
        (fma_table((2, 1, "training", "small")), r"line 4 has not the 5 values"),
        (fma_table(("two", 1, "training", "small", "Rock")), r"line 4 does not begin with a num"),
        (fma_table((2, 1, "training", "large", "Rock")), r"no track of the subset small"),
    ],
)
def test_a_table_of_fma_that_is_wrong_is_named(tmp_path, text, message):
    write_text(tmp_path / "tracks.csv", text)
    with pytest.raises(ValueError, match=message):
        read_fma(tmp_path)


def test_fma_without_table_or_recordings_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tracks\.csv: not there"):
        read_fma(tmp_path)
    with pytest.raises(ValueError, match="no subset 'tiny'"):
        read_fma(tmp_path, subset="tiny")
    write_text(tmp_path / "tracks.csv", fma_table(*FMA_ROWS))
    with pytest.raises(FileNotFoundError, match=r"none of the 4 recordings .*000002\.mp3"):
        read_fma(tmp_path)


@pytest.fixture
def magnatagatune(tmp_path):
    return write_magnatagatune(tmp_path)


def test_magnatagatune_has_its_most_frequent_tags_and_its_folders_as_split(magnatagatune):
    corpus = read_magnatagatune(magnatagatune, tags=2)
    assert corpus.tasks[0].labels == ("guitar", "slow")
    assert [piece.labels["tags"] for piece in corpus.pieces] == [(1, 1), (1, 0), (1, 1), (1, 1)]
    assert [piece.split for piece in corpus.pieces] == ["train", "train", "val", "test"]
    assert corpus.groups[:2] == ["0/song_a.mp3"] * 2
    assert "1 clips have none of the 2 tags" in corpus.findings[0]
    every = read_magnatagatune(magnatagatune, tags=2, keep_untagged=True)
    assert len(every.pieces) == 5
    assert every.groups[2] == "b/song_b-1.mp3"


def test_clips_of_a_song_of_magnatagatune_are_one_group_in_every_split(magnatagatune):
    (magnatagatune / "0" / "song_a-30-59.mp3").write_bytes(b"")
    write_text(
        magnatagatune / "clip_info_final.csv",
        "clip_id\toriginal_url\tmp3_path\n"
        "0\thttp://songs/a\t0/song_a-0-29.mp3\n"
        "3\thttp://songs/a\tc/song_c-0-29.mp3\n"
        "4\t\tf/song_d-0-29.mp3\n",
    )
    corpus = read_magnatagatune(magnatagatune, tags=1)
    assert corpus.groups == ["http://songs/a", "http://songs/a", "f/song_d.mp3"]
    assert [piece.split for piece in corpus.pieces] == ["", "val", "test"]
    assert any("empty files" in finding for finding in corpus.findings)
    tenths = read_magnatagatune(magnatagatune, tags=1, split="9:1")
    assert tenths.pieces[0].split == tenths.pieces[1].split != ""


def test_a_table_of_magnatagatune_that_is_wrong_is_named(magnatagatune):
    table = magnatagatune / "annotations_final.csv"
    with pytest.raises(ValueError, match="no split '3:1'"):
        read_magnatagatune(magnatagatune, split="3:1")
    with pytest.raises(ValueError, match="50 tags of 3"):
        read_magnatagatune(magnatagatune)
    write_text(table, "clip_id\tharp\tmp3_path\n1\t2\t0/a.mp3\n")
    with pytest.raises(ValueError, match=r"annotations_final\.csv, line 2: not 3 values"):
        read_magnatagatune(magnatagatune, tags=1)
    write_text(table, "clip_id,harp,mp3_path\n1,1,0/a.mp3\n")
    with pytest.raises(ValueError, match="its first line does not name clip_id"):
        read_magnatagatune(magnatagatune, tags=1)
    write_text(table, "clip_id\tharp\tmp3_path\n1\t1\tx/a.mp3\n")
    with pytest.raises(FileNotFoundError, match="none of the 1 recordings"):
        read_magnatagatune(magnatagatune, tags=1)


@pytest.fixture
def moods_folder(tmp_path):
    return write_moods(tmp_path)


def test_pictures_of_the_mood_set_are_decibels_in_frames(moods_folder):
    corpus = read_moods(moods_folder)
    assert [frames.shape for frames in corpus.features] == [(5 + i, 64) for i in range(5)]
    assert corpus.features[0].dtype == np.float32
    assert corpus.features[0].max() == -60
    np.testing.assert_allclose(corpus.features[1], -36)
    assert corpus.front_end.width == 64
    assert corpus.front_end.hop == 2048
    assert [piece.labels["mood"] for piece in corpus.pieces] == [0, 1, 2, 3, 4]
    assert set(corpus.groups) == {"ann lee"}
    assert "1 spectrograms of moods_mel.npz have no row" in corpus.findings[0]


def test_mfcc_of_an_even_picture_are_its_level_and_nothing_else(moods_folder):
    corpus = read_moods(moods_folder)
    front = corpus.front_end_for(FrontEnd(kinds=("mfcc",), n_mfcc=13))
    assert front == replace(corpus.front_end, kinds=("mfcc",), n_mfcc=13)
    heard = corpus.with_front_end(front)
    assert heard.front_end == front
    assert heard.pieces == corpus.pieces
    for frames, bands in zip(heard.features, corpus.features, strict=True):
        assert frames.shape == (len(bands), 13)
        np.testing.assert_allclose(frames[:, 0], 8 * bands[:, 0], rtol=1e-5)  # 8 * 8 bands
        np.testing.assert_allclose(frames[:, 1:], 0, atol=1e-3)


def test_pictures_are_heard_as_what_they_hold_only(moods_folder):
    corpus = read_moods(moods_folder)
    assert corpus.front_end_for(FrontEnd(n_mels=128)) == corpus.front_end
    assert corpus.with_front_end(corpus.front_end) is corpus
    with pytest.raises(ValueError, match="moods: has no cqt"):
        corpus.front_end_for(FrontEnd(kinds=("cqt",)))
    with pytest.raises(ValueError, match="moods: has spectrograms of another front end"):
        corpus.with_front_end(FrontEnd())
    with pytest.raises(ValueError, match="65 MFCC of 64 mel bands"):
        corpus.with_front_end(corpus.front_end_for(FrontEnd(kinds=("mfcc",), n_mfcc=65)))
    audio = replace(corpus, features=None, front_end=None)
    assert audio.front_end_for(FrontEnd(kinds=("cqt",))) == FrontEnd(kinds=("cqt",))
    assert audio.with_front_end(FrontEnd()) is audio


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("000,Cluster 6,Sad,x", r"moods\.csv, line 2: cluster 'Cluster 6'"),
        ("777,Cluster 1,Sad,x", r"line 2: 777 has no spectrogram"),
        ("000,Cluster 1,Sad,x\n000,Cluster 1,Sad,x", r"line 3: 000 has a row already, in line 2"),
    ],
)
def test_a_row_of_the_mood_set_that_is_wrong_is_named(moods_folder, row, message):
    write_text(moods_folder / "moods.csv", f"clip,cluster,mood,artist\n{row}\n")
    with pytest.raises(ValueError, match=message):
        read_moods(moods_folder)


def test_a_mood_set_without_its_files_or_with_other_pictures_is_refused(moods_folder):
    write_text(moods_folder / "moods.csv", "clip,cluster\n000,Cluster 1\n")
    with pytest.raises(FileNotFoundError, match="no column artist"):
        read_moods(moods_folder)
    write_text(moods_folder / "moods.csv", "clip,cluster,artist\n000,Cluster 1,x\n")
    np.savez(moods_folder / "moods_mel.npz", **{"000": np.zeros((12, 5), np.uint8)})
    with pytest.raises(ValueError, match=r"moods_mel\.npz: 000 is uint8 \(12, 5\)"):
        read_moods(moods_folder)
    (moods_folder / "moods_mel.npz").write_bytes(b"PK no archive")
    with pytest.raises(ValueError, match="not an archive of arrays"):
        read_moods(moods_folder)
    (moods_folder / "moods_mel.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"moods_mel\.npz: not there"):
        read_moods(moods_folder)


def test_own_recordings_have_the_labels_that_their_table_names(tmp_path):
    for name in ("a.wav", "audio/b.wav", "c.wav"):
        write_sound(tmp_path / "mine" / name)
    write_text(
        tmp_path / "mine" / "labels.csv",
        "path,genre,mood,tags,quadrant,valence,arousal,group,split\n"
        "a.wav,rock,,loud | fast,Q2,-0.5,0.5,Ann,train\n"
        "b.wav,folk,calm,loud;slow;loud,,0.25,-1,Ann,train\n"
        "c.wav,rock,,,,,,,test\n",
    )
    corpus = read_audio_folder(tmp_path / "mine")
    names = {task.name: task.labels for task in corpus.tasks}
    assert names["genre"] == ("folk", "rock")
    assert names["mood"] == ("calm",)
    assert names["tags"] == ("loud", "fast", "slow")
    assert {"emotion", "valence_arousal"} < set(names)
    a, b, c = corpus.pieces
    assert (a.labels["genre"], a.labels["emotion"]) == (1, 1)
    assert b.labels["tags"] == (1, 0, 1)
    assert b.labels["emotion"] == 3
    assert b.labels["valence_arousal"] == (0.25, -1)
    assert c.labels == {"genre": 1}
    assert corpus.groups == ["Ann", "Ann", "c.wav"]
    assert corpus.name == a.corpus == "mine"
    assert b.path == tmp_path / "mine" / "audio" / "b.wav"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("path,artist\na.wav,Ann\n", ValueError, "none of the columns genre, mood, tags"),
        ("path,genre\na.wav,\n", ValueError, "no row has a label"),
        ("path,genre\na.wav,x\nb.wav,y\n", FileNotFoundError, r"line 3: b\.wav is neither in"),
        ("path,genre\na.wav,x\naudio/../a.wav,y\n", ValueError, "line 3: .*has a row already"),
        ("path,quadrant\na.wav,Q5\n", ValueError, "line 2: quadrant 'Q5'"),
        (
            "path,genre,group,split\na.wav,x,Ann,train\nc.wav,x,Ann,test\n",
            LeakError,
            r"labels\.csv: 1 groups are in both train and test: Ann",
        ),
    ],
)
def test_a_table_of_own_recordings_that_is_wrong_is_named(tmp_path, text, error, message):
    write_sound(tmp_path / "a.wav")
    write_sound(tmp_path / "c.wav")
    (tmp_path / "audio").mkdir()
    write_text(tmp_path / "labels.csv", text)
    with pytest.raises(error, match=message):
        read_audio_folder(tmp_path)


def test_a_group_in_several_splits_stays_where_it_is_held_out(tmp_path):
    pieces = [
        Piece(tmp_path / str(i), group, split=split)
        for i, (group, split) in enumerate(
            [("a", "train"), ("a", "test"), ("b", "train"), ("c", "val"), ("c", "train"), ("d", "")]
        )
    ]
    found, findings = without_leaks(pieces)
    assert [piece.split for piece in found] == ["", "test", "train", "val", "", ""]
    assert findings[0].startswith("2 recordings are taken out of their split")
    assert without_leaks(found) == (found, [])


def test_the_readers_are_known_by_name():
    assert {"gtzan", "fma", "magnatagatune", "moods", "folder"} <= set(recording_corpora())
    assert {"emopia", "vgmidi"} <= set(recording_corpora())


def test_the_real_excerpts_of_gtzan_are_read(audio_data):
    corpus = read_gtzan(audio_data / "gtzan_100", audio_data / "gtzan_fault_filtered")
    assert Counter(piece.labels["genre"] for piece in corpus.pieces) == dict.fromkeys(range(10), 10)
    samples, rate = read_audio(corpus.pieces[0].path)
    assert rate == 22050
    assert 15 < len(samples) / rate < 20


def test_the_real_mood_set_is_read_and_folds_keep_artists_apart(audio_data):
    corpus = read_moods(audio_data)
    moods = [piece.labels["mood"] for piece in corpus.pieces]
    assert len(moods) == 903
    assert corpus.tasks[0].labels == MOOD_CLUSTERS
    assert set(moods) == {0, 1, 2, 3, 4}
    assert len(set(corpus.groups)) == 666
    assert {frames.shape[1] for frames in corpus.features} == {64}
    assert not math.isnan(sum(float(frames.sum()) for frames in corpus.features))
    fold = group_folds(moods, corpus.groups, 5)
    assert Counter(fold.tolist()).most_common()[-1][1] > 150
