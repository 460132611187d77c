"""The one specification that heads, losses and metrics read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import torch
import torch.nn.functional as F

IGNORE = -100  # the label of what has no label, for classes; NaN for real-valued targets


@dataclass(frozen=True)
class Task:
    """What is predicted, for which unit, and how much it counts in training.

    Attributes:
        name: key of the task in `labels` and `logits`.
        level: `sequence` (one answer for the piece or window) or `token` (one for each position).
        kind: `single` (one class of several), `multi` (any of several) or `regression`.
        labels: names of the K classes or target columns.
        weight: factor of the task's loss.
        weighted: whether labels say what each of them weighs, in K columns after the K targets;
            not of `single`.
        pooled: on token level, whether the positions are units, bars or beats, that several tokens
            of the encoder belong to.

    Raises:
        ValueError: a level or kind that does not exist, no labels, a negative weight, or units of
            a task on sequence level.
    """

    name: str
    level: Literal["sequence", "token"]
    kind: Literal["single", "multi", "regression"]
    labels: tuple[str, ...]
    weight: float = 1.0
    weighted: bool = False
    pooled: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.level not in ("sequence", "token"):
            raise ValueError(f"task {self.name!r}: level {self.level!r} is not sequence or token")
        if self.kind not in ("single", "multi", "regression"):
            raise ValueError(
                f"task {self.name!r}: kind {self.kind!r} is not single, multi or regression"
            )
        if not self.labels:
            raise ValueError(f"task {self.name!r} has no labels")
        if self.weighted and self.kind == "single":
            raise ValueError(f"task {self.name!r}: classes have no weights of their own")
        if self.pooled and self.level != "token":
            raise ValueError(f"task {self.name!r}: a whole piece has no units")
        if not self.weight >= 0:
            raise ValueError(f"task {self.name!r}: weight {self.weight} is negative")

    @property
    def num_labels(self) -> int:
        return len(self.labels)

    def to_dict(self) -> dict:
        """Plain values, as they stand in `config.json`; `Task(**task.to_dict())` is the task."""
        return {**asdict(self), "labels": list(self.labels)}

    def empty_labels(self, *shape: int) -> torch.Tensor:
        """Labels that say "no label", for a batch of `shape`: (B,), or (B, T) on token level."""
        if self.kind == "single":
            return torch.full(shape, IGNORE, dtype=torch.long)
        return torch.full((*shape, self.num_labels * (1 + self.weighted)), torch.nan)

    def loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        label_smoothing: float = 0.0,
        class_weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Mean loss over the units that have a label; exactly 0 where none has.

        Cross-entropy for `single`, binary cross-entropy for `multi`, squared error for
        `regression`.

        Args:
            logits: (B, K) or (B, T, K).
            labels: `single`: (B,) or (B, T) int64, -100 for no label; otherwise shaped like
                `logits`, NaN for no label, and twice as wide where they are weighted. The mean is
                over the labels, whatever they weigh.
            label_smoothing: mass spread evenly over the classes (`single` only).
            class_weights: (K,) factor of each class (`single` only). The weighted losses are
                divided by the number of labels, not by the sum of their weights, so that batches
                of equally many labels count alike whatever their classes.
        """
        logits = logits.float()
        if self.kind == "single":
            known = labels != IGNORE
            total = F.cross_entropy(
                logits.reshape(-1, self.num_labels),
                labels.reshape(-1),
                ignore_index=IGNORE,
                reduction="sum",
                label_smoothing=label_smoothing,
                weight=None if class_weights is None else class_weights.to(logits),
            )
        else:
            weights = None
            if self.weighted:
                labels, weights = labels.split(self.num_labels, dim=-1)
            known = ~labels.isnan()
            target = labels.to(logits.dtype).nan_to_num()
            if self.kind == "multi":
                each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
            else:
                each = (logits - target).square()
            if weights is not None:
                each = each * weights.to(each.dtype).nan_to_num()
            total = each.where(known, 0.0).sum()
        return total / known.sum().clamp(min=1)
