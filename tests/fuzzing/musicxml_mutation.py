"""Scores changed as trees: numbers, words, elements moved about, encodings and archives."""

import io
import random
import xml.etree.ElementTree as ET
import zipfile

from fuzzing.bytes_mutation import changed_bytes, few

NUMBERS = (
    *("0", "-0", "1", "-1", "2", "3", "5", "7", "8", "12", "16", "64", "99", "100", "127", "128"),
    *("1000", "1000000", "2147483648", "-99999999999", "1" * 40, "0.5", "-0.5", "0.001", "1e-300"),
    *("1e9", "1e300", "1e400", "nan", "inf", "-inf", "", " ", "x", "+4", "1_0", "1/3", "1,2"),
    *("1-3", "1-1000000", "1+1", "2+3", "4 4", "0x10", "1\n", "\u0661"),
)
WORDS = (
    *("start", "stop", "continue", "forward", "backward", "left", "right", "discontinue", "up"),
    *(
        "yes",
        "no",
        "quarter",
        "maxima",
        "1024th",
        "none",
        "F",
        "percussion",
        "breve",
        "é",
        "\u2028",
    ),
    *("D.C. al Fine", "D.S. al Coda", "Fine", "To Coda", "Segno", "Adagio", "light-heavy"),
)
FRAGMENTS = (
    '<barline location="{w}"><repeat direction="{w}" times="{n}"/></barline>',
    '<barline location="right"><repeat direction="backward"/></barline>',
    '<barline location="left"><repeat direction="forward"/></barline>',
    '<barline location="left"><ending number="{n}" type="start"/></barline>',
    '<barline location="right"><ending number="{n}" type="{w}"/></barline>',
    '<direction><sound dacapo="yes"/></direction>',
    '<direction><sound fine="yes" segno="{n}" tocoda="{w}"/></direction>',
    "<direction><direction-type><segno/></direction-type></direction>",
    "<direction><direction-type><coda/></direction-type></direction>",
    "<direction><direction-type><words>{w}</words></direction-type><offset>{n}</offset></direction>",
    '<direction><sound tempo="{n}" dynamics="{n}"/></direction>',
    "<direction><direction-type><metronome><beat-unit>{w}</beat-unit><per-minute>{n}</per-minute>"
    "</metronome></direction-type></direction>",
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
    "<per-minute>{n}</per-minute></metronome></direction-type><offset>{n}</offset></direction>",
    "<direction><direction-type><dynamics><sfz/></dynamics></direction-type><offset>{n}</offset>"
    "</direction>",
    '<direction><direction-type><octave-shift type="{w}" size="{n}"/></direction-type></direction>',
    '<direction><direction-type><wedge type="{w}"/></direction-type></direction>',
    "<backup><duration>{n}</duration></backup>",
    "<forward><duration>{n}</duration></forward>",
    "<attributes><divisions>{n}</divisions></attributes>",
    "<attributes><time><beats>{n}</beats><beat-type>{n}</beat-type></time></attributes>",
    "<attributes><time><senza-misura/></time></attributes>",
    "<attributes><key><fifths>{n}</fifths><mode>{w}</mode></key></attributes>",
    "<attributes><key><key-step>C</key-step><key-alter>{n}</key-alter></key></attributes>",
    "<attributes><transpose><diatonic>{n}</diatonic><chromatic>{n}</chromatic>"
    "<octave-change>{n}</octave-change></transpose></attributes>",
    "<attributes><staves>{n}</staves><clef number='{n}'><sign>{w}</sign><line>{n}</line>"
    "<clef-octave-change>{n}</clef-octave-change></clef></attributes>",
    "<attributes><measure-style><multiple-rest>{n}</multiple-rest></measure-style></attributes>",
    "<attributes><measure-style><measure-repeat type='start' slashes='{n}'>{n}</measure-repeat>"
    "</measure-style></attributes>",
    "<note><pitch><step>B</step><alter>{n}</alter><octave>{n}</octave></pitch><duration>{n}"
    "</duration><voice>{n}</voice><staff>{n}</staff></note>",
    "<note><grace/><pitch><step>D</step><octave>5</octave></pitch><type>{w}</type></note>",
    '<note dynamics="{n}"><chord/><pitch><step>E</step><octave>5</octave></pitch><duration>{n}'
    "</duration></note>",
    '<note><pitch><step>F</step><octave>4</octave></pitch><duration>{n}</duration><tie type="{w}"/>'
    "</note>",
    "<note><unpitched><display-step>C</display-step><display-octave>{n}</display-octave>"
    "</unpitched><duration>{n}</duration></note>",
    "<note><rest measure='yes'/><duration>{n}</duration><type>{w}</type><dot/><dot/></note>",
    "<time-modification><actual-notes>{n}</actual-notes><normal-notes>{n}</normal-notes>"
    "</time-modification>",
    '<notations><tied type="{w}"/><tuplet type="{w}" number="{n}"/><slur type="{w}" number="{n}"/>'
    "<ornaments><tremolo type='{w}'>{n}</tremolo></ornaments></notations>",
    "<midi-instrument id='{w}'><midi-channel>{n}</midi-channel><midi-program>{n}</midi-program>"
    "<midi-unpitched>{n}</midi-unpitched><volume>{n}</volume></midi-instrument>",
    "<harmony><root><root-step>{w}</root-step><root-alter>{n}</root-alter></root><kind>{w}</kind>"
    "<degree><degree-value>{n}</degree-value></degree></harmony>",
    "<dot/>",
    "<chord/>",
    "<grace/>",
    "<cue/>",
    '<part id="{w}"><measure number="{n}"/></part>',
)
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32")
DECLARED = ("UTF-8", "UTF-16", "ISO-8859-1", "ascii", "cp037", "idna", "hex", "utf-7", "big5", "")
DOCTYPES = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">',
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    '<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///dev/zero"> %a;]>',
    '<!DOCTYPE x [<!ATTLIST note dynamics CDATA "nan">]>',
    "<!DOCTYPE x [",
)


def fragment(rng: random.Random) -> ET.Element:
    """A piece of a score that is rare in scores, filled with numbers and words."""
    text = rng.choice(FRAGMENTS)
    while "{n}" in text:
        text = text.replace("{n}", rng.choice(NUMBERS), 1)
    while "{w}" in text:
        text = text.replace("{w}", rng.choice(WORDS), 1)
    return ET.fromstring(text)


def _copy(element: ET.Element) -> ET.Element:
    return ET.fromstring(ET.tostring(element))


def _change_score(root: ET.Element, rng: random.Random) -> None:
    elements = list(root.iter())
    tags = sorted({element.tag for element in elements})
    tag = rng.choice(tags)  # rare elements as often as notes
    one = rng.choice([element for element in elements if element.tag == tag])
    parent = rng.choice([element for element in elements if len(element)] or [root])
    at = rng.randrange(len(parent) + 1)
    bars = [element for element in elements if element.tag == "measure"] or [root]
    match rng.randrange(12):
        case 0 | 1:
            one.text = rng.choice(NUMBERS)
        case 2:
            one.text = rng.choice((*WORDS, *(element.text or "" for element in elements[:50])))
        case 3:
            name = rng.choice((*one.attrib, *(rng.choice(elements).attrib or ["type"])))
            one.set(name, rng.choice(NUMBERS + WORDS))
        case 4:
            one.attrib.pop(rng.choice(list(one.attrib) or ["type"]), None)
        case 5 if len(parent):
            del parent[rng.randrange(len(parent))]
        case 6 if len(parent):
            child = parent[rng.randrange(len(parent))]
            size = sum(1 for _ in child.iter())
            copies = min(rng.choice((1, 1, 3, 30, 300)), 3000 // size + 1)
            parent[at:at] = [_copy(child) for _ in range(copies)]
        case 7:
            parent.insert(at, _copy(one))  # it may hold itself
        case 8:
            one.tag = rng.choice(tags)
        case _:
            place = rng.choice(bars) if rng.random() < 0.8 else parent
            place.insert(rng.randrange(len(place) + 1), fragment(rng))


def changed_score(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Elements, numbers, words, encoding and archive changed; half of it is still XML."""
    root = ET.fromstring(data)
    if rng.random() < 0.1:
        root.extend(ET.fromstring(other))
    for _ in range(few(rng)):
        _change_score(root, rng)
    if rng.random() < 0.03:
        root.tag = "score-timewise"
    text = ET.tostring(root, encoding="unicode")
    encoding = declared = rng.choice(ENCODINGS)
    if rng.random() < 0.1:
        declared = rng.choice(DECLARED)
    doctype = rng.choice(DOCTYPES) if rng.random() < 0.1 else ""
    prolog = f'<?xml version="1.0" encoding="{declared.removesuffix("-sig")}"?>'
    written = (prolog + doctype + text).encode(encoding, "xmlcharrefreplace")
    return zipped(written, rng) if rng.random() < 0.2 else written


def zipped(score: bytes, rng: random.Random) -> bytes:
    """A score in an `.mxl` archive whose container may point anywhere and whose bytes may lie."""
    buffer = io.BytesIO()
    name = rng.choice(("score.xml", "a/b.musicxml", "META-INF/x.xml", "é.xml", "score.txt"))
    named = name if rng.random() < 0.9 else rng.choice(("", "gone.xml", "../x", "META-INF/"))
    container = f'<container><rootfiles><rootfile full-path="{named}"/></rootfiles></container>'
    method = rng.choice((zipfile.ZIP_DEFLATED,) * 4 + (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(buffer, "w", method) as archive:
        files = [("META-INF/container.xml", container.encode()), (name, score)]
        for inside, content in files[rng.random() < 0.1 :]:
            archive.writestr(zipfile.ZipInfo(inside), content, method)  # of no date
    data = buffer.getvalue()
    return changed_bytes(data, data, rng) if rng.random() < 0.5 else data
