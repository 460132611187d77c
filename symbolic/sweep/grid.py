"""The grid: systems, sizes and protocols."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

EVERYTHING = "emotion,key,velocity"
# Weights of the losses, chosen for the encoder in the package on a fold of training songs.
WEIGHTED = {"both": "emotion,key=0.3,velocity=0.1", "key": "emotion,key=0.3",
            "velocity": "emotion,velocity=0.1"}  # fmt: skip


def _option(default: Any, about: str) -> Any:
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True)
class System:
    """One row of the comparison.

    Attributes:
        name: on the command line.
        title: in tables.
        tokenizer: as `symbolic.tokenizers.build_tokenizer` takes it; empty for baselines.
        backbone: in `symbolic.encoders.backbones.BACKBONES`; empty for baselines.
        tasks: by commas.
        features: those of the whole piece that join the encoder's states before the heads, as
            `symbolic.features.named_columns` takes them.
        baseline: in `symbolic.evaluation.baselines.BASELINES`; empty for encoders.
        pretrained: whether it begins with an encoder of `symbolic.sweep.encoders`.
    """

    name: str
    title: str
    tokenizer: str = ""
    backbone: str = ""
    tasks: str = ""
    features: str = "none"
    baseline: str = ""
    pretrained: bool = False

    def settings(self) -> dict[str, Any]:
        """Values that the results depend on, for digests."""
        # Digests of systems that begin from scratch are older than the field `pretrained`.
        omitted = {"name", "title"} | (set() if self.pretrained else {"pretrained"})
        return {k: v for k, v in asdict(self).items() if k not in omitted}


_ALL = (
    System("svm-lin", "SVM, Lin-style features", baseline="svm_lin"),
    System("svm-panda", "SVM, Panda-style features", baseline="svm_panda"),
    System("midigpt", "MIDIGPT", "ferreira", "gpt2", "emotion"),
    System("midibert", "MIDIBERT", "cp-midibert", "bert", "emotion"),
    System("mt-midigpt", "MT-MIDIGPT", "ferreira", "gpt2", EVERYTHING),
    System("mt-midibert", "MT-MIDIBERT", "cp-midibert", "bert", EVERYTHING),
    System("midigpt-pretrained", "MIDIGPT, pre-trained",
           "ferreira", "gpt2", "emotion", pretrained=True),
    System("midibert-pretrained", "MIDIBERT, pre-trained",
           "cp-midibert", "bert", "emotion", pretrained=True),
    System("mt-midigpt-pretrained", "MT-MIDIGPT, pre-trained",
           "ferreira", "gpt2", WEIGHTED["both"], pretrained=True),
    System("mt-midibert-pretrained", "MT-MIDIBERT, pre-trained",
           "cp-midibert", "bert", WEIGHTED["both"], pretrained=True),
    System("midibert-key-pretrained", "MIDIBERT + key, pre-trained",
           "cp-midibert", "bert", WEIGHTED["key"], pretrained=True),
    System("midibert-velocity-pretrained", "MIDIBERT + velocity, pre-trained",
           "cp-midibert", "bert", WEIGHTED["velocity"], pretrained=True),
    System("midibert-key", "MIDIBERT + key", "cp-midibert", "bert", "emotion,key"),
    System("midibert-velocity", "MIDIBERT + velocity", "cp-midibert", "bert", "emotion,velocity"),
    System("lstm-attention", "LSTM with attention", "MIDILike", "lstm", "emotion"),
    System("logistic", "logistic regression", baseline="logistic"),
    System("extra-trees", "extra trees", baseline="extra_trees"),
    System("boosting", "gradient boosting", baseline="boosting"),
    System("bert-score", "BERT, CP score", "cp-score", "bert", EVERYTHING),
    System("bert-performance", "BERT, CP performance", "cp-performance", "bert", EVERYTHING),
    System("gpt2-performance", "GPT-2, CP performance", "cp-performance", "gpt2", EVERYTHING),
    System("lstm-performance", "LSTM, CP performance", "cp-performance", "lstm", EVERYTHING),
    System("hybrid-bert", "BERT, CP performance, joined with features",
           "cp-performance", "bert", EVERYTHING, "core"),
    System("hybrid-lstm", "LSTM, CP performance, joined with features",
           "cp-performance", "lstm", EVERYTHING, "core"),
)  # fmt: skip

SYSTEMS: dict[str, System] = {system.name: system for system in _ALL}

PUBLISHED = {
    "svm-lin": {"emopia": ("47.72", ".476"), "vgmidi": ("45.12", ".378")},
    "svm-panda": {"emopia": ("39.77", ".362"), "vgmidi": ("36.93", ".215")},
    "midigpt": {"emopia": ("58.75±3.13", ".572±.029"), "vgmidi": ("53.88±3.48", ".505±.041")},
    "midibert": {"emopia": ("63.41±3.52", ".628±.033"), "vgmidi": ("47.30±2.81", ".432±.021")},
    "mt-midigpt": {"emopia": ("62.50±4.45", ".611±.047"), "vgmidi": ("55.85±1.97", ".509±.017")},
    "mt-midibert": {"emopia": ("67.58±2.39", ".664±.027"), "vgmidi": ("49.81±2.52", ".453±.019")},
    "midibert-key": {"emopia": ("67.03±2.54", "")},
    "midibert-velocity": {"emopia": ("64.73±5.47", "")},
    "lstm-attention": {"emopia": ("68.4", "")},
}
PUBLISHED |= {name: PUBLISHED[name.removesuffix("-pretrained")]
              for name, system in SYSTEMS.items() if system.pretrained}  # fmt: skip
"""By system and corpus, accuracy and macro-F1 in the paper that describes it, in percent and as a
fraction; shown for comparison only. Qiu, Chen & Zhang 2022 (arXiv 2201.05782), and Hung 2021 for
the LSTM."""

PROTOCOLS = {
    "emopia-val": ("emopia", False),
    "emopia-cls-val": ("emopia", False),
    "emopia-song": ("emopia", True),
    "vgmidi": ("vgmidi", True),
    "vgmidi-game": ("vgmidi", True),
    "ym2413": ("ym2413", True),
}
"""Corpus of each protocol, on which its systems are trained, and whether it has folds."""


@dataclass(frozen=True)
class Size:
    """Size and training of the encoders.

    Attributes:
        shape: values of `ShapeArguments`: `all`, and differences by backbone or corpus.
        training: values of `transformers.TrainingArguments` and of `FitArguments`, in the same way.
    """

    shape: dict[str, dict[str, Any]]
    training: dict[str, dict[str, Any]]

    def of(self, backbone: str, corpus: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
        """Shape and training of a backbone on a corpus; values of the corpus take precedence."""
        shape, training = (
            {**values.get("all", {}), **values.get(backbone, {}), **values.get(corpus, {})}
            for values in (self.shape, self.training)
        )
        return shape, training


SIZES = {
    "tiny": Size(
        {"all": {"hidden_size": 16, "layers": 1, "heads": 2, "field_embedding_size": 8,
                 "window": 64, "training_window": 64}},
        {"all": {"num_train_epochs": 1, "per_device_train_batch_size": 8, "learning_rate": 1e-3}},
    ),
    # An hour or two on two CPU cores; other values are the defaults of training. Several flat
    # tokens form a note, hence longer windows of the backbones that take them.
    "small": Size(
        {"all": {"hidden_size": 96, "layers": 2, "heads": 4, "field_embedding_size": 32,
                 "window": 128, "training_window": 128, "dropout": 0.2, "head_dropout": 0.2},
         "gpt2": {"window": 256, "training_window": 256},
         "lstm": {"window": 256, "training_window": 256}},
        {"all": {"num_train_epochs": 20, "per_device_train_batch_size": 32,
                 "learning_rate": 1e-3, "warmup_steps": 50},
         "gpt2": {"num_train_epochs": 12},
         "vgmidi": {"max_steps": 300}},  # five an epoch
    ),
    # For encoders that were pre-trained for half an hour on one core; a cell takes a minute or two.
    "medium": Size(
        {"all": {"hidden_size": 192, "layers": 4, "heads": 4, "feedforward": 768,
                 "field_embedding_size": 64, "window": 256, "training_window": 128,
                 "dropout": 0.0, "head_dropout": 0.3},
         "gpt2": {"window": 512, "training_window": 192}},
        {"all": {"num_train_epochs": 6, "per_device_train_batch_size": 32, "learning_rate": 1e-3,
                 "layer_decay": 0.8},
         "gpt2": {"num_train_epochs": 5},
         "vgmidi": {"num_train_epochs": 15}},
    ),
    # MIDI-BERT (Chou 2021) and Ferreira's GPT-2 (2020) as described. Their authors begin with
    # pre-trained weights, which here are separate systems.
    "paper": Size(
        {"all": {"hidden_size": 768, "layers": 12, "heads": 12, "feedforward": 3072,
                 "field_embedding_size": 256, "window": 512, "training_window": 512,
                 "dropout": 0.1, "attention_dropout": 0.1, "head_dropout": 0.1},
         "gpt2": {"hidden_size": 512, "layers": 4, "heads": 8, "feedforward": 2048,
                  "field_embedding_size": 512, "window": 1024, "training_window": 1024,
                  "dropout": 0.25, "attention_dropout": 0.25},
         "lstm": {"hidden_size": 256, "layers": 2}},
        {"all": {"num_train_epochs": 10, "per_device_train_batch_size": 12,
                 "learning_rate": 2e-5, "warmup_steps": 0},
         "gpt2": {"learning_rate": 3e-5},
         "lstm": {"learning_rate": 1e-3}},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class AudioSettings:
    """Training of audio systems; the defaults are for machines without a GPU."""

    epochs: float = _option(20.0, "passes over the corpus, one window of each recording")
    width: float = _option(1.0, "factor of the channels")
    seconds: float = _option(0.0, "length of a window; 0: that of the system")
    frame_rate: float = _option(0.0, "frames a second of resampled spectrograms; 0: as they are")
    learning_rate: float = _option(1e-3, "highest learning rate")
    batch_size: int = _option(16, "windows in a step")
    head_dropout: float = _option(-1.0, "dropout in the heads; below 0: that of the system")
    norm: str = _option("", "normalisation of the input; empty: that of the system")
    peaks: str = _option("", "peak picking of boundaries, as in symbolic train")
    pretrained: str = ""


@dataclass(frozen=True)
class Cell:
    """One training, or one fit of a baseline: a system on one fold with one seed."""

    system: str
    protocol: str
    fold: int | None
    seed: int
    size: str

    @property
    def hold_out(self) -> str:
        """Value of `symbolic.data.DataArguments.hold_out`."""
        return self.protocol if self.fold is None else f"{self.protocol}-{self.fold}"

    @property
    def name(self) -> str:
        """Name of the cell's folder."""
        return f"{self.system}--{self.size}--{self.hold_out}--{self.seed}"

    @property
    def encoder(self) -> str:
        """Folder of the encoder that it begins with; empty for training from scratch."""
        system = SYSTEMS[self.system]
        return f"{system.tokenizer}--{system.backbone}--{self.size}" if system.pretrained else ""


def cells(
    systems: Iterable[str],
    protocols: Iterable[str],
    size: str = "small",
    folds: int = 5,
    seeds: Iterable[int] = (0,),
) -> list[Cell]:
    """List the cells of a grid in the order of training: all folds of a system, then the next.

    Raises:
        ValueError: a system, a protocol or a size that does not exist.
    """
    systems, protocols, seeds = list(systems), list(protocols), list(seeds)
    for noun, names, existing in (
        ("system", systems, SYSTEMS),
        ("protocol", protocols, PROTOCOLS),
        ("size", [size], SIZES),
    ):
        if unknown := [name for name in names if name not in existing]:
            raise ValueError(f"no {noun} {', '.join(unknown)}; there are {', '.join(existing)}")
    return [
        Cell(system, protocol, fold, seed, size)
        for seed in seeds
        for protocol in protocols
        for system in systems
        for fold in (range(folds) if PROTOCOLS[protocol][1] else (None,))
    ]
