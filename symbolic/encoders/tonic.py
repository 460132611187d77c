"""The key as one network hears it from each of the twelve pitch classes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

HIDDEN = 32
DROPOUT = 0.3
INPUT_DROPOUT = 0.1  # of single values, and of whole channels

# A tonic k hears pitch class q where C hears q - k.
_FROM_TONIC = torch.tensor([[(q - k) % 12 for q in range(12)] for k in range(12)])


class KeyFromTonic(nn.Module):
    """Channels of twelve pitch classes to 24 keys: whether each class is a major or minor tonic.

    One small network, with a linear one beside it, hears the channels from each pitch class in
    turn, so that a transposed piece has the transposed key, exactly.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The last two rows are the linear network.
        self.weight = nn.Parameter(torch.empty(HIDDEN + 2, channels, 12))
        self.bias = nn.Parameter(torch.empty(HIDDEN + 2))
        self.classifier = nn.Linear(HIDDEN, 2)
        self.register_buffer("channel_mean", torch.zeros(channels))
        self.register_buffer("channel_scale", torch.ones(channels))

    def reset(self) -> None:
        """Begin anew, the linear network without an opinion."""
        bound = (self.weight.shape[1] * 12) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.weight[HIDDEN:] = 0.0

    @property
    def is_standardised(self) -> bool:
        """Whether it knows its training pieces."""
        return bool((self.channel_scale != 1).any() or (self.channel_mean != 0).any())

    def standardise(self, channels: torch.Tensor) -> None:
        """Tell it (n, C, 12) channels of its training pieces: one mean and scale for each."""
        scale, mean = torch.std_mean(channels.double(), dim=(0, 2), correction=0)
        self.channel_mean.copy_(mean)
        self.channel_scale.copy_(torch.where(scale > 1e-9, scale, 1.0))

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """(B, C, 12) to (B, 24) logits, major keys first."""
        heard = (channels - self.channel_mean[:, None]) / self.channel_scale[:, None]
        heard = F.dropout(F.dropout1d(heard, INPUT_DROPOUT, self.training), INPUT_DROPOUT,
                          self.training)  # fmt: skip
        turned = self.weight[:, :, _FROM_TONIC.to(self.weight.device)]
        each = turned.permute(2, 0, 1, 3).flatten(2).flatten(0, 1)  # (12 (H + 2), C 12)
        hidden = F.linear(heard.flatten(1), each).unflatten(1, (12, -1)) + self.bias
        inner = F.dropout(F.relu(hidden[..., :HIDDEN]), DROPOUT, self.training)
        modes = self.classifier(inner) + hidden[..., HIDDEN:]  # (B, 12, 2)
        return modes.mT.flatten(1)
