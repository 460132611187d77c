"""Humdrum, ABC, MEI and MuseScore: the same small piece in each is the same notes."""

import io
import os
import random
import subprocess
import sys
import tarfile
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from limits import HANGS, wait_until

from symbolic.notes import ReadError, read_notes
from symbolic.notes.archives import ArchiveMember, NamedBytes
from symbolic.notes.formats.musescore import PROGRAMS, find_musescore, musescore_to_musicxml
from symbolic.notes.formats.notations import converting, notation_of
from symbolic.notes.pool import read_many
from symbolic.notes.read import NOTATION_SUFFIXES
from symbolic.notes.sources import find_sources
from symbolic.notes.table import NOTE_COLUMNS

# Two hands in 2/4: three bars that are repeated, a tie over the bar, a triplet and a chord.
KERN = """!!!COM: Nobody
!!!OTL: Small piece
**kern\t**dynam\t**kern\t**dynam
*clefF4\t*\t*clefG2\t*
*k[f#]\t*\t*k[f#]\t*
*M2/4\t*\t*M2/4\t*
*MM90.5\t*\t*MM90.5\t*
=1!|:\t=1!|:\t=1!|:\t=1!|:
2GG\tp\t4g\tp
.\t.\t8f#\t.
.\t.\t8e\t.
=2\t=2\t=2\t=2
2D\t.\t[2d\t.
=3\t=3\t=3\t=3
4C\tf\t4d]\tf
4r\t.\t4cc\t.
=:|!\t=:|!\t=:|!\t=:|!
*MM120\t*\t*MM120\t*
2GG 2D\t.\t12g\t.
.\t.\t12a\t.
.\t.\t12b\t.
.\t.\t4gg\t.
==\t==\t==\t==
*-\t*-\t*-\t*-
"""

ABC = """X:1
T:Small piece
M:2/4
L:1/4
Q:1/4=90.5
V:1 clef=treble
V:2 clef=bass
K:G
[V:1] |: !p! G F/2E/2 | D2- | !f! D c :| [Q:1/4=120] (3G/2A/2B/2 g |]
[V:2] |: !p! G,,2 | D,2 | !f! C, z :| [G,,D,]2 |]
"""


def mei_notes(*notes):
    """Notes, each a letter, an octave and a value, with anything else that is to be written."""
    return "".join(
        f'<note pname="{name}" oct="{octave}" dur="{value}" {" ".join(more)}/>'
        for name, octave, value, *more in notes
    )


def mei_bar(right_hand, left_hand="<mRest/>", marks="", attributes=""):
    staves = "".join(
        f'<staff n="{n}"><layer n="1">{hand}</layer></staff>'
        for n, hand in enumerate((right_hand, left_hand), 1)
    )
    return f"<measure {attributes}>{staves}{marks}</measure>"


def mei(*movements, version="5.0", score='meter.count="2" meter.unit="4" keysig="1s"'):
    staves = "".join(
        f'<staffDef n="{n}" lines="5" clef.shape="{clef}" clef.line="{line}"/>'
        for n, clef, line in ((1, "G", 2), (2, "F", 4))
    )
    body = "".join(
        f"<mdiv><score><scoreDef {score}><staffGrp>{staves}</staffGrp></scoreDef>"
        f"<section>{bars}</section></score></mdiv>"
        for bars in movements
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="{version}"><meiHead>'
        "<fileDesc><titleStmt><title>Small piece</title></titleStmt><pubStmt/></fileDesc>"
        f"</meiHead><music><body>{body}</body></music></mei>"
    )


def both_hands(mark):
    return "".join(f'<dynam staff="{n}" tstamp="1">{mark}</dynam>' for n in (1, 2))


MEI = mei(
    mei_bar(
        mei_notes(("g", 4, 4), ("f", 4, 8, 'accid.ges="s"'), ("e", 4, 8)),
        mei_notes(("g", 2, 2)),
        '<tempo staff="1" tstamp="1" mm="90.5" mm.unit="4">q = 90.5</tempo>' + both_hands("p"),
        'n="1" left="rptstart"',
    )
    + mei_bar(mei_notes(("d", 4, 2, 'tie="i"')), mei_notes(("d", 3, 2)), "", 'n="2"')
    + mei_bar(
        mei_notes(("d", 4, 4, 'tie="t"'), ("c", 5, 4)),
        mei_notes(("c", 3, 4)) + '<rest dur="4"/>',
        both_hands("f"),
        'n="3" right="rptend"',
    )
    + mei_bar(
        '<tuplet num="3" numbase="2">'
        + mei_notes(("g", 4, 8), ("a", 4, 8), ("b", 4, 8))
        + "</tuplet>"
        + mei_notes(("g", 5, 4)),
        '<chord dur="2"><note pname="g" oct="2"/><note pname="d" oct="3"/></chord>',
        '<tempo staff="1" tstamp="1" midi.bpm="120">Allegro</tempo>',
        'n="4" right="end"',
    )
)


def musicxml_note(pitch, divisions, value, staff, more=""):
    step = (
        f"<pitch><step>{pitch[0]}</step><alter>{int('#' in pitch)}</alter>"
        f"<octave>{pitch[-1]}</octave></pitch>"
    )
    tied = {"start": '<tie type="start"/>', "stop": '<tie type="stop"/>'}.get(more, "")
    return (
        f"<note>{'<chord/>' if more == 'chord' else ''}{step if pitch != 'rest' else '<rest/>'}"
        f"<duration>{divisions}</duration>{tied}<voice>{4 * staff - 3}</voice><type>{value}</type>"
        + (
            "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
            "</time-modification>"
            if more == "triplet"
            else ""
        )
        + f"<staff>{staff}</staff>"
        + (f'<notations><tied type="{more}"/></notations>' if tied else "")
        + "</note>"
    )


def musicxml_tempo(quarters):
    return (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
        f"<per-minute>{quarters}</per-minute></metronome></direction-type><staff>1</staff>"
        f'<sound tempo="{quarters}"/></direction>'
    )


def musicxml_mark(mark):
    return (
        f"<direction><direction-type><dynamics><{mark}/></dynamics></direction-type>"
        "<staff>1</staff></direction>"
    )


BACK = "<backup><duration>12</duration></backup>"
MUSICXML = f"""<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Piano</part-name>
</score-part></part-list><part id="P1"><measure number="1">
<barline location="left"><repeat direction="forward"/></barline>
<attributes><divisions>6</divisions><key><fifths>1</fifths></key>
<time><beats>2</beats><beat-type>4</beat-type></time><staves>2</staves>
<clef number="1"><sign>G</sign><line>2</line></clef>
<clef number="2"><sign>F</sign><line>4</line></clef></attributes>
{musicxml_tempo(90.5)}{musicxml_mark("p")}
{musicxml_note("G4", 6, "quarter", 1)}{musicxml_note("F#4", 3, "eighth", 1)}
{musicxml_note("E4", 3, "eighth", 1)}{BACK}{musicxml_note("G2", 12, "half", 2)}</measure>
<measure number="2">{musicxml_note("D4", 12, "half", 1, "start")}{BACK}
{musicxml_note("D3", 12, "half", 2)}</measure>
<measure number="3">{musicxml_mark("f")}{musicxml_note("D4", 6, "quarter", 1, "stop")}
{musicxml_note("C5", 6, "quarter", 1)}{BACK}{musicxml_note("C3", 6, "quarter", 2)}
{musicxml_note("rest", 6, "quarter", 2)}<barline location="right">
<bar-style>light-heavy</bar-style><repeat direction="backward"/></barline></measure>
<measure number="4">{musicxml_tempo(120)}{musicxml_note("G4", 2, "eighth", 1, "triplet")}
{musicxml_note("A4", 2, "eighth", 1, "triplet")}{musicxml_note("B4", 2, "eighth", 1, "triplet")}
{musicxml_note("G5", 6, "quarter", 1)}{BACK}{musicxml_note("G2", 12, "half", 2)}
{musicxml_note("D3", 12, "half", 2, "chord")}</measure></part></score-partwise>
"""

# Onset and length in quarters, pitch, velocity; the first three bars, which are played twice.
REPEATED = [
    *[(0, 2, 43, 40), (0, 1, 67, 40), (1, 0.5, 66, 40), (1.5, 0.5, 64, 40), (2, 2, 50, 40)],
    *[(2, 3, 62, 40), (4, 1, 48, 88), (5, 1, 72, 88)],
]
LAST = [
    *[(12, 2, 43, 88), (12, 2, 50, 88), (12, 1 / 3, 67, 88), (12 + 1 / 3, 1 / 3, 69, 88)],
    *[(12 + 2 / 3, 1 / 3, 71, 88), (13, 1, 79, 88)],
]
SOUNDS = [*REPEATED, *[(onset + 6, *rest) for onset, *rest in REPEATED], *LAST]
TEXTS = {"Humdrum": KERN, "ABC": ABC, "MEI": MEI}

needs_musescore = pytest.mark.skipif(
    find_musescore() is None, reason="no MuseScore program on PATH: apt install musescore3"
)


@pytest.fixture(scope="module")
def mscx(tmp_path_factory):
    """The piece as the MuseScore program saves it."""
    folder = tmp_path_factory.mktemp("musescore")
    (folder / "piece.musicxml").write_text(MUSICXML)
    subprocess.run(
        [find_musescore(), "-c", folder, "-o", folder / "piece.mscx", folder / "piece.musicxml"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        timeout=HANGS,
        check=True,
    )
    return (folder / "piece.mscx").read_bytes()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program called mscore alone on the path: a line of the shell, with $4 the output."""

    def put(line):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "mscore").write_text(f"#!/bin/sh\n{line}\n")
        (folder / "mscore").chmod(0o755)
        monkeypatch.setattr(
            "symbolic.notes.formats.musescore.shutil.which", lambda name: found(name)
        )

        def found(name):
            return str(folder / name) if (folder / name).exists() else None

    return put


def sounds(notes):
    """Onset and length in quarters, pitch and velocity of every note."""
    quarters = notes.ticks_per_quarter
    return [
        (onset / quarters, length / quarters, pitch, velocity)
        for onset, length, pitch, velocity in zip(
            notes.onset_ticks.tolist(),
            notes.duration_ticks.tolist(),
            notes.pitch.tolist(),
            notes.velocity.tolist(),
            strict=True,
        )
    ]


def tempos(notes):
    return [
        (tick / notes.ticks_per_quarter, pytest.approx(quarters))
        for tick, quarters in zip(notes.tempo_ticks.tolist(), notes.tempo.tolist(), strict=True)
    ]


def pitches(text):
    return read_notes(text.encode()).pitch.tolist()


def refusal(source):
    with pytest.raises(ReadError) as refused:
        read_notes(source)
    assert len(refused.value.reason.splitlines()) == 1
    return refused.value.reason


def kern(*lines):
    return "\n".join(["**kern", "*clefG2", "*M4/4", *lines, "*-", ""])


def abc(music, *fields, key="C", meter="4/4", unit="L:1/4"):
    return "\n".join(["X:1", "T:Tune", f"M:{meter}", unit, *fields, f"K:{key}", music, ""])


def assert_the_piece(notes):
    assert sounds(notes) == [pytest.approx(note) for note in SOUNDS]
    assert tempos(notes) == [(0, 90.5), (6, 90.5), (12, 120)]
    assert set(zip(notes.meter_numerator, notes.meter_denominator, strict=True)) == {(2, 4)}
    assert notes.has_dynamics
    assert notes.from_notation
    like = read_notes(MUSICXML.encode())
    for column in NOTE_COLUMNS:
        np.testing.assert_allclose(getattr(notes, column), getattr(like, column), rtol=1e-6)


@pytest.mark.parametrize("notation", TEXTS)
def test_a_piece_sounds_as_its_musicxml(notation):
    data = TEXTS[notation].encode()
    assert notation_of(data) == notation
    assert_the_piece(read_notes(data))
    assert_the_piece(read_notes(data.replace(b"\n", b"\r\n")))
    assert_the_piece(read_notes(b"\xef\xbb\xbf" + data))


def test_a_piece_is_the_same_when_it_is_read_again():
    for text in (*TEXTS.values(), *TEXTS.values()):
        assert_the_piece(read_notes(text.encode()))


@needs_musescore
def test_a_score_of_musescore_sounds_as_its_musicxml(mscx):
    assert notation_of(mscx) == "MuseScore"
    notes = read_notes(mscx)
    assert sounds(notes) == [pytest.approx(note) for note in SOUNDS]
    assert [round(quarters, 2) for quarters in notes.tempo.tolist()] == [90.5, 90.5, 120]


@needs_musescore
def test_a_zipped_score_is_the_one_that_its_container_names(mscx):
    container = '<container><rootfiles><rootfile full-path="a/piece.mscx"/></rootfiles></container>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Excerpts/1_Piano/part.mscx", b"<museScore/>")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a/piece.mscx", mscx)
    assert notation_of(buffer.getvalue()) == "MuseScore"
    assert sounds(read_notes(buffer.getvalue())) == [pytest.approx(note) for note in SOUNDS]


@needs_musescore
def test_a_score_of_a_newer_program_says_so(mscx):
    newer = mscx.replace(b'<museScore version="', b'<museScore version="99')
    assert "newer version" in refusal(newer)


@pytest.mark.parametrize("end", [".krn", ".kern", ".abc", ".mei"])
def test_files_are_found_in_folders_and_archives(tmp_path, end):
    text = {".abc": ABC, ".mei": MEI}.get(end, KERN).encode()
    (tmp_path / f"piece{end.upper()}").write_bytes(text)
    with zipfile.ZipFile(tmp_path / "pieces.zip", "w") as archive:
        archive.writestr(f"inner/piece{end}", text)
    with tarfile.open(tmp_path / "pieces.tar", "w") as archive:
        entry = tarfile.TarInfo(f"piece{end}")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    places = [tmp_path, tmp_path / "pieces.zip", tmp_path / "pieces.tar"]
    found = list(find_sources(places, scratch=tmp_path / "scratch"))
    assert len(found) == 3
    for notes in read_many([*found, NamedBytes("row 1", text), text], workers=1):
        assert_the_piece(notes)


def test_every_suffix_is_that_of_a_source(tmp_path):
    for end in NOTATION_SUFFIXES:
        (tmp_path / f"piece{end}").touch()
    assert len(list(find_sources(tmp_path))) == len(NOTATION_SUFFIXES)


def test_the_content_decides_and_not_the_name(tmp_path):
    (tmp_path / "piece.mid").write_text(KERN)
    assert_the_piece(read_notes(tmp_path / "piece.mid"))
    assert notation_of(b"<score-partwise/>") is None
    assert notation_of(b"<!-- <mei> -->\n<html><mei/></html>") is None
    assert notation_of(b"MThd") is None
    assert notation_of(b"no music at all") is None
    assert notation_of(MEI.encode("utf-16")) == "MEI"


def test_sixteen_bit_mei_is_read():
    assert_the_piece(read_notes(MEI.replace("UTF-8", "UTF-16").encode("utf-16")))


# Humdrum


def test_second_endings_of_humdrum_replace_the_first():
    bars = ["*>A", "=1", "1c", "=2", "*>A1", "1d", "=3:|!", "*>A2", "1e", "=="]
    assert pitches(kern("*>[A,A1,A,A2]", *bars)) == [60, 62, 60, 64]


def test_spines_of_humdrum_split_into_voices():
    notes = read_notes(kern("4c", "*^", "4d\t4g", "8e\t4a", "8e\t.", "*v\t*v", "4f").encode())
    assert [(onset, pitch) for onset, _, pitch, _ in sounds(notes)] == [
        *[(0, 60), (1, 62), (1, 67), (2, 64), (2, 69), (2.5, 64), (3, 65)]
    ]


def test_a_tempo_of_humdrum_keeps_its_decimals():
    assert tempos(read_notes(kern("*MM69.25", "1c").encode())) == [(0, 69.25)]
    named = read_notes(b"!!!OMD: Adagio [quarter]=50\n" + kern("1c").encode())
    assert tempos(named) == [(0, 50)]


def test_humdrum_of_several_pieces_or_none_is_refused():
    assert "2 Humdrum pieces" in refusal((kern("1c") + kern("1d")).encode())
    assert "without a **kern spine" in refusal(b"**recip\n4\n*-\n")


def test_a_composer_of_humdrum_costs_no_note():
    assert pitches("!!!COM: Bach, Johann Sebastian\n!!!CDT: 1685/3/21/\n" + kern("1c")) == [60]


# ABC


@pytest.mark.parametrize(
    ("field", "quarters"),
    [
        *[("Q:1/4=60", 60), ("Q:3/8=60", 90), ("Q:1/2=45.5", 91), ("Q:2/4=60", 120)],
        *[("Q:1/4 3/8 1/4 3/8=40", 200), ('Q:"Allegro 2" 1/4=66', 66), ('Q:"Tempo 1"', 120)],
    ],
)
def test_a_tempo_of_abc_is_in_its_beats(field, quarters):
    assert tempos(read_notes(abc("CDEF|", field).encode())) == [(0, quarters)]


def test_a_tempo_of_abc_may_stand_among_the_notes():
    notes = read_notes(abc("CDEF|[Q:1/8 1/8=50]CDEF|\nQ:1/4=30\nCDEF|", "Q:1/4=60").encode())
    assert tempos(notes) == [(0, 60), (4, 50), (8, 30)]


@pytest.mark.parametrize(
    ("meter", "length"), [("2/4", 0.25), ("3/4", 0.5), ("6/8", 0.5), ("C|", 0.5), ("(2+3)/8", 0.25)]
)
def test_the_unit_of_abc_follows_from_the_meter(meter, length):
    notes = read_notes(abc("CDEF|", meter=meter, unit="C:Nobody").encode())
    assert [one[1] for one in sounds(notes)] == [length] * 4


def test_abc_is_played_with_its_repeats_endings_and_voices():
    assert pitches(abc("|:CDEF|1 G4:|2 A4|]")) == [60, 62, 64, 65, 67, 60, 62, 64, 65, 69]
    voices = read_notes(abc("V:1\nCDEF|\nV:2\nC,4|", "V:1", "V:2").encode())
    assert voices.onset_ticks.tolist()[:2] == [0, 0]
    assert set(voices.track.tolist()) == {0, 1}
    assert pitches(abc("|::C4::|")) == [60, 60]


@pytest.mark.parametrize("text", ["", "%abc-2.1\n", "no tune"])
def test_a_file_of_abc_without_a_tune_is_one_source(tmp_path, text):
    (tmp_path / "none.abc").write_text(text)
    (source,) = find_sources(tmp_path, scratch=tmp_path)
    assert source == tmp_path / "none.abc"
    assert refusal(source)


def test_a_tune_of_abc_is_read_without_those_before_it():
    accidental = abc("^F4-|", key="D clef=treble octave=-2", unit="L:1/4\nU:T=!trill!")
    for _ in range(2):
        assert pitches(abc("F4|")) == [65]
        assert pitches(accidental) == [42]


def test_a_tune_of_abc_runs_no_code_and_opens_no_file(tmp_path):
    made, note = tmp_path / "made", tmp_path / "note.abc"
    note.write_text("GGGG|")
    meter = f"open({str(made)!r},'w').write('x')/4"
    read_notes(abc(f"CDEF|[M:{meter}]CDEF|", meter=meter).encode())
    assert not made.exists()
    for begins in ("%%", "I:"):
        reason = refusal(abc(f"CDEF|\n{begins}abc-include {note}").encode())
        assert "includes another file" in reason
    assert "macros" in refusal(abc("~G3 C|", "m:~n3 = n/n/n").encode())


BOOK = "".join(
    f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/4\nK:C\n{music}\n\n"
    for number, music in ((3, "CDEF|"), (1, "G4|"), (12, "A4|"))
)


def test_a_book_of_tunes_is_several_pieces():
    assert "a book of 3 tunes" in refusal(BOOK.encode())


@pytest.mark.parametrize("header", ["", "%abc-2.1\n\n", "L:1/8\nC:Nobody\n\n", "\ufeff"])
@pytest.mark.parametrize("place", ["folder", "zip", "tar"])
def test_a_book_of_tunes_has_a_row_for_each(tmp_path, header, place):
    data = (header + BOOK).encode()
    source = tmp_path / "books"
    if place == "folder":
        source.mkdir()
        (source / "book.abc").write_bytes(data)
        path = source / "book.abc"
    elif place == "zip":
        path = tmp_path / "books.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("book.abc", data)
        source, path = path, f"{path}/book.abc"
    else:
        path = tmp_path / "books.tar"
        with tarfile.open(path, "w") as archive:
            entry = tarfile.TarInfo("book.abc")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        source, path = path, f"{path}/book.abc"
    found = list(find_sources(source, scratch=tmp_path))
    assert [one.path for one in found] == [f"{path}/{number}" for number in (3, 1, 12)]
    assert all(isinstance(one, ArchiveMember | NamedBytes) for one in found)
    tunes = list(read_many(found, workers=1))
    assert [tune.pitch.tolist() for tune in tunes] == [[60, 62, 64, 65], [67], [69]]
    assert list(find_sources(tmp_path / "one.abc", scratch=tmp_path)) == [tmp_path / "one.abc"]


def test_tunes_with_one_number_are_counted(tmp_path):
    (tmp_path / "book.abc").write_text(BOOK.replace("X:12", "X:3"))
    found = list(find_sources(tmp_path, scratch=tmp_path))
    assert [one.name for one in found] == ["1", "2", "3"]


# MEI


@pytest.mark.parametrize("version", ["2013", "3.0.0", "4.0.1", "5.0"])
def test_mei_of_any_version_is_read(version):
    assert pitches(mei(mei_bar(mei_notes(("c", 4, 2))), version=version)) == [60]


def test_movements_of_mei_are_played_one_after_another():
    end = 'right="rptend"'
    first = mei_bar(mei_notes(("c", 4, 2))) + mei_bar(mei_notes(("d", 4, 2)), attributes=end)
    second = mei_bar(mei_notes(("e", 4, 2)), attributes=end)
    notes = read_notes(mei(first, second, score='meter.count="2" meter.unit="4"').encode())
    assert [(onset, pitch) for onset, _, pitch, _ in sounds(notes)] == [
        *[(0, 60), (2, 62), (4, 60), (6, 62), (8, 64), (10, 64)]
    ]


@pytest.mark.parametrize(
    ("mark", "quarters"),
    [
        *[('midi.bpm="72.5"', 72.5), ('mm="60" mm.unit="2"', 120), ('midi.mspb="500000"', 120)],
        ('mm="60" mm.unit="4" mm.dots="1"', 90),
    ],
)
def test_a_tempo_of_mei_is_in_its_beats(mark, quarters):
    bar = mei_notes(("c", 4, 2))
    for words in ("", "Adagio"):
        tempo = f'<tempo staff="1" tstamp="1" {mark}>{words}</tempo>'
        assert tempos(read_notes(mei(mei_bar(bar, marks=tempo)).encode())) == [(0, quarters)]


@pytest.mark.parametrize("tempo", ["0", "-3", "99999999", "nan", "inf", "fast"])
def test_a_tempo_that_is_none_is_passed_over(tempo):
    mark = f'<tempo staff="1" tstamp="1" midi.bpm="{tempo}">x</tempo>'
    bar = mei_bar(mei_notes(("c", 4, 2)), marks=mark)
    assert tempos(read_notes(mei(bar).encode())) == [(0, 120)]
    assert tempos(read_notes(kern(f"*MM{tempo}", "1c").encode())) == [(0, 120)]


def test_a_tempo_of_a_score_definition_of_mei_holds():
    score = 'meter.count="2" meter.unit="4" midi.bpm="66.5"'
    later = '<scoreDef midi.bpm="33"/>'
    bar = mei_bar(mei_notes(("c", 4, 2)))
    worded = mei_bar(mei_notes(("c", 4, 2)), marks='<tempo staff="1" tstamp="1">Adagio</tempo>')
    for first in (bar, worded):
        notes = read_notes(mei(first + later + bar, score=score).encode())
        assert tempos(notes) == [(0, 66.5), (2, 33)]


def test_a_corpus_of_mei_is_several_pieces():
    corpus = '<meiCorpus xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"/>'
    assert "several pieces" in refusal(corpus.encode())


@pytest.mark.parametrize("root", ["mei", "museScore"])
def test_declared_entities_are_refused(root):
    bomb = (
        f'<!DOCTYPE {root} [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><{root}>&b;</{root}>'
    )
    assert "declares entities" in refusal(bomb.encode())


# MuseScore


def test_a_score_that_expands_too_far_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("piece.mscx", b"<museScore>" + bytes(65 * 2**20))
    assert "expands to more than 64 MiB" in refusal(buffer.getvalue())
    assert "broken .mscz archive" in refusal(buffer.getvalue()[:500])


def test_without_the_program_the_reason_names_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "need the MuseScore program on PATH" in refusal(b"<museScore version='3.01'/>")
    assert "mscore3" in PROGRAMS


@pytest.mark.skipif(os.name != "posix", reason="a program that is a script of the shell")
class TestTheProgram:
    def test_its_musicxml_is_read(self, program, tmp_path):
        (tmp_path / "piece.musicxml").write_text(MUSICXML)
        program(f'cp "{tmp_path}/piece.musicxml" "$4"')
        assert_the_piece(read_notes(b"<museScore version='3.01'/>"))

    def test_what_it_writes_about_a_score_is_the_reason(self, program):
        program("echo 'convert <x>...' >&2; echo ': xml read error at line 3' >&2; exit 1")
        reason = refusal(b"<museScore version='3.01'/>")
        assert reason == "not converted by MuseScore: xml read error at line 3"
        program("exit 7")
        assert "exit status 7" in refusal(b"<museScore version='3.01'/>")

    def test_its_end_by_a_signal_costs_one_file(self, program):
        program("kill -SEGV $$")
        assert "signal 11" in refusal(b"<museScore version='3.01'/>")

    def test_it_has_so_much_time_and_leaves_nothing_behind(self, program, tmp_path):
        number = tmp_path / "process"
        program(f'sleep {HANGS} & echo $! > "{number}.new"; mv "{number}.new" "{number}"; wait')
        seconds = 0.4
        while not number.exists():  # the shell may take longer to come so far
            with pytest.raises(ReadError, match=f"within {seconds:.0f} s"):
                musescore_to_musicxml(b"<museScore/>", seconds=seconds)
            seconds *= 2

        def is_gone():  # or waits for its end to be noticed
            command = ["ps", "-o", "state=", "-p", number.read_text().strip()]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.stdout.strip() in ("", "Z")

        wait_until(is_gone)


# All of them


@pytest.mark.parametrize("notation", TEXTS)
def test_without_converter21_the_reason_names_the_extra(notation, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "converter21"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "converter21", None)
    reason = refusal(TEXTS[notation].encode())
    assert reason == f"{notation} needs converter21: pip install 'symbolic-emotion[formats]'"


@pytest.mark.parametrize("notation", TEXTS)
def test_nothing_is_printed_and_music21_stays_as_it_is(notation, capfd):
    from music21 import harmony, metadata

    aliases, limit = dict(harmony.CHORD_ALIASES), sys.getrecursionlimit()
    names = set(vars(metadata.Metadata))
    data = TEXTS[notation].encode()
    read_notes(data)
    for cut in range(100, len(data), len(data) // 7):
        with suppress(ReadError):
            read_notes(data[:cut])
    assert capfd.readouterr() == ("", "")
    assert aliases == harmony.CHORD_ALIASES
    assert limit == sys.getrecursionlimit()
    assert names == set(vars(metadata.Metadata))


def test_threads_leave_the_streams_of_the_process_as_they_are():
    from concurrent.futures import ThreadPoolExecutor

    before = sys.stdout, sys.stderr
    with ThreadPoolExecutor(4) as threads:
        for notes in threads.map(read_notes, [KERN.encode(), ABC.encode(), MEI.encode()] * 3):
            assert_the_piece(notes)
    assert (sys.stdout, sys.stderr) == before


def test_whatever_a_parser_raises_is_a_reason():
    with pytest.raises(ReadError, match=r"this ABC cannot be parsed$") as caught, converting("ABC"):
        raise KeyError("z")
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(MemoryError), converting("ABC"):
        raise MemoryError


@pytest.mark.parametrize("notation", TEXTS)
def test_a_damaged_file_costs_its_own_row(notation):
    chance = random.Random(notation)
    data = TEXTS[notation].encode()
    damaged = [data[: chance.randrange(len(data))] for _ in range(8)]
    for _ in range(16):
        one = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            one[chance.randrange(len(one))] = chance.randrange(256)
        damaged.append(bytes(one))
    *results, whole = read_many([*damaged, data], workers=1)
    assert_the_piece(whole)
    for result in results:
        assert not isinstance(result, ReadError) or not result.reason.startswith(
            ("cannot be read", "not read within", "reading it ended")
        )
