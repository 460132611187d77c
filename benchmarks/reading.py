"""Whether scores are read as other readers read them, and how fast.

    python benchmarks/reading.py DATA/key/when_in_rome --python PEERS/bin/python --files
    python benchmarks/reading.py DATA/key/when_in_rome --python PEERS/bin/python --speed --count 60

Each folder is a corpus, of which files are taken evenly by size; music21's corpus and its copy of
the LilyPond suite are added where music21 is installed. Readers are those found in the environment
of `--python`, and MuseScore where its program is; each reads in a process of its own, and is
started anew after a file that ends it. With `--kept` the others read each file once: a comparison
after a change takes as long as ours.

Notes are compared by onset and pitch: a note is found when the other reader has one of its pitch
within 0.05 quarters, and a pitch that is struck twice at once counts once. What readers play each
in their own way is taken out of the files first (`reading_files.py`). `played` is with repeats and
jumps as a reader unfolds them; `written` is of the same files without any. A file is decided when
two or more of verovio, partitura, lytk and MuseScore agree with each other (F1 0.99); each reader
is held against those that are not itself, and music21 never decides. That two agree does not make
them right: docs/reading.md lists where they are not.

With `--speed` the files are read as they are, by one thread, and the fastest of three passes
counts, in seconds of processor time. partitura, lytk and music21 leave repeats as written there.
`--release` names a checkout of an older commit.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from reading_files import bar_starts, chosen, make_ready, scores_of, xml_of
from reading_notes import (
    AGREED,
    NEAR,
    VOTERS,
    Notes,
    agreeing,
    f1,
    first_tempo_same,
    matched,
    same_seconds,
    sounding_notes,
    velocity_order,
    with_agreement,
)

WORKER = Path(__file__).with_name("reading_peers.py")
OURS = "symbolic"
PARSERS = ("expat", "xml.etree", "lxml")
ORDERS = ("played", "written")
PASSES = 3
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


@dataclass
class Piece:
    """One file under every reader: notes by order and reader, and why there are none."""

    corpus: str
    name: str
    bars: list[float]
    notes: dict[str, dict[str, Notes]] = field(default_factory=lambda: {o: {} for o in ORDERS})
    refused: dict[str, str] = field(default_factory=dict)


def results_of(command: list[str], files: list[Path], seconds: float, path: str = "") -> Iterator:
    """Yield a worker's result for each file; it is started anew when a file ends or holds it."""
    environment = os.environ | ONE_THREAD | ({"PYTHONPATH": path} if path else {})
    process = None
    for file in files:
        if process is None:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        process.stdin.write(f"{file}\n".encode())
        process.stdin.flush()
        line = b""
        if select.select([process.stdout], [], [], seconds)[0]:
            line = process.stdout.readline()
        if line:
            yield json.loads(line)
            continue
        process.kill()
        ended = process.wait()
        yield {"error": f"ends the process or takes longer than {seconds:.0f} s ({ended})"}
        process = None
    if process is not None:
        process.stdin.close()
        process.wait()


def ready_file(folder: Path, order: str, corpus: str, number: int) -> Path:
    return folder / f"{order}-{corpus}-{number:04d}.musicxml"


def made_ready(corpus: str, files: list[Path], folder: Path) -> list[Piece]:
    """Write the files as they are compared, both orders; those that are no XML are left out."""
    pieces = []
    for file in files:
        piece = None
        for order in ORDERS:
            try:
                root = ElementTree.fromstring(xml_of(file))
            except (ValueError, SyntaxError):  # a parse error is a syntax error
                break
            make_ready(root, written=order == "written")
            name = "/".join(file.parts[-2:])
            piece = Piece(corpus, name, [float(at) for at in bar_starts(root)])
            made = ready_file(folder, order, corpus, len(pieces))
            ElementTree.ElementTree(root).write(made, encoding="utf-8", xml_declaration=True)
        if piece:
            pieces.append(piece)
    return pieces


def remembered(folder: Path, command: list[str], files: list[Path], seconds: float) -> Iterator:
    """Yield the result for each file, a new one or one that is kept for its content."""
    places = [
        folder / f"{command[-1]}-{hashlib.sha256(file.read_bytes()).hexdigest()}.json"
        for file in files
    ]
    new = [pair for pair in zip(files, places, strict=True) if not pair[1].exists()]
    folder.mkdir(parents=True, exist_ok=True)
    results = results_of(command, [file for file, _ in new], seconds)
    for (_, place), answer in zip(new, results, strict=True):
        place.write_text(json.dumps(answer))
    for place in places:
        yield json.loads(place.read_text())


def read_all(pieces: list[Piece], folder: Path, readers: dict[str, str], options) -> None:
    """Let every reader read all pieces of a corpus, and keep the notes."""
    for reader, python in readers.items():
        command = [python, str(WORKER), reader]
        for order in ORDERS:
            files = [ready_file(folder, order, one.corpus, k) for k, one in enumerate(pieces)]
            if options.kept and reader != OURS:
                results = remembered(options.kept, command, files, options.seconds)
            else:
                results = results_of(command, files, options.seconds)
            for piece, answer in zip(pieces, results, strict=True):
                if answer["error"] is None:
                    piece.notes[order][reader] = sounding_notes(answer)
                else:
                    piece.refused[reader] = answer["error"]


def pair_rows(pieces: list[Piece], readers: list[str]) -> list[dict]:
    """Compare each reader with ours, by corpus."""
    rows = []
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        for reader in readers:
            of = [piece for piece in pieces if piece.corpus == corpus]
            row = {"corpus": corpus, "reader": reader}
            row["refused"] = sum(reader in piece.refused for piece in of)
            for order in ORDERS:
                both = [p.notes[order] for p in of if {OURS, reader} <= p.notes[order].keys()]
                found = np.array([f1(notes[OURS], notes[reader]) for notes in both])
                row[f"{order} F1"] = found.mean() if len(found) else np.nan
                row[f"{order} 0.99"] = (found >= AGREED).mean() if len(found) else np.nan
            pairs = [(p.notes["played"].get(OURS), p.notes["played"].get(reader)) for p in of]
            pairs = [(us, them) for us, them in pairs if us and them and f1(us, them) >= 0.9]
            pairs = [(us, them) for us, them in pairs if len(us.rows)]
            row["first tempo"] = np.mean([first_tempo_same(*pair) for pair in pairs] or [np.nan])
            row["seconds"] = np.mean([same_seconds(*pair) for pair in pairs] or [np.nan])
            rho = [one for pair in pairs if (one := velocity_order(*pair)) is not None]
            row |= {"with velocities": len(rho), "rho": np.median(rho) if rho else np.nan}
            rows.append(row)
    return rows


def agreement_rows(pieces: list[Piece], readers: list[str]) -> list[dict]:
    """Count how often each reader reads what the others agree on, by corpus."""
    rows = []
    for corpus in [*dict.fromkeys(piece.corpus for piece in pieces), "all"]:
        of = [piece for piece in pieces if corpus in (piece.corpus, "all")]
        for reader in readers:
            row = {"corpus": corpus, "reader": reader, "files": len(of)}
            for order in ORDERS:
                found = [with_agreement(piece.notes[order], reader) for piece in of]
                found = np.array([one for one in found if one is not None])
                row[f"{order}: decided"] = len(found)
                for least in (0.99, 0.98):
                    row[f"{order} {least}"] = (found >= least).mean() if len(found) else np.nan
            rows.append(row)
    return rows


def differences(pieces: list[Piece]) -> Iterator[str]:
    """A line or two for each decided file that is read otherwise."""
    for piece in pieces:
        for order in reversed(ORDERS):
            notes = piece.notes[order]
            share = with_agreement(notes, OURS)
            if share is None or share >= AGREED:
                continue
            group = agreeing(notes, left_out=OURS)
            yield f"{piece.corpus} {piece.name}, {order}: F1 {share:.3f} with {', '.join(group)}"
            if OURS not in notes:
                yield f"    refused: {piece.refused.get(OURS)}"
                continue
            ours, theirs = notes[OURS].rows, notes[group[0]].rows
            pairs = matched(ours, theirs)
            for what, rows, used in (("lacks", theirs, pairs[:, 1]), ("has", ours, pairs[:, 0])):
                rest = np.delete(rows, used, axis=0)
                rest = rest[np.lexsort((rest[:, 1], rest[:, 0]))]
                shown = [f"{pitch:.0f} at {at:g}" for at, pitch in rest[:4, :2]]
                if len(rest) and order == "written":
                    bar = np.searchsorted(piece.bars, rest[0, 0] + NEAR, side="right")
                    shown[0] = f"bar {bar}, {shown[0]}"
                yield f"    {what} {len(rest)}: {', '.join(shown)}"
            break


def compare(corpora: dict[str, list[Path]], readers: dict[str, str], options) -> None:
    pieces = []
    with TemporaryDirectory() as folder:
        for corpus, files in corpora.items():
            made = made_ready(corpus, files, Path(folder))
            read_all(made, Path(folder), readers, options)
            pieces += made
    peers = [reader for reader in readers if reader != OURS]
    show = {"index": False, "na_rep": "", "float_format": "{:.3f}".format}
    print("\nNotes, tempo and order of velocities beside each reader")
    print(pd.DataFrame(pair_rows(pieces, peers)).to_string(**show))
    print("\nShare of the files on which two or more others agree that are read as they agree")
    print(pd.DataFrame(agreement_rows(pieces, list(readers))).to_string(**show))
    if options.files:
        print("\nFiles read otherwise than the others agree", *differences(pieces), sep="\n")


def time_all(corpora: dict[str, list[Path]], readers: dict[str, str], options) -> None:
    jobs = [(reader, reader, python, "") for reader, python in readers.items()]
    if options.release:
        jobs.insert(1, ("the release", OURS, sys.executable, str(options.release)))
    for corpus, files in corpora.items():
        rows, seconds = [], {}
        for name, reader, python, path in jobs:
            command = [python, str(WORKER), reader, str(PASSES)]
            results = list(results_of(command, files, options.seconds * PASSES, path))
            seconds[name] = [one.get("seconds", np.nan) for one in results]
            took = np.array(seconds[name])
            memory = max((one.get("memory", 0) for one in results), default=0)
            row = {"reader": name, "refused": int(np.isnan(took).sum())}
            row |= {"files a second": 1 / np.nanmean(took), "ms, median": 1e3 * np.nanmedian(took)}
            row |= {"MiB at most": memory}
            rows.append(row)
        beside = "the release" if options.release else OURS
        for row in rows:
            both = np.array([seconds[beside], seconds[row["reader"]]])
            both = both[:, ~np.isnan(both).any(axis=0)].sum(axis=1)
            row[f"times as fast as {beside}"] = both[0] / both[1]
        size = sum(file.stat().st_size for file in files) / 2**20
        print(f"\n{corpus}: {len(files)} files, {size:.1f} MiB, one thread, best of {PASSES}")
        table = pd.DataFrame(rows).sort_values("files a second", ascending=False)
        print(table.to_string(index=False, float_format="{:,.2f}".format))


def found_readers(python: str) -> tuple[dict[str, str], dict[str, str]]:
    """The python that runs each reader, and its version: the project's own by this one."""
    command = [str(WORKER), "--installed"]
    here, there = (
        json.loads(subprocess.run([one, *command], capture_output=True, check=True).stdout)
        for one in (sys.executable, python)
    )
    pythons = {name: python if name in there else sys.executable for name in [*there, *here]}
    order = [OURS, *VOTERS, "music21", *PARSERS]
    pythons = {name: pythons[name] for name in order if name in pythons} | {OURS: sys.executable}
    return pythons, here | there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", type=Path, nargs="*", help="folders of scores, each a corpus")
    parser.add_argument("--python", default=sys.executable, help="of the other readers")
    parser.add_argument("--readers", nargs="*", help="only these of the others")
    parser.add_argument("--count", type=int, default=150, help="files of each corpus (150)")
    parser.add_argument("--seconds", type=float, default=60, help="for a file (60)")
    parser.add_argument("--no-music21-corpus", action="store_true", help="only the folders named")
    parser.add_argument("--kept", type=Path, help="folder for what the others read")
    parser.add_argument("--files", action="store_true", help="list files that are read otherwise")
    parser.add_argument("--speed", action="store_true", help="time readers instead")
    parser.add_argument("--release", type=Path, help="checkout of an older commit, for --speed")
    options = parser.parse_args()
    places = {place.resolve().name: place for place in options.places}
    spec = None if options.no_music21_corpus else importlib.util.find_spec("music21")
    if spec is not None:
        inside = Path(spec.origin).parent
        places["music21"] = inside / "corpus"
        if not options.speed:
            places["LilyPond suite"] = inside / "musicxml" / "lilypondTestSuite"
    corpora = {name: chosen(scores_of(place), options.count) for name, place in places.items()}
    readers, versions = found_readers(options.python)
    if options.readers is not None:
        kept = {OURS, *options.readers}
        readers = {name: python for name, python in readers.items() if name in kept}
    if not options.speed:
        readers = {name: python for name, python in readers.items() if name not in PARSERS}
    print("Readers:", ", ".join(f"{name} {versions.get(name, '')}".strip() for name in readers))
    (time_all if options.speed else compare)(corpora, readers, options)


if __name__ == "__main__":
    main()
