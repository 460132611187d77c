"""Any saved model, loaded as what uses it, and the shortest way to a table of scores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from symbolic.inference.feature_model import load_feature_model
from symbolic.scoring.emotion import EmotionScorer, scorer_of
from symbolic.tasks import BOUNDARY

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from symbolic.scoring.base import Scorer
    from symbolic.scoring.explanations import Explanations
    from symbolic.structure.segmenter import Segmenter


def load(
    name: str | os.PathLike | None = None,
    *,
    device: str | torch.device = "cpu",
    **kwargs: Any,
) -> Scorer | Segmenter:
    """Load a model as the object that uses it.

    Args:
        name: a folder or a hub name; None is the model inside the package, without network.
        device: where the model runs.
        kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

    Returns:
        For a model of boundaries a `Segmenter`; otherwise a scorer, with `score` and `embed`: an
        `EmotionScorer`, a `NoteScorer` of other tasks of notes, or an `AudioScorer`.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of another type, or without a task that can be used; a device that
            cannot be used.

    Example:
        >>> import symbolic
        >>> vectors = symbolic.load().embed("folder/")
    """
    if name is not None and load_feature_model(name, device, **kwargs) is None:
        from symbolic.inference.weights import load_config  # loads PyTorch

        config = load_config(name, **kwargs)
        if any(task.name == BOUNDARY.name for task in config.task_specs):
            from symbolic.structure.segmenter import Segmenter

            return Segmenter.from_pretrained(name, device=str(device), **kwargs)
    return scorer_of(name, device=device, **kwargs)


def explain(
    sources: Any,
    model: str | os.PathLike | None = None,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> Explanations:
    """Load a model of features and explain its predictions of emotion.

    Args:
        sources: one or several: paths of files, folders or archives, bytes, or objects, as of
            `symbolic.scoring.base.Scorer.score`.
        model: a folder or a hub name; None is the model inside the package, without network.
        workers: processes that read files; None is one for each core, 0 reads in this process.
        progress: whether to show a progress bar on stderr.

    Returns:
        An `Explanation` of each piece, as of `EmotionScorer.explain`; as text a line for each.

    Raises:
        OSError: nothing to load under that name.
        TypeError: neither a source nor several of them.
        ValueError: a model of more than features, or that does not predict emotion.

    Example:
        >>> import symbolic
        >>> print(symbolic.explain("song.mid"))
    """
    scorer = scorer_of(model)
    if not isinstance(scorer, EmotionScorer):
        raise ValueError("reasons need a model of features that predicts emotion")
    return scorer.explain(sources, workers=workers, progress=progress)


def score(
    sources: Any,
    model: str | os.PathLike | None = None,
    *,
    device: str | torch.device = "cpu",
    workers: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Load a model and score sources, one row each; `load(model).score` has more options.

    Args:
        sources: one or several: paths of files, folders or archives, bytes, or objects, as of
            `symbolic.scoring.base.Scorer.score`.
        model: a folder or a hub name; None is the model inside the package, without network.
        device: where it runs.
        workers: processes that read files; None is one for each core, 0 reads in this process.
        progress: whether to show a progress bar on stderr.

    Returns:
        The table of `Scorer.score`. A file that cannot be read has its row, with the reason in the
        column `error`.

    Raises:
        OSError: nothing to load under that name.
        TypeError: neither a source nor several of them.
        ValueError: a model of another type, or without a task for whole pieces; a device that
            cannot be used.

    Example:
        >>> import symbolic
        >>> table = symbolic.score("song.mid")
    """
    scorer = scorer_of(model, device=device)
    return scorer.score(sources, workers=workers, progress=progress)
