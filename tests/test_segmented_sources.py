"""Sources of a segmenter beside paths: bytes, named bytes, archives, objects with notes."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from marked_files import bar, marked, rehearsal, text
from musicxml_scores import score

from symbolic import NamedBytes, read_notes
from symbolic.structure.segmenter import Segmenter

MIDI = marked((0, text(6, "Verse")), (4, text(6, "Chorus")))
XML = score([bar(before=rehearsal(one) if one else "") for one in ("A", "", "B", "")]).encode()
METHODS = ("phrases", "novelty", "marks")


def segmented(method, sources):
    return Segmenter.from_pretrained(method).segment(sources, workers=0)


@pytest.fixture
def paths(tmp_path):
    found = tmp_path / "song.mid", tmp_path / "score.musicxml"
    for path, content in zip(found, (MIDI, XML), strict=True):
        path.write_bytes(content)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_bytes_are_segmented_like_files(method, paths):
    expected = segmented(method, paths)
    unnamed = segmented(method, [MIDI, XML])
    named = segmented(method, [NamedBytes("a.mid", MIDI), NamedBytes("b.xml", XML)])
    assert [one.path for one in named] == ["a.mid", "b.xml"]
    for one, *others in zip(expected, unnamed, named, strict=True):
        assert one.error == ""
        for other in others:
            assert other.error == ""
            assert np.array_equal(one.times, other.times)


@pytest.mark.parametrize("method", METHODS)
def test_archives_are_opened(method, paths, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("song.mid", MIDI)
        archive.writestr("folder/score.musicxml", XML)
        archive.writestr("readme.txt", "no music")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("song.mid")
        info.size = len(MIDI)
        archive.addfile(info, io.BytesIO(MIDI))
    times = {
        path.name: one.times.tolist()
        for path, one in zip(paths, segmented(method, paths), strict=True)
    }
    found = segmented(method, [tmp_path / "a.zip", tmp_path / "b.tar.gz"])
    assert sorted(one.path.rpartition("/")[2] for one in found) == [
        "score.musicxml",
        "song.mid",
        "song.mid",
    ]
    for one in found:
        assert one.error == ""
        assert one.times.tolist() == times[one.path.rpartition("/")[2]]


def test_a_note_table_is_segmented(paths):
    (found,) = segmented("phrases", [read_notes(paths[0])])
    assert np.array_equal(found.times, segmented("phrases", paths[0])[0].times)


def test_bytes_that_are_nothing_known_have_an_error_with_their_name():
    found = segmented("phrases", [NamedBytes("notes.txt", b"dear diary"), MIDI])
    assert "not audio" in found[0].error
    assert found[0].path == "notes.txt"
    assert found[1].error == ""


def test_a_recording_in_memory_is_one(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    samples = np.sin(np.arange(22050 * 20) * 0.05)
    samples[22050 * 10 :] *= np.sin(np.arange(22050 * 10) * 0.3)
    soundfile.write(tmp_path / "sound.wav", samples, 22050)
    content = (tmp_path / "sound.wav").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("sound.wav", content)
    sources = [tmp_path / "sound.wav", content, NamedBytes("a", content), tmp_path / "a.zip"]
    found = segmented("novelty", sources)
    assert [one.error for one in found] == [""] * 4
    assert all(np.array_equal(one.times, found[0].times) for one in found)
