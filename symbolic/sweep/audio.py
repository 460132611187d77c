"""A grid of audio systems on one corpus: each trained on every fold, and a table of them all."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import TrainingArguments

from symbolic.encoders.beat_systems import BEAT_SYSTEMS, LENGTH
from symbolic.encoders.systems import SYSTEMS
from symbolic.evaluation.audio import AudioSummary, evaluate_audio
from symbolic.evaluation.tables import markdown
from symbolic.inference.note_predictions import PREDICTIONS
from symbolic.structure.detection import BoundaryArguments
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import (
    AUDIO_DEFAULTS,
    AudioDataArguments,
    AudioModelArguments,
)
from symbolic.training.trainer import FitArguments

HELP = {
    "epochs": "over the recordings, a window of each",
    "width": "factor of the channels",
    "seconds": "of a window; 0: the system's own",
    "frame_rate": "that pictures are stretched to; 0: their own",
    "learning_rate": "the highest",
    "batch_size": "windows in a step",
    "head_dropout": "below 0: the system's own",
    "norm": "of the input; empty: the system's own",
    "peaks": "how boundaries are picked, as of scripts/train.py",
    "pretrained": "folder of a model of the same system to begin with; {system} is its name",
}
CELL = "cell.json"


@dataclass(frozen=True)
class Plan:
    """How a system is trained where there is no accelerator. Fields are as in `HELP`."""

    epochs: float = 20.0
    width: float = 1.0
    seconds: float = 0.0
    frame_rate: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 16
    head_dropout: float = -1.0
    norm: str = ""
    peaks: str = BoundaryArguments.peaks
    pretrained: str = ""


PUBLISHED = {
    "cnn_lstm_mel": "GTZAN .8720",
    "cnn_bilstm_mel": "GTZAN .8800",
    "cnn_gru_mel": "GTZAN .8778",
    "cnn_bigru_mel": "GTZAN .8930",
    "cnn_lstm_mfcc": "GTZAN .7640",
    "cnn_bilstm_mfcc": "GTZAN .7369",
    "cnn_gru_mfcc": "GTZAN .7150",
    "cnn_bigru_mfcc": "GTZAN .7630",
    "three_branch": "FMA, 8 genres .555",
    "wave_cnn": "top 10 .8399 / .5271",
    "wave_cnn_rnn": "top 10 .7222 / .3456",
    "wave_cnn_lstm": "top 10 .3855 / .3079",
    "wave_cnn_gru": "top 10 .9032 / .6253",
    "wave_chunked": "top 10 .8572 / .5755",
    "spec_cnn_rnn": "top 10 .8244 / .4990",
    "spec_cnn_lstm": "top 10 .8735 / .5745",
    "spec_cnn_gru": "top 10 .9016 / .6508",
    "fcn": "top 50 .9005 / .4295",
    "fcn_128": "top 50 .8994 / .4236",
    "musicnn": "top 50 .9106 / .4493",
    "musicnn_128": "top 50 .9092 / .4546",
    "sample_cnn": "top 50 .9058 / .4422",
    "sample_cnn_se_res": "top 50 .9103 / .4520",
    "crnn": "top 50 .8722 / .3625",
    "crnn_128": "top 50 .8703 / .3601",
    "self_attention": "top 50 .9077 / .4445",
    "harmonic": "top 50 .9127 / .4611",
    "short_chunk": "top 50 .9126 / .4590",
    "short_chunk_res": "top 50 .9129 / .4614",
}
"""Accuracy of genre, or ROC-AUC / PR-AUC of tags on MagnaTagATune, as the papers have them."""


def run_cell(
    system: str,
    hold_out: str,
    plan: Plan,
    data: AudioDataArguments,
    output: Path,
    use_cpu: bool,
) -> Path:
    """Train a system with a part held out, unless it is done already; the folder of the run."""
    folder = output / system / hold_out
    if (folder / CELL).is_file():
        return folder
    training = TrainingArguments(
        **{
            **AUDIO_DEFAULTS,
            "output_dir": str(folder),
            "num_train_epochs": plan.epochs,
            "learning_rate": plan.learning_rate,
            "per_device_train_batch_size": plan.batch_size,
            "save_strategy": "no",
            "disable_tqdm": True,
            "use_cpu": use_cpu,
        }
    )
    held = AudioDataArguments(**{**asdict(data), "hold_out": hold_out})
    arguments = AudioModelArguments(
        system=system,
        width=plan.width,
        seconds=plan.seconds,
        frame_rate=plan.frame_rate,
        head_dropout=plan.head_dropout,
        norm=plan.norm,
        peaks=plan.peaks,
        pretrained=plan.pretrained.format(system=system),
    )
    began = time.perf_counter()
    model = train_audio(held, arguments, FitArguments(), training)
    told = {
        **asdict(plan),
        "pretrained": Path(plan.pretrained).name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "minutes": (time.perf_counter() - began) / 60,
    }
    (folder / CELL).write_text(json.dumps(told, indent=1), encoding="utf-8")
    return folder


def audio_sweep_table(output: str | Path) -> str:
    """Markdown: a row for each system that has finished one, in the order of `SYSTEMS`
    and `BEAT_SYSTEMS`.

    Raises:
        FileNotFoundError: nothing is finished.
    """
    rows: dict[str, tuple[dict, AudioSummary]] = {}
    for system in (*SYSTEMS, *BEAT_SYSTEMS):
        done = sorted(path.parent for path in Path(output, system).glob(f"*/{CELL}"))
        done = [folder for folder in done if (folder / PREDICTIONS).is_file()]
        if done:
            told = [json.loads((folder / CELL).read_text(encoding="utf-8")) for folder in done]
            minutes = sum(one["minutes"] for one in told) / len(told)
            rows[system] = {**told[0], "minutes": minutes}, evaluate_audio(done)[0]
    if not rows:
        raise FileNotFoundError(f"{output}: no finished fold")
    names = list(dict.fromkeys(name for _, one in rows.values() for name in one.scores))
    head = ["system", "published", "width", "window", "parameters", "epochs", "minutes a fold"]
    head.append("folds")
    cells = [
        [
            system,
            PUBLISHED.get(system, ""),
            f"{told['width']:g}",
            _window(system, told),
            f"{told['parameters']:,}",
            f"{told['epochs']:g}",
            f"{told['minutes']:.1f}",
            str(one.folds),
            *(_figure(one, name) for name in names),
        ]
        for system, (told, one) in rows.items()
    ]
    return markdown([*head, *(name.replace("_", " ") for name in names)], cells)


def _window(system: str, told: dict[str, Any]) -> str:
    """How much of a piece is heard at a time in training."""
    if system in BEAT_SYSTEMS:
        return f"{LENGTH} {BEAT_SYSTEMS[system].unit}s"
    return f"{told['seconds'] or SYSTEMS[system].seconds:.3g} s"


def _figure(summary: AudioSummary, name: str) -> str:
    if name not in summary.scores:
        return ""
    low_high = summary.intervals.get(name)
    text = f"{summary.scores[name]:.3f}"
    return text + (f" [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else "")
