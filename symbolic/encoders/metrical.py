"""Contextual embeddings of bars or beats, from their tokens and the piano rolls of their notes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symbolic.audio.front_end import ROLL_WIDTHS
from symbolic.configuration import SymbolicConfig
from symbolic.forward import torch_ops
from symbolic.forward.metrical import DILATIONS, LAG_POOL, STRIPES, WIDTH, embedded


class MetricalContext(nn.Module):
    """Contextual embeddings of metrical units: bars or beats.

    Each unit is represented by the mean and the maximum of its tokens' hidden states, the number of
    its tokens, and the piano rolls of its notes. Cosine similarities between a unit and those
    before it, as in a self-similarity lag matrix, of each roll and of a projection of the mean of
    the tokens, are smoothed along units and lags by a convolution and concatenated. Dilated
    convolutions with residual connections follow: each unit's receptive field is `2 * 63` units on
    either side. The design is this package's.

    Args:
        hidden_size: H of the tokens; 0 where there are none.
        rolls: kinds of `symbolic.audio.front_end.ROLL_KINDS`, in the order of the columns.
        size: of the embeddings.
        lags: number of previous units that each one is compared with; 0, none.
        channels: of the convolution of similarities.
        dropout: before the dilated convolutions, and of the output of each of them.

    Raises:
        ValueError: neither tokens nor rolls.
    """

    def __init__(
        self,
        hidden_size: int = 0,
        rolls: Sequence[str] = (),
        size: int = 96,
        lags: int = 64,
        channels: int = 8,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if not (hidden_size or rolls):
            raise ValueError("neither tokens nor rolls to embed")
        self.size, self.lags, self.widths = size, lags, [ROLL_WIDTHS[kind] for kind in rolls]
        inputs = sum(self.widths) + (2 * hidden_size + 1 if hidden_size else 0)
        self.project = nn.Sequential(nn.Linear(inputs, size), nn.LayerNorm(size), nn.LeakyReLU())
        if lags:
            if hidden_size:
                self.likeness = nn.Linear(hidden_size, size)
            views = len(self.widths) + bool(hidden_size)
            self.stripes = nn.Conv2d(views, channels, STRIPES, padding="same")
            self.join = nn.Linear(size + channels * -(-lags // LAG_POOL), size)
        self.dropout = dropout
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in DILATIONS)
        self.layers = nn.ModuleList(
            nn.Conv1d(size, size, WIDTH, padding=WIDTH // 2 * step, dilation=step)
            for step in DILATIONS
        )

    def forward(
        self,
        unit_mask: torch.Tensor,
        hidden: torch.Tensor | None = None,
        units: torch.Tensor | None = None,
        rolls: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the embeddings of units.

        Args:
            unit_mask: (B, U), 1 for the units of B pieces and 0 for padding after them.
            hidden: (R, T, H) of the tokens of R windows.
            units: (R, T) int64, for each token b * U + u where it is of unit u of piece b, and
                negative where it is of none.
            rolls: (B, U, F) piano rolls of the notes of units.

        Returns:
            (B, U, size), 0 for padding.
        """
        real = unit_mask.unsqueeze(-1)
        inputs, compared = [], []
        if rolls is not None and self.widths:
            rolls = rolls * real
            inputs.append(rolls)
            compared += rolls.split(self.widths, dim=-1)
        if hidden is not None and units is not None:
            means, pooled = _pooled(hidden, units, unit_mask)
            inputs.append(pooled)
            if self.lags:
                compared.append(self.likeness(means) * real)
        return embedded(self, inputs, compared, real, torch_ops)


class MetricalEncoder(nn.Module):
    """Piano rolls of bars or beats, without tokens: `MetricalContext` as an encoder."""

    inputs = "beats"
    main_input_name = "unit_rolls"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        # A list of one, as it is named in saved weights.
        context = MetricalContext(0, **config.metrical_options)
        self.contexts = nn.ModuleList([context])
        self.hidden_size = context.size

    def forward(
        self, unit_rolls: torch.Tensor, unit_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, U, F) and (B, U) to the hidden states (B, U, H) and the mask."""
        (context,) = self.contexts
        return context(unit_mask, rolls=unit_rolls), unit_mask


def _pooled(
    hidden: torch.Tensor, units: torch.Tensor, unit_mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pool tokens into (B, U, H) means, and (B, U, 2 H + 1) means, maxima and log(1 + tokens).

    Units without a token are 0.
    """
    size = hidden.shape[-1]
    place = units.flatten()
    kept = place >= 0
    place, states = place[kept], hidden.flatten(0, 1)[kept]
    empty = states.new_zeros(unit_mask.numel(), size)
    counts = torch.bincount(place, minlength=len(empty)).to(states.dtype).unsqueeze(1)
    means = empty.index_add(0, place, states) / counts.clamp(min=1)
    rows = place.unsqueeze(1).expand(-1, size)
    greatest = empty.scatter_reduce(0, rows, states, "amax", include_self=False)
    joined = torch.cat([means, greatest, counts.log1p()], dim=1)
    shape = unit_mask.shape
    return means.unflatten(0, shape), joined.unflatten(0, shape)
