"""Encoder of per-piece features, which form a sequence of one position."""

from __future__ import annotations

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.standard import StandardFeatures
from symbolic.encoders.tonic import KeyFromTonic
from symbolic.features.model_columns import KEY_FEATURES, state_columns
from symbolic.forward import torch_ops
from symbolic.forward.states import KEYS, piece_states


class FeatureEncoder(StandardFeatures):
    """Features of the whole piece, and the key that is predicted from them.

    Where the configuration names the columns of `symbolic.features.tonal`, a `KeyFromTonic` network
    predicts the key from them. The hidden state of a piece then consists of its other features,
    standardised, the `KEY_FEATURES` and the logits of the 24 keys; else of its features alone.
    """

    inputs = "features"
    main_input_name = "features"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        names = config.feature_names
        self.tonal_columns, self.other_columns = state_columns(names)
        self.input_count = len(names)
        self.expect_features(len(self.other_columns))
        channels = len(self.tonal_columns) // 12
        self.tonic = KeyFromTonic(channels) if channels else None
        self.hidden_size = self.feature_count + (len(KEY_FEATURES) + KEYS if channels else 0)

    def fit_features(self, rows: torch.Tensor) -> torch.Tensor:
        """Fit mean and scale to the (n, C) float64 features of the training pieces.

        The channels of a pre-trained `KeyFromTonic` keep theirs.

        Returns:
            (n, C') float32, the standardised features without those of the key.
        """
        if self.tonic is not None and not self.tonic.is_standardised:
            self.tonic.standardise(rows[:, self.tonal_columns].unflatten(1, (-1, 12)))
        return super().fit_features(rows[:, self.other_columns])

    def forward(
        self,
        features: torch.Tensor | None = None,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the hidden states of pieces.

        Args:
            features: (B, C) features of the whole piece, as the configuration names them.
            input_ids, attention_mask: not used.

        Returns:
            (B, 1, H) hidden states and a (B, 1) mask of ones.

        Raises:
            ValueError: no features, or another number of them than the configuration names.
        """
        if features is None or features.shape[-1] != self.input_count:
            raise ValueError(
                f"the model takes `features` of shape (pieces, {self.input_count}), from "
                "symbolic.feature_frame(sources, model.config.feature_names)"
            )
        hidden = piece_states(self, features.float(), torch_ops)
        return hidden.unsqueeze(1), torch.ones_like(hidden[:, :1], dtype=torch.long)
