"""Heads of a `FeatureEncoder`: the quadrant by experts on its columns, and the key it hears."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.features import KEYS, heard_names

EXPERT_RANGE = 2.0  # standard deviations that a feature is kept within
FAMILIAR_RANGE = 6.0  # the same, where a piece is compared with those trained on
FAMILIAR = (0.8, 1.2)  # times the limit: wholly familiar up to the first, not at all from the last
VALENCE = (1.0, -1.0, -1.0, 1.0)  # of the quadrants
AROUSAL = (1.0, 1.0, -1.0, -1.0)


class HeardKey(nn.Module):
    """The logits of the key, as the encoder's hidden states carry them."""

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (B, 24) logits."""
        return hidden[:, 0, -KEYS:]


class FeatureExperts(nn.Module):
    """Quadrants from standardised features: a committee hears all of them, one expert a few.

    The members of the committee are small networks that differ in where they began and in what
    they drop, and each has its own loss; the mean of their logits is better than any of them. It is
    the best there is on music like that of training, and the worst on other music.

    The plain expert answers `valence(x_v) * (1, -1, -1, 1) + arousal(x_a) * (1, 1, -1, -1)`, so
    that valence and arousal are independent, from columns that mean the same everywhere.

    The answer is the committee's as far as the piece is familiar, and the plain expert's as far as
    it is not. A piece is familiar (1) up to 0.8 times, and unfamiliar (0) from 1.2 times `limit`
    on: the squared Mahalanobis distance from the other training pieces that 95 in 100 of these
    do not exceed, in how they are played.

    Args:
        config: names the columns, and in `expert_features` those of `valence` and `arousal`, and
            those that familiarity is judged by.
    """

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        heard = heard_names(config)
        place = {name: i for i, name in enumerate(heard)}
        own = config.expert_features
        if missing := [name for names in own.values() for name in names if name not in place]:
            raise ValueError(f"features of the experts that the model does not take: {missing}")
        self.valence_columns = [place[name] for name in own["valence"]]
        self.arousal_columns = [place[name] for name in own["arousal"]]
        self.familiar_columns = [place[name] for name in own["familiar"]]
        self.dropout, self.width = config.expert_dropout, len(heard)
        members, size = config.expert_members, config.expert_size
        self.inner_weight = nn.Parameter(torch.empty(members, len(heard), size))
        self.inner_bias = nn.Parameter(torch.empty(members, 1, size))
        self.outer_weight = nn.Parameter(torch.empty(members, size, 4))
        self.outer_bias = nn.Parameter(torch.empty(members, 1, 4))
        self.valence = nn.Linear(len(self.valence_columns), 1)
        self.arousal = nn.Linear(len(self.arousal_columns), 1)
        self.register_buffer("precision", torch.eye(len(self.familiar_columns)))
        self.register_buffer("limit", torch.tensor(torch.inf))

    def reset(self) -> None:
        """Begin anew. Valence and arousal have no opinion: chance ones of a hundred columns would
        still be there after the few hundred steps that a few hundred pieces make."""
        for weight in (self.inner_weight, self.outer_weight):
            for member in weight:  # a view: the parameter changes
                nn.init.xavier_normal_(member)
        for zero in (self.inner_bias, self.outer_bias, *self.valence.parameters(),
                     *self.arousal.parameters()):  # fmt: skip
            nn.init.zeros_(zero)

    def distance(self, heard: torch.Tensor) -> torch.Tensor:
        """(B,) squared Mahalanobis distances of (B, H) standardised features."""
        known = self.judged(heard)
        return torch.einsum("bi,ij,bj->b", known, self.precision, known)

    def judged(self, heard: torch.Tensor) -> torch.Tensor:
        """(B, F) the columns that familiarity is judged by, without what is out of all bounds."""
        return heard[:, self.familiar_columns].clamp(-FAMILIAR_RANGE, FAMILIAR_RANGE)

    def familiarity(self, heard: torch.Tensor) -> torch.Tensor:
        """(B,) from 1, like the training pieces, to 0."""
        near, far = FAMILIAR
        return ((far - self.distance(heard) / self.limit) / (far - near)).clamp(0, 1)

    def members(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (M + 1, B, 4): logits of each member, the plain expert last."""
        kept = hidden[:, 0, : self.width].clamp(-EXPERT_RANGE, EXPERT_RANGE)
        each = self._dropped(kept.expand(len(self.inner_weight), *kept.shape))
        inner = F.gelu(torch.baddbmm(self.inner_bias, each, self.inner_weight))
        committee = torch.baddbmm(self.outer_bias, self._dropped(inner), self.outer_weight)
        valence = self.valence(self._dropped(kept[:, self.valence_columns]))
        arousal = self.arousal(self._dropped(kept[:, self.arousal_columns]))
        plain = valence * kept.new_tensor(VALENCE) + arousal * kept.new_tensor(AROUSAL)
        return torch.cat([committee, plain[None]])

    def together(self, answers: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """(B, 4) logits of what (M + 1, B, 4) `members` say of (B, 1, H)."""
        familiar = self.familiarity(hidden[:, 0])[:, None]
        return familiar * answers[:-1].mean(dim=0) + (1 - familiar) * answers[-1]

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, 1, H) and (B, 1) to (B, 4) logits."""
        return self.together(self.members(hidden, mask), hidden)

    def _dropped(self, values: torch.Tensor) -> torch.Tensor:
        return F.dropout(values, self.dropout, self.training)
