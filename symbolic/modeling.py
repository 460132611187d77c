"""Multi-task model: one encoder, one head per task."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)
from torch import nn
from transformers import AutoModel, PreTrainedModel
from transformers.utils import logging
from transformers.utils.generic import ModelOutput, can_return_tuple

from symbolic.audio.extractor import SymbolicFeatureExtractor as SymbolicFeatureExtractor
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders import ENCODERS, FeatureEnsemble, KeyLogits
from symbolic.encoders.metrical import MetricalContext
from symbolic.encoders.tonic import KeyFromTonic
from symbolic.packaged import packaged
from symbolic.tasks import EMOTION, KEY, Task
from symbolic.tasks.heads import Head, Heads
from symbolic.tasks.task import labels_by_name

INPUTS = frozenset({"input_ids", "attention_mask", "input_values", "features"})
"""Inputs of the encoders of this package."""


@contextmanager
def no_bar_of_weights() -> Iterator[None]:
    """Hide the bar of transformers for loading or saving weights; that of a download stays."""
    if not logging.is_progress_bar_enabled():
        yield
        return
    downloads = not are_progress_bars_disabled()
    logging.disable_progress_bar()  # those of the Hub, too
    if downloads:
        enable_progress_bars()
    try:
        yield
    finally:
        logging.enable_progress_bar()
        if not downloads:
            disable_progress_bars()


@dataclass
class SymbolicOutput(ModelOutput):
    """Output of `SymbolicModel`.

    Attributes:
        loss: weighted sum of the tasks' losses; None without labels.
        logits: by task name, (B, K) on sequence level and (B, T, K) on token level; (B, U, K) where
            tokens are pooled into U bars or beats.
        mask: (B, T), 1 for real positions and 0 for padding.
        last_hidden_state: (B, T, H) states of the encoder, which the heads take.
        hidden_states: with `output_hidden_states`, the (B, T, H) input of the first layer of the
            backbone and the output of each; of an encoder without such layers, the states of the
            encoder alone.
    """

    loss: torch.Tensor | None = None
    logits: dict[str, torch.Tensor] | None = None
    mask: torch.Tensor | None = None
    last_hidden_state: torch.Tensor | None = None
    hidden_states: tuple[torch.Tensor, ...] | None = None


class SymbolicModel(PreTrainedModel):
    """Encoder and heads, with a joint loss of all tasks (MT-SMNN, Qiu 2022)."""

    config: SymbolicConfig
    config_class = SymbolicConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"
    accepts_loss_kwargs = False  # else the Trainer scales the loss under gradient accumulation
    supports_gradient_checkpointing = True  # where the backbone can
    _supports_sdpa = True
    _loss_function = None  # each task has its own; transformers would warn that it chooses one
    _keep_in_fp32_modules_strict = {"spectral"}  # noqa: RUF012 - as transformers declares it

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__(config)
        if config.encoder not in ENCODERS:
            raise ValueError(f"unknown encoder {config.encoder!r}; known: {', '.join(ENCODERS)}")
        self.encoder = ENCODERS[config.encoder](config)
        parameters = inspect.signature(self.encoder.forward).parameters.values()
        self.encoder_inputs = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
        self.takes_any_input = len(self.encoder_inputs) < len(parameters)
        self.tasks = config.task_specs
        self.units: MetricalContext | None = None  # so named in saved weights
        if any(task.pooled for task in self.tasks):
            self.units = MetricalContext(self.encoder.hidden_size, **config.metrical_options)
        self.heads = Heads(self.tasks, {task.name: self._head(task) for task in self.tasks})
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

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embeddings: a list of one for each sub-token, or the only one.

        Raises:
            NotImplementedError: an encoder without token embeddings.
        """
        tables = self._token_embeddings()
        return tables[0] if len(tables) == 1 else tables

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the token embeddings, by a list of one for each sub-token or the only one.

        Raises:
            NotImplementedError: an encoder without token embeddings.
            ValueError: another number of embeddings, or embeddings of another size.
        """
        old = [cast(nn.Embedding, table) for table in self._token_embeddings()]
        sizes = {table.weight.shape[1] for table in old}
        new = [*value] if isinstance(value, nn.ModuleList) else [value]
        tables = [table for table in new if isinstance(table, nn.Embedding)]
        if not len(tables) == len(new) == len(old) or {t.weight.shape[1] for t in tables} != sizes:
            raise ValueError(f"expected {len(old)} embeddings of size {', '.join(map(str, sizes))}")
        self.encoder.embeddings = nn.ModuleList(tables)
        self.config.vocab_sizes = [len(table.weight) for table in tables]

    def _token_embeddings(self) -> nn.ModuleList:
        """Return the embeddings of the encoder, one for each sub-token."""
        tables = getattr(self.encoder, "embeddings", None)
        if not isinstance(tables, nn.ModuleList):
            raise NotImplementedError(f"encoder {self.config.encoder!r} has no token embeddings")
        return tables

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike | None, *model_args, **kwargs
    ) -> Any:
        """Load a model as in transformers; `base` is the encoder of notes in the package.

        Its weights are stored in float16 and computed with in float32.
        """
        name = pretrained_model_name_or_path
        found = name if name is None else packaged(name)
        if found != name and "dtype" not in kwargs:
            kwargs["dtype"] = torch.float32
        return super().from_pretrained(found, *model_args, **kwargs)

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs) -> None:
        """Save the model as in transformers, with the weights under the model's own names.

        transformers writes the weights of some backbones, such as AST, under older names, which the
        Trainer does not find when it resumes from a checkpoint or loads the best one.
        """
        with no_bar_of_weights():
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

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        features: torch.Tensor | None = None,
        units: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
        unit_rolls: torch.Tensor | None = None,
        labels: Mapping[str, torch.Tensor] | torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        **inputs: torch.Tensor | None,
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
                batch, adds 0. A model of one task also takes its labels alone.
            output_hidden_states: whether to return the states of all layers; as in the
                configuration where None.
            inputs: further inputs of the encoder; None for those that it does not take.

        With `return_dict=False`, the result is a tuple of what is not None in the output.

        Raises:
            TypeError: an input that the encoder does not take, or that is no tensor; ids that are
                no whole numbers.
            ValueError: labels of an unknown task or of another shape; inputs of another shape; an
                encoder whose states are not as wide as its `hidden_size`.
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
        named |= inputs
        given = {name: value for name, value in named.items() if value is not None}
        self._check_inputs(given)
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        if output_hidden_states and "output_hidden_states" in self.encoder_inputs:
            hidden, mask, states = self.encoder(**given, output_hidden_states=True)
        else:
            hidden, mask = self.encoder(**given)
            states = (hidden,) if output_hidden_states else None
        if hidden.shape[-1] != self.encoder.hidden_size:
            raise ValueError(
                f"encoder {self.config.encoder!r} ({type(self.encoder).__name__}) returns states "
                f"of width {hidden.shape[-1]}, but its hidden_size is {self.encoder.hidden_size}"
            )
        pooled = None
        if self.units is not None and unit_mask is not None:
            pooled = self.units(unit_mask, hidden, units, unit_rolls)
        logits, trained = self.heads(hidden, mask, pooled, unit_mask)
        loss = None
        if labels is not None:
            labels = labels_by_name(labels, self.tasks)
            losses = [
                self._task_loss(task, trained[task.name], logits[task.name], labels[task.name])
                for task in self.tasks
                if task.name in labels
            ]
            loss = sum(losses, start=torch.zeros((), device=self.device))
        return SymbolicOutput(
            loss=loss, logits=logits, mask=mask, last_hidden_state=hidden, hidden_states=states
        )

    def _check_inputs(self, given: Mapping[str, torch.Tensor]) -> None:
        """Refuse inputs that the encoder does not take, and those that are no tensors."""
        for name in INPUTS & given.keys():
            value = given[name]
            if not isinstance(value, torch.Tensor):
                raise TypeError(f"{name}: expected a tensor, got {type(value).__name__}")
            if name == "input_ids" and (value.is_floating_point() or value.dtype == torch.bool):
                raise TypeError(f"{name}: expected whole numbers (torch.long), got {value.dtype}")
        unknown = [name for name in given if name not in self.encoder_inputs]
        if unknown and not self.takes_any_input:
            raise TypeError(
                f"encoder {self.config.encoder!r} takes {', '.join(self.encoder_inputs)}; it does "
                f"not take {', '.join(unknown)}"
            )

    def _task_loss(
        self, task: Task, trained: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Compute the weighted loss of a task; exactly 0 where nothing has a label.

        For an ensemble it is the mean of the losses of its members, not the loss of their mean:
        each member is trained as if it were alone.
        """
        expected = task.label_shape(*logits.shape[:-1])
        if labels.shape != expected:
            raise ValueError(
                f"labels of task {task.name} have shape {tuple(labels.shape)}, expected {expected}"
            )
        labels = labels.expand(*trained.shape[: trained.dim() - logits.dim()], *labels.shape)
        weights = self.config.class_weights.get(task.name)
        return task.weight * task.loss(
            trained,
            labels,
            self.config.label_smoothing if task.level == "sequence" else 0.0,
            None if weights is None else torch.tensor(weights),
        )


AutoModel.register(SymbolicConfig, SymbolicModel)
