"""Heads: hidden states and a mask in, logits out. They never know which encoder they sit on."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.tasks.task import Task


class AttentionPooling(nn.Module):
    """Several weighted means over the positions that the mask keeps (Lin 2017, as in MIDI-BERT).

    Args:
        hidden_size: H.
        views: number of means, each with weights of its own.
    """

    def __init__(self, hidden_size: int, views: int = 4) -> None:
        super().__init__()
        self.hidden = nn.Linear(hidden_size, 128)
        self.scores = nn.Linear(128, views, bias=False)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to (B, views * H); a row that is masked everywhere gives zeros."""
        mask = mask.bool().unsqueeze(-1)
        scores = self.scores(torch.tanh(self.hidden(hidden)))
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=1) * mask
        return torch.einsum("btv,bth->bvh", weights, hidden).flatten(1)


class Head(nn.Module):
    """Logits of one task.

    Args:
        task: its level decides whether positions are pooled, its labels the width.
        hidden_size: H of the encoder.
        dropout: before each layer; on token level before the first alone, as in MIDI-BERT: to draw
            it twice for every token would be a twentieth of a small model's step.
        units: of the hidden layer; as many as the encoder's where None, no such layer where 0.
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
        """(B, T, H) and (B, T) to (B, K) on sequence level, (B, T, K) on token level."""
        return self.classifier(hidden if self.pool is None else self.pool(hidden, mask))


class CommitteeHead(nn.Module):
    """A head for each of several members, whose hidden states stand side by side.

    Args:
        task: as for `Head`.
        hidden_size: H, of all of them.
        members: M; H is a multiple of it.
        dropout, units: as for `Head`.
    """

    def __init__(
        self,
        task: Task,
        hidden_size: int,
        members: int,
        dropout: float = 0.1,
        units: int | None = None,
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            Head(task, hidden_size // members, dropout, units) for _ in range(members)
        )

    def members(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to what each says: M times what a `Head` returns."""
        parts = hidden.chunk(len(self.heads), dim=-1)
        return torch.stack([head(part, mask) for head, part in zip(self.heads, parts, strict=True)])

    def together(self, answers: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The logits of what `members` say: their mean."""
        return answers.mean(dim=0)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """As `Head`."""
        return self.together(self.members(hidden, mask), hidden)
