"""Whatever is in a file, it costs its own row and nothing else."""

import io
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from limits import HANGS, lines_run

import symbolic.notes.formats.notations  # first use imports it, which is no work of a file
import symbolic.notes.musicxml.reader  # noqa: F401
from symbolic.notes import NoteTable, ReadError, pool, read, read_notes
from symbolic.notes.pool import read_many
from symbolic.notes.sources import find_sources

NOBODY = 65534
TUNE = [(0, 480, 60, 80), (480, 480, 64, 90), (960, 480, 67, 70)]
NOTE = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x00"

SCORE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0">
<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>
<part id="P1"><measure number="1">
<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<direction><direction-type><dynamics><p/></dynamics></direction-type></direction>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><type>half</type></note>
<note><pitch><step>E</step><octave>4</octave></pitch><duration>4</duration><type>half</type></note>
</measure></part></score-partwise>
"""

TENFOLD = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
ENTITY_BOMB = f"""<?xml version="1.0"?>
<!DOCTYPE score-partwise [<!ENTITY a0 "aaaaaaaaaa">{TENFOLD}]>
<score-partwise><part-list/><part id="&a9;"/></score-partwise>
"""

EXTERNAL_ENTITY = """<?xml version="1.0"?>
<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<score-partwise><part-list/><part id="P1"><measure>&x;</measure></part></score-partwise>
"""


def zipped(**files: bytes | str) -> bytes:
    """An archive of `name=content`, with `__` standing for a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


BAD_CONTENT = {
    "empty.mid": b"",
    "empty.musicxml": b"",
    "header only.mid": b"MThd",
    "random.mid": random.Random(0).randbytes(4000),
    "random with a header.mid": b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0"
    + random.Random(1).randbytes(2000),
    "text.mid": b"Dear all,\nthe concert is on Monday.\n",
    "picture.mid": b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(500),
    "spaces.xml": b"   \n\n ",
    "a single bracket.xml": b"<",
    "drawing.xml": b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>',
    "page.xml": b"<!DOCTYPE html><html><body><p>Not found<br></body></html>",
    "xhtml page.xml": b'<html xmlns="http://www.w3.org/1999/xhtml"><body>Not found</body></html>',
    "no parts.musicxml": b"<score-partwise><part-list/></score-partwise>",
    "rests.musicxml": SCORE.replace("<pitch><step>C</step><octave>4</octave></pitch>", "<rest/>")
    .replace("<pitch><step>E</step><octave>4</octave></pitch>", "<rest/>")
    .encode(),
    "cut.musicxml": SCORE[:500].encode(),
    "latin1 under a utf-8 flag.musicxml": SCORE.replace("Piano", "Fl\u00f6te").encode("latin-1"),
    "entity bomb.musicxml": ENTITY_BOMB.encode(),
    "external entity.musicxml": EXTERNAL_ENTITY.encode(),
    "deep.musicxml": b"<score-partwise>" + b"<part>" * 100_000,
    "no score inside.mxl": zipped(readme__txt="nothing here"),
    "empty archive.mxl": zipped(),
    "cut archive.mxl": zipped(score__xml=SCORE)[:200],
    "zip bomb.mxl": zipped(score__xml=b"<score-partwise>" + bytes(200 * 2**20)),
    "riff without midi.rmi": b"RIFF\x10\x00\x00\x00RMIDLIST\x04\x00\x00\x00abcd",
    "riff sound.rmi": b"RIFF\x10\x00\x00\x00WAVEfmt \x04\x00\x00\x00abcd",
    "riff cut.rmi": b"RIFF\x10\x00\x00\x00RMIDdata\xff\xff\xff\xffMThd",
}


@pytest.fixture(scope="module")
def bad_content(midi_bytes, raw_midi):
    """Name and bytes of files that are no music."""
    half_hour_ticks = b"\xff\xff\xff\x7f\x90\x3c\x50"  # the longest delta time there is
    return BAD_CONTENT | {
        "no notes.mid": midi_bytes([]),
        "no tracks.mid": midi_bytes(),
        "drums.mid": midi_bytes(TUNE, drums=[0]),
        "unclosed notes.mid": raw_midi(b"\x00\x90\x3c\x50", b"\x60\x40\x50"),
        "smpte.mid": raw_midi(NOTE, division=0xE728),
        "no ticks in a quarter.mid": raw_midi(NOTE, division=0),
        "tempo 0.mid": raw_midi(b"\x00\xff\x51\x03\x00\x00\x00", NOTE),
        "a billion bars.mid": raw_midi(*[half_hour_ticks, b"\x60\x80\x3c\x00"] * 7, division=1),
        "a note for days.mid": raw_midi(b"\x00\x90\x3c\x50", b"\xff\xff\xff\x7f\x80\x3c\x00"),
        "half.mid": midi_bytes(TUNE)[:-20],
    }


@pytest.fixture(scope="module")
def bad_folder(bad_content, write_midi, tmp_path_factory):
    """A folder with every bad file in it, and two good ones."""
    folder = tmp_path_factory.mktemp("mixed")
    for name, content in bad_content.items():
        (folder / name).write_bytes(content)
    (folder / "dangling.mid").symlink_to(folder / "gone")
    os.mkfifo(folder / "pipe.mid")
    write_midi(folder / "AA good.mid", TUNE)
    (folder / "zz good.musicxml").write_text(SCORE)
    return folder


COMMAND = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"
GOOD = ("AA good.mid", "zz good.musicxml")


def refusal(source) -> str:
    """The reason for which a file is not read; fails where it is, or takes much work."""
    with pytest.raises(ReadError) as caught:
        lines_run(read_notes, source, most=10_000)
    message = str(caught.value)
    assert message.startswith(f"{os.fspath(source)}: ")
    assert caught.value.reason
    assert "Traceback" not in message
    assert len(caught.value.reason.splitlines()) == 1
    assert len(caught.value.reason) < 400
    return caught.value.reason


def error_of(source) -> ReadError | None:
    """What a source is refused with, None where it is read; anything else raised is a bug."""
    try:
        read_notes(source)
    except ReadError as error:
        return error
    return None


def test_every_bad_file_is_refused_in_one_line_that_names_it(bad_folder):
    for path in sorted(bad_folder.iterdir()):
        if path.name not in GOOD:
            refusal(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty.mid", "empty"),
        ("text.mid", "neither MIDI nor MusicXML"),
        ("no notes.mid", "no notes"),
        ("rests.musicxml", "no notes"),
        ("drums.mid", "only drums"),
        ("smpte.mid", "SMPTE"),
        ("no ticks in a quarter.mid", "ticks per quarter"),
        ("tempo 0.mid", "tempo"),
        ("a billion bars.mid", "damaged"),
        ("entity bomb.musicxml", "entities"),
        ("external entity.musicxml", "entities"),
        ("no score inside.mxl", "holds no score"),
        ("zip bomb.mxl", "more than 64 MiB"),
        ("xhtml page.xml", "html"),
        ("drawing.xml", "svg"),
        ("pipe.mid", "not a regular file"),
        ("dangling.mid", "no such file"),
    ],
)
def test_the_reason_says_what_is_wrong(name, words, bad_folder):
    assert words in refusal(bad_folder / name)


def test_a_midi_file_cut_anywhere_is_refused_or_is_still_music(midi_bytes, tmp_path):
    data = midi_bytes(TUNE, [(0, 1440, 48, 60)], tempos=[(0, 90)], meters=[(0, 3, 4)])
    path = tmp_path / "cut.mid"
    refused = 0
    for length in range(len(data)):
        path.write_bytes(data[:length])
        if error := error_of(path):
            refused += 1
            assert str(error).startswith(str(path))
    assert refused > len(data) / 2


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "song.mid").mkdir()
    assert refusal(tmp_path / "song.mid") == "a folder, not a file"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert refusal(tmp_path / "nowhere" / "song.mid") == "no such file"


def test_a_name_with_nul_or_far_too_long_is_refused(tmp_path):
    for name in ("a\0b.mid", "x" * 5000 + ".mid"):
        with pytest.raises(ReadError):
            read_notes(str(tmp_path / name))


@pytest.fixture
def folder_of_nobody():
    """A folder that may be entered by anyone; for as long as it exists, root is nobody."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        if user == 0:  # root may read everything
            os.chown(name, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, 0)  # root stays the saved user, to come back to
        try:
            yield Path(name)
        finally:
            if user == 0:
                os.setresuid(0, 0, 0)


def test_a_file_without_permission_is_refused(write_midi, folder_of_nobody):
    path = write_midi(folder_of_nobody / "private.mid", TUNE)
    path.chmod(0)
    assert "ermission" in refusal(path)
    locked = folder_of_nobody / "locked"
    locked.mkdir()
    inside = write_midi(locked / "song.mid", TUNE)
    locked.chmod(0)
    try:
        assert "ermission" in refusal(inside)
        found = list(find_sources(folder_of_nobody))
        assert found == [locked, path]
        assert "permission" in refusal(found[0])
    finally:
        locked.chmod(0o700)


def test_a_file_above_the_byte_limit_is_not_even_opened(write_midi, tmp_path, monkeypatch):
    path = write_midi(tmp_path / "long.mid", TUNE)
    data = path.read_bytes()
    monkeypatch.setattr(read, "MAX_FILE_BYTES", len(data) - 1)
    monkeypatch.setattr(type(path), "read_bytes", lambda self: pytest.fail("was read"))
    assert "MiB" in refusal(path)
    with pytest.raises(ReadError, match="MiB"):
        read_notes(data)


def test_too_many_notes_are_refused(midi_bytes, monkeypatch):
    monkeypatch.setattr(read, "MAX_NOTES", 2)
    with pytest.raises(ReadError, match="3 notes"):
        read_notes(midi_bytes(TUNE))


def test_a_name_that_is_not_utf8_is_read_and_scored(tiny_scorer, write_midi, tmp_path):
    raw = os.fsencode(tmp_path) + b"/na\xefve.mid"
    try:
        write_midi(os.fsdecode(raw), TUNE)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert len(read_notes(os.fsdecode(raw))) == 3
    table = tiny_scorer.score(tmp_path, workers=0)
    assert list(table["error"]) == [""]
    assert table["path"][0].endswith(r"na\xefve.mid")
    table["path"][0].encode()  # can be written anywhere


def test_the_scorer_gives_each_bad_file_a_row_and_scores_its_neighbours(bad_folder, tiny_scorer):
    table = tiny_scorer.score(bad_folder, workers=1).set_index("path")
    alone = tiny_scorer.score([bad_folder / name for name in GOOD], workers=0).set_index("path")
    assert list(table.index) == [str(path) for path in sorted(bad_folder.iterdir())]
    for path, row in table.iterrows():
        if path in alone.index:
            assert row["error"] == ""
            assert row["q1"] == pytest.approx(alone.loc[path, "q1"], abs=1e-4)
        else:
            assert row["error"]
            assert row.drop("error").isna().all()
            assert path not in row["error"]


@pytest.mark.slow
def test_the_command_line_scores_around_bad_files(
    bad_folder, tiny_model_folder, root, tmp_path, midi_bytes
):
    import pandas as pd

    output = tmp_path / "table.csv"
    words = ["score", str(bad_folder), "-o", str(output), "--model", str(tiny_model_folder)]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words, "--workers", "2"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "Warning" not in done.stderr
    table = pd.read_csv(output)
    assert list(table["path"]) == [str(path) for path in sorted(bad_folder.iterdir())]
    assert table["error"].isna().sum() == len(GOOD)
    for name in bad_folder.iterdir():
        assert name.name in done.stdout


def dies(source):
    """A reader that takes its whole process down at files that ask for it."""
    if "killer" in str(source):
        os._exit(3)
    return read_notes(source)


def hangs(source):
    if "hanging" in str(source):
        time.sleep(HANGS)
    return read_notes(source)


def eats(source):
    if "greedy" in str(source):
        return np.ones(2**28)  # 2 GiB
    return read_notes(source)


def explodes(source):
    if "unforeseen" in str(source):
        raise KeyError("a bug in a reader\nof two lines")
    return read_notes(source)


@pytest.mark.skipif(sys.platform != "linux", reason="forked workers see the patched reader")
@pytest.mark.parametrize(
    ("reader", "name", "words", "timeout"),
    [
        (dies, "killer.mid", "process died", HANGS),
        (hangs, "hanging.mid", "not read within 5 s", 5),  # the others take milliseconds
        (eats, "greedy.mid", "memory", HANGS),
        (explodes, "unforeseen.mid", "KeyError", HANGS),
    ],
    ids=["dies", "hangs", "eats", "explodes"],
)
def test_what_one_file_does_to_its_worker_costs_only_its_row(
    reader, name, words, timeout, write_midi, tmp_path, monkeypatch
):
    monkeypatch.setattr(pool, "read_notes", reader)
    monkeypatch.setattr(pool, "MEMORY_BYTES", 2**30)
    names = ["a.mid", "b.mid", name, "c.mid", "d.mid", "e.mid"]
    paths = [write_midi(tmp_path / name, TUNE) for name in names]
    results = list(read_many(paths, workers=2, timeout=timeout))
    for path, result in zip(paths, results, strict=True):
        if path.name == name:
            assert isinstance(result, ReadError)
            assert words in result.reason
            assert "\n" not in result.reason
            assert str(path) == result.source
        else:
            assert isinstance(result, NoteTable)
            assert len(result) == 3


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_read_many_keeps_the_order_of_its_sources(workers, midi_bytes, write_midi, tmp_path):
    pitches = range(40, 70)
    sources = [midi_bytes([(0, 480, pitch, 80)]) for pitch in pitches]
    sources[3] = write_midi(tmp_path / "three.mid", [(0, 480, 43, 80)])
    sources[5] = b"nothing"
    sources[7] = read_notes(sources[7])
    results = list(read_many(sources, workers))
    assert isinstance(results[5], ReadError)
    found = [int(table.pitch[0]) for i, table in enumerate(results) if i != 5]
    assert found == [pitch for pitch in pitches if pitch != 45]


def test_the_memory_of_this_process_is_not_limited_by_its_workers(midi_bytes):
    before = resource.getrlimit(resource.RLIMIT_AS)
    list(read_many([midi_bytes(TUNE)], workers=1))
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A copy with a few bytes changed, inserted, removed, repeated or swapped about."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(data) or 1)
        end = at + rng.randrange(1, 9)
        match rng.randrange(5):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                data[at : at + 1] = rng.choice((b"\x00", b"\x7f", b"\x80", b"\xff"))
            case 2:
                data[at:at] = rng.randbytes(end - at)
            case 3:
                del data[at:end]
            case 4:
                data[at:at] = data[at:end]
    return bytes(data)


def assert_table_or_refusal(data: bytes) -> bool:
    """Whether it was read."""
    if error := error_of(data):
        assert len(str(error).splitlines()) == 1
        return False
    table = read_notes(data)
    assert len(table)
    assert np.isfinite(table.onset).all()
    assert (table.duration >= 0).all()
    assert (table.onset >= 0).all()
    assert ((table.pitch >= 0) & (table.pitch <= 127)).all()
    assert ((table.velocity >= 1) & (table.velocity <= 127)).all()
    return True


def test_no_mutation_of_a_midi_file_raises_anything_else(midi_bytes, tiny_scorer):
    data = midi_bytes(
        TUNE, [(0, 240, 36, 110)], tempos=[(0, 90), (480, 60)], meters=[(0, 3, 4)], drums=[1]
    )
    rng = random.Random(0)
    read_at_all = [
        mutation
        for mutation in (mutated(data, rng) for _ in range(300))
        if assert_table_or_refusal(mutation)
    ]
    assert 30 < len(read_at_all) < 300
    # What was read can be scored: no id is outside the vocabulary.
    table = tiny_scorer.score(read_at_all, workers=0)
    assert list(table["error"].unique()) == [""]
    assert table["q1"].between(0, 1).all()


def test_no_mutation_of_a_score_raises_anything_else():
    rng = random.Random(0)
    whole = SCORE.encode()
    assert assert_table_or_refusal(whole)
    for _ in range(15):
        assert_table_or_refusal(mutated(whole, rng))
    numbers = [b">0<", b">-3<", b">99999999999<", b"><", b">x<", b">1e400<", b">nan<"]
    for _ in range(15):
        place = rng.choice((b">4<", b">2<", b">E<", b">half<"))
        assert_table_or_refusal(whole.replace(place, rng.choice(numbers), 1))


@pytest.mark.parametrize("bad", [-1, 2**30, 2**62])
def test_chunk_lengths_that_lie_are_refused_or_read(bad, midi_bytes):
    data = midi_bytes(TUNE)
    at = data.index(b"MTrk") + 4
    assert_table_or_refusal(data[:at] + struct.pack(">Q", bad % 2**64)[-4:] + data[at + 4 :])
