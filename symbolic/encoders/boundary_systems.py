"""Systems that detect the boundaries of sections, by name.

Recordings have 7.18 frames per second, of 80 mel bands in dB, max-pooled over six frames, and lag
matrices of 100 rows; `full_size` gives the 301 rows that are published. Notes have as many frames:
a piano roll in place of the mel bands, and lag matrices of chroma and of onsets. Windows of 60 s
and the systems of notes are choices of this package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symbolic.audio.front_end import ROLL, STRUCTURE, FrontEnd, lag_kinds
from symbolic.encoders.audio_system import AudioSystem

SECONDS = 60.0

BOTH = ("mfcc", "chroma")
ALL = lag_kinds(BOTH)
NOTE_LAGS = lag_kinds(("chroma", "onsets"))
SUBSETS = {
    "mfcc_euclidean": lag_kinds(("mfcc",), ("euclidean",)),
    "mfcc_cosine": lag_kinds(("mfcc",), ("cosine",)),
    "euclidean": lag_kinds(BOTH, ("euclidean",)),
    "cosine": lag_kinds(BOTH, ("cosine",)),
    "mfcc": lag_kinds(("mfcc",)),
    "chroma": lag_kinds(("chroma",)),
}
GS1 = ("mel", "sslm_mfcc_cosine", "far_sslm_mfcc_cosine")


def full_size(system: AudioSystem) -> AudioSystem:
    """Return the system with the published lag matrices: two frames pooled, 301 lags up to 14 s."""
    lags = replace(system.front.lags, pool=2, rows=0)
    return replace(system, front=replace(system.front, lags=lags))


def _system(
    kinds: tuple[str, ...],
    description: str,
    encoder: str = "boundary",
    front: FrontEnd = STRUCTURE,
    **options: Any,
) -> AudioSystem:
    front = replace(front, kinds=kinds)
    return AudioSystem(encoder, front, SECONDS, f"boundaries: {description}", options, head_units=0)


BOUNDARY_SYSTEMS: dict[str, AudioSystem] = {
    "mls": _system(("mel",), "2-D CNN on mel"),
    "sslm": _system(ALL, "2-D CNN on four lag matrices"),
    "mls_sslm": _system(("mel", *ALL), "2-D CNN on mel and four lag matrices"),
    **{
        f"mls_{name}": _system(
            ("mel", *kinds),
            "2-D CNN on mel and lag matrices of "
            + " and ".join(kind.removeprefix("sslm_").replace("_", " ") for kind in kinds),
        )
        for name, kinds in SUBSETS.items()
    },
    "stacked_depth": _system(
        ("mel", *ALL),
        "2-D CNN on mel and four lag matrices as channels of one input",
        joined="depth",
    ),
    "sug1": _system(("mel",), "CNN on patches of mel", "patch"),
    "gs1": _system(GS1, "CNN on patches of mel, of near and of far lag matrices", "patch"),
    "roll": _system(("roll",), "2-D CNN on a piano roll", front=ROLL),
    "roll_sslm": _system(
        ("roll", *NOTE_LAGS), "2-D CNN on a piano roll and four lag matrices", front=ROLL
    ),
    "note_sslm": _system(NOTE_LAGS, "2-D CNN on four lag matrices of notes", front=ROLL),
}
"""Every system of boundary detection in the comparison, by name."""
