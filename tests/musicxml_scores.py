"""Little MusicXML scores for tests, and what is read from them."""

from symbolic.notes.musicxml.reader import read_musicxml
from symbolic.notes.playback.sounding import TICKS_PER_QUARTER

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
ATTRIBUTES = "<attributes><divisions>12</divisions><time><beats>4</beats><beat-type>4</beat-type>"
ATTRIBUTES += "</time></attributes>"
REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'
OPEN = '<barline location="left"><repeat direction="forward"/></barline>'
CHORD = "<chord/>"
SCALE_PITCHES = (60, 62, 64, 65, 67, 69, 71, 72)


def note(pitch: str, quarters: float = 1, extra: str = "", before: str = "") -> str:
    """A note such as "C4", "Bb3" or "F#5"; `before` goes ahead of the pitch (chord, grace, cue)."""
    alter = {"b": "<alter>-1</alter>", "#": "<alter>1</alter>"}.get(pitch[1:-1], "")
    pitched = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    duration = "" if "<grace" in before else f"<duration>{round(12 * quarters)}</duration>"
    return f"<note>{before}{pitched}{duration}{extra}</note>"


def rest(quarters: float, extra: str = "", rest: str = "<rest/>") -> str:
    return f"<note>{rest}<duration>{round(12 * quarters)}</duration>{extra}</note>"


def backup(quarters: float) -> str:
    return f"<backup><duration>{round(12 * quarters)}</duration></backup>"


def forward(quarters: float) -> str:
    return f"<forward><duration>{round(12 * quarters)}</duration></forward>"


def tie(*kinds: str) -> str:
    return "".join(f'<tie type="{kind}"/>' for kind in kinds)


def direction(*types: str, extra: str = "") -> str:
    """A direction of the given types, with `extra` (an offset, a staff, a sound) after them."""
    kinds = "".join(f"<direction-type>{one}</direction-type>" for one in types)
    return f"<direction>{kinds}{extra}</direction>"


def words(text: str, extra: str = "") -> str:
    return direction(f"<words>{text}</words>", extra=extra)


def sound(attributes: str) -> str:
    return f"<sound {attributes}/>"


def dynamic(mark: str, extra: str = "") -> str:
    return direction(f"<dynamics><{mark}/></dynamics>", extra=extra)


def wedge(kind: str, extra: str = "") -> str:
    return direction(f'<wedge type="{kind}"/>', extra=extra)


def metronome(unit: str, number: int | str) -> str:
    """A metronome mark; the unit such as "quarter", or elements."""
    unit = unit if unit.startswith("<") else f"<beat-unit>{unit}</beat-unit>"
    return direction(f"<metronome>{unit}<per-minute>{number}</per-minute></metronome>")


def ending(number: int | str, kind: str, repeat: str = "") -> str:
    side = "left" if kind == "start" else "right"
    mark = f'<ending number="{number}" type="{kind}"/>'
    return f'<barline location="{side}">{mark}{repeat}</barline>'


def meter(beats: int | str, unit: int) -> str:
    time = f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>"
    return f"<attributes>{time}</attributes>"


def score_part(number: int, inner: str = "") -> str:
    return f'<score-part id="P{number}"><part-name>Part {number}</part-name>{inner}</score-part>'


def score(*parts: list[str], head: str = ATTRIBUTES, scoreparts: str = "") -> str:
    """A partwise score of parts, each a list of bars; `head` opens every part's first bar."""
    listed, bodies = scoreparts, ""
    for number, bars in enumerate(parts, 1):
        listed += "" if scoreparts else score_part(number)
        measures = "".join(
            f'<measure number="{k}">{head if k == 1 else ""}{bar}</measure>'
            for k, bar in enumerate(bars, 1)
        )
        bodies += f'<part id="P{number}">{measures}</part>'
    prolog = f'<?xml version="1.0" encoding="UTF-8"?>{DOCTYPE}'
    return f"{prolog}<score-partwise><part-list>{listed}</part-list>{bodies}</score-partwise>"


def read(*parts: list[str], **options: str):
    """The note table of a score; arguments are those of `score`."""
    return read_musicxml(score(*parts, **options).encode())


def quarters(table) -> list[tuple[int, float, float]]:
    """(pitch, onset, duration) of the notes, times in quarters."""
    ticks = (table.onset_ticks / TICKS_PER_QUARTER, table.duration_ticks / TICKS_PER_QUARTER)
    return list(zip(table.pitch.tolist(), *(t.round(4).tolist() for t in ticks), strict=True))


def onsets(table) -> list[float]:
    """Onsets in quarters."""
    return (table.onset_ticks / TICKS_PER_QUARTER).round(4).tolist()


def bar_starts(table) -> list[float]:
    """Where time signatures stand, in quarters."""
    return (table.meter_ticks / TICKS_PER_QUARTER).round(4).tolist()


def bars_played(*marks: str | tuple[str, str]) -> str:
    """Names of the bars as played: bar k holds the k-th note of a scale and marks after it.

    Of a pair of marks the first stands before the note.
    """
    scale = dict(zip(SCALE_PITCHES, "abcdefgh", strict=True))
    pairs = [("", mark) if isinstance(mark, str) else mark for mark in marks]
    names = ("C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5")
    bars = [
        before + note(name, 4) + after for name, (before, after) in zip(names, pairs, strict=False)
    ]
    return "".join(scale[pitch] for pitch in read(bars).pitch.tolist())
