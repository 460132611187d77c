"""Systems that detect the boundaries of sections, by name.

Recordings have 7.18 frames per second, of 80 mel bands in dB, max-pooled over six frames, and lag
matrices of 100 rows; `full_size` gives the 301 rows that are published. Notes have as many frames:
a piano roll in place of the mel bands, and lag matrices of chroma and of onsets. Windows of 60 s
and the systems of notes are choices of this package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic.audio.front_end import DISTANCES, STRUCTURE, FrontEnd
from symbolic.encoders.audio_system import AudioSystem

SECONDS = 60.0
ROLL = replace(STRUCTURE, kinds=("roll",), from_notes=True)


def _lags(*columns: str, distances: tuple[str, ...] = DISTANCES) -> tuple[str, ...]:
    return tuple(f"sslm_{column}_{distance}" for column in columns for distance in distances)


BOTH = ("mfcc", "chroma")
ALL = _lags(*BOTH)
NOTE_LAGS = _lags("chroma", "onsets")
PAIRS = {
    "mfcc_euclidean": _lags("mfcc", distances=("euclidean",)),
    "mfcc_cosine": _lags("mfcc", distances=("cosine",)),
    "euclidean": _lags(*BOTH, distances=("euclidean",)),
    "cosine": _lags(*BOTH, distances=("cosine",)),
    "mfcc": _lags("mfcc"),
    "chroma": _lags("chroma"),
}


def _system(
    encoder: str, front: FrontEnd, kinds: tuple[str, ...], description: str, **options: Any
) -> AudioSystem:
    return AudioSystem(
        encoder,
        replace(front, kinds=kinds),
        SECONDS,
        f"boundaries: {description}",
        options,
        head_dropout=0.5,
        head_units=0,
    )


def full_size(system: AudioSystem) -> AudioSystem:
    """Return the system with the published lag matrices: two frames pooled, 301 lags up to 14 s."""
    lags = replace(system.front.lags, pool=2, rows=0)
    return replace(system, front=replace(system.front, lags=lags))


GS1 = ("mel", "sslm_mfcc_cosine", "far_sslm_mfcc_cosine")
BOUNDARY_SYSTEMS: dict[str, AudioSystem] = {
    "mls": _system("boundary", STRUCTURE, ("mel",), "2-D CNN on mel"),
    "sslm": _system("boundary", STRUCTURE, ALL, "2-D CNN on four lag matrices"),
    "mls_sslm": _system(
        "boundary", STRUCTURE, ("mel", *ALL), "2-D CNN on mel and four lag matrices"
    ),
    **{
        f"mls_{name}": _system(
            "boundary",
            STRUCTURE,
            ("mel", *kinds),
            "2-D CNN on mel and lag matrices of "
            + " and ".join(kind.removeprefix("sslm_").replace("_", " ") for kind in kinds),
        )
        for name, kinds in PAIRS.items()
    },
    "stacked_depth": _system(
        "boundary",
        STRUCTURE,
        ("mel", *ALL),
        "2-D CNN on mel and four lag matrices as channels of one input",
        joined="depth",
    ),
    "sug1": _system("patch", STRUCTURE, ("mel",), "CNN on patches of mel"),
    "gs1": _system(
        "patch", STRUCTURE, GS1, "CNN on patches of mel, of near and of far lag matrices"
    ),
    "roll": _system("boundary", ROLL, ("roll",), "2-D CNN on a piano roll"),
    "roll_sslm": _system(
        "boundary", ROLL, ("roll", *NOTE_LAGS), "2-D CNN on a piano roll and four lag matrices"
    ),
    "note_sslm": _system("boundary", ROLL, NOTE_LAGS, "2-D CNN on four lag matrices of notes"),
}
"""Every system of boundary detection in the comparison, by name."""
