"""Specification of a task, for heads, losses and metrics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

    from symbolic.notes import NoteTable

IGNORE = -100  # the label of what has no label, for classes; NaN for real-valued targets


@dataclass(frozen=True)
class Task:
    """A prediction target, its level, and its weight in training.

    Attributes:
        name: key of the task in `labels` and `logits`.
        level: `sequence` (one prediction for the piece or window) or `token` (one per position).
        kind: `single` (one of several classes), `multi` (any of several) or `regression`.
        labels: names of the K classes or target columns.
        weight: factor of the loss of the task.
        weighted: whether labels have weights, in K columns after the K targets; not for `single`.
        pooled: at token level, whether the positions are bars or beats, each of several tokens of
            the encoder.
        label: computes the label from the notes, for tasks whose labels need no annotation: the
            label of the piece, or at token level (n,) or (n, K) labels of its n notes; at module
            level, since worker processes call it. Not part of `to_dict`.

    Raises:
        ValueError: an unknown level or kind, no labels, a negative weight, or a `pooled` task at
            sequence level.
    """

    name: str
    level: Literal["sequence", "token"]
    kind: Literal["single", "multi", "regression"]
    labels: tuple[str, ...]
    weight: float = 1.0
    weighted: bool = False
    pooled: bool = False
    label: Callable[[NoteTable], Any] | None = field(default=None, compare=False, repr=False)

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
            raise ValueError(f"task {self.name!r}: labels of kind single cannot be weighted")
        if self.pooled and self.level != "token":
            raise ValueError(f"task {self.name!r}: pooled requires level token")
        if not self.weight >= 0:
            raise ValueError(f"task {self.name!r}: weight {self.weight} is negative")

    @property
    def num_labels(self) -> int:
        return len(self.labels)

    def to_dict(self) -> dict:
        """Return plain values for `config.json`; `Task(**task.to_dict())` is the task."""
        values = {**asdict(self), "labels": list(self.labels)}
        del values["label"]
        return values

    def empty_labels(self, *shape: int) -> torch.Tensor:
        """Make missing labels for a batch of `shape`: (B,), or (B, T) at token level."""
        import torch

        if self.kind == "single":
            return torch.full(shape, IGNORE, dtype=torch.long)
        return torch.full(self.label_shape(*shape), torch.nan)

    def label_shape(self, *shape: int) -> tuple[int, ...]:
        """Return the shape of the labels of `shape` predictions: (B,), or (B, T) at token level."""
        return shape if self.kind == "single" else (*shape, self.num_labels * (1 + self.weighted))

    def loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        label_smoothing: float = 0.0,
        class_weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the mean loss over the positions that have a label; exactly 0 if none has.

        Cross-entropy for `single`, binary cross-entropy for `multi`, squared error for
        `regression`.

        Args:
            logits: (B, K) or (B, T, K).
            labels: `single`: (B,) or (B, T) int64, -100 for no label; otherwise shaped like
                `logits`, NaN for no label, and twice as wide if they are weighted. The mean is over
                the labels, whatever their weights.
            label_smoothing: mass spread evenly over the classes (`single` only).
            class_weights: (K,) factor of each class (`single` only). The weighted losses are
                divided by the number of labels, not by the sum of their weights, so that batches
                with the same number of labels count the same.
        """
        import torch.nn.functional as F  # slow to import; tasks are also used without it

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
                losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
            else:
                losses = (logits - target).square()
            if weights is not None:
                losses = losses * weights.to(losses.dtype).nan_to_num()
            total = losses.where(known, 0.0).sum()
        return total / known.sum().clamp(min=1)


def labels_by_name(
    labels: Any, tasks: Sequence[Task], other: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return labels by task name; those of a single task may be given without its name.

    Args:
        labels: a mapping, or what a mapping would have for a single task.
        tasks: that labels are for.
        other: names of tasks whose labels are accepted and not used.

    Raises:
        ValueError: labels without names for several tasks, or of an unknown task.
    """
    names = [task.name for task in tasks]
    expected = f"labels are a dict by task name: {', '.join(names)}"
    if not isinstance(labels, Mapping):
        if len(names) != 1:
            raise ValueError(f"labels of type {type(labels).__name__}; {expected}")
        return {names[0]: labels}
    if unknown := [str(name) for name in labels if name not in names and name not in other]:
        raise ValueError(f"labels of an unknown task, {', '.join(unknown)}; {expected}")
    return labels
