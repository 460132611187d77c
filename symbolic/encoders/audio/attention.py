"""Self-attention over the output of residual convolutions (Won 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import ResidualBlock, Size, Stack
from symbolic.encoders.audio.lengths import Lengths, real
from symbolic.encoders.audio.spectrogram import one_channel

OUTPUTS = ("cls", "positions")


class SelfAttentionEncoder(AudioEncoder):
    """Residual 2-D convolutions, then the layers of a BERT over time.

    A learned vector (drawn once and fixed in the published code) precedes the first position; its
    final state is the single output position. As in the published code, there are no position
    embeddings, so that attention depends on order only through the convolutions, and the BERT's
    token embeddings and pooler are left out; the head has a dense layer of its own.

    Options:
        channels: of each residual block; the last, times `width`, is a multiple of `heads`.
        strides: of each, one size or rows and time.
        layers, heads: of the BERT.
        dropout, attention_dropout: in its layers, and of its attention.
        output: `cls`, the state of the learned vector, or `positions`, all others.
    """

    default_norm = "global"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        channels: Sequence[int] = (128, 128, 256, 256, 256, 256, 256),
        strides: Sequence[Size] = (2, 2, 2, (2, 1), (2, 1), (2, 1), (2, 1)),
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.4,
        attention_dropout: float = 0.5,
        output: str = "cls",
    ) -> None:
        if output not in OUTPUTS:
            raise ValueError(f"output {output!r} is none of {OUTPUTS}")
        self.output = output
        self.layers = Stack(ResidualBlock, 2, 1, channels, width, stride=strides)
        size = self.layers.flat_channels(self.width)
        if size % heads:
            raise ValueError(f"{size} channels are not a multiple of {heads} heads")
        self.cls = nn.Parameter(torch.rand(size))
        self.transformer = nn.ModuleList()
        for _ in range(layers):
            layer = nn.TransformerEncoderLayer(
                size, heads, 4 * size, dropout, "gelu", batch_first=True
            )
            layer.self_attn.dropout = attention_dropout
            self.transformer.append(layer)
        self.finish(size)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        values, lengths = self.layers(one_channel(frames), lengths)
        hidden = values.flatten(1, 2).transpose(1, 2)
        hidden = torch.cat([self.cls.expand(len(hidden), 1, -1), hidden], dim=1)
        after = None if lengths is None else ~real(lengths + 1, hidden.shape[1])
        for layer in self.transformer:
            hidden = layer(hidden, src_key_padding_mask=after)
        if self.output == "cls":
            one = None if lengths is None else lengths.clamp(max=1)
            return hidden[:, :1].transpose(1, 2), one
        return hidden[:, 1:].transpose(1, 2), lengths
