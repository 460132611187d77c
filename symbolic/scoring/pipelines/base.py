"""The base of this package's pipelines: pieces in, labels and scores out, in batches."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from torch.utils.data import DataLoader
from transformers.pipelines.base import Pipeline
from transformers.pipelines.pt_utils import PipelineDataset, PipelineIterator

from symbolic.scoring.base import Scorer
from symbolic.tasks import Task

Labels = list[dict[str, str | float]]
"""Labels of one piece with their scores."""


class PiecePipeline(Pipeline):
    """Labels and scores of sequence-level tasks, like text and audio classification.

    A subclass recognises sources, prepares one in `preprocess` as lists of one value by name, and
    predicts from lists of these in `_forward`: pieces have different numbers of windows, so whole
    pieces are not padded.

    Attributes:
        scorer: the model with what prepares its input.
    """

    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False
    _load_tokenizer = False

    task_name = ""

    def __init__(self, scorer: Scorer, **kwargs: Any) -> None:
        kwargs.pop("local_files_only", None)  # already used in loading
        self.scorer = scorer
        super().__init__(cast(Any, scorer.model), **kwargs)

    def is_source(self, inputs: object) -> bool:
        """Whether an object is one piece, not several."""
        raise NotImplementedError

    @property
    def tasks(self) -> list[Task]:
        """The tasks that can be predicted, the default one first."""
        return self.scorer.tasks

    def __call__(self, inputs: Any, **kwargs: Any) -> Labels | list[Labels] | Iterator[Labels]:
        if not self.is_source(inputs):
            if isinstance(inputs, tuple):
                inputs = list(inputs)
            elif isinstance(inputs, Iterator):
                inputs = (source for source in inputs)  # transformers streams generators only
            if isinstance(inputs, list) and not inputs:
                return []
        return cast(Any, super().__call__(inputs, **kwargs))

    def _sanitize_parameters(self, **options: Any) -> tuple[dict, dict, dict]:
        if "answer" in options:
            warnings.warn("answer= is called task= now", DeprecationWarning, stacklevel=3)
            options["task"] = options.pop("answer")
        if unknown := options.keys() - {"top_k", "task"}:
            raise TypeError(f"{self.task_name} has no option {', '.join(sorted(unknown))}")
        top_k, task = options.get("top_k"), options.get("task")
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k {top_k!r} is not 1 or more, or None for all")
        names = [one.name for one in self.tasks]
        if task is not None and task not in names:
            raise ValueError(f"no task {task!r}; the model has {', '.join(names)}")
        return {}, {}, options

    def scores(self, task: Task, predictions: dict[str, np.ndarray]) -> np.ndarray:
        """Return the (K,) scores of a task for one piece."""
        return predictions[task.name][0]

    def postprocess(
        self,
        model_outputs: dict[str, np.ndarray],
        top_k: int | None = None,
        task: str | None = None,
    ) -> Labels:
        chosen = next(one for one in self.tasks if task in (None, one.name))
        scores = self.scores(chosen, model_outputs)
        order = np.arange(len(scores))
        if chosen.kind != "regression":
            order = np.argsort(-scores, kind="stable")[:top_k]
        return [{"label": chosen.labels[i], "score": float(scores[i])} for i in order]

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        """Write all that `pipeline` needs to a folder, which is then its `model`.

        Args:
            save_directory: made where it is missing.
            kwargs: of `SymbolicModel.save_pretrained`.
        """
        # Transformers would also write this module into the folder, as code that users of the
        # model must trust; it is in this package.
        self.scorer.save_pretrained(save_directory, **kwargs)

    def get_iterator(
        self,
        inputs: Any,
        num_workers: int,
        batch_size: int,
        preprocess_params: dict,
        forward_params: dict,
        postprocess_params: dict,
    ) -> PipelineIterator:
        # As in transformers, but that pieces are joined into lists.
        if hasattr(inputs, "__len__"):
            pieces = PipelineDataset(inputs, self.preprocess, preprocess_params)
        else:
            pieces = PipelineIterator(inputs, self.preprocess, preprocess_params)
            num_workers = min(num_workers, 1)  # each worker would go through all of a stream
        loader = DataLoader(
            pieces, batch_size=batch_size, num_workers=num_workers, collate_fn=_joined
        )
        outputs = PipelineIterator(loader, self.forward, forward_params, batch_size)
        return PipelineIterator(outputs, self.postprocess, postprocess_params)


def _joined(items: list[dict[str, list]]) -> dict[str, list]:
    return {name: [item[name][0] for item in items] for name in items[0]}
