"""Archives, lists and patterns: music where it lies, and nothing written anywhere."""

import io
import os
import re
import tarfile
import tempfile
import zipfile
from collections import Counter

import pytest

from symbolic.notes import ReadError, archives, read, read_notes
from symbolic.notes.archives import ArchiveMember, NamedBytes, UnreadableFile
from symbolic.notes.pool import read_many
from symbolic.notes.sources import Scratch, display_name, find_sources, read_list

NAMES = ("b.mid", "sub/a.MID", "sub/deep/c.kar")
PASSED = ("notes.txt", "__MACOSX/b.mid", ".hidden.mid", "sub/.git/x.mid")


@pytest.fixture(scope="module")
def contents(midi_bytes, tune):
    return {name: midi_bytes(tune(10 + i)) for i, name in enumerate((*NAMES, *PASSED))}


def tarred(contents, path, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def zipped(contents, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(params=["x.zip", "x.tar", "x.tar.gz", "x.TGZ", "x.tar.bz2", "x.tar.xz"])
def archive(request, contents, tmp_path):
    path = tmp_path / request.param
    if path.suffix == ".zip":
        return zipped(contents, path)
    modes = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    return tarred(contents, path, modes[path.suffix.lower()])


def found_in(archive, scratch) -> dict:
    scratch.mkdir(exist_ok=True)
    return {display_name(one): one for one in find_sources(archive, scratch=scratch)}


def test_the_music_in_an_archive_is_that_of_its_files(archive, contents, tmp_path):
    found = found_in(archive, tmp_path / "scratch")
    assert list(found) == [f"{archive}/{name}" for name in NAMES]
    tables = list(read_many(found.values(), workers=2))
    for name, table in zip(NAMES, tables, strict=True):
        assert len(table) == len(read_notes(contents[name]))
    assert len({len(table) for table in tables}) == len(NAMES)


def test_files_passed_over_in_an_archive_are_counted_as_in_a_folder(tmp_path, contents):
    others = ("a.wav", "sub/b.WAV", "README", "sub/.c", ".git/d.mid", ".git/more/e", "sub/.x/f")
    held = {**contents, **dict.fromkeys(others, b"")}
    del held["__MACOSX/b.mid"]  # which no folder has
    for name, data in held.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    places = [tmp_path / "folder", zipped(held, tmp_path / "x.zip")]
    places.append(tarred(held, tmp_path / "x.tar.gz", "w:gz"))
    counts = [Counter(), Counter(), Counter()]
    for place, count in zip(places, counts, strict=True):
        assert len(list(find_sources(place, scratch=tmp_path, passed_over=count))) == len(NAMES)
    assert counts[0] == {"hidden": 5, ".wav": 2, ".txt": 1, "without suffix": 1}
    assert counts[1:] == counts[:1] * 2
    metadata = Counter()
    archive = zipped(dict.fromkeys(("__MACOSX/a.mid", "__MACOSX/b.mid"), b""), tmp_path / "y.zip")
    assert list(find_sources(archive, scratch=tmp_path, passed_over=metadata)) == []
    assert metadata == {"hidden": 1}


def test_an_archive_is_opened_only_where_asked(archive):
    assert list(find_sources(archive)) == [archive]


def test_names_inside_lead_nowhere(tmp_path, contents, midi_bytes, tune):
    names = ("../../up.mid", "/abs.mid", "C:\\dir\\x.mid", "a/../../b.mid", "line\nfeed.mid")
    folder = tmp_path / "here" / "below"
    folder.mkdir(parents=True)
    before = sorted(os.listdir(tmp_path)), sorted(os.listdir("/"))
    data = midi_bytes(tune())
    scratch = tmp_path / "here" / "scratch"
    for made in (
        zipped(dict.fromkeys(names, data), folder / "x.zip"),
        tarred(dict.fromkeys(names, data), folder / "x.tar.gz", "w:gz"),
    ):
        found = found_in(made, scratch)
        assert len(found) == len(names)
        for name, one in found.items():
            assert name.startswith(f"{made}/")
            assert len(read_notes(one)) == len(read_notes(data))
    assert (sorted(os.listdir(tmp_path)), sorted(os.listdir("/"))) == before
    assert len(list(scratch.iterdir())) == 1  # the tar, under a name of its own
    assert sorted(one.name for one in folder.iterdir()) == ["x.tar.gz", "x.zip"]


def test_a_folder_for_temporary_files_is_made_only_where_a_tar_is_expanded(
    tmp_path, contents, monkeypatch
):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    plain = zipped(contents, tmp_path / "x.zip")
    packed = tarred(contents, tmp_path / "x.tar.gz", "w:gz")
    with Scratch() as scratch:
        assert len(list(find_sources(plain, scratch=scratch))) == len(NAMES)
        assert not list(place.iterdir())
        found = list(find_sources(packed, scratch=scratch))
        assert all(len(read_notes(one)) for one in found)
        (folder,) = place.iterdir()
        assert os.fspath(scratch) == str(folder)
    assert not list(place.iterdir())


def refusal(source) -> str:
    with pytest.raises(ReadError) as caught:
        read_notes(source)
    assert str(caught.value).startswith(f"{source.path}: ")
    return caught.value.reason


def test_a_member_that_is_too_large_is_not_expanded(tmp_path, monkeypatch):
    made = zipped({"bomb.mid": bytes(2 * 2**20)}, tmp_path / "x.zip")
    monkeypatch.setattr(read, "MAX_FILE_BYTES", 2**20)
    (found,) = find_sources(made, scratch=tmp_path)
    monkeypatch.setattr(archives, "_opened", lambda *_: pytest.fail("was opened"))
    assert refusal(found) == "2 MiB, more than the 1 MiB read"


def test_a_member_that_lies_about_its_size_is_refused(tmp_path, monkeypatch):
    path = zipped({"bomb.mid": bytes(4 * 2**20)}, tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    assert int.from_bytes(data[directory + 24 : directory + 28], "little") == 4 * 2**20
    data[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    (found,) = find_sources(path, scratch=tmp_path)
    assert found.size == 100
    assert refusal(found)


def test_an_encrypted_member_is_refused(tmp_path, contents):
    path = zipped({"a.mid": contents["b.mid"]}, tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    (found,) = find_sources(path, scratch=tmp_path)
    assert "encrypted" in refusal(found)


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_a_damaged_archive_is_a_row_with_a_reason(name, contents, tmp_path):
    path = tmp_path / name
    made = zipped if name == "x.zip" else tarred
    made(contents, path, *(["w:gz"] if name.endswith("gz") else []))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    *whole, last = find_sources(path, scratch=tmp_path)
    assert isinstance(last, UnreadableFile)
    assert last.path == str(path)
    assert re.fullmatch(r"an archive that cannot be \w+: it is cut off or damaged", refusal(last))
    for one in whole:  # a tar is listed up to where it ends
        assert len(read_notes(one))
    path.write_bytes(b"no archive at all" * 100)
    (only,) = find_sources(path, scratch=tmp_path)
    assert isinstance(only, UnreadableFile)


def test_links_in_a_tar_are_refused(tmp_path, contents):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("soft.mid", tarfile.SYMTYPE), ("hard.mid", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    found = list(find_sources(path, scratch=tmp_path))
    assert [refusal(one) for one in found] == ["a link inside an archive"] * 2


def test_an_archive_that_goes_away_costs_its_rows_only(tmp_path, contents):
    found = [
        *find_sources(zipped(contents, tmp_path / "x.zip"), scratch=tmp_path),
        *find_sources(tarred(contents, tmp_path / "x.tar"), scratch=tmp_path),
    ]
    os.unlink(tmp_path / "x.zip")
    os.truncate(tmp_path / "x.tar", 600)
    answers = list(read_many([*found, contents["b.mid"]], workers=1))
    assert all(isinstance(one, ReadError) for one in answers[:-1])
    assert len(answers[-1])


def test_patterns_are_searched_for_and_names_that_exist_are_none(tmp_path, write_midi, tune):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    for name in ("b.mid", "a.mid", "sub/deep/c.mid", "[d].mid"):
        write_midi(tmp_path / name, tune())
    found = find_sources(str(tmp_path / "*.mid"))
    assert [*map(os.path.basename, found)] == ["[d].mid", "a.mid", "b.mid"]
    deep = find_sources(str(tmp_path / "**" / "c.mid"))
    assert [*map(os.path.basename, deep)] == ["c.mid"]
    assert [*map(os.path.basename, find_sources(str(tmp_path / "[d].mid")))] == ["[d].mid"]
    (none,) = find_sources(str(tmp_path / "*.xml"))
    with pytest.raises(ReadError, match="no file matches"):
        read_notes(none)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (b"a.mid\nb c.mid\r\n\n d.mid", ["a.mid", "b c.mid", " d.mid"]),
        (b"a\nb.mid\0c.mid\0", ["a\nb.mid", "c.mid"]),
        (b"", []),
        ("ü.mid\n".encode(), ["ü.mid"]),
    ],
)
def test_a_list_has_a_path_a_line_or_ended_by_nul(text, paths):
    assert read_list(text) == paths


def test_named_bytes_are_read_and_refused_under_their_name(midi_bytes, tune):
    assert len(read_notes(NamedBytes("row 3", midi_bytes(tune(7))))) == 7
    assert refusal(NamedBytes("row 4", b"nothing")).startswith("neither MIDI")
    assert display_name(NamedBytes("row 3", b"")) == "row 3"
    assert display_name(ArchiveMember("x.zip", "a.mid", 0, 1, "y.zip")) == "y.zip/a.mid"
