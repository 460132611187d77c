"""Standardised per-piece features, a base of encoders that take them."""

from __future__ import annotations

import torch
from torch import nn

LEAST_SCALE = 1e-9  # of a column; columns that vary less keep their unit


class StandardFeatures(nn.Module):
    """Base of encoders that take features of the piece.

    `feature_mean` and `feature_scale` are those of the training pieces: see `fit_features`.
    """

    feature_count = 0
    feature_mean: torch.Tensor
    feature_scale: torch.Tensor

    def expect_features(self, count: int) -> None:
        """Set the number of features of a piece; 0 for none."""
        self.feature_count = count
        if count:
            self.register_buffer("feature_mean", torch.zeros(count))
            self.register_buffer("feature_scale", torch.ones(count))

    def fit_features(self, rows: torch.Tensor) -> torch.Tensor:
        """Fit mean and scale to the (n, C) float64 features of the training pieces.

        Returns:
            (n, C) float32, the standardised features.
        """
        if not self.feature_count:
            return rows.float()
        scale, mean = torch.std_mean(rows, dim=0, correction=0)
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(torch.where(scale > LEAST_SCALE, scale, 1.0))
        return self.standardised(rows.float())

    def standardised(self, features: torch.Tensor | None) -> torch.Tensor:
        """Convert (B, C) features to standard deviations from the mean of the training pieces.

        Raises:
            ValueError: no features, or another number of them than the configuration names.
        """
        if features is None or features.shape[-1] != self.feature_count:
            raise ValueError(
                f"the model takes `features` of shape (pieces, {self.feature_count}), from "
                "symbolic.feature_frame(sources, model.config.feature_names)"
            )
        return (features.float() - self.feature_mean) / self.feature_scale
