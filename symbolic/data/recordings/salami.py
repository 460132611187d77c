"""SALAMI (Smith 2011): recordings with boundaries of two annotators on several levels."""

from __future__ import annotations

import math
from pathlib import Path

from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.data.corpora.label_rows import as_number, numbered_lines
from symbolic.data.corpus import Corpus, files_by_name, missing_files
from symbolic.data.pieces import Piece
from symbolic.notes.sources import find_files
from symbolic.tasks import BOUNDARY

SOURCE = (
    "SALAMI (Smith et al. 2011, the GitHub project DDMAL/salami-data-public; annotations/ID/parsed/"
    "textfile1_functions.txt and its like) with its recordings as audio/ID.mp3, or another suffix"
)

LEVELS = {
    "functions": "functions",
    "segments": "uppercase",
    "uppercase": "uppercase",
    "lowercase": "lowercase",
}
"""Names of files by level: functions (verse, chorus), large parts (A, B), small parts (a, b)."""


def read_salami(folder: str | Path, level: str = "functions", annotator: int = 1) -> Corpus:
    """Read recordings with the boundaries of one annotator; each recording is a group.

    All times in a file are boundaries, also those of silence before and after, and of `End`.

    Args:
        folder: with `annotations/` and `audio/`.
        level: `functions`, `segments` (that is `uppercase`) or `lowercase`.
        annotator: 1 or 2.

    Returns:
        The recordings that exist, by number; the label `boundary` is in seconds.

    Raises:
        FileNotFoundError: no annotations, or no recording at all.
        ValueError: another level or annotator, a recording that occurs twice, or a line that is not
            a time and a label, or not in order. The message names the file and the line.
    """
    if level not in LEVELS:
        raise ValueError(f"level {level!r} is none of {', '.join(LEVELS)}")
    if annotator not in (1, 2):
        raise ValueError(f"annotator {annotator}: there are 1 and 2")
    folder, name = Path(folder), f"textfile{annotator}_{LEVELS[level]}.txt"
    annotations, audio = folder / "annotations", folder / "audio"
    songs = [path for path in annotations.glob("*") if (path / "parsed").is_dir()]
    if not songs:
        raise FileNotFoundError(f"{annotations}: no annotation. Expected is {SOURCE}")
    songs.sort(key=lambda path: (not path.name.isdigit(), path.name.zfill(9)))
    files = {song.name: song / "parsed" / name for song in songs}
    boundaries = {song: read_boundaries(file) for song, file in files.items() if file.is_file()}
    labelled = [song for song, times in boundaries.items() if len(times) > 1]
    findings = []
    if left := len(songs) - len(labelled):
        findings.append(
            f"{left} of {len(songs)} recordings have no {name} with boundaries and are left out"
        )
    if not labelled:
        raise FileNotFoundError(f"{annotations}: no {name} with boundaries, of {SOURCE}")
    recordings = files_by_name(find_files(audio, AUDIO_SUFFIXES) if audio.is_dir() else [])
    paths = {song: recordings.get(song, audio / f"{song}.mp3") for song in labelled}
    gone, missing = missing_files(list(paths.values()), SOURCE)
    pieces = [
        Piece(path, song, {BOUNDARY.name: boundaries[song]}, "salami")
        for song, path in paths.items()
        if path not in gone
    ]
    return Corpus("salami", pieces, (BOUNDARY,), findings + missing)


def read_boundaries(path: str | Path) -> tuple[float, ...]:
    """Read the times of a file of lines `time<TAB>label`, in seconds, each once.

    Raises:
        ValueError: another kind of line, or times that are not in order; the message names the
            line.
    """
    times: list[float] = []
    for line, text in numbered_lines(path):
        word, *label = text.split(None, 1)
        time = as_number(word)
        if not (math.isfinite(time) and time >= 0 and label):
            raise ValueError(f"{path}, line {line}: {text!r} is not a time and a label")
        if times and time < times[-1]:
            raise ValueError(f"{path}, line {line}: {time:g} s, after {times[-1]:g} s")
        times.append(time)
    return tuple(dict.fromkeys(times))
