"""Models of notes and features for a vocabulary, before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import PreTrainedConfig

from symbolic.configuration import SymbolicConfig
from symbolic.data.datasets.dataset import MASKED_VELOCITY, check_velocity
from symbolic.data.tokens.transposition import PITCH
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.encoders import ENCODERS, FeatureEncoder, FeatureEnsemble
from symbolic.encoders.backbones import backbone_config
from symbolic.encoders.derived import derived_options
from symbolic.features import FEATURE_SETS, TONAL_NAMES
from symbolic.features.model_columns import KEY_FEATURES
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, TASKS, VELOCITY, Task
from symbolic.training.pretrained import (
    copy_encoder,
    load_pretrained,
    report_shape,
    set_dropout,
)
from symbolic.training.transfer import Labels, fit_ensemble

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer

RATE = "voice_rate_log"
KEY_CERTAINTY = "predicted_key_certainty"  # is no sign of valence


@dataclass
class ShapeArguments:
    """Shape of the model, and length of its input."""

    pretrained: str = field(
        default="",
        metadata={
            "help": "folder or hub name of a model of the same tokens, for example by symbolic "
            "pretrain, from which the encoder is taken with its shape"
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
    derived: bool = field(
        default=False,
        metadata={
            "help": "add inputs that follow from super-tokens: pitch class, octave, interval to "
            "the bass of the chord and of the one before"
        },
    )
    encoder: str = field(
        default="notes",
        metadata={
            "help": "notes; features: those of the whole piece, without the notes; or another name "
            "in symbolic.encoders.ENCODERS"
        },
    )
    expert_members: int = field(
        default=8, metadata={"help": "networks of the ensemble on all features"}
    )
    expert_size: int = field(default=64, metadata={"help": "hidden units of each of them"})
    expert_dropout: float = field(default=0.3, metadata={"help": "in the ensemble"})
    expert_share: float = field(
        default=0.7,
        metadata={"help": "weight of the ensemble for familiar music, beside the linear model"},
    )
    dropout: float = field(default=0.2, metadata={"help": "in the backbone"})
    attention_dropout: float = field(
        default=0.0, metadata={"help": "above 0 a step on a CPU takes three times as long"}
    )
    head_dropout: float = field(default=0.2, metadata={"help": "in the heads, and of the features"})
    tasks: str = field(
        default="emotion,key,velocity",
        metadata={
            "help": "names, by commas, each with a weight if it is not to be the default: "
            "emotion,key=0.5"
        },
    )
    label_smoothing: float = 0.1
    temperature: float = field(
        default=1.0,
        metadata={"help": "of the quadrant's probabilities; symbolic evaluate prints the best"},
    )
    window: int = field(default=512, metadata={"help": "tokens in a window when scoring"})
    training_window: int = field(default=256, metadata={"help": "tokens in a window in training"})
    masked_score_time: float = field(
        default=0.3,
        metadata={"help": "share of windows without bars and ticks, for tokens with seconds"},
    )
    masked_velocity: float = field(
        default=MASKED_VELOCITY,
        metadata={
            "help": "share of the notes whose velocity the task velocity masks; 1: as in a score"
        },
    )


def build_model(
    vocabulary: Tokenizer | TokenVocabulary,
    arguments: ShapeArguments,
    feature_names: Sequence[str] = (),
    tasks: Sequence[Task] | None = None,
    head_units: int | None = None,
) -> SymbolicModel:
    """Build a model for a vocabulary, with random weights from torch's generator.

    Args:
        vocabulary: of the ids: a tokenizer, or the vocabulary of a token file.
        arguments: shape and tasks of the model.
        feature_names: features of the whole piece in the input.
        tasks: of the heads; those of the arguments by default.
        head_units: of their hidden layer; the width of the encoder where None, no layer where 0.

    Raises:
        ValueError: a task that is not in `TASKS`, an encoder that is not in `ENCODERS`, a task of
            each note for a tokenizer whose tokens cannot be tied to notes, or a pre-trained model
            of another encoder or of other tokens.
    """
    tasks = task_specs(arguments.tasks) if tasks is None else tasks
    _check_note_tasks(vocabulary, tasks, arguments.masked_velocity)
    if arguments.encoder not in ENCODERS:
        raise ValueError(f"unknown encoder {arguments.encoder!r}; known: {', '.join(ENCODERS)}")
    base = load_pretrained(arguments, vocabulary) if arguments.pretrained else None
    if base is not None:
        report_shape(arguments, base.config)
    kind = ENCODERS[arguments.encoder]
    by_ensemble = issubclass(kind, FeatureEncoder) and EMOTION.name in {t.name for t in tasks}
    config = SymbolicConfig(
        encoder=arguments.encoder,
        inputs=kind.inputs,
        field_names=vocabulary.field_names,
        vocab_sizes=vocabulary.vocab_sizes,
        pad_ids=vocabulary.pad_ids,
        mask_ids=vocabulary.mask_ids,
        feature_names=feature_names,
        ensemble_features=ensemble_features(feature_names) if by_ensemble else None,
        ensemble_size=arguments.expert_members,
        ensemble_units=arguments.expert_size,
        ensemble_dropout=arguments.expert_dropout,
        ensemble_share=arguments.expert_share,
        ensemble_references=int(by_ensemble),
        tasks=tasks,
        head_dropout=arguments.head_dropout,
        head_units=head_units,
        masked_velocity=arguments.masked_velocity,
        label_smoothing=arguments.label_smoothing,
        temperatures={"emotion": arguments.temperature},
        # A vocabulary of a token file has the name of the tokenizer's class.
        tokenizer_class=getattr(vocabulary, "tokenizer_class", type(vocabulary).__name__),
        **encoder_settings(arguments, vocabulary, base and base.config),
    )
    model = SymbolicModel(config)
    if base is not None:
        copy_encoder(base, model, arguments.pretrained)
    elif kind.inputs == "notes":
        share_pitch_classes(model, vocabulary)
    return model


def _check_note_tasks(
    vocabulary: Tokenizer | TokenVocabulary, tasks: Sequence[Task], masked_velocity: float
) -> None:
    """Refuse tasks of each note whose labels would have no place among the tokens."""
    names = [task.name for task in tasks if task.level == "token" and task.label is not None]
    if VELOCITY.name in names:
        check_velocity(vocabulary, masked_velocity)
    for name in names:
        known = isinstance(vocabulary, TokenVocabulary)
        tokens = vocabulary if known else TokenVocabulary.of(vocabulary)
        if problem := tokens.note_problem(name):
            raise ValueError(problem)


def encoder_settings(
    arguments: ShapeArguments,
    vocabulary: Tokenizer | TokenVocabulary,
    base: SymbolicConfig | None = None,
) -> dict[str, Any]:
    """Collect the values of `SymbolicConfig` that determine the shape of an encoder.

    They are those of a pre-trained model, but for the dropout. Otherwise the method `settings` of
    the class in `ENCODERS` returns them for the arguments; an encoder of notes without it has a
    backbone.
    """
    if base is not None:
        names = ("field_embedding_size", "window", "backbone_config", "encoder_options")
        kept: dict[str, Any] = {name: getattr(base, name) for name in names}
        set_dropout(kept["backbone_config"], arguments)
        return kept
    kind = ENCODERS[arguments.encoder]
    values: dict[str, Any] = {
        "field_embedding_size": arguments.field_embedding_size,
        "window": arguments.window,
    }
    if hasattr(kind, "settings"):
        values |= kind.settings(arguments)
    elif kind.inputs == "notes":
        values["backbone_config"] = new_backbone(arguments)
        if arguments.derived:
            vocab = vocabulary.vocab
            options = derived_options(
                vocabulary.field_names, [vocab] if isinstance(vocab, dict) else vocab
            )
            values["encoder_options"] = {"derived": options}
    return values


def masked_velocity(model: SymbolicModel) -> float | None:
    """Share of the notes whose velocity is masked; None for a model that predicts no velocities."""
    return model.config.masked_velocity if VELOCITY.name in model.heads else None


def new_backbone(arguments: ShapeArguments) -> PreTrainedConfig:
    """Configure the backbone of a model that is trained from scratch.

    Raises:
        ValueError: a backbone that does not exist.
    """
    shape = replace(arguments, feedforward=arguments.feedforward or arguments.hidden_size * 3)
    return backbone_config(arguments.backbone, shape)


def task_specs(text: str) -> list[Task]:
    """Parse names of tasks, separated by commas, each with `=` and a weight if not the default.

    Raises:
        ValueError: a task that is not in `TASKS`, or a weight that is not a number.
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
    """Choose the features of the parts of a `FeatureEnsemble`, as `SymbolicConfig` takes them.

    Valence is predicted from key, mode and harmony, arousal from rates and register: features that
    mean the same in several corpora. Familiarity is measured on features of playing.

    Raises:
        ValueError: no feature for one of the parts.
    """
    arousal = list(FEATURE_SETS["transfer_arousal"])
    if RATE not in names:  # without the set `voices`
        arousal.append("onsets_per_second_log")
    columns = {
        "valence": FEATURE_SETS["transfer_valence"],
        "arousal": arousal,
        "familiar": FEATURE_SETS["transfer_familiar"],
    }
    chosen = {part: [name for name in names if name in of] for part, of in columns.items()}
    if empty := [part for part, found in chosen.items() if not found]:
        raise ValueError(f"the ensemble needs features for {', '.join(empty)}: --features all")
    if set(TONAL_NAMES) & set(names):
        chosen["valence"] += [name for name in KEY_FEATURES if name != KEY_CERTAINTY]
    return chosen


def standardise_features(model: SymbolicModel, rows: np.ndarray) -> None:
    """Fit feature standardisation to the (n, C) features of the training pieces."""
    if not hasattr(model.encoder, "fit_features"):
        kind = model.config.encoder
        raise ValueError(f"encoder {kind!r} takes no features of the piece: --features none")
    model.encoder.fit_features(torch.tensor(rows, dtype=torch.float64))


@torch.no_grad()
def fit_transfer(model: SymbolicModel, rows: np.ndarray, labels: Labels) -> None:
    """Fit the parts of an ensemble that are computed: before the training, and anew after it.

    Args:
        model: of features; others stay as they are.
        rows: (n, C) features of the training pieces, some perhaps several times.
        labels: of the pieces.
    """
    heads = [head for head in model.heads.values() if isinstance(head, FeatureEnsemble)]
    if not heads:
        return
    once = np.sort(np.unique(rows, axis=0, return_index=True)[1])
    mode = model.training
    inputs = torch.tensor(rows[once], dtype=torch.float32, device=model.device)
    hidden, _ = model.eval().encoder(inputs)
    model.train(mode)
    for head in heads:
        fit_ensemble(head, hidden[:, 0], labels.select(once))
        model.config.ensemble_references = len(head.references)


def share_pitch_classes(model: SymbolicModel, vocabulary: Tokenizer | TokenVocabulary) -> None:
    """Initialise pitch embeddings so that octaves share half of their variance.

    A few hundred pieces are too few to learn from scratch that pitches an octave apart are the same
    note of the scale, on which key and mode depend. An encoder without `embeddings`, one for each
    sub-token, stays as it is. Only tokens of single pitches are changed, not those that a trained
    tokenizer has merged.
    """
    if not hasattr(model.encoder, "embeddings"):
        return
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
