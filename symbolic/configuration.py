"""Configuration of models, as `config.json` stores it: encoder, input, tasks and heads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transformers import AutoConfig, AutoFeatureExtractor, BertConfig, PreTrainedConfig

from symbolic.audio.extractor import SymbolicFeatureExtractor
from symbolic.audio.front_end import FrontEnd
from symbolic.features.model_columns import columns_digest, model_columns, role_text
from symbolic.features.sets import column_text
from symbolic.notes.beats import METRICAL_UNITS
from symbolic.renamed import renamed_keys
from symbolic.tasks import EMOTION, KEY, VELOCITY, Task

RENAMED = {
    "front": "front_end",
    "front_inside": "front_end_in_model",
    "expert_features": "ensemble_features",
    "expert_members": "ensemble_size",
    "expert_size": "ensemble_units",
    "expert_dropout": "ensemble_dropout",
    "unit": "metrical_unit",
    "unit_options": "metrical_options",
    "answer": "output",
    "pictures": "rolls",
}
"""Keys of version 0.1.0, also of options, and the keys of today."""

RENAMED_VALUES = {
    "units": "metrical",
    "picture": "global",
}
"""The same for values: encoders and norms of the input."""


class LSTMConfig(PreTrainedConfig):
    """Configuration of a recurrent backbone: see `symbolic.encoders.lstm`.

    Args:
        hidden_size: width of the hidden states, half of it for each direction.
        num_hidden_layers: stacked LSTM layers.
        hidden_dropout_prob: dropout between layers.
    """

    model_type = "symbolic_lstm"

    def __init__(
        self,
        hidden_size: int = 192,
        num_hidden_layers: int = 2,
        hidden_dropout_prob: float = 0.1,
        **kwargs,
    ) -> None:
        if hidden_size % 2:
            raise ValueError(f"hidden_size {hidden_size} is odd; each direction has half of it")
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.hidden_dropout_prob = hidden_dropout_prob
        super().__init__(**kwargs)


def _accepts_old_keys(init: Callable[..., None]) -> Callable[..., None]:
    """Let an `__init__` take keywords of version 0.1.0, with a warning.

    Raises:
        ValueError: an ensemble of metrical encoders, which 0.1.0 had; an old keyword and its new
            name.
    """

    @functools.wraps(init)
    def translated(self, *args, **kwargs) -> None:
        if kwargs.pop("unit_members", 1) != 1:
            raise ValueError(
                "unit_members: ensembles of metrical encoders (system beat_committee) were "
                "removed after version 0.1.0; train the system beat_pictures instead"
            )
        values = _translated(kwargs)
        for name in ("encoder_options", "metrical_options"):
            if name in values:
                values[name] = _translated(values[name] or {})
        init(self, *args, **values)

    return translated


def _translated(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace keys of `RENAMED`, and names of encoders and norms of `RENAMED_VALUES`."""
    return {
        name: RENAMED_VALUES.get(value, value) if name in ("encoder", "norm") else value
        for name, value in renamed_keys(values, RENAMED).items()
    }


class SymbolicConfig(PreTrainedConfig):
    """Configuration of a `SymbolicModel`.

    `id2label`, `label2id` and `num_labels` are those of the first task that classifies a whole
    piece, so that general tools show its labels.

    Args:
        encoder: name in `symbolic.encoders.ENCODERS`: `notes`, `features` of the whole piece,
            `metrical`, piano rolls of bars or beats, or an audio encoder.
        backbone_config: configuration of the transformers encoder or decoder that the encoder of
            notes feeds with `inputs_embeds`, or its dictionary; a small BERT by default. The
            encoder `ast` needs an `ASTConfig`.
        front_end: front end of an audio encoder, a `symbolic.audio.FrontEnd` or its dictionary;
            None for other encoders.
        front_end_in_model: whether the model takes samples and computes the front end itself, on
            its own device.
        encoder_options: options of an audio encoder; each class documents its own.
        inputs: what the model takes: `notes`, tokens of notes; `features` of the whole piece;
            `audio`, the frames or samples of the front end; or `beats`, tokens or piano rolls of
            bars or beats. Derived from the other arguments where None.
        field_names: names of the sub-tokens, in the order of the columns of `input_ids`; a single
            one for flat ids.
        vocab_sizes: vocabulary size of each sub-token.
        pad_ids, mask_ids: padding and mask id of each sub-token; `mask_ids` is empty for a
            tokenizer without MASK.
        feature_names: columns of `symbolic.features` that the encoder of features takes, or that
            are added to the hidden states of the encoder of notes; none by default.
        features: the same as text of `symbolic.features.named_columns`, `all,tonal` for example.
            `config.json` stores this text where it gives the columns.
        features_digest: digest of the columns that `features` and `ensemble_features` stand for,
            which is checked when a configuration is loaded.
        ensemble_features: for the encoder of features, names among `feature_names` or in
            `KEY_FEATURES`: the columns of the linear models of `valence` and `arousal`, and the
            columns by which a piece is `familiar`, which is to say in-distribution; or the text of
            feature sets in place of names. With them the emotion task has a
            `symbolic.encoders.FeatureEnsemble` as its head.
        ensemble_size: networks in the ensemble.
        ensemble_units: hidden units of each of them.
        ensemble_dropout: dropout of their input and of their hidden units.
        ensemble_share: weight of the networks for familiar pieces; the linear model has the rest.
        ensemble_references: number of training pieces that others are compared with; 0 for models
            of former versions, which have the covariance of the training pieces.
        field_embedding_size: width of the embedding of each sub-token.
        tasks: the heads, as `Task` or their dictionaries.
        head_dropout: dropout in the heads.
        head_units: units of their hidden layer; the encoder's width where None, no layer where 0.
        masked_velocity: share of the notes whose velocity is masked, in training and when the
            task velocity is evaluated, where the tokens contain velocities.
        label_smoothing: of the losses of `single` tasks on sequence level.
        class_weights: by name of a `single` task, weights of its classes in the loss; 1 for tasks
            that are not named.
        window: length of a window in tokens; for audio encoders in samples or frames.
        metrical_unit: `bar` or `beat` for the encoder `metrical` and for tasks with pooled tokens;
            empty for other models.
        metrical_options: arguments of `symbolic.encoders.metrical.MetricalContext`.
        chunks: number of evenly spaced windows of a recording whose predictions are averaged; as
            many as cover it where None.
        temperatures: by task name, the divisor of the logits before the softmax (Guo 2017); 1 for
            tasks that are not named. The loss does not use it.
        thresholds: by task name and metric, the threshold of the activations.
        confidences: by task name and metric, slope and intercept of a logistic calibration of the
            confidence of what is found; none for models of former versions.
        peaks: method of peak picking, as `symbolic.structure.detection.picker` names it.
        tokenizer_class: name in `symbolic.tokenizers.TOKENIZERS`.

    Keywords of version 0.1.0 (`RENAMED`) are accepted with a warning.

    Raises:
        ValueError: values that contradict one another, or features other than those of training.
    """

    model_type = "symbolic"
    # transformers replaces a property of its base class by the dictionary that it reads.
    sub_configs = {"backbone_config": AutoConfig}  # noqa: RUF012  # type: ignore[assignment]
    # `Trainer.predict` returns logits and mask.
    keys_to_ignore_at_inference = ["last_hidden_state", "hidden_states"]  # noqa: RUF012

    @_accepts_old_keys
    def __init__(
        self,
        encoder: str = "notes",
        backbone_config: PreTrainedConfig | dict | None = None,
        front_end: FrontEnd | Mapping[str, Any] | None = None,
        front_end_in_model: bool = False,
        encoder_options: dict[str, Any] | None = None,
        inputs: str | None = None,
        field_names: list[str] | None = None,
        vocab_sizes: list[int] | None = None,
        pad_ids: list[int] | None = None,
        mask_ids: list[int] | None = None,
        feature_names: Sequence[str] | None = None,
        features: str | None = None,
        features_digest: str | None = None,
        ensemble_features: Mapping[str, Sequence[str] | str] | None = None,
        ensemble_size: int = 8,
        ensemble_units: int = 64,
        ensemble_dropout: float = 0.3,
        ensemble_share: float = 1.0,
        ensemble_references: int = 0,
        field_embedding_size: int = 64,
        tasks: Sequence[Task | dict] | None = None,
        head_dropout: float = 0.1,
        head_units: int | None = None,
        masked_velocity: float = 0.15,
        label_smoothing: float = 0.0,
        class_weights: dict[str, list[float]] | None = None,
        window: int = 512,
        metrical_unit: str = "",
        metrical_options: dict[str, Any] | None = None,
        chunks: int | None = None,
        temperatures: dict[str, float] | None = None,
        thresholds: dict[str, dict[str, float]] | None = None,
        confidences: dict[str, dict[str, list[float]]] | None = None,
        peaks: str = "min_distance",
        tokenizer_class: str = "CPTokenizer",
        **kwargs,
    ) -> None:
        self.encoder = encoder
        if isinstance(backbone_config, dict):
            values = dict(backbone_config)
            backbone_config = AutoConfig.for_model(values.pop("model_type", "bert"), **values)
        if backbone_config is None and encoder == "notes":
            backbone_config = BertConfig(
                vocab_size=1,
                hidden_size=192,
                num_hidden_layers=3,
                num_attention_heads=4,
                intermediate_size=576,
                max_position_embeddings=window,
                type_vocab_size=1,
            )
        self.backbone_config = backbone_config
        if isinstance(front_end, Mapping):
            front_end = FrontEnd.from_dict(front_end)
        self.front_end = front_end
        self.front_end_in_model = front_end_in_model
        self.encoder_options = dict(encoder_options or {})
        self.field_names = list(field_names or [])
        self.vocab_sizes = list(vocab_sizes or [])
        self.pad_ids = list(pad_ids or [])
        self.mask_ids = list(mask_ids or [])
        self.feature_names, self.ensemble_features = model_columns(
            feature_names, features, ensemble_features, features_digest
        )
        self.ensemble_size = ensemble_size
        self.ensemble_units = ensemble_units
        self.ensemble_dropout = ensemble_dropout
        self.ensemble_share = ensemble_share
        self.ensemble_references = ensemble_references
        self.field_embedding_size = field_embedding_size
        tasks = (EMOTION, KEY, VELOCITY) if tasks is None else tasks
        self.tasks = [task.to_dict() if isinstance(task, Task) else dict(task) for task in tasks]
        self.head_dropout = head_dropout
        self.head_units = head_units
        self.masked_velocity = masked_velocity
        self.thresholds = {name: dict(values) for name, values in (thresholds or {}).items()}
        self.confidences = {name: dict(values) for name, values in (confidences or {}).items()}
        self.peaks = peaks
        self.label_smoothing = label_smoothing
        self.class_weights = dict(class_weights or {})
        weighting = kwargs.pop("task_weighting", "fixed")  # in older files
        if weighting != "fixed":
            raise ValueError(f"task_weighting {weighting!r}: learned task weights were removed")
        self.window = window
        metrical = encoder == "metrical" or any(task.get("pooled") for task in self.tasks)
        if metrical != (metrical_unit in METRICAL_UNITS):
            raise ValueError(
                f"metrical_unit {metrical_unit!r}: tasks of bars or beats need one of "
                f"{METRICAL_UNITS}, other tasks have none"
            )
        self.metrical_unit = metrical_unit
        self.metrical_options = dict(metrical_options or {})
        self.inputs = inputs or self._derived_inputs()
        if (self.inputs == "audio") != (front_end is not None) or (
            self.inputs == "beats"
        ) != metrical:
            raise ValueError(f"inputs {inputs!r}, but the model takes {self._derived_inputs()}")
        self.chunks = chunks
        self.temperatures = dict(temperatures or {})
        for name in ("num_labels", "id2label", "label2id"):
            kwargs.pop(name, None)
        if labels := self._labels():
            kwargs["id2label"] = dict(enumerate(labels))
            kwargs["label2id"] = {label: number for number, label in enumerate(labels)}
        super().__init__(**{"tokenizer_class": tokenizer_class, **kwargs})

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], **kwargs: Any) -> Any:
        """Make a configuration as in transformers; keywords of version 0.1.0 are accepted."""
        return super().from_dict(config_dict, **renamed_keys(kwargs, RENAMED))

    def _derived_inputs(self) -> str:
        if self.front_end is not None:
            return "audio"
        if self.metrical_unit:
            return "beats"
        return "features" if self.encoder == "features" else "notes"

    def _labels(self) -> tuple[str, ...]:
        """Return the labels of the first task that classifies a whole piece."""
        for task in self.task_specs:
            if task.level == "sequence" and task.kind in ("single", "multi"):
                return task.labels
        return ()

    @property
    def task_specs(self) -> tuple[Task, ...]:
        """The tasks as `Task` objects."""
        return tuple(Task(**task) for task in self.tasks)

    def feature_extractor(self) -> SymbolicFeatureExtractor:
        """Make the feature extractor of an audio model.

        Raises:
            ValueError: a model that takes no audio.
        """
        if self.front_end is None:
            raise ValueError(f"a model of {self.inputs} has no front end and takes no audio")
        return SymbolicFeatureExtractor(self.front_end, in_model=self.front_end_in_model)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, with the text of feature sets in place of their columns."""
        values = super().to_dict()
        if self.front_end is not None:
            values["front_end"] = self.front_end.to_dict()
        names = self.feature_names
        if names and (text := column_text(names)) is not None:
            del values["feature_names"]
            values["features"] = text
            values["ensemble_features"] = {
                role: role_text(columns, names) for role, columns in self.ensemble_features.items()
            }
            values["features_digest"] = columns_digest(names, self.ensemble_features)
        return values


AutoConfig.register(LSTMConfig.model_type, LSTMConfig)
AutoConfig.register(SymbolicConfig.model_type, SymbolicConfig)
AutoFeatureExtractor.register(SymbolicConfig, SymbolicFeatureExtractor)
