"""Emotion, key and dynamics of pieces: files in, one row per file out; any saved scorer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from symbolic.inference.feature_model import FeatureModel, load_feature_model
from symbolic.inference.predictor import Predictor
from symbolic.inference.reasons import explainable
from symbolic.notes.table import ReadError
from symbolic.packaged import WEIGHTS
from symbolic.scoring.base import Row, Scorer, with_errors
from symbolic.scoring.columns import PREDICTED, SCORES
from symbolic.scoring.explanations import Explanation, Explanations, explanations
from symbolic.scoring.notes import (
    NoteInputs,
    NoteScorer,
    PieceInputs,
    feature_matrix,
    sequences,
)
from symbolic.scoring.notes import load_model as load_model  # its old place: symbolic.renamed
from symbolic.tasks import EMOTION, QUADRANTS, valence_arousal

if TYPE_CHECKING:
    import torch

    from symbolic.modeling import SymbolicModel
    from symbolic.tokenizers import Tokenizer

DEFAULT_MODEL = WEIGHTS
COLUMNS = tuple(SCORES)


class EmotionScorer(NoteScorer):
    """Emotion, key and dynamics of pieces, one row for each.

    Args:
        model: with at least an emotion task.
        tokenizer: the one the model was trained with.

    Raises:
        ValueError: a model without an emotion task, or of other sub-tokens than the tokenizer's.

    Example:
        >>> scorer = EmotionScorer.from_pretrained()
        >>> table = scorer.score(["song.mid", "folder/"])
        >>> vectors = scorer.embed("folder/")
    """

    def __init__(
        self, model: SymbolicModel | FeatureModel, tokenizer: Tokenizer | None = None
    ) -> None:
        names = [task.name for task in model.tasks]
        if EMOTION.name not in names:
            raise ValueError(
                f"the model has no emotion task, but {', '.join(names)}: "
                "symbolic.load(name).score(files) gives a table of these"
            )
        super().__init__(model, tokenizer)

    @classmethod
    def from_pretrained(
        cls,
        name: str | os.PathLike | None = None,
        *,
        device: str | torch.device = "cpu",
        **kwargs: Any,
    ) -> Self:
        """Load a model and its tokenizer.

        Args:
            name: a folder or a hub name; None is the model inside the package, without network.
            device: where the model runs.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

        Raises:
            OSError: nothing to load under that name.
            ValueError: a model of another type, or that cannot score emotion.
        """
        name = DEFAULT_MODEL if name is None else name
        return super().from_pretrained(name, device=device, **kwargs)

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the table.

        `path quadrant confidence q1 q2 q3 q4 valence arousal valence_strength arousal_strength
        familiarity key key_confidence mean_velocity notes seconds error`. q1..q4 sum to 1 and
        confidence is the largest of them; valence and arousal, in [-1, 1], follow from them and
        say how sure a half of the plane is; `valence_strength` and `arousal_strength` say how
        strong it is: log odds, without bounds, of a linear model that is also fitted to the order
        of rated performances, by which pieces, or performances of the same notes, can be ordered;
        `familiarity` is 0 where dynamics, articulation and
        rhythm are unlike those of the training music, else up to 1, which music of other styles
        and instruments mostly has, too; these three are missing for a model without such measures,
        which only the encoder `features` has (docs/training.md);
        `mean_velocity` (1..127) is missing where the piece has no dynamics; `notes` counts
        what was scored, the notes that the tokenizer emits (no drums, and no duplicates for the
        default model), and so fewer than `len(read_notes(path))` where there are others.
        """
        return SCORES

    def rows_of(self, prepared: Sequence[PieceInputs], batch_size: int) -> list[Row]:
        rows, predictions = emotion_rows(self.predictor, prepared, batch_size)
        for row, piece in zip(rows, prepared, strict=True):
            row["mean_velocity"] = piece.mean_velocity
            row["notes"] = piece.notes
            row["seconds"] = piece.seconds
            row["error"] = ""
        if "key" in predictions:
            names = next(task.labels for task in self.tasks if task.name == "key")
            for row, key in zip(rows, predictions["key"], strict=True):
                row["key"], row["key_confidence"] = names[key.argmax()], key.max()
        return rows

    def explain(
        self,
        sources: Any,
        *,
        recursive: bool = True,
        workers: int | None = None,
        progress: bool = False,
        **limits: Any,
    ) -> Explanations:
        """Explain the predicted emotion of pieces by what groups of features contribute.

        Args:
            sources, recursive, workers, progress: as of `score`.
            limits: `timeout` and `memory`, as of `score`.

        Returns:
            An `Explanation` of each piece, in the order of `score`; as text a line for each. A file
            that cannot be read has one with the reason in `error`.

        Raises:
            ValueError: a model that takes more than features.

        Example:
            >>> found = scorer.explain("song.mid")
            >>> print(found)
            >>> table = found.to_frame()
        """
        explainable(self.predictor)
        found = self.map_sources(
            self.preprocess,
            self.explain_prepared,
            sources,
            recursive,
            progress,
            workers=workers,
            **limits,
        )
        return Explanations(replace(one, path=name) for name, one in found)

    def explain_prepared(self, prepared: Sequence[PieceInputs | ReadError]) -> list[Explanation]:
        """Explain the predictions of prepared sources, without paths; errors as of `explain`."""
        model = explainable(self.predictor)

        def explain(pieces: list[PieceInputs]) -> list[Explanation]:
            return explanations(model, np.array([piece.features for piece in pieces]))

        return [
            Explanation(error=one.reason) if isinstance(one, ReadError) else one
            for one in with_errors(explain, prepared)
        ]


def emotion_rows(
    predictor: Predictor, pieces: Sequence[NoteInputs], batch_size: int
) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Predict the columns `PREDICTED` of each piece.

    Args:
        predictor: of a model with an emotion task.
        pieces: at least one, each a piece or a window of one.
        batch_size: windows in one forward pass.

    Returns:
        A row for each piece, and the predictions of all tasks as of `predict_ids`.
    """
    matrix = feature_matrix(pieces)
    predictions, measures = predictor.predict_measured(sequences(pieces), matrix, batch_size)
    emotion = predictions["emotion"]
    strengths, familiar = np.full((len(emotion), 2), np.nan), np.full(len(emotion), np.nan)
    if measures is not None:
        strengths, familiar = measures.strengths, measures.familiarity
    numbers = [emotion.max(axis=1), emotion, valence_arousal(emotion), strengths, familiar]
    rows: list[Row] = []
    likely = emotion.argmax(axis=1).tolist()
    for quadrant, values in zip(likely, np.column_stack(numbers).tolist(), strict=True):
        rows.append(dict(zip(PREDICTED, (QUADRANTS[quadrant], *values), strict=True)))
    return rows, predictions


def scorer_of(
    name: str | os.PathLike | None = None,
    *,
    device: str | torch.device = "cpu",
    **kwargs: Any,
) -> Scorer:
    """Load a model as the scorer that fits its inputs and tasks.

    Args:
        name: a folder or a hub name; None is the model inside the package.
        device: where it runs.
        kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

    Returns:
        An `AudioScorer` of a model of recordings, an `EmotionScorer` of a model of notes with an
        emotion task, a `NoteScorer` of any other model of notes.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of another type, or one without a task for whole pieces.
    """
    name = DEFAULT_MODEL if name is None else name
    light = load_feature_model(name, device, **kwargs)
    if light is not None:
        emotion = any(task.name == EMOTION.name for task in light.tasks)
        return EmotionScorer(light) if emotion else NoteScorer(light)
    from symbolic.inference.weights import load_config  # loads PyTorch

    config = load_config(name, **kwargs)
    if config.inputs == "audio":
        from symbolic.scoring.audio import AudioScorer  # its libraries are slow to import

        return AudioScorer.from_pretrained(name, device=device, **kwargs)
    if any(task.name == EMOTION.name for task in config.task_specs):
        return EmotionScorer.from_pretrained(name, device=device, **kwargs)
    return NoteScorer.from_pretrained(name, device=device, **kwargs)


def load_scorer(name: str | None, device: str = "cpu") -> Scorer:
    """Load the scorer of a model of notes or of recordings.

    Args:
        name: a folder or a hub name; None is the model inside the package.
        device: where it runs.

    Raises:
        ValueError: a device that cannot be used, or a model that cannot be loaded, for whatever
            reason; in one line.
    """
    if device != "cpu":
        from symbolic.inference.weights import check_device  # loads PyTorch

        check_device(device)
    try:
        return scorer_of(name, device=device)
    except Exception as error:  # safetensors, transformers and the hub raise of many kinds
        reason = " ".join(str(error).split())
        raise ValueError(f"model {name!r} cannot be loaded: {reason}") from error
