"""Recurrent layers for examples of different lengths."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.encoders.audio.lengths import Lengths, silenced

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def reversed_positions(lengths: Lengths, values: torch.Tensor) -> torch.Tensor:
    """Return positions of (B, T, H) values that reverse each row within its length: (B, T, 1).

    Packed sequences, the usual way to leave padding out, take several times as long on a CPU if
    lengths differ.
    """
    positions = torch.arange(values.shape[1], device=values.device).unsqueeze(0)
    last = positions[:, -1:] if lengths is None else lengths.unsqueeze(1) - 1
    return torch.where(positions <= last, last - positions, positions).unsqueeze(-1)


def both_directions(
    onward: nn.Module, back: nn.Module, hidden: torch.Tensor, turned: torch.Tensor
) -> torch.Tensor:
    """(B, T, H) and its `reversed_positions` to (B, T, 2 units): forward states, then backward."""
    ahead, _ = onward(hidden)
    behind, _ = back(torch.take_along_dim(hidden, turned, dim=1))
    return torch.cat([ahead, torch.take_along_dim(behind, turned, dim=1)], dim=-1)


class Recurrent(nn.Module):
    """Recurrent layers, in one direction or two.

    Args:
        kind: `rnn`, `lstm` or `gru`.
        units: of each layer and direction.
        directions: 1, forward, or 2, forward and backward.
        dropout: between layers.

    Raises:
        ValueError: an unknown kind, or another number of directions.
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        units: int,
        layers: int = 1,
        directions: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if kind not in CELLS or directions not in (1, 2):
            raise ValueError(f"recurrent {kind!r} in {directions} directions; there are {[*CELLS]}")
        self.hidden_size = units * directions
        widths = [inputs] + [self.hidden_size] * (layers - 1)
        self.onward = nn.ModuleList(CELLS[kind](n, units, batch_first=True) for n in widths)
        self.back = nn.ModuleList(
            CELLS[kind](n, units, batch_first=True) for n in widths * (directions - 1)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
        """(B, C, T) to (B, units * directions, T), zero after the end."""
        hidden = values.transpose(1, 2)
        turned = reversed_positions(lengths, hidden)
        for number, onward in enumerate(self.onward):
            hidden = self.dropout(hidden) if number else hidden
            if self.back:
                hidden = both_directions(onward, self.back[number], hidden, turned)
            else:
                hidden = onward(hidden)[0]
        return silenced(hidden.transpose(1, 2), lengths)
