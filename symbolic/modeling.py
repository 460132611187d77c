"""Multi-task model: one encoder, one head per task."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils.generic import ModelOutput

from symbolic.audio.extractor import SymbolicFeatureExtractor as SymbolicFeatureExtractor
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS, FeatureEnsemble, KeyLogits
from symbolic.encoders.metrical import MetricalContext
from symbolic.encoders.tonic import KeyFromTonic
from symbolic.tasks import EMOTION, KEY, Head, Task


@dataclass
class SymbolicOutput(ModelOutput):
    """Output of `SymbolicModel`.

    Attributes:
        loss: weighted sum of the tasks' losses; None without labels.
        logits: by task name, (B, K) on sequence level and (B, T, K) on token level; (B, U, K) where
            tokens are pooled into U bars or beats.
        mask: (B, T), 1 for real positions and 0 for padding.
    """

    loss: torch.Tensor | None = None
    logits: dict[str, torch.Tensor] | None = None
    mask: torch.Tensor | None = None


class SymbolicModel(PreTrainedModel):
    """Encoder and heads, with a joint loss of all tasks (MT-SMNN, Qiu 2022)."""

    config: SymbolicConfig
    config_class = SymbolicConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"
    accepts_loss_kwargs = False  # else the Trainer scales the loss under gradient accumulation
    supports_gradient_checkpointing = True  # where the backbone can
    _supports_sdpa = True
    _keep_in_fp32_modules_strict = {"spectral"}  # noqa: RUF012 - as transformers declares it

    @property
    def loss_function(self) -> None:
        """None: tasks have losses of their own, and that of transformers is of language models.

        Whatever lists the attributes of a model, such as a notebook, would be warned of it.
        """

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__(config)
        if config.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {config.encoder!r}; known: {', '.join(ENCODERS)}")
        self.encoder = ENCODERS[config.encoder](config)
        self.tasks = config.task_specs
        self.units: MetricalContext | None = None  # so named in saved weights
        if any(task.pooled for task in self.tasks):
            self.units = MetricalContext(self.encoder.hidden_size, **config.metrical_options)
        self.heads = nn.ModuleDict({task.name: self._head(task) for task in self.tasks})
        self.post_init()

    def _head(self, task: Task) -> nn.Module:
        config, encoder = self.config, self.encoder
        size = encoder.hidden_size
        if encoder.inputs == "features":
            if task.level == "token":
                raise ValueError(f"task {task.name} needs notes, and the encoder takes features")
            if task.name == EMOTION.name and config.ensemble_features:
                return FeatureEnsemble(config)
            if task.name == KEY.name and getattr(encoder, "tonic", None) is not None:
                return KeyLogits()
        elif task.pooled and self.units is not None:
            size = self.units.size
        return Head(task, size, config.head_dropout, config.head_units)

    def train(self, mode: bool = True) -> SymbolicModel:
        """Set training mode; batch norms with frozen weights also keep their statistics."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine:
                module.train(mode and module.weight.requires_grad)
        return self

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs) -> None:
        """Save the model as in transformers, with the weights under the model's own names.

        transformers writes the weights of some backbones, such as AST, under older names, which the
        Trainer does not find when it resumes from a checkpoint or loads the best one.
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
        elif isinstance(module, FeatureEnsemble | KeyFromTonic | SpectralFrontEnd):
            # The layers inside it are initialised before.
            module.reset()

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        features: torch.Tensor | None = None,
        units: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        unit_rolls: torch.Tensor | None = None,
        labels: dict[str, torch.Tensor] | None = None,
        **inputs: torch.Tensor,
    ) -> SymbolicOutput:
        """Compute the logits of every task, and the loss where labels are given.

        Args:
            input_ids: (B, T, F) super-tokens of notes.
            attention_mask: (B, T), 1 for real positions.
            input_values: (B, T, F) frames or (B, T) samples of the configuration's front end, for
                audio encoders.
            features: (B, C) features of the whole piece, where the configuration names C of them.
                The encoder of features takes no other input.
            units: (B, T) bar or beat of each token,
            unit_mask: (P, U), 1 for the bars or beats of P pieces and 0 for padding, and
            unit_rolls: (P, U, F) piano rolls of their notes, all as in `MetricalContext`, for
                models of bars or beats. The B windows of tokens belong to any of these pieces.
            labels: by task name, as in `Task.loss`; a task that is missing, or has no label in the
                batch, adds 0.
            inputs: further inputs of the encoder.

        Raises:
            ValueError: an encoder whose states are not as wide as its `hidden_size`, or whatever
                it raises itself.
        """
        # Named in the signature so that the stock Trainer does not drop them from the examples.
        named = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "input_values": input_values,
            "features": features,
        }
        if self.units is None:
            named |= {"unit_mask": unit_mask, "unit_rolls": unit_rolls}
        given = {name: value for name, value in named.items() if value is not None}
        hidden, mask = self.encoder(**given, **inputs)
        if hidden.shape[-1] != self.encoder.hidden_size:
            raise ValueError(
                f"encoder {self.config.encoder!r} ({type(self.encoder).__name__}) returns states "
                f"of width {hidden.shape[-1]}, but its hidden_size is {self.encoder.hidden_size}"
            )
        pooled = None
        if self.units is not None and unit_mask is not None:
            pooled = self.units(unit_mask, hidden, units, unit_rolls)
        logits, losses = {}, []
        for task in self.tasks:
            name, head = task.name, self.heads[task.name]
            if isinstance(head, FeatureEnsemble):
                found = head.members(hidden, mask)
                logits[name] = head.combined(found, hidden)
            else:
                found = head(pooled, unit_mask) if task.pooled else head(hidden, mask)
                logits[name] = found
            if labels is not None and name in labels:
                losses.append(self._task_loss(task, found, labels[name]))
        loss = None
        if labels is not None:
            loss = sum(losses, start=torch.zeros((), device=self.device))
        return SymbolicOutput(loss=loss, logits=logits, mask=mask)

    def _task_loss(self, task: Task, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the weighted loss of a task; exactly 0 where nothing has a label.

        For an ensemble it is the mean of the losses of its members, not the loss of their mean:
        each member is trained as if it were alone.
        """
        if isinstance(self.heads[task.name], FeatureEnsemble):
            labels = labels.expand(len(logits), *labels.shape)
        weights = self.config.class_weights.get(task.name)
        return task.weight * task.loss(
            logits,
            labels,
            self.config.label_smoothing if task.level == "sequence" else 0.0,
            None if weights is None else torch.tensor(weights),
        )


AutoModel.register(SymbolicConfig, SymbolicModel)
