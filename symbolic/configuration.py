"""What a model is: its encoder, its sub-tokens and its tasks, as they stand in `config.json`."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, BertConfig, PreTrainedConfig

from symbolic.audio.front import Front
from symbolic.notes.beats import METRICAL_UNITS
from symbolic.tasks import EMOTION, KEY, VELOCITY, Task


class LSTMConfig(PreTrainedConfig):
    """A recurrent backbone, which stands where a transformer can: see `symbolic.encoders.lstm`.

    Args:
        hidden_size: width of the hidden states, half of it for each direction.
        num_hidden_layers: LSTMs on top of one another.
        hidden_dropout_prob: between them.
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
            raise ValueError(f"hidden_size {hidden_size} has no half for each direction")
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.hidden_dropout_prob = hidden_dropout_prob
        super().__init__(**kwargs)


class SymbolicConfig(PreTrainedConfig):
    """Configuration of a `SymbolicModel`.

    Args:
        encoder: name in `symbolic.encoders.ENCODERS`: `notes`, `features` of the whole piece,
            `units`, pictures of bars or beats, or one that hears audio.
        backbone_config: of the encoder of notes: configuration of any transformers encoder or
            decoder that takes `inputs_embeds`, or its dictionary; a small BERT by default. Of the
            encoder `ast`: an `ASTConfig`.
        front: of an encoder that hears audio, what of it: a `symbolic.audio.Front` or its
            dictionary; None for encoders of music.
        front_inside: whether the model takes samples and makes the pictures of `front` itself, on
            whatever device it is.
        encoder_options: what else an encoder that hears audio is told; each class documents its
            own.
        field_names: names of the sub-tokens, in the order of the columns of `input_ids`; one where
            ids are flat.
        vocab_sizes: ids of each sub-token.
        pad_ids, mask_ids: padding and what is masked, one id for each sub-token; `mask_ids` is
            empty where the tokenizer has no MASK.
        feature_names: columns of `symbolic.features` that the encoder of features hears, or that
            join the hidden states of the encoder of notes before the heads; none by default.
        expert_features: with the encoder of features, names among `feature_names`, or of the
            columns `symbolic.encoders.features.HEARD`, of what the plain expert hears for `valence`
            and `arousal`, and of the columns that show whether a piece is `familiar`; with them the
            emotion is answered by `symbolic.encoders.FeatureExperts`.
        expert_members: networks in the committee that hears all features.
        expert_size: hidden units of each of them.
        expert_dropout: of what the experts hear, and of these hidden units.
        field_embedding_size: width of each sub-token's embedding, before they are joined.
        tasks: the heads, as `Task` or their dictionaries.
        head_dropout: dropout in the heads.
        head_units: of their hidden layer; as many as the encoder has where None, none where 0.
        label_smoothing: of the losses of `single` tasks on sequence level.
        class_weights: by name of a `single` task, what the loss of each of its classes counts; 1
            for tasks that are not named.
        window: tokens in one window; of an encoder that hears audio, samples or frames.
        unit: of the encoder `units`, and of tasks whose tokens are pooled: `bar` or `beat`; empty
            where there are none.
        unit_options: of `symbolic.encoders.metrical.UnitContext`.
        unit_members: of the encoder `units`, networks that answer each on its own.
        chunks: of a recording, evenly spaced windows whose answers are averaged; as many as cover
            it where None.
        temperatures: by task name, what the logits are divided by before they become
            probabilities (Guo 2017); 1 for a task that is not named. Losses do not use it.
        thresholds: by task name, by the name of what they are best for, from where on an activation
            of a frame counts.
        peaks: how boundaries are picked from activations, as `symbolic.structure.detection.picker`
            has it.
        tokenizer_class: name in `symbolic.tokenizers.TOKENIZERS`.
    """

    model_type = "symbolic"
    sub_configs = {"backbone_config": AutoConfig}  # noqa: RUF012 - transformers reads it as it is

    def __init__(
        self,
        encoder: str = "notes",
        backbone_config: PreTrainedConfig | dict | None = None,
        front: Front | dict | None = None,
        front_inside: bool = False,
        encoder_options: dict[str, Any] | None = None,
        field_names: list[str] | None = None,
        vocab_sizes: list[int] | None = None,
        pad_ids: list[int] | None = None,
        mask_ids: list[int] | None = None,
        feature_names: list[str] | None = None,
        expert_features: dict[str, list[str]] | None = None,
        expert_members: int = 8,
        expert_size: int = 64,
        expert_dropout: float = 0.3,
        field_embedding_size: int = 64,
        tasks: list[Task | dict] | None = None,
        head_dropout: float = 0.1,
        head_units: int | None = None,
        label_smoothing: float = 0.0,
        class_weights: dict[str, list[float]] | None = None,
        window: int = 512,
        unit: str = "",
        unit_options: dict[str, Any] | None = None,
        unit_members: int = 1,
        chunks: int | None = None,
        temperatures: dict[str, float] | None = None,
        thresholds: dict[str, dict[str, float]] | None = None,
        peaks: str = "apart",
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
        self.front = front.to_dict() if isinstance(front, Front) else front
        self.front_inside = front_inside
        self.encoder_options = dict(encoder_options or {})
        self.field_names = list(field_names or [])
        self.vocab_sizes = list(vocab_sizes or [])
        self.pad_ids = list(pad_ids or [])
        self.mask_ids = list(mask_ids or [])
        self.feature_names = list(feature_names or [])
        self.expert_features = {k: list(v) for k, v in (expert_features or {}).items()}
        self.expert_members = expert_members
        self.expert_size = expert_size
        self.expert_dropout = expert_dropout
        self.field_embedding_size = field_embedding_size
        tasks = (EMOTION, KEY, VELOCITY) if tasks is None else tasks
        self.tasks = [task.to_dict() if isinstance(task, Task) else dict(task) for task in tasks]
        self.head_dropout = head_dropout
        self.head_units = head_units
        self.thresholds = {name: dict(values) for name, values in (thresholds or {}).items()}
        self.peaks = peaks
        self.label_smoothing = label_smoothing
        self.class_weights = dict(class_weights or {})
        weighting = kwargs.pop("task_weighting", "fixed")  # in older files
        if weighting != "fixed":
            raise ValueError(f"task_weighting {weighting!r}: learnt weights of tasks were removed")
        self.window = window
        of_units = encoder == "units" or any(task.get("pooled") for task in self.tasks)
        if of_units != (unit in METRICAL_UNITS):
            raise ValueError(
                f"unit {unit!r}: tasks of units ask for one of {METRICAL_UNITS}, others do not"
            )
        self.unit = unit
        self.unit_options = dict(unit_options or {})
        if unit_members < 1 or (unit_members > 1 and encoder != "units"):
            raise ValueError(f"{unit_members} members: of the encoder `units` alone, and 1 or more")
        self.unit_members = unit_members
        self.chunks = chunks
        self.temperatures = dict(temperatures or {})
        super().__init__(tokenizer_class=tokenizer_class, **kwargs)

    @property
    def front_end(self) -> Front | None:
        """What of a recording the encoder hears; None where it hears none."""
        return None if self.front is None else Front(**self.front)

    @property
    def task_specs(self) -> tuple[Task, ...]:
        """The tasks as `Task` objects."""
        return tuple(Task(**task) for task in self.tasks)


AutoConfig.register(LSTMConfig.model_type, LSTMConfig)
AutoConfig.register(SymbolicConfig.model_type, SymbolicConfig)
