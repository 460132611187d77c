"""Emotion as a pipeline of transformers: `pipeline("music-emotion")`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from transformers.pipelines import PIPELINE_REGISTRY

from symbolic.inference.prediction import predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.notes.read import kind_of
from symbolic.notes.sources import display_name
from symbolic.scoring.emotion import DEFAULT_MODEL, EmotionScorer
from symbolic.scoring.notes import PieceInputs, feature_matrix, load_model, sequences
from symbolic.scoring.pipelines.base import Labels, PiecePipeline
from symbolic.tasks import EMOTION, VALENCE_AROUSAL, Task, valence_arousal
from symbolic.tokenizers import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from symbolic.notes.read import Source

TASK = "music-emotion"
WINDOWS_PER_BATCH = 32  # in one forward pass, if the pieces of a batch have that many


class MusicEmotionPipeline(PiecePipeline):
    """Emotion of MIDI and MusicXML, in the format of text and audio classification.

    The probabilities are those of `EmotionScorer`, which gives rows of a table where this raises:
    use it for corpora, whose files it reads in processes of their own.

    Args:
        model: with at least an emotion task.
        tokenizer: the one the model was trained with, or where it was saved. For a model that is
            given by name `transformers.pipeline` loads it; a model object needs it.
        kwargs: of `transformers.Pipeline`, and `top_k` as in a call.

    Raises:
        ValueError: a model of another kind or without an emotion task, or another tokenizer's.

    Example:
        >>> import symbolic
        >>> from transformers import pipeline
        >>> classify = pipeline("music-emotion")
        >>> classify("song.mid", top_k=1)
    """

    task_name = TASK

    def __init__(
        self,
        model: SymbolicModel,
        tokenizer: Tokenizer | str | os.PathLike | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(model, SymbolicModel):
            raise ValueError(f"{TASK} needs a SymbolicModel, not a {type(model).__name__}")
        if tokenizer is None:
            tokenizer = getattr(model, "music_tokenizer", None)
        if tokenizer is None:
            raise ValueError("a model object needs its tokenizer beside it: tokenizer=...")
        if isinstance(tokenizer, str | os.PathLike):
            tokenizer = load_tokenizer(model.config.tokenizer_class, tokenizer)
        super().__init__(EmotionScorer(model, tokenizer), tokenizer=cast(Any, tokenizer), **kwargs)

    def __call__(
        self, inputs: Source | Iterable[Source], **kwargs: Any
    ) -> Labels | list[Labels] | Iterator[Labels]:
        """Labels and scores of one piece, or of each of several.

        Args:
            inputs: anything that `read_notes` takes (a path is a file, not a folder), a list or
                tuple of them, or a generator or data set, read one by one as it is read.
            kwargs: `top_k`, the number of labels (all by default); `task`: `emotion` (quadrants,
                the default), another task of the model on sequence level such as `key`, or
                `valence_arousal`, which follows from the quadrants; `batch_size`, pieces that go
                through the model together; `num_workers`, processes that read files.

        Returns:
            For a piece a list of `{"label": str, "score": float}`: probabilities, largest first.
            For real values (valence and arousal, each in [-1, 1]) in the order of their labels,
            whatever `top_k` is. For several pieces, one such list for each.

        Raises:
            ReadError: a piece that cannot be read, or without a token; the
                message names the file.
            TypeError: a source or an option of another kind.
            ValueError: a `task` that the model does not have, or a `top_k` below 1.
        """
        return super().__call__(inputs, **kwargs)

    def is_source(self, inputs: object) -> bool:
        return kind_of(inputs) is not None

    @property
    def tasks(self) -> list[Task]:
        tasks = {task.name: task for task in super().tasks}
        return list(
            {EMOTION.name: EMOTION, **tasks, VALENCE_AROUSAL.name: VALENCE_AROUSAL}.values()
        )

    def scores(self, task: Task, predictions: dict[str, np.ndarray]) -> np.ndarray:
        if task is VALENCE_AROUSAL:
            return valence_arousal(predictions[EMOTION.name][0])
        return super().scores(task, predictions)

    def preprocess(self, input_: Source) -> dict[str, list[PieceInputs]]:
        try:
            return {"pieces": self.scorer.preprocess([input_])}
        except ReadError as error:  # the tokenizer does not know the name of the file
            raise ReadError(error.reason, display_name(input_)) from error

    def _forward(self, input_tensors: dict[str, list[PieceInputs]]) -> dict[str, np.ndarray]:
        pieces = input_tensors["pieces"]
        together = max(WINDOWS_PER_BATCH, len(pieces))
        rows = feature_matrix(pieces)
        return predict_ids(self.scorer.model, sequences(pieces), rows, together)


class ModelWithTokenizer:
    """The class with which `transformers.pipeline` loads a model by name.

    A pipeline gets neither revision nor token, so the tokenizer is loaded where both are known.
    """

    @classmethod
    def from_pretrained(cls, name: str, _from_pipeline: str | None = None, **kwargs: Any):
        """Load a model with its tokenizer in the attribute `music_tokenizer`; see `load_model`."""
        model, tokenizer = load_model(name, **kwargs)
        object.__setattr__(model, "music_tokenizer", tokenizer)  # no submodule
        return model


def _names_no_default(record: logging.LogRecord) -> bool:
    """Whether a message is not the warning that `pipeline` took the model of this package."""
    return f"No model was supplied, defaulted to {DEFAULT_MODEL} " not in record.getMessage()


# The model comes with this version of the package: there is no other that one could name.
logging.getLogger("transformers.pipelines").addFilter(_names_no_default)

PIPELINE_REGISTRY.register_pipeline(
    TASK,
    pipeline_class=MusicEmotionPipeline,
    pt_model=ModelWithTokenizer,
    default={"model": (str(DEFAULT_MODEL), "main")},
    type="multimodal",
)
