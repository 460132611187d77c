"""Scores as other readers read them: a worker of `reading.py` that needs nothing of this package.

    python benchmarks/reading_peers.py --installed
    python benchmarks/reading_peers.py READER [PASSES] < PATHS

One line of JSON is written for each line of standard input. Without PASSES it holds the notes: as
`midi`, in base64, of readers that play a score into MIDI, or as `notes`, rows of onset and length
in quarters, pitch and velocity, with `tempos`, rows of quarters and quarters a minute. With PASSES
it holds the seconds of the fastest one, of processor time, and the most memory held so far.
`error` is None, or the reason why there is nothing.
"""

import base64
import importlib.metadata
import importlib.util
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.parsers import expat

MUSESCORE = ("mscore3", "musescore3", "mscore", "musescore", "mscore4portable")


def project_notes(path: str) -> dict:
    notes = project_table(path).pitched()
    quarter = notes.ticks_per_quarter
    rows = zip(
        (notes.onset_ticks / quarter).tolist(),
        (notes.duration_ticks / quarter).tolist(),
        notes.pitch.tolist(),
        notes.velocity.tolist(),
        strict=True,
    )
    tempos = zip((notes.tempo_ticks / quarter).tolist(), notes.tempo.tolist(), strict=True)
    return {"notes": list(rows), "tempos": list(tempos)}


def project_table(path: str):
    from symbolic import read_notes

    return read_notes(path)


@cache
def verovio_toolkit():
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    return verovio.toolkit()


def verovio_midi(path: str) -> dict:
    kit = verovio_toolkit()
    if not kit.loadFile(path):
        raise ValueError("verovio does not take the file")
    return {"midi": kit.renderToMIDI()}


def lytk_midi(path: str) -> dict:
    import lytk

    return encoded(lytk.to_midi_bytes(lytk.from_musicxml(path)))


def lytk_array(path: str):
    import lytk

    return lytk.to_note_array(lytk.from_musicxml(path).to_music_document())


def musescore_midi(path: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder, "played.mid")
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        command = [next(filter(shutil.which, MUSESCORE)), "-o", str(midi), path]
        said = subprocess.run(command, env=environment, capture_output=True, check=False)
        if not midi.exists():
            raise ValueError(f"MuseScore writes nothing, exit status {said.returncode}")
        return encoded(midi.read_bytes())


def partitura_notes(path: str) -> dict:
    """Notes with repeats as partitura unfolds them, and as they sound: its own are as written."""
    import partitura
    from partitura.score import GraceNote, Tempo, Transposition, unfold_part_maximal

    octaves = octave_changes(path)
    notes, tempos = [], {}
    for part in partitura.load_musicxml(path).parts:
        if part.first_point is None:
            continue
        part = unfold_part_maximal(part, ignore_leaps=False)
        quarters = part.quarter_map
        begin = float(quarters(part.first_point.t))
        moves = sorted((one.start.t, one.chromatic or 0) for one in part.iter_all(Transposition))
        for note in part.notes_tied:
            if isinstance(note, GraceNote):
                continue
            onset, end = (float(quarters(one.t)) - begin for one in (note.start, note.end_tied))
            up = ([semitones for at, semitones in moves if at <= note.start.t] or [0])[-1]
            pitch = int(note.midi_pitch) + up + octaves.get(part.id, 0)
            notes.append((onset, end - onset, pitch, 0))
        for mark in part.iter_all(Tempo):
            at = float(quarters(mark.start.t)) - begin
            tempos.setdefault(at, 6e7 / mark.microseconds_per_quarter)
    return {"notes": notes, "tempos": sorted(tempos.items())}


def octave_changes(path: str) -> dict[str, int]:
    """Semitones of the `octave-change` of each part that has one: partitura does not keep it."""
    changes = {}
    for part in ElementTree.parse(path).getroot().findall("part"):
        found = {one.findtext("octave-change", "0") for one in part.iter("transpose")}
        if len(found) == 1:
            changes[part.get("id")] = 12 * int(found.pop())
    return changes


def partitura_array(path: str):
    import partitura

    return partitura.load_musicxml(path).note_array()


def music21_notes(path: str) -> dict:
    """Notes with repeats expanded, ties stripped, at sounding pitch."""
    from music21 import chord, converter, harmony, note, tempo

    score = converter.parseFile(path, format="musicxml", forceSource=True, storePickle=False)
    score = score.expandRepeats().toSoundingPitch()
    notes, tempos = [], {}
    for mark in score.flatten().getElementsByClass(tempo.MetronomeMark):
        if quarters := mark.getQuarterBPM():  # None for words that are no tempo
            tempos.setdefault(float(mark.offset), float(quarters))
    for part in score.parts:
        for one in part.stripTies().flatten().notes:
            if isinstance(one, harmony.Harmony) or one.duration.isGrace:
                continue
            if isinstance(one, note.Note | chord.Chord):
                rows = (float(one.offset), float(one.quarterLength)), one.volume.velocity or 0
                notes += [(*rows[0], pitch.midi, rows[1]) for pitch in one.pitches]
    return {"notes": notes, "tempos": sorted(tempos.items())}


def music21_stream(path: str):
    from music21 import converter

    score = converter.parseFile(path, format="musicxml", forceSource=True, storePickle=False)
    return score.stripTies().flatten().notes


def encoded(midi: bytes) -> dict:
    return {"midi": base64.b64encode(midi).decode()}


def unzipped(path: str) -> bytes:
    data = Path(path).read_bytes()
    if data[:2] != b"PK":
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if not name.startswith("META-INF")]
        return archive.read(next(name for name in names if name.endswith(("xml", "musicxml"))))


def expat_alone(path: str) -> None:
    expat.ParserCreate().Parse(unzipped(path), True)


def etree_alone(path: str) -> None:
    ElementTree.fromstring(unzipped(path))


def lxml_alone(path: str) -> None:
    from lxml import etree

    etree.fromstring(unzipped(path), etree.XMLParser(huge_tree=True))


NOTES: dict[str, Callable[[str], dict]] = {
    "symbolic": project_notes,
    "verovio": verovio_midi,
    "partitura": partitura_notes,
    "lytk": lytk_midi,
    "musescore": musescore_midi,
    "music21": music21_notes,
}
TIMED: dict[str, Callable] = NOTES | {
    "symbolic": project_table,
    "lytk": lytk_array,
    "partitura": partitura_array,
    "music21": music21_stream,
    "expat": expat_alone,
    "xml.etree": etree_alone,
    "lxml": lxml_alone,
}
"""Ways that are timed: a file to a reader's own notes, and to MIDI where it has none."""


def installed() -> dict[str, str]:
    """Readers that are there, with their versions."""
    found = {}
    for name in TIMED:
        if name == "musescore":
            if program := next(filter(shutil.which, MUSESCORE), None):
                environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
                said = subprocess.run(
                    [program, "--version"],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                found[name] = said.stdout.split()[-1] if said.stdout else ""
        elif name == "expat":
            found[name] = ".".join(map(str, expat.version_info))
        elif name == "xml.etree":
            found[name] = ".".join(map(str, sys.version_info[:3]))
        elif importlib.util.find_spec(name) is not None:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = ""
    return found


def seconds_of(function: Callable, path: str, passes: int) -> float:
    """Seconds of processor time, of this process and those it starts, of the fastest pass."""

    def spent() -> float:
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + started.ru_utime + started.ru_stime

    found = []
    for _ in range(passes):
        begin = spent()
        function(path)
        found.append(spent() - begin)
    return min(found)


def answer(reader: str, path: str, passes: int) -> dict:
    try:
        if not passes:
            return {"error": None, **NOTES[reader](path)}
        seconds = seconds_of(TIMED[reader], path, passes)
    except Exception as error:  # readers raise whatever they stumble over
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:200]}
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"error": None, "seconds": seconds, "memory": max(held(), started) / 1024}


def held() -> float:
    """KiB that this process has held at most.

    Linux counts to `ru_maxrss` what the process held that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return float(lines["VmHWM"].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    if sys.argv[1] == "--installed":
        print(json.dumps(installed()))
        return
    reader, passes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(100_000)  # partitura copies scores by recursion
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)  # what a reader prints is no answer
        for line in sys.stdin:
            print(json.dumps(answer(reader, line.rstrip("\n"), passes)), file=output, flush=True)


if __name__ == "__main__":
    main()
