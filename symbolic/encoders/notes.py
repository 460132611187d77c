"""Encoder of note tokens: any transformers backbone, with per-piece features as an addition."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModel

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.derived import DerivedInputs
from symbolic.encoders.standard import StandardFeatures
from symbolic.forward.dropout import ByteDropout, with_byte_dropout

FEATURE_RANGE = 4.0  # standard deviations; outliers must not dominate the hidden states


class NoteEncoder(StandardFeatures):
    """One embedding per sub-token, scaled, concatenated and projected to the backbone's width.

    As in MIDI-BERT (Chou 2021), with any `AutoModel` that takes `inputs_embeds`. Where the
    configuration names features, their projection is added to every hidden state, which gives the
    heads a view of the whole piece. They are standardised and clipped to `FEATURE_RANGE`.

    Options (`encoder_options`):
        derived: what `symbolic.encoders.derived` needs to add inputs that follow from the tokens.
    """

    inputs = "notes"
    main_input_name = "input_ids"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        if not config.vocab_sizes or config.backbone_config is None:
            raise ValueError("the encoder needs vocab_sizes and a backbone_config")
        size = config.field_embedding_size
        self.field_names = list(config.field_names)
        self.embeddings = nn.ModuleList(nn.Embedding(n, size) for n in config.vocab_sizes)
        self.derived = None
        if options := config.encoder_options.get("derived"):
            unknown = [[*ids] for ids in zip(config.pad_ids, config.mask_ids, strict=True)]
            self.derived = DerivedInputs(size, options, unknown)
        self.scale = math.sqrt(size)
        self.hidden_size = config.backbone_config.hidden_size
        self.project = nn.Linear(size * len(self._tables()), self.hidden_size)
        self.backbone = AutoModel.from_config(config.backbone_config)
        with_byte_dropout(self.backbone)
        self.expect_features(len(config.feature_names))
        if self.feature_count:
            self.feature_projection = nn.Sequential(
                ByteDropout(config.head_dropout), nn.Linear(self.feature_count, self.hidden_size)
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
        output_hidden_states: bool = False,
    ) -> (
        tuple[torch.Tensor, torch.Tensor]
        | tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...]]
    ):
        """Compute the hidden states of a batch of windows.

        Args:
            input_ids: (B, T, F) int64 super-tokens, or (B, T) ids of one vocabulary.
            attention_mask: (B, T), 1 for notes and 0 for padding; all notes where None.
            features: (B, C) features of the whole piece, where the configuration names C of them.
            output_hidden_states: whether to return the states of all layers of the backbone.

        Returns:
            (B, T, H) hidden states and the (B, T) mask; with `output_hidden_states` also the
            (B, T, H) states before the first layer and after each, without the features.

        Raises:
            ValueError: no features, or another number of them than the configuration names; ids or
                a mask of another shape; more tokens than the backbone has positions; on a CPU, ids
                outside of the vocabulary.
        """
        fields = len(self.embeddings)
        if input_ids.dim() == 2 and fields == 1:
            input_ids = input_ids.unsqueeze(-1)
        if input_ids.dim() != 3 or input_ids.shape[-1] != fields:
            names = f": {', '.join(self.field_names)}" if self.field_names else ""
            wanted = "(B, T)" if fields == 1 else f"(B, T, {fields}){names}"
            raise ValueError(f"input_ids of shape {tuple(input_ids.shape)}, expected {wanted}")
        if attention_mask is None:
            attention_mask = torch.ones(input_ids.shape[:2], dtype=torch.long).to(input_ids.device)
        if attention_mask.shape != input_ids.shape[:2]:
            raise ValueError(
                f"attention_mask of shape {tuple(attention_mask.shape)}, expected "
                f"{tuple(input_ids.shape[:2])}"
            )
        self._check_length(input_ids)
        self._check_vocabulary(input_ids)
        embeds = self._embedded(input_ids)
        # Left out where it is not asked for, since a backbone need not know it.
        asked = {"output_hidden_states": True} if output_hidden_states else {}
        output = self.backbone(inputs_embeds=embeds, attention_mask=attention_mask, **asked)
        hidden = output.last_hidden_state
        if self.feature_count:
            standard = self.standardised(features).clamp(-FEATURE_RANGE, FEATURE_RANGE)
            hidden = hidden + self.feature_projection(standard).unsqueeze(1)
        if output_hidden_states:
            return hidden, attention_mask, output.hidden_states
        return hidden, attention_mask

    def _check_length(self, input_ids: torch.Tensor) -> None:
        """Refuse more tokens than the backbone has positions."""
        most = getattr(self.backbone.config, "max_position_embeddings", None)
        if torch.compiler.is_compiling() or most is None or input_ids.shape[1] <= most:
            return
        raise ValueError(
            f"{input_ids.shape[1]} tokens of a piece, but the model takes at most {most}: cut "
            "them, input_ids[:, :model.config.window], or let symbolic.predict average windows"
        )

    def _check_vocabulary(self, input_ids: torch.Tensor) -> None:
        """Refuse (B, T, F) ids outside of the vocabulary, on a CPU, where reading them is cheap."""
        on_cpu = input_ids.device.type == "cpu"
        if torch.compiler.is_compiling() or not on_cpu or not input_ids.numel():
            return
        for field, (table, ids) in enumerate(
            zip(self.embeddings, input_ids.unbind(-1), strict=True)
        ):
            low, high = (int(bound) for bound in ids.aminmax())
            size = len(cast(nn.Embedding, table).weight)
            if low < 0 or high >= size:
                name = self.field_names[field] if self.field_names else f"field {field}"
                wrong = low if low < 0 else high
                raise ValueError(f"input_ids: {wrong} for {name}, expected 0 to {size - 1}")

    def _tables(self) -> list[nn.Module]:
        """List the embeddings: of the sub-tokens, and of what is derived from them."""
        return [*self.embeddings, *(self.derived.embeddings if self.derived is not None else ())]

    def _embedded(self, input_ids: torch.Tensor) -> torch.Tensor:
        """(B, T, F) ids to (B, T, H): their embeddings, scaled, concatenated and projected.

        In training, if the vocabularies have fewer ids than the batch has tokens, the embedding
        tables are projected and the rows of each token summed, which is equal up to rounding and
        takes a third of the time. Predictions do not use it, since they would depend on the batch.
        Nor do modules of another class, such as adapters, which are more than their weights.
        """
        if self.derived is not None:
            input_ids = torch.cat([input_ids, self.derived(input_ids)], dim=-1)
        embeddings = self._tables()
        tables = [cast(nn.Embedding, embedding).weight for embedding in embeddings]
        sizes = [len(table) for table in tables]
        plain = type(self.project) is nn.Linear and {*map(type, embeddings)} == {nn.Embedding}
        if not (self.training and plain) or sum(sizes) > input_ids.shape[0] * input_ids.shape[1]:
            parts = [embed(input_ids[..., i]) for i, embed in enumerate(embeddings)]
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
