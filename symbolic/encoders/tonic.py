"""Key classifier that applies one network to each of the twelve possible tonics."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.encoders.standard import LEAST_SCALE
from symbolic.forward import torch_ops
from symbolic.forward.tonic import HIDDEN, key_logits


class KeyFromTonic(nn.Module):
    """Logits of 24 keys from channels of twelve pitch classes.

    One small network, with a linear one beside it, takes the channels relative to each pitch class
    in turn and predicts whether it is a major or a minor tonic: a transposed piece has the
    transposed key, exactly.
    """

    channel_mean: torch.Tensor
    channel_scale: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The last two rows are the linear network.
        self.weight = nn.Parameter(torch.empty(HIDDEN + 2, channels, 12))
        self.bias = nn.Parameter(torch.empty(HIDDEN + 2))
        self.classifier = nn.Linear(HIDDEN, 2)
        self.register_buffer("channel_mean", torch.zeros(channels))
        self.register_buffer("channel_scale", torch.ones(channels))

    def reset(self) -> None:
        """Initialise the weights; those of the linear network with zeros."""
        bound = (self.weight.shape[1] * 12) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.weight[HIDDEN:] = 0.0

    @property
    def is_standardised(self) -> bool:
        """Whether mean and scale are those of training pieces."""
        return bool(torch.any(self.channel_scale != 1) or torch.any(self.channel_mean != 0))

    def standardise(self, channels: torch.Tensor) -> None:
        """Fit one mean and scale per channel to the (n, C, 12) channels of training pieces."""
        scale, mean = torch.std_mean(channels.double(), dim=(0, 2), correction=0)
        self.channel_mean.copy_(mean)
        self.channel_scale.copy_(torch.where(scale > LEAST_SCALE, scale, 1.0))

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """(B, C, 12) to (B, 24) logits, major keys first."""
        return key_logits(self, channels, torch_ops)
