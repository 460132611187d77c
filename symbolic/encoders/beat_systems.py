"""Systems that detect boundaries of symbolic music at bars or beats, by name."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_DROPOUT = 0.2
LENGTH = 256  # units of a training excerpt
ROLLS = ("chroma", "onsets", "lead_roll", "lead_onsets")


@dataclass(frozen=True)
class BeatSystem:
    """A system of bars or beats: tokens, piano rolls, or both.

    Attributes:
        unit: `bar` or `beat`, the positions of its predictions.
        backbone: backbone of the tokens, a name in `symbolic.encoders.backbones.BACKBONES`; empty
            for a system without tokens.
        rolls: kinds of `symbolic.audio.front_end.ROLL_KINDS` that the notes of a unit give.
        tokenizer: name in `symbolic.tokenizers.NAMES`.
        hidden_size, layers, heads: of the backbone.
        window: tokens in a window of the backbone; context beyond it is that of the units.
        size: of the embeddings of units.
        lags: number of previous units that each one is compared with.
    """

    unit: str
    backbone: str = ""
    rolls: tuple[str, ...] = ()
    tokenizer: str = "cp-performance"
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    window: int = 128
    size: int = 96
    lags: int = 64

    @property
    def description(self) -> str:
        """Description in one line."""
        parts = [f"{self.backbone} on super-tokens"] if self.backbone else []
        parts += ["piano rolls"] if self.rolls else []
        return f"boundaries: {' and '.join(parts)}, by {self.unit}s"


BEAT_SYSTEMS: dict[str, BeatSystem] = {
    "beat_pictures": BeatSystem("beat", rolls=ROLLS),
    **{f"beat_{backbone}": BeatSystem("beat", backbone) for backbone in ("bert", "gpt2", "lstm")},
    "beat_bert_pictures": BeatSystem("beat", "bert", ROLLS),
}
"""Every system of boundaries at bars or beats in the comparison, by name."""
