"""Task heads: hidden states and a mask in, logits out, independent of the encoder."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.tasks.task import Task


class AttentionPooling(nn.Module):
    """Means over the unmasked positions, `views` times with own weights (Lin 2017, MIDI-BERT)."""

    def __init__(self, hidden_size: int, views: int = 4) -> None:
        super().__init__()
        self.hidden = nn.Linear(hidden_size, 128)
        self.scores = nn.Linear(128, views, bias=False)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to (B, views * H); zeros for a fully masked row."""
        mask = mask.bool().unsqueeze(-1)
        scores = self.scores(torch.tanh(self.hidden(hidden)))
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=1) * mask
        return torch.einsum("btv,bth->bvh", weights, hidden).flatten(1)


class Head(nn.Module):
    """Classifier or regressor of a task.

    Args:
        task: its level decides whether positions are pooled, its labels the output width.
        hidden_size: H of the encoder.
        dropout: before each layer; at token level only before the first, as in MIDI-BERT, since a
            second one would take 5 % of the training step of a small model.
        units: size of the hidden layer; H if None, no hidden layer if 0.
    """

    def __init__(
        self, task: Task, hidden_size: int, dropout: float = 0.1, units: int | None = None
    ) -> None:
        super().__init__()
        self.pool = AttentionPooling(hidden_size) if task.level == "sequence" else None
        width = hidden_size * (4 if self.pool is not None else 1)
        if units == 0:
            self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, task.num_labels))
            return
        units = hidden_size if units is None else units
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, units),
            nn.ReLU(),
            nn.Dropout(dropout if self.pool is not None else 0.0),
            nn.Linear(units, task.num_labels),
        )

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to (B, K) at sequence level, (B, T, K) at token level."""
        return self.classifier(hidden if self.pool is None else self.pool(hidden, mask))
