"""POP909 (Wang 2020) with the phrases of two annotators (Dai 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import as_number, corpus_rows, numbered_lines
from symbolic.data.corpora.phrase_alignment import Alignment, align_phrases
from symbolic.data.corpora.phrases import bar_edges, parse_phrases
from symbolic.data.corpus import Corpus
from symbolic.data.pieces import Piece
from symbolic.notes import read_notes
from symbolic.tasks import BOUNDARY

NAME, TABLE, BEATS = "pop909_structure", "pop909_phrases.csv", "beats"
ANNOTATORS = ("annotator1", "annotator2")
SOURCE = (
    "POP909 (Wang et al. 2020, the GitHub project music-x-lab/POP909-Dataset; all songs in one "
    "folder as 001.mid, 002.mid, ..., and their beat_midi.txt in a folder beats/ as 001.txt, ...) "
    "with its phrases (Dai et al. 2020, the GitHub project Dsqvival/hierarchical-structure-analysis"
    "; written as i4A8B8)"
)

MISFIT = 0.1
"""Largest share of misfitting notes and bars (see `Alignment`) of an annotation that is used."""


@dataclass(frozen=True)
class StructuredSong:
    """A song and the boundaries of its phrases.

    Attributes:
        path: of the MIDI file.
        alignment: None if the song is shorter than its phrases.
        boundaries: of each annotator, in seconds, with the beginning and the end; () if the phrases
            do not fit the song.
    """

    path: Path
    alignment: Alignment | None
    boundaries: tuple[tuple[float, ...], ...]


def read_pop909_structure(folder: str | Path, annotator: int = 1) -> Corpus:
    """Read POP909 with the boundaries of its phrases; each song is a group.

    Phrases are counted in bars; `align_phrases` finds the beat on which the first bar begins, since
    neither column of downbeats agrees with the bars. Labels are those of one annotator; neither is
    better than the other.

    Args:
        folder: with `pop909_phrases.csv` (columns file, annotator1, annotator2), `beats/` (lines of
            a time and two flags) and the songs in `pop909/`; or with the first two in `structure/`
            and the songs in `pretrain/pop909/`.
        annotator: 1 or 2.

    Returns:
        The songs that fit, in order, with the label `boundary`: seconds, with the beginning of the
        first phrase and the end of the last. Boundaries after the last note are moved to its end.

    Raises:
        FileNotFoundError: a missing table, folder, column or file.
        ValueError: another annotator, or a table or beats that cannot be read. The message names
            the file and the line.
    """
    if annotator not in (1, 2):
        raise ValueError(f"annotator {annotator}: there are 1 and 2")
    songs = structured_songs(folder)
    pieces = [
        Piece(song.path, song.path.stem, {BOUNDARY.name: boundaries}, NAME)
        for song in songs
        if (boundaries := song.boundaries[annotator - 1])
    ]
    return Corpus(NAME, pieces, (BOUNDARY,), _findings(songs, annotator))


def structured_songs(folder: str | Path) -> list[StructuredSong]:
    """Read all songs of the table; arguments and errors are those of `read_pop909_structure`."""
    folder = Path(folder)
    inside = folder / "structure"
    if (folder / TABLE).is_file() or not inside.is_dir():
        inside, files = folder, folder / "pop909"
    else:
        files = folder / "pretrain" / "pop909"
    songs = []
    for path, row in corpus_rows(inside / TABLE, files, ("file", *ANNOTATORS), SOURCE):
        strings = []
        for column in ANNOTATORS:
            try:
                strings.append(parse_phrases(row.text(column)))
            except ValueError as error:
                raise row.error(f"{column}: {error}") from error
        beats, notes = read_beats(inside / BEATS / f"{path.stem}.txt"), read_notes(path)
        alignment = align_phrases(strings, beats, notes)
        boundaries: tuple[tuple[float, ...], ...] = ((), ())
        if alignment is not None:
            lines = alignment.bar_lines(beats, max(bar_edges(phrases)[-1] for phrases in strings))
            lines = lines.clip(0, notes.seconds)
            boundaries = tuple(
                tuple(np.unique(lines[bar_edges(phrases)]).tolist()) if misfit <= MISFIT else ()
                for phrases, misfit in zip(strings, alignment.misfits, strict=True)
            )
        songs.append(StructuredSong(path, alignment, boundaries))
    return songs


def read_beats(path: str | Path) -> np.ndarray:
    """Read (K,) seconds of beats, the first number of each line of a file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a line without a number, beats that are not in order, or fewer than two; the
            message names the file and the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no beats. Expected is {SOURCE}")
    beats: list[float] = []
    for line, text in numbered_lines(path):
        beat = as_number(text.split()[0])
        if not np.isfinite(beat):
            raise ValueError(f"{path}, line {line}: {text!r} does not begin with seconds")
        if beats and beat <= beats[-1]:
            raise ValueError(f"{path}, line {line}: a beat at {beat} s, after {beats[-1]} s")
        beats.append(beat)
    if len(beats) < 2:
        raise ValueError(f"{path}: {len(beats)} beats")
    return np.array(beats)


def _findings(songs: list[StructuredSong], annotator: int) -> list[str]:
    short = [song for song in songs if song.alignment is None]
    misfit = [song for song in songs if song.alignment and not song.boundaries[annotator - 1]]
    findings = [
        "the beat on which phrases begin is inferred and may be wrong by half a bar or a bar, "
        "which affects scores at 0.5 s"
    ]
    for left, why in (
        (short, "are shorter than their phrases or have no melody"),
        (misfit, f"have a melody that does not fit annotator {annotator}"),
    ):
        if left:
            findings.append(
                f"{len(left)} of {len(songs)} songs {why} and are left out, the first is "
                f"{left[0].path.name}"
            )
    return findings
