"""Recurrent backbone with the interface of transformers."""

from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from symbolic.configuration import LSTMConfig
from symbolic.encoders.audio.recurrent import both_directions, reversed_positions


class LSTMModel(PreTrainedModel):
    """Bidirectional LSTMs over the tokens of each piece, without its padding.

    With the attention pooling of the heads (Lin 2017) it is the symbolic baseline of the EMOPIA
    paper (Hung 2021).
    """

    config_class = LSTMConfig
    main_input_name = "inputs_embeds"

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__(config)
        self.embeddings = nn.Embedding(1, config.hidden_size)  # unused: the encoder embeds tokens
        size = (config.hidden_size, config.hidden_size // 2)
        self.layers = nn.ModuleList(
            nn.ModuleDict({name: nn.LSTM(*size, batch_first=True) for name in ("onward", "back")})
            for _ in range(config.num_hidden_layers)
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
        self,
        inputs_embeds: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        output_hidden_states: bool = False,
        **_,
    ) -> BaseModelOutput:
        """(B, T, H) and (B, T), each row 1 up to the end of its piece, to (B, T, H).

        The states after the end of a piece are not zero and have no meaning.
        """
        lengths = None if attention_mask is None else attention_mask.sum(1)
        turned = reversed_positions(lengths, inputs_embeds)
        hidden = inputs_embeds
        states = [hidden]
        for number, layer in enumerate(self.layers):
            hidden = self.dropout(hidden) if number else hidden
            onward, back = layer.children()
            hidden = both_directions(onward, back, hidden, turned)
            states.append(hidden)
        return BaseModelOutput(
            last_hidden_state=hidden, hidden_states=tuple(states) if output_hidden_states else None
        )


AutoModel.register(LSTMConfig, LSTMModel)
