"""Emotion from features of the whole piece: experts, and whether the piece is familiar."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig

EXPERT_RANGE = 2.0  # standard deviations that a feature is kept within
FAMILIAR_RANGE = 6.0  # the same, where a piece is compared with those trained on
LEFT_OUT = 0.5  # share of training examples on which the first expert is silent
VALENCE = (1.0, -1.0, -1.0, 1.0)  # of the quadrants
AROUSAL = (1.0, 1.0, -1.0, -1.0)


class FeatureExperts(nn.Module):
    """Quadrants from standardised features: one expert hears all of them, two only their own.

    The logits are `familiar * all(x) + valence(x_v) * (1, -1, -1, 1) + arousal(x_a) * (1, 1, -1,
    -1)`, so that without the first expert valence and arousal are independent. It is the best one
    on music like that of training, and the worst on other music; the two others hear columns that
    mean the same everywhere, and learn to answer alone, since the first is silent on half of the
    training examples.

    A piece is familiar (1) where its Mahalanobis distance from the training pieces, squared, is
    not above `limit`, that of 99 in 100 of these, and unfamiliar (0) from twice that on.

    Args:
        config: names the features, and in `expert_features` those of `valence` and `arousal`, and
            those that familiarity is judged by.
    """

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        place = {name: i for i, name in enumerate(config.feature_names)}
        own = config.expert_features
        if missing := [name for names in own.values() for name in names if name not in place]:
            raise ValueError(f"features of the experts that the model does not take: {missing}")
        self.valence_columns = [place[name] for name in own["valence"]]
        self.arousal_columns = [place[name] for name in own["arousal"]]
        self.familiar_columns = [place[name] for name in own["familiar"]]
        dropout = config.expert_dropout
        self.all = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(len(place), config.expert_size),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(config.expert_size, 4),
        )
        self.valence, self.arousal = (
            nn.Sequential(nn.Dropout(dropout), nn.Linear(len(columns), 1))
            for columns in (self.valence_columns, self.arousal_columns)
        )
        known = len(self.familiar_columns)
        self.register_buffer("precision", torch.eye(known))
        self.register_buffer("limit", torch.tensor(torch.inf))

    def silence(self) -> None:
        """Let valence and arousal begin without an opinion: chance ones of a hundred columns would
        still be there after the few hundred steps that a few hundred pieces make."""
        for expert in (self.valence, self.arousal):
            nn.init.zeros_(expert[1].weight)
            nn.init.zeros_(expert[1].bias)

    def distance(self, standard: torch.Tensor) -> torch.Tensor:
        """(B,) squared Mahalanobis distances of (B, C) standardised features."""
        known = standard[:, self.familiar_columns].clamp(-FAMILIAR_RANGE, FAMILIAR_RANGE)
        return torch.einsum("bi,ij,bj->b", known, self.precision, known)

    def familiarity(self, standard: torch.Tensor) -> torch.Tensor:
        """(B,) from 1, like the training pieces, to 0."""
        return (2 - self.distance(standard) / self.limit).clamp(0, 1)

    def forward(self, standard: torch.Tensor) -> torch.Tensor:
        """(B, C) standardised features to (B, 4) logits."""
        if self.training:
            familiar = (torch.rand(len(standard), device=standard.device) >= LEFT_OUT).float()
        else:
            familiar = self.familiarity(standard)
        kept = standard.clamp(-EXPERT_RANGE, EXPERT_RANGE)
        valence = self.valence(kept[:, self.valence_columns]) * kept.new_tensor(VALENCE)
        arousal = self.arousal(kept[:, self.arousal_columns]) * kept.new_tensor(AROUSAL)
        return familiar[:, None] * self.all(kept) + valence + arousal
