"""Encoder of note tokens: any transformers backbone, with per-piece features as an addition."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModel

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.standard import StandardFeatures

FEATURE_RANGE = 4.0  # standard deviations; outliers must not dominate the hidden states


class NoteEncoder(StandardFeatures):
    """One embedding per sub-token, scaled, concatenated and projected to the backbone's width.

    As in MIDI-BERT (Chou 2021), with any `AutoModel` that takes `inputs_embeds`. Where the
    configuration names features, their projection is added to every hidden state, which gives the
    heads a view of the whole piece. They are standardised and clipped to `FEATURE_RANGE`.
    """

    inputs = "notes"
    main_input_name = "input_ids"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        if not config.vocab_sizes or config.backbone_config is None:
            raise ValueError("the encoder needs vocab_sizes and a backbone_config")
        size = config.field_embedding_size
        self.embeddings = nn.ModuleList(nn.Embedding(n, size) for n in config.vocab_sizes)
        self.scale = math.sqrt(size)
        self.hidden_size = config.backbone_config.hidden_size
        self.project = nn.Linear(size * len(config.vocab_sizes), self.hidden_size)
        self.backbone = AutoModel.from_config(config.backbone_config)
        self.expect_features(len(config.feature_names))
        if self.feature_count:
            self.feature_projection = nn.Sequential(
                nn.Dropout(config.head_dropout), nn.Linear(self.feature_count, self.hidden_size)
            )
        # The backbone's word embeddings and its pooler are not used; parameters without a gradient
        # would stop distributed training.
        self.backbone.set_input_embeddings(nn.Embedding(1, self.hidden_size).requires_grad_(False))
        if getattr(self.backbone, "pooler", None) is not None:
            self.backbone.pooler = None

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        features: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the hidden states of a batch of windows.

        Args:
            input_ids: (B, T, F) int64 super-tokens, or (B, T) ids of one vocabulary.
            attention_mask: (B, T), 1 for notes and 0 for padding; all notes where None.
            features: (B, C) features of the whole piece, where the configuration names C of them.

        Returns:
            (B, T, H) hidden states and the (B, T) mask.

        Raises:
            ValueError: no features, or another number of them than the configuration names.
        """
        if attention_mask is None:
            attention_mask = torch.ones(input_ids.shape[:2], dtype=torch.long).to(input_ids.device)
        if input_ids.dim() == 2:
            input_ids = input_ids.unsqueeze(-1)
        embeds = self._embedded(input_ids)
        hidden = self.backbone(inputs_embeds=embeds, attention_mask=attention_mask)
        hidden = hidden.last_hidden_state
        if self.feature_count:
            standard = self.standardised(features).clamp(-FEATURE_RANGE, FEATURE_RANGE)
            hidden = hidden + self.feature_projection(standard).unsqueeze(1)
        return hidden, attention_mask

    def _embedded(self, input_ids: torch.Tensor) -> torch.Tensor:
        """(B, T, F) ids to (B, T, H): their embeddings, scaled, concatenated and projected.

        In training, if the vocabularies have fewer ids than the batch has tokens, the embedding
        tables are projected and the rows of each token summed, which is equal up to rounding and
        takes a third of the time. Predictions do not use it, since they would depend on the batch.
        """
        tables = [cast(nn.Embedding, embedding).weight for embedding in self.embeddings]
        sizes = [len(table) for table in tables]
        if not self.training or sum(sizes) > input_ids.shape[0] * input_ids.shape[1]:
            parts = [embed(input_ids[..., i]) for i, embed in enumerate(self.embeddings)]
            return self.project(torch.cat(parts, dim=-1) * self.scale)
        weights = self.project.weight.split(tables[0].shape[1], dim=1)
        projected = [
            F.linear(table * self.scale, weight)
            for table, weight in zip(tables, weights, strict=True)
        ]
        first = torch.tensor([0, *sizes[:-1]], device=input_ids.device).cumsum(0)
        rows = (input_ids + first).flatten(0, 1)
        summed = F.embedding_bag(rows, torch.cat(projected).float(), mode="sum")
        return (summed + self.project.bias).unflatten(0, input_ids.shape[:2])
