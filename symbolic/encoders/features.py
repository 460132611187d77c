"""Features of the whole piece as the one position of a sequence, and the key heard in them."""

from __future__ import annotations

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.standard import StandardFeatures
from symbolic.encoders.tonic import TonicNetwork
from symbolic.features import TONAL_NAMES

HEARD = ("heard_minor", "heard_certainty", "heard_major_on_tonic")
"""What the key that is heard says of the mode: see `mode`."""

KEYS = 24


class FeatureEncoder(StandardFeatures):
    """The piece as a whole: its features, and what they say of the key.

    Where the configuration names the columns of `symbolic.features.tonal`, a `TonicNetwork` hears
    the key in them. The hidden state of a piece is then its other features, standardised, the
    `HEARD` columns of its mode, and the logits of its 24 keys; else its features alone.
    """

    main_input_name = "features"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        names = config.feature_names
        if not names:
            raise ValueError("the encoder hears features, and the configuration names none")
        place = {name: i for i, name in enumerate(names)}
        tonal = [place[name] for name in TONAL_NAMES if name in place]
        if tonal and len(tonal) < len(TONAL_NAMES):
            raise ValueError("columns of symbolic.features.tonal: all of them, or none")
        self.tonal_columns = tonal
        self.other_columns = sorted(set(place.values()) - set(tonal))
        self.input_count = len(names)
        self.expect_features(len(self.other_columns))
        self.tonic = TonicNetwork(len(tonal) // 12) if tonal else None
        self.hidden_size = self.feature_count + (len(HEARD) + KEYS if tonal else 0)

    def forward(
        self,
        features: torch.Tensor | None = None,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states of pieces; notes, if there are any, are not heard.

        Args:
            features: (B, C) features of the whole piece, as the configuration names them.
            input_ids, attention_mask: not used.

        Returns:
            (B, 1, H) hidden states and a (B, 1) mask of ones.

        Raises:
            ValueError: features that the configuration names are not given, or are as many as not.
        """
        if features is None or features.shape[-1] != self.input_count:
            raise ValueError(f"the model takes {self.input_count} features of each piece")
        features = features.float()
        hidden = features[:, self.other_columns]
        if self.feature_count:
            hidden = self.standardised(hidden)
        if self.tonic is not None:
            keys = self.tonic(features[:, self.tonal_columns].unflatten(1, (-1, 12)))
            hidden = torch.cat([hidden, mode(keys), keys], dim=1)
        return hidden.unsqueeze(1), torch.ones_like(hidden[:, :1], dtype=torch.long)


def heard_names(config: SymbolicConfig) -> list[str]:
    """The names of the first columns of a `FeatureEncoder`'s hidden states, without the keys."""
    tonal = set(TONAL_NAMES)
    others = [name for name in config.feature_names if name not in tonal]
    return others + (list(HEARD) if len(others) < len(config.feature_names) else [])


def mode(keys: torch.Tensor) -> torch.Tensor:
    """(B, 3) what (B, 24) logits of keys say of the mode, each about -2 to 2.

    `heard_minor`: how probable it is that the key is minor, 2 where it surely is.
    `heard_certainty`: how probable the key is, 2 where it is sure.
    `heard_major_on_tonic`: how much more probable the major key on its tonic is than the minor one.
    """
    probable = keys.softmax(dim=-1)
    major, minor = probable[:, :12], probable[:, 12:]
    sure, tonic = torch.maximum(major, minor).max(dim=-1, keepdim=True)
    return torch.cat(
        [
            4 * minor.sum(dim=-1, keepdim=True) - 2,
            4 * sure - 2,
            2 * (major.gather(1, tonic) - minor.gather(1, tonic)),
        ],
        dim=1,
    )
