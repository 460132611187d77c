"""Inputs of notes that follow from their tokens: pitch class, octave, intervals to basses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

OCTAVES = 11  # of MIDI
SPAN, FALL = 88, 60  # largest intervals to a bass, and between a note and the bass before it
SIZES = (12 + 1, OCTAVES + 1, SPAN + 1, 2 * FALL + 2)
"""Ids of each derived input; the last one is for what is unknown."""

TOGETHER = {"Gap": ("Gap_0", "Gap_9"), "Bar": ("Bar_Continue", "Bar_Continue"), "Position": None}
"""Sub-tokens that tell whether a note begins together with the one before, with the first and the
last of the tokens for it; None where it is the token of the note before. Of 48 bins of Gap, the
ninth is 30 ms: chords of a performance are spread by as much."""


class DerivedInputs(nn.Module):
    """Further ids of each note, which follow from the super-tokens of a window; their embeddings.

    They are the pitch class; the octave; the interval to the bass, the first of the notes that
    begin together; and the interval to the bass of the notes before these. Where a sub-token that
    one depends on is masked, or padding, it is unknown, so that no masked sub-token can be
    inferred from it.

    Args:
        size: of an embedding.
        options: as of `derived_options`.
        unknown: (F,) ids of each sub-token that stand for no value: padding and mask.
    """

    def __init__(
        self, size: int, options: Mapping[str, Any], unknown: Sequence[Sequence[int]]
    ) -> None:
        super().__init__()
        self.pitch, self.first, self.last, self.lowest = options["pitch"]
        self.onset = [(column, same, unknown[column]) for column, same in options["onset"]]
        self.embeddings = nn.ModuleList(nn.Embedding(count, size) for count in SIZES)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """(B, T, F) ids of super-tokens to (B, T, 4) derived ids."""
        ids = input_ids[..., self.pitch]
        known = (ids >= self.first) & (ids <= self.last)
        pitch = ids - self.first + self.lowest
        later, certain = self._later(input_ids)
        places = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        first = torch.where(later, places, 0).cummax(dim=1).values
        before = (first - 1).clamp(min=0)
        bass, has_bass = pitch.gather(1, first), (known & certain).gather(1, first)
        under, has_under = bass.gather(1, before), has_bass.gather(1, before)
        columns = (
            (pitch % 12, known),
            (pitch.div(12, rounding_mode="floor").clamp(0, OCTAVES - 1), known),
            ((pitch - bass).clamp(0, SPAN - 1), known & has_bass),
            ((pitch - under).clamp(-FALL, FALL) + FALL, known & has_under & (first > 0)),
        )
        return torch.stack(
            [
                torch.where(given, values, size - 1)
                for (values, given), size in zip(columns, SIZES, strict=True)
            ],
            dim=-1,
        )

    def _later(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, T) bool: notes that begin later than the one before, and those of which it is known.

        A note of which it is unknown is taken as one that begins later.
        """
        later = torch.zeros_like(input_ids[..., 0], dtype=torch.bool)
        certain = torch.ones_like(later)
        for column, same, unknown in self.onset:
            ids = input_ids[..., column]
            given = torch.stack([ids != one for one in unknown]).all(dim=0)
            if same is None:
                later, given = later | (ids != ids.roll(1, dims=1)), given & given.roll(1, dims=1)
            else:
                later = later | (ids < same[0]) | (ids > same[1])
            certain = certain & given
        later = later | ~certain
        later[:, 0] = True
        return later, certain


def derived_options(
    field_names: Sequence[str], vocabularies: Sequence[Mapping[str, int]]
) -> dict[str, Any]:
    """Find what `DerivedInputs` needs to know of a vocabulary, as plain values for `config.json`.

    Args:
        field_names: names of the sub-tokens.
        vocabularies: ids by name, of each sub-token.

    Returns:
        `pitch`, the column of the pitch, its first and last id, and the pitch of the first; and
        `onset`, columns that tell whether a note begins together with the one before, each with its
        first and last id if it does, or None.

    Raises:
        ValueError: a vocabulary without super-tokens of one note with a pitch and a time.
    """
    columns = {name: number for number, name in enumerate(field_names)}
    known = ("Gap",) if "Gap" in columns else ("Bar", "Position")
    if "Pitch" not in columns or not columns.keys() >= {*known}:
        raise ValueError("derived inputs need super-tokens with Pitch, and Gap or Bar and Position")
    ids = vocabularies[columns["Pitch"]]
    pitches = {int(name.partition("_")[2]): ids[name] for name in ids if name[6:].isdecimal()}
    lowest, highest = min(pitches), max(pitches)
    onset = []
    for name in known:
        own, together = vocabularies[columns[name]], TOGETHER[name]
        if together is not None:
            first, last = together
            together = [own[first], own.get(last, own[first])]
        onset.append([columns[name], together])
    return {"pitch": [columns["Pitch"], pitches[lowest], pitches[highest], lowest], "onset": onset}
