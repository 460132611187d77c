"""Keys over time of files: `symbolic.local_keys`, and the columns of `symbolic score --keys`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from symbolic.inference.key_windows import KeyNetwork
from symbolic.inference.predictor import Predictor
from symbolic.notes.signatures import written_keys
from symbolic.notes.table import ReadError
from symbolic.scoring.emotion import scorer_of
from symbolic.scoring.keys.timelines import KeyTimeline, KeyTimelines, keys_over_time
from symbolic.scoring.notes import NotePreparation, NoteScorer

if TYPE_CHECKING:
    from symbolic.notes.read import Source


@dataclass(frozen=True)
class KeyReader:
    """Reading of sources and their keys over time, in a worker.

    Attributes:
        network: of keys.
        preparation: of the model.
    """

    network: KeyNetwork
    preparation: NotePreparation

    def __call__(self, sources: Sequence[Source]) -> list[KeyTimeline]:
        """Find the keys of sources, without their paths.

        Raises:
            ReadError: a source that cannot be read.
        """
        return [
            KeyTimeline(
                keys=keys_over_time(self.network, self.preparation.emitted(source)),
                written=tuple(written_keys(source)),
            )
            for source in sources
        ]


def key_network(predictor: Predictor) -> KeyNetwork | None:
    """Return the network of keys of a model; None if it has none."""
    model = predictor.in_numpy()
    if model is None or getattr(model.net.encoder, "tonic", None) is None:
        return None
    return KeyNetwork.of(model)


def key_reader(predictor: Predictor, preparation: NotePreparation) -> KeyReader:
    """Make what finds the keys of sources by a model.

    Raises:
        ValueError: a model without a network of keys.
    """
    network = key_network(predictor)
    if network is None:
        raise ValueError(
            "keys over time need a model of features (--encoder features) with a network of keys, "
            "as the default model is"
        )
    return KeyReader(network, preparation)


def local_keys(
    sources: Any,
    model: str | os.PathLike | None = None,
    *,
    recursive: bool = True,
    workers: int | None = None,
    progress: bool = False,
    **limits: Any,
) -> KeyTimelines:
    """Find the keys of pieces over time.

    Args:
        sources: one or several: paths of files, folders or archives, bytes, or objects, as of
            `symbolic.scoring.base.Scorer.score`.
        model: a folder or a hub name of a model of features with a network of keys; None is the
            model inside the package, without network.
        recursive: whether folders are searched recursively.
        workers: processes that read files; None is one for each core, 0 reads in this process.
        progress: whether to show a progress bar on stderr.
        limits: `timeout` and `memory`, as of `Scorer.score`.

    Returns:
        A `KeyTimeline` of each piece, with `keys`: (key, start, end, confidence) each, seconds; as
        text a line for each. A file that cannot be read has one with the reason in `error`.

    Raises:
        OSError: nothing to load under that name.
        TypeError: neither a source nor several of them.
        ValueError: a model without a network of keys.

    Example:
        >>> import symbolic
        >>> print(symbolic.local_keys("song.mid"))
        >>> table = symbolic.local_keys("folder/").to_frame()
    """
    scorer = scorer_of(model)
    if not isinstance(scorer, NoteScorer):
        raise ValueError("keys over time need a model of notes")
    read = key_reader(scorer.predictor, scorer.preprocess)
    found = scorer.map_sources(
        read, _with_errors, sources, recursive, progress, workers=workers, **limits
    )
    return KeyTimelines(replace(one, path=name) for name, one in found)


def _with_errors(found: list[KeyTimeline | ReadError]) -> list[KeyTimeline]:
    return [KeyTimeline(error=one.reason) if isinstance(one, ReadError) else one for one in found]
