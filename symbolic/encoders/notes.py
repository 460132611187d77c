"""Super-tokens of notes through any transformers backbone."""

from __future__ import annotations

import math

import torch
from torch import nn
from transformers import AutoModel

from symbolic.configuration import SymbolicConfig


class NoteEncoder(nn.Module):
    """One embedding for each sub-token, scaled, joined, projected to the backbone's width.

    As in MIDI-BERT (Chou 2021), with any `AutoModel` that takes `inputs_embeds`.
    """

    main_input_name = "input_ids"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        if not config.vocab_sizes:
            raise ValueError("the configuration names no sub-tokens: set vocab_sizes")
        size = config.field_embedding_size
        self.embeddings = nn.ModuleList(nn.Embedding(n, size) for n in config.vocab_sizes)
        self.scale = math.sqrt(size)
        self.hidden_size = config.backbone_config.hidden_size
        self.project = nn.Linear(size * len(config.vocab_sizes), self.hidden_size)
        self.backbone = AutoModel.from_config(config.backbone_config)
        # The backbone's own word embeddings are never used: inputs come as embeddings.
        self.backbone.set_input_embeddings(nn.Embedding(1, self.hidden_size))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states of a batch of windows.

        Args:
            input_ids: (B, T, F) int64 super-tokens.
            attention_mask: (B, T), 1 for notes and 0 for padding; all notes where None.

        Returns:
            (B, T, H) hidden states and the (B, T) mask.
        """
        if attention_mask is None:
            attention_mask = torch.ones(input_ids.shape[:2], dtype=torch.long).to(input_ids.device)
        parts = [embed(input_ids[..., i]) for i, embed in enumerate(self.embeddings)]
        embeds = self.project(torch.cat(parts, dim=-1) * self.scale)
        hidden = self.backbone(inputs_embeds=embeds, attention_mask=attention_mask)
        return hidden.last_hidden_state, attention_mask
