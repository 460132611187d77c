"""What every way of training begins with: a new model for a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import PreTrainedConfig

from symbolic.configuration import KEY_FEATURES, SymbolicConfig
from symbolic.data.datasets.dataset import MASKED_VELOCITY, check_velocity
from symbolic.data.tokens.transposition import PITCH
from symbolic.encoders import ENCODERS, FeatureEnsemble
from symbolic.encoders.backbones import backbone_config
from symbolic.features import FEATURE_GROUPS, FEATURE_SETS, TONAL_NAMES
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, TASKS, VELOCITY, Task

if TYPE_CHECKING:
    from symbolic.data.tokens.vocabulary import TokenVocabulary
    from symbolic.tokenizers import Tokenizer


@dataclass
class ShapeArguments:
    """The shape of the model, and how much of a piece it sees."""

    pretrained: str = field(
        default="",
        metadata={
            "help": "folder or hub name of a model of the same tokens, for example as "
            "scripts/pretrain.py makes it: its encoder is taken, with its shape"
        },
    )
    backbone: str = field(
        default="bert", metadata={"help": "bert, gpt2, lstm, roformer, modernbert, llama"}
    )
    hidden_size: int = 96
    layers: int = 2
    heads: int = 4
    feedforward: int = field(default=0, metadata={"help": "0: three times the hidden size"})
    field_embedding_size: int = 32
    encoder: str = field(
        default="notes",
        metadata={"help": "notes, or features: of the whole piece alone, without the notes"},
    )
    expert_members: int = field(
        default=8, metadata={"help": "networks in the committee that hears all features"}
    )
    expert_size: int = field(default=64, metadata={"help": "hidden units of each of them"})
    expert_dropout: float = field(default=0.3, metadata={"help": "in the experts"})
    dropout: float = field(default=0.2, metadata={"help": "in the backbone"})
    attention_dropout: float = field(
        default=0.0, metadata={"help": "above 0 a step on a CPU takes three times as long"}
    )
    head_dropout: float = field(default=0.2, metadata={"help": "in the heads and of the features"})
    tasks: str = field(
        default="emotion,key,velocity",
        metadata={
            "help": "names, by commas, each with its weight if it is not to be the usual "
            "one: emotion,key=0.5"
        },
    )
    label_smoothing: float = 0.1
    temperature: float = field(
        default=1.0,
        metadata={"help": "of the quadrant's probabilities; scripts/evaluate.py prints the best"},
    )
    window: int = field(default=512, metadata={"help": "tokens in a window when scoring"})
    training_window: int = field(default=256, metadata={"help": "tokens in a window in training"})
    masked_score_time: float = field(
        default=0.3,
        metadata={"help": "share without bars and ticks, for tokens that have seconds"},
    )


def build_model(
    vocabulary: Tokenizer | TokenVocabulary,
    arguments: ShapeArguments,
    feature_names: Sequence[str] = (),
    tasks: Sequence[Task] | None = None,
) -> SymbolicModel:
    """A new model for a vocabulary, with random weights from torch's generator.

    Args:
        vocabulary: of the ids: a tokenizer, or what is saved of one in a token file.
        arguments: shape and tasks of the model.
        feature_names: features of the whole piece that it takes.
        tasks: its heads; those that the arguments name where None.

    Raises:
        ValueError: a task that is not in `TASKS`, velocity where the tokenizer does not tell
            which token stands for which note, or a pre-trained model of other tokens.
    """
    tasks = task_specs(arguments.tasks) if tasks is None else tasks
    if any(task.name == VELOCITY.name for task in tasks):
        check_velocity(vocabulary, MASKED_VELOCITY)
    if arguments.pretrained:
        return _build_on(arguments.pretrained, vocabulary, arguments, tasks, feature_names)
    config = _configuration(
        vocabulary,
        arguments,
        tasks,
        feature_names,
        encoder=arguments.encoder,
        backbone_config=new_backbone(arguments) if _inputs(arguments.encoder) == "notes" else None,
        field_embedding_size=arguments.field_embedding_size,
        window=arguments.window,
    )
    model = SymbolicModel(config)
    if model.config.inputs == "notes":
        share_pitch_classes(model, vocabulary)
    return model


def masked_velocity(model: SymbolicModel) -> float | None:
    """Share of the notes whose velocity is masked; None for a model that predicts no velocities."""
    return MASKED_VELOCITY if VELOCITY.name in model.heads else None


def new_backbone(arguments: ShapeArguments) -> PreTrainedConfig:
    """The configuration of the backbone of a model that begins from scratch.

    Raises:
        ValueError: a backbone that does not exist.
    """
    shape = replace(arguments, feedforward=arguments.feedforward or arguments.hidden_size * 3)
    return backbone_config(arguments.backbone, shape)


def _configuration(
    vocabulary: Tokenizer | TokenVocabulary,
    arguments: ShapeArguments,
    tasks: Sequence[Task],
    feature_names: Sequence[str],
    *,
    encoder: str,
    **shape: Any,
) -> SymbolicConfig:
    inputs = _inputs(encoder)
    by_ensemble = inputs == "features" and any(task.name == EMOTION.name for task in tasks)
    return SymbolicConfig(
        encoder=encoder,
        inputs=inputs,
        field_names=vocabulary.field_names,
        vocab_sizes=vocabulary.vocab_sizes,
        pad_ids=vocabulary.pad_ids,
        mask_ids=vocabulary.mask_ids,
        feature_names=feature_names,
        ensemble_features=ensemble_features(feature_names) if by_ensemble else None,
        ensemble_size=arguments.expert_members,
        ensemble_units=arguments.expert_size,
        ensemble_dropout=arguments.expert_dropout,
        tasks=tasks,
        head_dropout=arguments.head_dropout,
        label_smoothing=arguments.label_smoothing,
        temperatures={"emotion": arguments.temperature},
        # What stands for the tokenizer where ids were saved names its class.
        tokenizer_class=getattr(vocabulary, "tokenizer_class", type(vocabulary).__name__),
        **shape,
    )


def _inputs(encoder: str) -> str:
    """Return what an encoder takes, as `SymbolicConfig.inputs` names it.

    Raises:
        ValueError: an encoder that is not in `ENCODERS`.
    """
    if encoder not in ENCODERS:
        raise ValueError(f"unknown encoder {encoder!r}; known: {', '.join(ENCODERS)}")
    return ENCODERS[encoder].inputs


def _build_on(
    name: str,
    vocabulary: Tokenizer | TokenVocabulary,
    arguments: ShapeArguments,
    tasks: Sequence[Task],
    feature_names: Sequence[str],
) -> SymbolicModel:
    """A model with the encoder of another one, and heads that are new."""
    base = SymbolicModel.from_pretrained(name)
    if base.config.encoder != arguments.encoder:
        raise ValueError(f"{name}: has an encoder of {base.config.encoder}: say so, with --encoder")
    if list(base.config.vocab_sizes) != list(vocabulary.vocab_sizes):
        raise ValueError(f"{name}: pre-trained on other tokens than those of this tokenizer")
    config = _configuration(
        vocabulary,
        arguments,
        tasks,
        feature_names,
        encoder=base.config.encoder,
        backbone_config=base.config.backbone_config,
        field_embedding_size=base.config.field_embedding_size,
        window=base.config.window,
    )
    model = SymbolicModel(config)
    weights = base.encoder.state_dict()
    if base.config.feature_names != config.feature_names:
        weights = {key: value for key, value in weights.items() if "feature_" not in key}
    missing, unexpected = model.encoder.load_state_dict(weights, strict=False)
    if unexpected or any("feature_" not in key for key in missing):
        raise ValueError(f"{name}: its encoder is another one than its configuration says")
    return model


def task_specs(text: str) -> list[Task]:
    """The tasks that are named, by commas, each with `=` and its weight where that is another.

    Raises:
        ValueError: a task that is not in `TASKS`, or a weight that is no number.
    """
    specs = []
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in TASKS:
            raise ValueError(f"no task {name}; there are {', '.join(TASKS)}")
        try:
            specs.append(replace(TASKS[name], weight=float(weight)) if weight else TASKS[name])
        except ValueError as error:
            raise ValueError(f"task {name}: {weight!r} is no weight: {error}") from error
    return specs


def ensemble_features(names: Sequence[str]) -> dict[str, list[str]]:
    """Which of a model's features its experts hear, as `SymbolicConfig` takes them.

    Valence is heard in key, mode and harmony, arousal in rhythm and density: what means the same
    in performances and in scores, loud or soft. Whether a piece is familiar shows in how it is
    played.

    Raises:
        ValueError: features without any that one of them hears.
    """
    played = [n for g in ("dynamics", "articulation", "rhythm") for n in FEATURE_GROUPS[g]]
    heard = {
        "valence": FEATURE_SETS["harmonic"],
        "arousal": FEATURE_SETS["temporal"],
        "familiar": played,
    }
    chosen = {which: [name for name in names if name in of] for which, of in heard.items()}
    if empty := [which for which, columns in chosen.items() if not columns]:
        raise ValueError(f"experts need features for {', '.join(empty)}: take --features all")
    if set(TONAL_NAMES) & set(names):
        chosen["valence"] += KEY_FEATURES
    return chosen


def standardise_features(model: SymbolicModel, rows: np.ndarray) -> None:
    """Fit feature standardisation, and the familiarity limit of an ensemble, on training pieces.

    Args:
        model: changed in place.
        rows: (pieces, C) features of those trained on.
    """
    states = model.encoder.fit_features(torch.tensor(rows, dtype=torch.float64))
    for head in model.heads.values():
        if isinstance(head, FeatureEnsemble):
            head.fit(states)


def share_pitch_classes(model: SymbolicModel, vocabulary: Tokenizer | TokenVocabulary) -> None:
    """Start octaves alike: half of the variance of a pitch's embedding is that of its class.

    In every vocabulary that has tokens of pitches; what a trained tokenizer has made of several
    tokens is left alone.

    A few hundred pieces are too few to learn from scratch that pitches an octave apart are one
    note of the scale, which key and mode are about.
    """
    vocab = vocabulary.vocab
    for embedding, ids in zip(
        model.encoder.embeddings, [vocab] if isinstance(vocab, dict) else vocab, strict=True
    ):
        matches = [(PITCH.fullmatch(name), row) for name, row in ids.items()]
        pitches = [int(match[1]) for match, _ in matches if match]
        rows = [row for match, row in matches if match]
        if not rows:
            continue
        weight = embedding.weight.data
        classes = torch.randn(12, weight.shape[1]) * weight.std()
        shared = classes[[pitch % 12 for pitch in pitches]]
        weight[rows] = (weight[rows] + shared) / 2**0.5
