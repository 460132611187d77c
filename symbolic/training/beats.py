"""Training models of notes that predict boundaries of bars or beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.audio.beat_rows import BeatRow, read_beat_rows
from symbolic.audio.synthesis.rendering import is_music
from symbolic.configuration import SymbolicConfig
from symbolic.data import Corpus, TokenVocabulary
from symbolic.data.corpus import readable
from symbolic.data.datasets.beat_dataset import BeatDataset
from symbolic.data.datasets.beat_variations import BeatVariations
from symbolic.encoders.audio.blocks import scaled
from symbolic.encoders.beat_systems import BEAT_SYSTEMS, HEAD_DROPOUT, LENGTH, BeatSystem
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.notes.pool import apply_many, read_many
from symbolic.structure.detection import (
    Curve,
    boundaries_of,
    position_labels,
    unit_activations,
)
from symbolic.tasks import BOUNDARY, UNIT_BOUNDARY
from symbolic.tokenizers import Tokenizer, build_tokenizer
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments
from symbolic.training.audio_augmentation import AugmentArguments
from symbolic.training.build import ShapeArguments, new_backbone, share_pitch_classes
from symbolic.training.recordings import RecordingInputs

SEMITONES = 6  # transposition of each stretch, up and down
AUDIO_ONLY_OPTIONS = (
    *("seconds", "frame_rate", "front_inside", "pretrained", "norm", "label_smoothing"),
    *(change.name for change in fields(AugmentArguments)),
)


class BeatInputs(RecordingInputs):
    """Tokens and piano rolls of bars or beats.

    Raises:
        ValueError: a corpus without files of notes with marked parts, or an option of recordings.
    """

    noun = "pieces"

    def __init__(self, data: AudioDataArguments, arguments: AudioModelArguments) -> None:
        name = arguments.system
        if given := [option for option in AUDIO_ONLY_OPTIONS if getattr(arguments, option)]:
            raise ValueError(f"{', '.join(given)}: of recordings, and {name!r} reads notes")
        super().__init__(data, arguments)
        if not self.has_boundaries or not all(is_music(one.path) for one in self.corpus.pieces):
            raise ValueError(
                f"system {name!r} reads notes with marked parts, and {data.corpus} has none"
            )
        self.system = BEAT_SYSTEMS[name]
        tokens = self.system.backbone
        if not 0 <= arguments.variety <= 1:
            raise ValueError(f"variety {arguments.variety} is not between 0 and 1")
        if arguments.variety and (tokens or self.system.unit != "beat"):
            raise ValueError(f"variety: of beats without tokens, not of {name!r}")
        self.tokenizer = build_tokenizer(self.system.tokenizer) if tokens else None
        self.vocabulary = None if self.tokenizer is None else TokenVocabulary.of(self.tokenizer)

    def build(self) -> SymbolicModel:
        return build_beat_model(self.system, self.tokenizer, self.arguments)

    def read(self, model: SymbolicModel) -> tuple[Corpus, list[BeatRow], list[str]]:
        return beat_rows(self.corpus, self.system, self.tokenizer, self.data.workers)

    def times(self, model: SymbolicModel, example: BeatRow) -> np.ndarray:
        return example.edges[:-1]

    def dataset(self, model: SymbolicModel, chosen: np.ndarray, training: bool) -> BeatDataset:
        labels, system, variety = self.labels(model, chosen), self.system, self.arguments.variety
        variations = self._variations(chosen) if training and variety else None
        return BeatDataset(
            self.chosen(chosen)[1],
            [{BOUNDARY.name: targets[BOUNDARY.name]} for targets in labels],
            system.window,
            LENGTH,
            self.vocabulary,
            system.rolls,
            SEMITONES,
            variations,
            variety,
        )

    def _variations(self, chosen: np.ndarray) -> BeatVariations:
        pieces, _ = self.chosen(chosen)
        notes = []
        for found in read_many([piece.path for piece in pieces], self.data.workers):
            if isinstance(found, ReadError):  # was read a moment ago
                raise found
            notes.append(found)
        return BeatVariations(
            notes,
            [boundaries_of(piece) for piece in pieces],
            self.system.rolls,
            partial(position_labels, arguments=self.arguments),
        )

    def activations(self, model: SymbolicModel, examples: Sequence[Any]) -> list[Curve]:
        return unit_activations(model, examples)

    def save(self, folder: Path) -> None:
        if self.vocabulary is not None:  # the configuration describes all other inputs
            self.vocabulary.save_tokenizer(folder)


def beat_rows(
    corpus: Corpus,
    system: BeatSystem,
    tokenizer: Tokenizer | None,
    workers: int | None = None,
) -> tuple[Corpus, list[BeatRow], list[str]]:
    """Read the pieces of a corpus as inputs of a system.

    Returns:
        The corpus without the files that cannot be read, a row for each of the others, and
        sentences on what was left out.

    Raises:
        ReadError: no file can be read.
    """
    paths = [piece.path for piece in corpus.pieces]
    read = partial(read_beat_rows, system.unit, tokenizer, system.rolls)
    return readable(corpus, list(apply_many(read, paths, workers)))


def build_beat_model(
    system: BeatSystem, tokenizer: Tokenizer | None, arguments: AudioModelArguments
) -> SymbolicModel:
    """Build a model of a system, with random weights from torch's generator.

    Of the arguments, width, dropout in the head and peak picking are used.
    """
    given = arguments.head_dropout
    options = {
        "head_dropout": given if given >= 0 else HEAD_DROPOUT,
        "window": system.window,
        "metrical_unit": system.unit,
        "metrical_options": {
            "rolls": list(system.rolls),
            "size": scaled(system.size, arguments.width),
            "lags": system.lags,
        },
        "peaks": arguments.peaks,
    }
    if tokenizer is None:
        return SymbolicModel(SymbolicConfig(encoder="metrical", tasks=[BOUNDARY], **options))
    half = scaled(system.hidden_size // system.heads // 2, arguments.width)  # even, for rotations
    shape = ShapeArguments(
        backbone=system.backbone,
        hidden_size=system.heads * 2 * half,
        layers=system.layers,
        heads=system.heads,
        window=system.window,
    )
    config = SymbolicConfig(
        backbone_config=new_backbone(shape),
        field_names=tokenizer.field_names,
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        mask_ids=tokenizer.mask_ids,
        field_embedding_size=shape.field_embedding_size,
        tasks=[UNIT_BOUNDARY],
        tokenizer_class=type(tokenizer).__name__,
        **options,
    )
    model = SymbolicModel(config)
    share_pitch_classes(model, tokenizer)
    return model
