"""A recurrent backbone behind the door of the transformers."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from symbolic.configuration import LSTMConfig


class LSTMModel(PreTrainedModel):
    """LSTMs in both directions, which end with the piece and not with its padding.

    With the attention pooling of the heads (Lin 2017) it is the symbolic baseline of the EMOPIA
    paper (Hung 2021).
    """

    config_class = LSTMConfig
    main_input_name = "inputs_embeds"

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(1, config.hidden_size)  # what reads tokens sits before it
        self.lstm = nn.LSTM(
            config.hidden_size,
            config.hidden_size // 2,
            config.num_hidden_layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.hidden_dropout_prob if config.num_hidden_layers > 1 else 0.0,
        )
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.LSTM):
            for name, parameter in module.named_parameters():
                if name.startswith("weight"):
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.embeddings = value

    def forward(
        self, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor | None = None, **_
    ) -> BaseModelOutput:
        """(B, T, H) and (B, T), each row 1 up to the end of its piece, to (B, T, H)."""
        size, length = inputs_embeds.shape[:2]
        if attention_mask is None:
            lengths = torch.full((size,), length)
        else:
            lengths = attention_mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(
            inputs_embeds, lengths, batch_first=True, enforce_sorted=False
        )
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=length)
        return BaseModelOutput(last_hidden_state=hidden)


AutoModel.register(LSTMConfig, LSTMModel)
