"""Instruments of a synthesiser, with the notes of the note table."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.audio.synthesis.channels import BEND, Controls, track_controls
from symbolic.notes.midi.reader import in_ticks, is_midi, parse_midi
from symbolic.notes.read import content_of, is_file, kind_of, read_notes
from symbolic.notes.table import NoteTable, ticks_to_seconds

if TYPE_CHECKING:
    from symusic.core import ScoreTick as Score

    from symbolic.notes.read import Source

VOICES = 16  # notes of one pitch of one instrument that sound together
SHORTEST = 1e-3  # seconds; a note without length would end before it begins


@dataclass(frozen=True)
class Instrument:
    """Notes and messages of one program or drum kit; times are in seconds.

    Attributes:
        program: 0..127; for drums, the kit.
        is_drum: whether pitches are drums.
        onset, end, pitch, velocity: (n,) of its notes, ascending in onset. Ends are the table's,
            except for notes shorter than `SHORTEST` and notes that `voices` ends early.
        voice: (n,) int64 from 0. Overlapping notes of one pitch are in different voices, so that
            the end of one does not end the other.
        control_time, control_kind, control_value: (c,) controllers and pitch bends, as in
            `Controls`, ascending in time.
    """

    program: int
    is_drum: bool
    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    voice: np.ndarray
    control_time: np.ndarray
    control_kind: np.ndarray
    control_value: np.ndarray


def instruments(source: Source) -> tuple[NoteTable, list[Instrument]]:
    """Read music for a synthesiser.

    Notes and times are those of `read_notes`, so that the rendering has the notes that are scored.
    Programs, controllers and pitch bends are the file's, at times of the table's tempo map; in
    sources without them, such as MusicXML, every instrument is a piano.

    Args:
        source: as in `read_notes`.

    Returns:
        The notes, and an instrument for each track; one for pitched notes and one for drums if a
        track has both.

    Raises:
        ReadError, TypeError: as `read_notes`.
    """
    notes, controls = read_notes(source), _controls(source)
    part = notes.track * 2 + notes.is_drum
    return notes, [
        _instrument(notes.select(part == number), controls.get(number // 2, _NOTHING))
        for number in np.unique(part).tolist()
    ]


_NOTHING = Controls(0, *[np.zeros(0, np.int64)] * 3)


def _controls(source: Source) -> dict[int, Controls]:
    """Collect the messages to each track; none for a source that is not MIDI."""
    kind = kind_of(source)
    if kind == "symusic":
        return dict(enumerate(track_controls(in_ticks(cast("Score", source)))))
    if kind == "pretty_midi":
        file = io.BytesIO()
        cast(Any, source).write(file)
        data = file.getvalue()
    elif is_file(source):
        data = content_of(source)
    else:
        return {}
    return dict(enumerate(track_controls(parse_midi(data), data))) if is_midi(data) else {}


def _instrument(notes: NoteTable, controls: Controls) -> Instrument:
    tempos = (notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    is_bend = controls.kinds == BEND
    is_drum = bool(notes.is_drum[0])
    onset = notes.onset
    end = onset + np.maximum(notes.duration, SHORTEST)
    # Repeated strikes of a drum share a voice: an open hi-hat is closed on its own channel only.
    voice, end = voices(onset, end, notes.pitch, 1 if is_drum else VOICES)
    return Instrument(
        program=int(np.clip(controls.program, 0, 127)),
        is_drum=is_drum,
        onset=onset,
        end=end,
        pitch=notes.pitch,
        velocity=np.clip(notes.velocity, 1, 127),
        voice=voice,
        control_time=ticks_to_seconds(np.maximum(controls.ticks, 0), *tempos),
        control_kind=controls.kinds,
        control_value=np.clip(
            controls.values, np.where(is_bend, -8192, 0), np.where(is_bend, 8191, 127)
        ),
    )


def voices(
    onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Assign overlapping notes of one pitch to different voices.

    The (n,) notes are ascending in onset. If more than `most` overlap, the one that would end
    first ends early.

    Returns:
        (n,) int64, the voice of each note, and (n,) the ends.
    """
    voice, end = np.zeros(len(onset), np.int64), end.copy()
    sounding: dict[int, list[int]] = {}  # by pitch, the last note of each voice
    for note, (begin, key) in enumerate(zip(onset.tolist(), pitch.tolist(), strict=True)):
        last = sounding.setdefault(key, [])
        free = next((v for v, other in enumerate(last) if end[other] <= begin), None)
        if free is None and len(last) < most:
            free = len(last)
            last.append(note)
        elif free is None:
            free = int(np.argmin(end[last]))
            end[last[free]] = begin
        last[free] = note
        voice[note] = free
    return voice, end
