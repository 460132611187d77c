"""The model: one encoder, one head for each task."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils import ModelOutput

from symbolic.audio.transforms.torch_front import SpectralFront
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS, FeatureEncoder, FeatureExperts, HeardKey, NoteEncoder
from symbolic.encoders.metrical import UnitContext
from symbolic.encoders.tonic import TonicNetwork
from symbolic.tasks import EMOTION, KEY, CommitteeHead, Head, Task


@dataclass
class SymbolicOutput(ModelOutput):
    """What `SymbolicModel` returns.

    Attributes:
        loss: weighted sum of the tasks' losses, where labels were given.
        logits: by task name, (B, K) on sequence level and (B, T, K) on token level; (B, U, K) where
            tokens are pooled into U units.
        mask: (B, T), which positions are real.
    """

    loss: torch.Tensor | None = None
    logits: dict[str, torch.Tensor] | None = None
    mask: torch.Tensor | None = None


class SymbolicModel(PreTrainedModel):
    """Encoder and heads, with the loss of all tasks together (MT-SMNN, Qiu 2022)."""

    config_class = SymbolicConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"
    accepts_loss_kwargs = False  # else the Trainer scales the loss under gradient accumulation
    supports_gradient_checkpointing = True  # where the backbone can
    _supports_sdpa = True
    _keep_in_fp32_modules_strict = ("spectral",)

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__(config)
        if config.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {config.encoder!r}; known: {', '.join(ENCODERS)}")
        self.encoder = ENCODERS[config.encoder](config)
        self.tasks = config.task_specs
        self.hears_audio = config.front is not None
        self.hears_notes = isinstance(self.encoder, NoteEncoder)
        self.units = None
        if any(task.pooled for task in self.tasks):
            self.units = UnitContext(self.encoder.hidden_size, **config.unit_options)
        self.heads = nn.ModuleDict({task.name: self._head(task) for task in self.tasks})
        self.post_init()

    def _head(self, task: Task) -> nn.Module:
        config, encoder = self.config, self.encoder
        if not isinstance(encoder, FeatureEncoder):
            size = self.units.size if task.pooled else encoder.hidden_size
            if config.unit_members > 1:
                return CommitteeHead(
                    task, size, config.unit_members, config.head_dropout, config.head_units
                )
            return Head(task, size, config.head_dropout, config.head_units)
        if task.level == "token":
            raise ValueError(f"task {task.name} asks for notes, and the encoder hears features")
        if task.name == EMOTION.name and config.expert_features:
            return FeatureExperts(config)
        if task.name == KEY.name and encoder.tonic is not None:
            return HeardKey()
        return Head(task, encoder.hidden_size, config.head_dropout, config.head_units)

    def train(self, mode: bool = True) -> SymbolicModel:
        """Set training mode; batch norms whose weights are frozen keep their statistics, too."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine:
                module.train(mode and module.weight.requires_grad)
        return self

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs) -> None:
        """As in transformers, the weights under the names that the model has for them.

        transformers writes those of some backbones, AST for one, under older names, by which the
        Trainer does not find them when it goes on from a checkpoint or back to the best one.
        """
        super().save_pretrained(save_directory, **{"save_original_format": False, **kwargs})

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            # Scaled by sqrt(size) in the encoder, so that sub-tokens enter with unit variance.
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, FeatureExperts | TonicNetwork | SpectralFront):
            # After the layers within it.
            module.reset()

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        features: torch.Tensor | None = None,
        units: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        unit_pictures: torch.Tensor | None = None,
        labels: dict[str, torch.Tensor] | None = None,
        **inputs: torch.Tensor,
    ) -> SymbolicOutput:
        """Logits of every task, and their loss where labels are given.

        Args:
            input_ids: (B, T, F) super-tokens of notes.
            attention_mask: (B, T), 1 for real positions.
            input_values: (B, T, F) frames or (B, T) samples, as the configuration's front says.
                Encoders that hear audio take these and the mask.
            features: (B, C) features of the whole piece, where the configuration names C of them.
                An encoder of features takes nothing else.
            units: (B, T) units of the tokens,
            unit_mask: (P, U), which units P pieces have, and
            unit_pictures: (P, U, F) pictures of their notes, all as `UnitContext` takes them, where
                tasks ask for units. The B windows of tokens are then of any of these pieces.
            labels: by task name, as `Task.loss` takes them; a task that is missing, or has no
                label in the batch, adds 0.
            inputs: what else the encoder takes.
        """
        # Named in the signature so that the stock Trainer does not drop them from the examples.
        named = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "input_values": input_values,
            "features": features,
        }
        if self.units is None:
            named |= {"unit_mask": unit_mask, "unit_pictures": unit_pictures}
        given = {name: value for name, value in named.items() if value is not None}
        hidden, mask = self.encoder(**given, **inputs)
        logits, answers = {}, {}
        coarse = None
        if self.units is not None:
            coarse = self.units(unit_mask, hidden, units, unit_pictures)
        for task in self.tasks:
            name, head = task.name, self.heads[task.name]
            if task.pooled:
                answers[name] = logits[name] = head(coarse, unit_mask)
            elif isinstance(head, FeatureExperts | CommitteeHead):
                answers[name] = head.members(hidden, mask)
                logits[name] = head.together(answers[name], hidden)
            else:
                answers[name] = logits[name] = head(hidden, mask)
        loss = None
        if labels is not None:
            losses = [
                self._task_loss(task, answers[task.name], labels[task.name])
                for task in self.tasks
                if task.name in labels
            ]
            loss = sum(losses, start=torch.zeros((), device=self.device))
        return SymbolicOutput(loss=loss, logits=logits, mask=mask)

    def _task_loss(self, task: Task, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What a task adds to the loss; exactly 0 where nothing has a label.

        Of several members that answer, the mean of their losses, not the loss of their mean: each
        learns as if it were alone.
        """
        if isinstance(self.heads[task.name], FeatureExperts | CommitteeHead):
            labels = labels.expand(len(logits), *labels.shape)
        weights = self.config.class_weights.get(task.name)
        return task.weight * task.loss(
            logits,
            labels,
            self.config.label_smoothing if task.level == "sequence" else 0.0,
            None if weights is None else torch.tensor(weights),
        )


AutoModel.register(SymbolicConfig, SymbolicModel)
