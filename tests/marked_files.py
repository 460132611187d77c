"""Marked MIDI files, by their bytes, and bars of MusicXML with marks."""

from musicxml_scores import direction, note

DOUBLE = '<barline location="right"><bar-style>light-light</bar-style></barline>'
REPEAT_SIGN = '<repeat direction="backward"/>'
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'


def quantity(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(groups[::-1])


def text(kind: int, words: str | bytes) -> bytes:
    content = words.encode() if isinstance(words, str) else words
    return bytes([0xFF, kind]) + quantity(len(content)) + content


def track(*events: tuple[int, bytes]) -> bytes:
    """A track of events at ticks; of the same tick in the order of the arguments."""
    content, before = b"", 0
    for tick, event in sorted(events, key=lambda one: one[0]):
        content += quantity(tick - before) + event
        before = tick
    return content + b"\x00\xff\x2f\x00"


def midi(*tracks: bytes, form: int = 1) -> bytes:
    header = b"".join(field.to_bytes(2) for field in (form, len(tracks), 480))
    chunks = (b"MThd", header), *((b"MTrk", one) for one in tracks)
    return b"".join(name + len(content).to_bytes(4) + content for name, content in chunks)


def bars(count: int, first: int = 0, pitch: int = 60) -> bytes:
    """A note in each bar of 4/4, a quarter long."""
    on, off = bytes([0x90, pitch, 64]), bytes([0x80, pitch, 0])
    notes = []
    for bar in range(first, count):
        notes += [(1920 * bar, on), (1920 * bar + 480, off)]
    return track(*notes)


def marked(*marks: tuple[int, bytes], count: int = 12, pitch: int = 60) -> bytes:
    """Bars of 2 s with marks at the beginning of some, from 0."""
    return midi(track(*((1920 * bar, event) for bar, event in marks)), bars(count, pitch=pitch))


def bar(pitch: str = "C4", before: str = "", after: str = "") -> str:
    return before + note(pitch, 4) + after


def rehearsal(letter: str) -> str:
    return direction(f"<rehearsal>{letter}</rehearsal>")
