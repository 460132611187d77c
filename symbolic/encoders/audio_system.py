"""Specification of an audio system: front end, encoder with options, input length."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from transformers import ASTConfig

from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.blocks import scaled
from symbolic.tasks import Task


@dataclass(frozen=True)
class AudioSystem:
    """Specification of an audio system, in training and evaluation.

    Attributes:
        encoder: name in `symbolic.encoders.ENCODERS`.
        front: front end.
        seconds: length of the input in training.
        description: description in one line.
        options: `encoder_options` of the configuration; for `ast`, values of its `ASTConfig`.
        chunks: number of evenly spaced inputs of a recording whose predictions are averaged in
            evaluation; as many as cover it where None.
        head_dropout: dropout in the heads.
        head_units: units of their hidden layer; None and 0 as in `SymbolicConfig`.
        published: figures of the paper that describes it, for comparison.
    """

    encoder: str
    front: FrontEnd
    seconds: float
    description: str
    options: dict[str, Any] = field(default_factory=dict)
    chunks: int | None = None
    head_dropout: float = 0.5
    head_units: int | None = None
    published: str = ""

    def config(
        self,
        tasks: Sequence[Task],
        width: float = 1.0,
        *,
        front: FrontEnd | None = None,
        grid: tuple[int, float] | None = None,
        seconds: float | None = None,
        **changes: Any,
    ) -> SymbolicConfig:
        """Make the configuration of a model.

        Args:
            tasks: its heads.
            width: factor on the channels and units of the encoder.
            front: front end in place of the system's.
            grid: columns, and positions per frame, that frames are resampled to, as in
                `symbolic.encoders.AudioEncoder`; not resampled where None.
            seconds: length of one window in place of the system's.
            changes: other values of the configuration; `encoder_options` are merged with the
                system's.
        """
        front = front or self.front
        samples = round((self.seconds if seconds is None else seconds) * front.sampling_rate)
        options = {**self.options, **changes.pop("encoder_options", {})}
        options = json.loads(json.dumps(options))  # lists, as a file has them
        if self.encoder == "ast":
            frames = front.positions(samples)
            values = {
                "num_mel_bins": front.width if grid is None else grid[0],
                "max_length": frames if grid is None else max(1, int(frames * grid[1])),
            }
            norm = {"norm": options.pop("norm")} if "norm" in options else {}
            backbone = ast_config(width, **{**values, **options})
            changes.setdefault("backbone_config", backbone)
            options = norm
        elif width != 1.0:
            options["width"] = width
        if grid is not None:
            options["grid"] = list(grid)
        values = {
            "chunks": self.chunks,
            "head_dropout": self.head_dropout,
            "head_units": self.head_units,
            **changes,
        }
        config = SymbolicConfig(
            encoder=self.encoder,
            front_end=front,
            encoder_options=options,
            tasks=list(tasks),
            **values,
        )
        if "window" not in changes:
            config.window = samples if config.front_end_in_model else front.positions(samples)
        return config


def ast_config(width: float = 1.0, num_attention_heads: int = 12, **values: Any) -> ASTConfig:
    """Make an `ASTConfig` whose number of heads, 64 wide each, is scaled by a factor."""
    heads = scaled(num_attention_heads, width)
    shape = {"hidden_size": 64 * heads, "intermediate_size": 256 * heads}
    return ASTConfig(num_attention_heads=heads, **{**shape, **values})
