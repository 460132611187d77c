"""Features of the piece, as encoders take them: in standard deviations from the training pieces."""

from __future__ import annotations

import torch
from torch import nn


class StandardFeatures(nn.Module):
    """What encoders that hear features of the piece share.

    `feature_mean` and `feature_scale` are set by training (`symbolic.training.build`).
    """

    feature_count = 0

    def expect_features(self, count: int) -> None:
        """Take so many features of each piece; none is none at all."""
        self.feature_count = count
        if count:
            self.register_buffer("feature_mean", torch.zeros(count))
            self.register_buffer("feature_scale", torch.ones(count))

    def standardised(self, features: torch.Tensor | None) -> torch.Tensor:
        """(B, C) features in standard deviations from the mean of the training pieces.

        Raises:
            ValueError: features that the configuration names are not given, or are as many as not.
        """
        if features is None or features.shape[-1] != self.feature_count:
            raise ValueError(f"the model takes {self.feature_count} features of each piece")
        return (features.float() - self.feature_mean) / self.feature_scale
