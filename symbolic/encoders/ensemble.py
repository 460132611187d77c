"""Heads of a `FeatureEncoder`: quadrants by an ensemble, and the key that the encoder predicts."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.features.model_columns import ensemble_places, state_names
from symbolic.forward import ensemble, torch_ops
from symbolic.forward.states import KEYS


class KeyLogits(nn.Module):
    """Logits of the key, which the encoder's hidden states contain."""

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (B, 24) logits."""
        return hidden[:, 0, -KEYS:]


class FeatureEnsemble(nn.Module):
    """Quadrants from standardised features: an ensemble on all of them, a linear model on a few.

    The members of the ensemble are small networks that differ in their initial weights and their
    dropout, and each has a loss of its own; the mean of their logits is better than any of them. It
    is the best model for music like that of training, and the worst for other music.

    The linear model predicts `valence(x_v) * (1, -1, -1, 1) + arousal(x_a) * (1, 1, -1, -1)`, so
    that valence and arousal are independent, from columns that mean the same in all music.
    `symbolic.training.transfer` fits it.

    The logits are a mean of both: the ensemble's weight is `share` for familiar (in-distribution)
    pieces and 0 for others, whose nearest training pieces are farther from them than from one
    another; see `symbolic.forward.ensemble.strangeness`. Models without references, of former
    versions, compare the Mahalanobis distance from the training pieces with `limit`.

    Args:
        config: its `ensemble_features` name the columns of `valence`, `arousal` and `familiar`.

    Raises:
        ValueError: columns that the model does not take.
    """

    references: torch.Tensor
    radii: torch.Tensor
    precision: torch.Tensor
    limit: torch.Tensor

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        places = ensemble_places(config.feature_names, config.ensemble_features)
        self.valence_columns = places["valence"]
        self.arousal_columns = places["arousal"]
        self.familiar_columns = places["familiar"]
        self.dropout = config.ensemble_dropout
        self.width = len(state_names(config.feature_names))
        members, size = config.ensemble_size, config.ensemble_units
        self.inner_weight = nn.Parameter(torch.empty(members, self.width, size))
        self.inner_bias = nn.Parameter(torch.empty(members, 1, size))
        self.outer_weight = nn.Parameter(torch.empty(members, size, 4))
        self.outer_bias = nn.Parameter(torch.empty(members, 1, 4))
        self.valence = nn.Linear(len(self.valence_columns), 1)
        self.arousal = nn.Linear(len(self.arousal_columns), 1)
        self.share = config.ensemble_share
        if config.ensemble_references:
            self.refer(torch.zeros(config.ensemble_references, len(self.familiar_columns)))
        else:
            self.register_buffer("precision", torch.eye(len(self.familiar_columns)))
            self.register_buffer("limit", torch.tensor(torch.inf))

    def reset(self) -> None:
        """Initialise the weights; those of the linear model with zeros.

        Random ones of a hundred columns would outlast the few hundred steps that a few hundred
        pieces give.
        """
        for weight in (self.inner_weight, self.outer_weight):
            for member in weight:  # a view: the parameter changes
                nn.init.xavier_normal_(member)
        for zero in (self.inner_bias, self.outer_bias, *self.valence.parameters(),
                     *self.arousal.parameters()):  # fmt: skip
            nn.init.zeros_(zero)

    def refer(self, references: torch.Tensor, radii: torch.Tensor | None = None) -> None:
        """Set the pieces that others are compared with.

        Args:
            references: (n, F) features of training pieces, by `symbolic.forward.ensemble.placed`.
            radii: (n,) their distances from the nearest of one another; ones where None.
        """
        self.register_buffer("references", references)
        self.register_buffer("radii", torch.ones(len(references)) if radii is None else radii)

    def familiarity(self, states: torch.Tensor) -> torch.Tensor:
        """(B,) from 1, like the training pieces, to 0."""
        return ensemble.familiarity(self, states, torch_ops)

    def strengths(self, logits: torch.Tensor) -> torch.Tensor:
        """(M + 1, B, 4) logits of `members` to (B, 2) log odds of positive valence and arousal."""
        return ensemble.strengths(logits, torch_ops)

    def members(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (M + 1, B, 4): logits of each member, the linear model last."""
        return ensemble.members(self, hidden[:, 0], torch_ops)

    def combined(self, logits: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """(B, 4) logits from those of the (M + 1, B, 4) `members` for (B, 1, H)."""
        return ensemble.combined(self, logits, self.familiarity(hidden[:, 0]))

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (B, 4) logits."""
        return self.combined(self.members(hidden, mask), hidden)
