"""Recurrent backbone with the interface of transformers."""

from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from symbolic.configuration import LSTMConfig


class BidirectionalLSTM(nn.Module):
    """One layer: a forward and a backward LSTM.

    Args:
        hidden_size: H of input and output, half of it for each direction.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.onward = nn.LSTM(hidden_size, hidden_size // 2, batch_first=True)
        self.back = nn.LSTM(hidden_size, hidden_size // 2, batch_first=True)

    def forward(self, hidden: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T, 1) positions of each row in reverse order, to (B, T, H)."""
        ahead, _ = self.onward(hidden)
        behind, _ = self.back(torch.take_along_dim(hidden, turned, dim=1))
        return torch.cat([ahead, torch.take_along_dim(behind, turned, dim=1)], dim=-1)


class LSTMModel(PreTrainedModel):
    """Bidirectional LSTMs over the tokens of each piece, without its padding.

    With the attention pooling of the heads (Lin 2017) it is the symbolic baseline of the EMOPIA
    paper (Hung 2021). Each row is reversed within its own length: packed sequences, the usual way
    to exclude padding, take several times as long on a CPU if lengths differ.
    """

    config_class = LSTMConfig
    main_input_name = "inputs_embeds"

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(1, config.hidden_size)  # unused: the encoder embeds tokens
        self.layers = nn.ModuleList(
            BidirectionalLSTM(config.hidden_size) for _ in range(config.num_hidden_layers)
        )
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
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
        """(B, T, H) and (B, T), each row 1 up to the end of its piece, to (B, T, H).

        The states after the end of a piece are not zero and have no meaning.
        """
        positions = torch.arange(inputs_embeds.shape[1], device=inputs_embeds.device)[None, :]
        last = positions[:, -1:] if attention_mask is None else attention_mask.sum(1, True) - 1
        turned = torch.where(positions <= last, last - positions, positions).unsqueeze(-1)
        hidden = inputs_embeds
        for number, layer in enumerate(self.layers):
            hidden = layer(self.dropout(hidden) if number else hidden, turned)
        return BaseModelOutput(last_hidden_state=hidden)


AutoModel.register(LSTMConfig, LSTMModel)
