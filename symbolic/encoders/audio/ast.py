"""The Audio Spectrogram Transformer of transformers (Gong 2021)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from transformers import ASTConfig, AutoModel

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.lengths import Lengths


class ASTEncoder(AudioEncoder):
    """Transformer on patches of a mel spectrogram, as `config.backbone_config` describes it.

    The mean of its class token and its distillation token is the single output position. The input
    has a fixed length: shorter inputs are padded with silence after the norm, without a mask, as in
    the published models; longer ones are refused.

    Raises:
        ValueError: no `ASTConfig`, or one with another number of mel bands than the frames.
    """

    default_norm = "global"

    def build(self, config: SymbolicConfig) -> None:
        backbone = config.backbone_config
        if not isinstance(backbone, ASTConfig):
            raise ValueError("the encoder needs an ASTConfig as its backbone_config")
        if backbone.num_mel_bins != self.width:
            raise ValueError(
                f"a backbone of {backbone.num_mel_bins} mel bands, and frames of "
                f"{self.width} columns"
            )
        self.length = backbone.max_length
        self.backbone = AutoModel.from_config(backbone)
        for name in ("cls_token", "distillation_token", "position_embeddings"):
            # transformers leaves them at zero
            nn.init.trunc_normal_(getattr(self.backbone.embeddings, name), std=0.02)
        self.finish(backbone.hidden_size)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        if frames.shape[1] > self.length:
            raise ValueError(f"{frames.shape[1]} frames, and the encoder takes {self.length}")
        frames = F.pad(frames, (0, 0, 0, self.length - frames.shape[1]))
        hidden = self.backbone(frames).pooler_output
        return hidden.unsqueeze(-1), None if lengths is None else lengths.clamp(max=1)
