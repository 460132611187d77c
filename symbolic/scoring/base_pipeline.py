"""What the pipelines of this package share: pieces in, labels and scores out, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import DataLoader
from transformers.pipelines import Pipeline
from transformers.pipelines.pt_utils import PipelineDataset, PipelineIterator

from symbolic.tasks import Task

Answer = list[dict[str, str | float]]


class PiecePipeline(Pipeline):
    """Answers of sequence-level tasks, as text and audio classification give them.

    A subclass says what is a source, prepares it in `preprocess` as lists of one value by name, and
    answers lists of these in `_forward`: pieces have as many windows as they have, so that there
    is no padding of whole pieces.
    """

    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False
    _load_tokenizer = False

    task_name = ""

    def is_source(self, inputs: object) -> bool:
        """Whether something is one piece, not several."""
        raise NotImplementedError

    @property
    def answers(self) -> list[Task]:
        """The tasks that can be asked, the one that is answered by default first."""
        return [task for task in self.model.tasks if task.level == "sequence"]

    def __call__(self, inputs: Any, **kwargs: Any) -> Answer | list[Answer] | Iterator[Answer]:
        if not self.is_source(inputs):
            if isinstance(inputs, tuple):
                inputs = list(inputs)
            elif isinstance(inputs, Iterator):
                inputs = (source for source in inputs)  # transformers streams generators only
            if isinstance(inputs, list) and not inputs:
                return []
        return super().__call__(inputs, **kwargs)

    def _sanitize_parameters(self, **options: Any) -> tuple[dict, dict, dict]:
        if unknown := options.keys() - {"top_k", "answer"}:
            raise TypeError(f"{self.task_name} has no option {', '.join(sorted(unknown))}")
        top_k, answer = options.get("top_k"), options.get("answer")
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k {top_k!r} is not 1 or more, or None for all")
        names = [task.name for task in self.answers]
        if answer is not None and answer not in names:
            raise ValueError(f"no answer {answer!r}; there are {', '.join(names)}")
        return {}, {}, options

    def scores(self, task: Task, answers: dict[str, np.ndarray]) -> np.ndarray:
        """(K,) what is answered of one piece."""
        return answers[task.name][0]

    def postprocess(
        self, answers: dict[str, np.ndarray], top_k: int | None = None, answer: str | None = None
    ) -> Answer:
        task = next(task for task in self.answers if answer in (None, task.name))
        scores = self.scores(task, answers)
        order = range(len(scores))
        if task.kind != "regression":
            order = np.argsort(-scores, kind="stable")[:top_k]
        return [{"label": task.labels[i], "score": float(scores[i])} for i in order]

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
        answers = PipelineIterator(loader, self.forward, forward_params, batch_size)
        return PipelineIterator(answers, self.postprocess, postprocess_params)


def _joined(items: list[dict[str, list]]) -> dict[str, list]:
    return {name: [item[name][0] for item in items] for name in items[0]}
