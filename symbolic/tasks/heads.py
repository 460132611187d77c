"""Task heads: hidden states and a mask in, logits out, independent of the encoder."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any, cast

import torch
from torch import nn

from symbolic.forward import torch_ops
from symbolic.forward.dropout import ByteDropout
from symbolic.forward.pooling import pooled
from symbolic.tasks.task import Task


class AttentionPooling(nn.Module):
    """Means over the unmasked positions, `views` times with own weights (Lin 2017, MIDI-BERT)."""

    def __init__(self, hidden_size: int, views: int = 4) -> None:
        super().__init__()
        self.hidden = nn.Linear(hidden_size, 128)
        self.scores = nn.Linear(128, views, bias=False)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to (B, views * H); zeros for a fully masked row."""
        return pooled(self, hidden, mask.bool().unsqueeze(-1), torch_ops)


class Head(nn.Module):
    """Classifier or regressor of a task.

    Args:
        task: its level decides whether positions are pooled, its labels the output width.
        hidden_size: H of the encoder.
        dropout: before each layer; at token level only before the first, as in MIDI-BERT.
        units: size of the hidden layer; H if None, no hidden layer if 0.
    """

    def __init__(
        self, task: Task, hidden_size: int, dropout: float = 0.1, units: int | None = None
    ) -> None:
        super().__init__()
        self.pool = AttentionPooling(hidden_size) if task.level == "sequence" else None
        width = hidden_size * (4 if self.pool is not None else 1)
        if units == 0:
            self.classifier = nn.Sequential(ByteDropout(dropout), nn.Linear(width, task.num_labels))
            return
        units = hidden_size if units is None else units
        self.classifier = nn.Sequential(
            ByteDropout(dropout),
            nn.Linear(width, units),
            nn.ReLU(),
            ByteDropout(dropout if self.pool is not None else 0.0),
            nn.Linear(units, task.num_labels),
        )

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, T, H) and (B, T) to (B, K) at sequence level, (B, T, K) at token level."""
        return self.classifier(hidden if self.pool is None else self.pool(hidden, mask))


class Heads(nn.Module):
    """Heads by task name, which are called together.

    In the state dict they are named as in an `nn.ModuleDict`. Unlike that, they have a `forward`,
    so that libraries such as PEFT can replace them as a whole.

    Args:
        tasks: of the heads, in the same order.
        heads: by task name. A head with a method `members` is an ensemble, each member of which is
            trained as if it were alone.
    """

    def __init__(self, tasks: Sequence[Task], heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._pooled = {task.name for task in tasks if task.pooled}
        for name, head in heads.items():
            self.add_module(name, head)

    def forward(
        self,
        hidden: torch.Tensor,
        mask: torch.Tensor,
        pooled: torch.Tensor | None = None,
        unit_mask: torch.Tensor | None = None,
    ) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Compute the logits of every task.

        Args:
            hidden: (B, T, H) states of the encoder.
            mask: (B, T), 1 for real positions.
            pooled: (P, U, H') states of bars or beats, for pooled tasks.
            unit_mask: (P, U), 1 for the bars or beats.

        Returns:
            The logits by task name, and the logits that the loss takes: those of M members
            (M, B, K) for an ensemble, otherwise the same.
        """
        logits, trained = {}, {}
        for name, head in self.items():
            if hasattr(head, "members"):  # not by its class, since PEFT wraps it
                ensemble = cast(Any, head)
                trained[name] = ensemble.members(hidden, mask)
                logits[name] = ensemble.combined(trained[name], hidden)
            else:
                inputs = (pooled, unit_mask) if name in self._pooled else (hidden, mask)
                logits[name] = trained[name] = head(*inputs)
        return logits, trained

    def __getitem__(self, name: str) -> nn.Module:
        return self.get_submodule(name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> KeysView[str]:
        """Return the names of the tasks."""
        return self._modules.keys()

    def values(self) -> ValuesView[nn.Module]:
        """Return the heads."""
        return cast("dict[str, nn.Module]", self._modules).values()

    def items(self) -> ItemsView[str, nn.Module]:
        """Return pairs of a name and a head."""
        return cast("dict[str, nn.Module]", self._modules).items()
