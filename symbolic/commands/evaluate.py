"""Command line of `symbolic evaluate`: trained models on what they held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers.utils import CONFIG_NAME

from symbolic.commands.arguments import Parser, guarded
from symbolic.configuration import SymbolicConfig
from symbolic.data import DataArguments
from symbolic.evaluation.baselines import BASELINES
from symbolic.evaluation.notes import MODEL, REFERENCE, Evaluation, evaluate
from symbolic.evaluation.report import write_report, write_system
from symbolic.evaluation.tables import confusion_table, results_table
from symbolic.inference.prediction_table import PROBABILITIES, labelled, true_quadrants
from symbolic.tasks.metrics import best_temperature


def main(arguments: Sequence[str] | None = None) -> int:
    """Score trained models on what they held out.

    Returns:
        The exit status.
    """
    return guarded(_main, arguments)


def _main(arguments: Sequence[str] | None) -> None:
    parser = Parser(description="Score trained models on what they held out, beside the baselines.")
    parser.add_argument("models", nargs="+", help="folders; several are folds or seeds, pooled")
    parser.add_argument("--audio", help="of models of audio: folder of their corpus, for a probe")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="of models of audio: how often answers change under an equaliser, a low-pass, another "
        "gain and speed; models of notes are asked likewise unless --no-robustness forbids it",
    )
    parser.add_argument("--views", help="of models of audio: a picture of their embeddings")
    parser.add_argument("--emopia", help="folder of EMOPIA")
    parser.add_argument("--vgmidi", help="folder of VGMIDI")
    parser.add_argument("--labelled", help="labels of your own: a CSV, or a folder with labels.csv")
    parser.add_argument(
        "--corpora", nargs="*", default=[], metavar="NAME=FOLDER", help="as in scripts/train.py"
    )
    parser.add_argument("--baselines", default=",".join(BASELINES), help="by commas, or none")
    parser.add_argument("--no-robustness", action="store_true", help="ask everything only once")
    parser.add_argument("--whole-pieces", action="store_true", help="average a piece's phrases")
    parser.add_argument("--output-dir", help="tables, metrics and pictures of all systems")
    parser.add_argument(
        "--metrics-into",
        help="folder of the model that these figures are to be published with (default: the model, "
        "where only one is named)",
    )
    options = parser.parse_args(arguments)
    if hears_audio(options.models[0]):
        from symbolic.evaluation.audio_report import report_audio

        if options.output_dir:
            raise ValueError("output_dir is of models of notes; those of audio have --views")
        report_audio(
            options.models, options.audio, options.probe, options.views, options.metrics_into
        )
        return
    baselines = [] if options.baselines == "none" else options.baselines.split(",")
    if unknown := set(baselines) - BASELINES.keys():
        raise ValueError(f"no baseline {', '.join(unknown)}; there are {', '.join(BASELINES)}")
    result = evaluate(
        options.models,
        DataArguments(
            emopia=options.emopia,
            vgmidi=options.vgmidi,
            labelled=options.labelled,
            corpora=options.corpora,
        ),
        baselines,
        robust=not options.no_robustness,
        whole_pieces=options.whole_pieces,
    )
    _print(result)
    if options.output_dir:
        reference = REFERENCE if result.differences else None
        write_report(options.output_dir, result.frames, result.summaries, reference)
    into = options.metrics_into or (options.models[0] if len(options.models) == 1 else None)
    if into:
        write_system(into, result.frames[MODEL], result.summaries[MODEL], Path(into).name)


def hears_audio(folder: str) -> bool:
    """Whether a folder holds a model of audio, or of bars or beats, whose tables are alike."""
    if not (Path(folder) / CONFIG_NAME).is_file():
        return False
    config = SymbolicConfig.from_pretrained(folder)
    return config.inputs in ("audio", "beats")


def _print(result: Evaluation) -> None:
    summary = result.summaries[MODEL]
    print(f"{summary.protocol}: {summary.pieces} pieces, {summary.groups} groups")
    if result.left_out:
        print(f"{result.left_out} pieces left out, whose phrases have different quadrants")
    print()
    print(results_table(result.summaries, result.differences, REFERENCE), end="\n\n")
    for name, one in result.summaries.items():
        if one.confusion is not None and name in (MODEL, REFERENCE):
            print(confusion_table(one.confusion, name), end="\n\n")
    frame = result.frames[MODEL]
    frame = frame[labelled(frame)]
    if len(frame) and "q1" in frame:
        best = best_temperature(true_quadrants(frame), frame[PROBABILITIES].to_numpy(float))
        print(f"temperature that would fit these pieces best: {best:.2f} times the model's")
