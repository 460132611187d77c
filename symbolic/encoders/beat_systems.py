"""Systems of notes that find boundaries at bars or beats, by name."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_DROPOUT = 0.2
LENGTH = 256  # units of a stretch in training
PICTURES = ("chroma", "onsets", "lead_roll", "lead_onsets")


@dataclass(frozen=True)
class UnitSystem:
    """A system as it is trained and tested: tokens, pictures of notes, or both.

    Attributes:
        unit: `bar` or `beat`, for which it answers.
        backbone: of tokens, name in `symbolic.encoders.backbones.BACKBONES`; none where empty.
        pictures: of the notes of a unit, kinds of `symbolic.audio.front.NOTE_PICTURES`.
        tokenizer: name in `symbolic.tokenizers.NAMES`.
        hidden_size, layers, heads: of the backbone.
        window: tokens that hear one another in the backbone; units hear one another after it.
        size: of the hidden states of units.
        lags: units before each that it is compared with.
        members: of a committee, each with weights and a loss of its own; the mean of what they say
            is the answer. Of systems without tokens alone.
    """

    unit: str
    backbone: str = ""
    pictures: tuple[str, ...] = ()
    tokenizer: str = "cp-performance"
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    window: int = 128
    size: int = 96
    lags: int = 64
    members: int = 1

    @property
    def description(self) -> str:
        """What it is, in a line."""
        parts = [f"{self.backbone} on super-tokens"] if self.backbone else []
        parts += ["pictures of notes"] if self.pictures else []
        who = f", {self.members} members" if self.members > 1 else ""
        return f"boundaries: {' and '.join(parts)}, by {self.unit}s{who}"


UNIT_SYSTEMS: dict[str, UnitSystem] = {
    "beat_pictures": UnitSystem("beat", pictures=PICTURES),
    "beat_committee": UnitSystem("beat", pictures=PICTURES, members=8),
    **{
        f"{unit}_{backbone}": UnitSystem(unit, backbone)
        for unit in ("beat", "bar")
        for backbone in ("bert", "gpt2", "lstm")
    },
    "beat_bert_pictures": UnitSystem("beat", "bert", PICTURES),
}
"""Every system of boundaries by bars or beats that this package compares, by its name."""
