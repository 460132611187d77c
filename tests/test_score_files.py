"""Files of MusicXML: archives, encodings, and what is refused before it does harm."""

import io
import zipfile

import pytest
from musicxml_scores import note, quarters, read, score

from symbolic.notes.musicxml import archives as score_archives
from symbolic.notes.musicxml.reader import read_musicxml
from symbolic.notes.table import ReadError

SCALE = score([note("C4") + note("D4") + note("E4", 2)])


def mxl_bytes(files: dict[str, bytes], container: str | None = "score.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if container:
            rootfile = f'<container><rootfiles><rootfile full-path="{container}"/></rootfiles>'
            archive.writestr("META-INF/container.xml", rootfile + "</container>")
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_every_declared_encoding_is_read(encoding):
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = SCALE.replace("UTF-8", declared).replace("Part 1", "Flöte")
    assert len(read_musicxml(text.encode(encoding))) == 3


def test_a_timewise_score_reads_like_its_partwise_twin():
    part = SCALE.partition('<part id="P1">')[2].partition("</part>")[0]
    bar = part.replace('<measure number="1">', "").replace("</measure>", "")
    listed = SCALE.partition("<score-partwise>")[2].partition('<part id="P1">')[0]
    text = f'{listed}<measure number="1"><part id="P1">{bar}</part></measure>'
    text = f"<score-timewise>{text}</score-timewise>"
    assert quarters(read_musicxml(text.encode())) == quarters(read_musicxml(SCALE.encode()))


def test_a_zipped_score_reads_like_the_plain_one():
    files = {"notes.xml": b"<svg/>", "score.xml": SCALE.encode()}
    assert len(read_musicxml(mxl_bytes(files))) == 3


@pytest.mark.parametrize("container", [None, "missing.xml"])
def test_a_zipped_score_is_found_without_its_container(container):
    assert len(read_musicxml(mxl_bytes({"score.musicxml": SCALE.encode()}, container))) == 3


def test_mxl_bomb_is_refused():
    bomb = mxl_bytes({"score.xml": b" " * (score_archives.MAX_EXPANDED_BYTES + 1)})
    with pytest.raises(ReadError, match="expands to more than 64 MiB"):
        read_musicxml(bomb)


def test_an_archive_that_understates_its_size_is_still_bounded(monkeypatch):
    monkeypatch.setattr(score_archives, "MAX_EXPANDED_BYTES", 1000)
    archive = mxl_bytes({"score.xml": b" " * 5000}, container=None)
    lying = archive.replace((5000).to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert lying != archive
    with pytest.raises(ReadError):
        read_musicxml(lying)


@pytest.mark.parametrize("name", ["score.xml", "META-INF/container.xml"])
def test_entity_bomb_is_refused(name):
    levels = "".join(f'<!ENTITY a{k + 1} "{f"&a{k};" * 10}">' for k in range(9))
    bomb = f'<!DOCTYPE s [<!ENTITY a0 "ha">{levels}]><score-partwise>&a9;</score-partwise>'
    with pytest.raises(ReadError, match=r"entities|holds no score"):
        read_musicxml(mxl_bytes({name: bomb.encode()}, None))
    with pytest.raises(ReadError, match="entities"):
        read_musicxml(bomb.encode())


def test_external_entity_is_refused():
    text = '<!DOCTYPE s [<!ENTITY f SYSTEM "file:///etc/hostname">]><score-partwise>&f;'
    with pytest.raises(ReadError, match="entities"):
        read_musicxml(f"{text}</score-partwise>".encode("utf-16"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not XML"),
        (b"la la la", "not XML"),
        (SCALE.encode()[:-30], "not well-formed XML"),
        (b"<svg/>", "not a MusicXML score: root element is <svg>"),
        (b"PK\x03\x04 and then nothing", "broken .mxl"),
        (mxl_bytes({"readme.txt": b"hello"}, None), "holds no score"),
        (
            SCALE.replace("<octave>4", "<octave>four").encode(),
            "part P1, bar 1: <octave> is 'four', no number",
        ),
        (SCALE.replace("<beats>4", "<beats>300").encode(), "time signature of 300 beats"),
        (SCALE.replace("<duration>24", "<duration>1e300").encode(), "invalid length"),
    ],
)
def test_what_is_no_score_is_refused_with_its_reason(data, reason):
    with pytest.raises(ReadError, match=reason) as error:
        read_musicxml(data)
    assert "\n" not in str(error.value)


def test_nothing_is_said_on_stderr(capfd):
    overfull = note("C4", 4.08) + note("D4", 0.33)
    read([overfull, '<direction><sound tempo="0"/></direction>' + note("C4", 4)])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "big5", "koi8-r", "windows-1252"])
def test_encodings_of_many_places_are_read(encoding):
    text = SCALE.replace("UTF-8", encoding)
    assert len(read_musicxml(text.encode(encoding))) == 3


def test_a_declaration_that_the_bytes_belie_is_passed_over():
    assert len(read_musicxml(SCALE.replace("UTF-8", "UTF-16").encode())) == 3


@pytest.mark.parametrize("name", ["hex", "rot13", "idna", "punycode", "unicode_escape", "nonsense"])
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(ReadError, match="unknown encoding"):
        read_musicxml(SCALE.replace("UTF-8", name).encode())


def test_nesting_without_end_is_no_trouble():
    deep = 100_000
    nested = "<direction-type>" * deep + "</direction-type>" * deep
    text = score([f"<direction>{nested}</direction>" + note("C4", 4)])
    assert quarters(read_musicxml(text.encode())) == [(60, 0, 4)]


def test_an_element_within_another_of_its_name_is_refused():
    nested = f"<note>{note('C4', 4)}</note>"
    with pytest.raises(ReadError, match="nested elements"):
        read([nested])


def test_of_the_renditions_in_an_archive_the_score_is_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        names = ("page.pdf", "music/score.musicxml")
        rootfiles = "".join(f'<rootfile media-type="x" full-path="{name}"/>' for name in names)
        commented = '<!-- <rootfile full-path="old.xml"/> -->'
        archive.writestr("META-INF/container.xml", f"<container>{commented}{rootfiles}</container>")
        archive.writestr("page.pdf", "%PDF")
        archive.writestr("old.xml", score([note("C4")]))
        archive.writestr("music/score.musicxml", SCALE)
    assert len(read_musicxml(buffer.getvalue())) == 3


def test_a_space_before_the_prolog_is_passed_over():
    assert len(read_musicxml(b"\xef\xbb\xbf\n" + SCALE.encode())) == 3


def test_much_space_before_the_end_of_a_tag_is_passed_over():
    loose = SCALE.replace("</note>", "</note >").replace("Part 1", " " * 200_000)
    assert len(read_musicxml(loose.encode())) == 3
