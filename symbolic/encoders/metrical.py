"""Bars and beats: what their tokens and notes are, and how they hear one another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.audio.front import NOTE_WIDTHS
from symbolic.configuration import SymbolicConfig

STRIPES = (9, 5)  # units and lags that a likeness is smoothed over
TOGETHER = 4  # lags of which the greatest is kept
DILATIONS = (1, 2, 4, 8, 16, 32)
WIDTH = 5  # units that each convolution hears


class UnitContext(nn.Module):
    """What bars or beats are, for each in the light of the others.

    Of the tokens of a unit there are the mean and the greatest of each hidden value, and how many
    they are; of its notes there are pictures. Beside them stand, as in a self-similarity lag
    matrix, cosines between a unit and those before it, of each picture and of what a layer makes of
    the mean of the tokens, smoothed along units and lags by convolutions. Dilated convolutions with
    residual connections read it all: each unit hears `2 * 63` around it on either side. The design
    is this package's.

    Args:
        hidden_size: H of the tokens; 0 where there are none.
        pictures: kinds of `symbolic.audio.front.NOTE_PICTURES`, which stand side by side.
        size: of the hidden states of units.
        lags: how many units before are compared; 0, none.
        channels: of the convolutions of likenesses.
        dropout: before the dilated convolutions, and of what each of them adds.

    Raises:
        ValueError: neither tokens nor pictures.
    """

    def __init__(
        self,
        hidden_size: int = 0,
        pictures: Sequence[str] = (),
        size: int = 96,
        lags: int = 64,
        channels: int = 8,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if not (hidden_size or pictures):
            raise ValueError("units of nothing: neither of tokens nor of pictures")
        self.size, self.lags, self.widths = size, lags, [NOTE_WIDTHS[kind] for kind in pictures]
        inputs = sum(self.widths) + (2 * hidden_size + 1 if hidden_size else 0)
        self.project = nn.Sequential(nn.Linear(inputs, size), nn.LayerNorm(size), nn.LeakyReLU())
        if lags:
            self.likeness = nn.Linear(hidden_size, size) if hidden_size else None
            views = len(self.widths) + bool(hidden_size)
            self.stripes = nn.Conv2d(views, channels, STRIPES, padding="same")
            self.join = nn.Linear(size + channels * -(-lags // TOGETHER), size)
        self.dropout = nn.Dropout(dropout)
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
        pictures: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Hidden states of units.

        Args:
            unit_mask: (B, U), 1 for the units of B pieces and 0 for padding after them.
            hidden: (R, T, H) of the tokens of R windows.
            units: (R, T) int64, for each token b * U + u where it is of unit u of piece b, and
                negative where it is of none.
            pictures: (B, U, F) of the notes of units.

        Returns:
            (B, U, size), 0 for padding.
        """
        real = unit_mask.unsqueeze(-1)
        heard, compared = [], []
        if self.widths:
            heard.append(pictures)
            compared += pictures.split(self.widths, dim=-1)
        if hidden is not None:
            means, pooled = _pooled(hidden, units, unit_mask)
            heard.append(pooled)
            if self.lags:
                compared.append(self.likeness(means) * real)
        states = self.project(torch.cat(heard, dim=-1))
        if self.lags:
            likenesses = self.stripes(torch.stack([self._lagged(one) for one in compared], dim=1))
            likenesses = F.max_pool2d(F.leaky_relu(likenesses), (1, TOGETHER), ceil_mode=True)
            states = torch.cat([states, likenesses.transpose(1, 2).flatten(2)], dim=-1)
            states = F.leaky_relu(self.join(states))
        states = self.dropout(states) * real
        for norm, layer in zip(self.norms, self.layers, strict=True):
            changed = F.leaky_relu(layer((norm(states) * real).transpose(1, 2)).transpose(1, 2))
            states = (states + self.dropout(changed)) * real
        return states

    def _lagged(self, states: torch.Tensor) -> torch.Tensor:
        """(B, U, D) to (B, U, lags): cosines with units before, the nearest first."""
        states = F.normalize(states, dim=-1)
        earlier = F.pad(states, (0, 0, self.lags, 0)).unfold(1, self.lags, 1)[:, : states.shape[1]]
        return torch.einsum("bud,budl->bul", states, earlier).flip(-1)


class UnitEncoder(nn.Module):
    """Pictures of the notes of bars or beats, without tokens: `UnitContext` as an encoder.

    Several `members` hear the same pictures, each with weights of its own; their hidden states
    stand side by side, for `symbolic.tasks.CommitteeHead` to tell apart.
    """

    main_input_name = "unit_pictures"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        self.contexts = nn.ModuleList(
            UnitContext(0, **config.unit_options) for _ in range(config.unit_members)
        )
        self.hidden_size = sum(context.size for context in self.contexts)

    def forward(
        self, unit_pictures: torch.Tensor, unit_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, U, F) and (B, U) to the hidden states (B, U, H) and the mask."""
        heard = [context(unit_mask, pictures=unit_pictures) for context in self.contexts]
        return torch.cat(heard, dim=-1), unit_mask


def _pooled(
    hidden: torch.Tensor, units: torch.Tensor, unit_mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, U, H) means, and (B, U, 2 H + 1) means, greatest values and log(1 + tokens).

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
