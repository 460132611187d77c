"""`symbolic evaluate`: score trained models on their held-out pieces."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from symbolic.commands.arguments import CORPORA, Parser, add_fields, guarded, values_of
from symbolic.data import DataArguments
from symbolic.evaluation.baselines import BASELINES
from symbolic.evaluation.evaluator import MODEL, REFERENCE, Evaluation, evaluate
from symbolic.evaluation.report import RESULTS, estimate_notes, write_report, write_system
from symbolic.evaluation.robustness import robustness_table
from symbolic.evaluation.summary import labelled
from symbolic.evaluation.tables import (
    confusion_tables,
    fitting_columns,
    results_cells,
    results_table,
)
from symbolic.inference.prediction_table import read_predictions
from symbolic.reports.text_table import counted, text_table
from symbolic.scoring.table_kinds import refuse_other_tables
from symbolic.tasks import EMOTION
from symbolic.tasks.metrics import TEMPERATURES, best_temperature
from symbolic.training.run_folder import METRICS, PREDICTIONS

CALIBRATED = 50  # labelled pieces; a temperature fitted to fewer is left to chance
END = 1.01  # factor within which a temperature is at the end of the search


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic evaluate",
        description="Score trained models on their held-out pieces, with baselines for comparison.",
    )
    parser.renamed = {"--probe": "--robustness", "--views": "--embeddings"}
    parser.add_argument("models", nargs="+", help="folders; several are folds or seeds, pooled")
    add_fields(parser, DataArguments, *CORPORA)
    parser.add_argument(
        "--hold-out",
        default="",
        help="predict other pieces than training held out, as in symbolic train: percepiano-all, "
        "with the folder of that corpus; pieces that the model was trained on are refused",
    )
    parser.add_argument(
        "--audio",
        help="folder of the corpus of recordings, for the robustness, embeddings and baselines of "
        "models of audio",
    )
    parser.add_argument("--baselines", default=",".join(BASELINES), help="by commas, or none")
    parser.add_argument(
        "--robustness",
        action=argparse.BooleanOptionalAction,
        help="predict perturbed pieces as well: notes transposed, at another tempo or velocity "
        "(the default for models of notes); recordings with an equaliser, a low-pass filter, "
        "another gain or speed",
    )
    parser.add_argument("--embeddings", metavar="PLOT", help="plot the embeddings of the pieces")
    parser.add_argument("--whole-pieces", action="store_true", help="average a piece's phrases")
    parser.add_argument("--output-dir", help="folder for tables, metrics and plots of all systems")
    parser.add_argument(
        "--metrics-into",
        help="folder of the model that these figures are to be published with (default: the model, "
        "if only one is given and the pieces are those that its training held out)",
    )
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Score trained models on their held-out pieces."""
    options = _parser().parse_args(arguments)
    baselines = [] if options.baselines == "none" else options.baselines.split(",")
    if unknown := set(baselines) - BASELINES.keys():
        raise ValueError(f"no baseline {', '.join(unknown)}; there are {', '.join(BASELINES)}")
    for model in options.models:
        takes = "what is evaluated are the folders of trained models"
        refuse_other_tables(Path(model), takes)
    result = evaluate(
        options.models,
        DataArguments(**values_of(options, *CORPORA)),
        baselines,
        options.robustness,
        options.whole_pieces,
        audio=options.audio,
        embeddings=options.embeddings,
        progress=sys.stderr.isatty(),
        hold_out=options.hold_out,
    )
    if options.output_dir:
        write_report(
            options.output_dir, result.frames, result.summaries, result.differences, REFERENCE
        )
    into = options.metrics_into or (options.models[0] if len(options.models) == 1 else None)
    published = into if options.metrics_into or options.whole_pieces else _of_training(result, into)
    if options.hold_out and not options.metrics_into:
        published = None
    if published:
        others = {name: one for name, one in result.summaries.items() if name != MODEL}
        name = Path(published).name
        write_system(published, result.frames[MODEL], result.summaries[MODEL], name, others)
    _print(result, options)
    if options.output_dir:
        print(f"tables and plots are in {options.output_dir}")
    if published:
        print(f"figures are in {Path(published, METRICS)}, which symbolic push publishes")
    elif into:
        print(
            f"{Path(into, METRICS)} stays as it was: these are other pieces than those that "
            f"{into} held out when it was trained; --metrics-into {into} publishes these figures"
        )


def _of_training(result: Evaluation, folder: str | None) -> str | None:
    """Return the folder of a model whose training predicted the same files; else None."""
    if folder is None or not Path(folder, PREDICTIONS).is_file():
        return folder
    found = result.frames[MODEL]["file"]
    trained = read_predictions(Path(folder, PREDICTIONS))["file"]
    return folder if sorted(map(str, found)) == sorted(map(str, trained)) else None


def _print(result: Evaluation, options: argparse.Namespace) -> None:
    summary = result.summaries[MODEL]
    sizes = {"piece": summary.pieces, "group": summary.groups, "run": summary.runs}
    sizes = {summary.unit[:-1] if name == "piece" else name: n for name, n in sizes.items()}
    print(f"{summary.protocol}: {', '.join(counted(n, name) for name, n in sizes.items())}")
    if summary.compared == ("group",):
        print("only groups were compared with the training pieces: the model has no fingerprints")
    if result.left_out:
        print(f"{result.left_out} pieces left out, whose phrases have different classes")
    print()
    print(_table(result, options.output_dir), end="\n\n")
    shown = {name: one for name, one in result.summaries.items() if name in (MODEL, REFERENCE)}
    for text in confusion_tables(shown):
        print(text, end="\n\n")
    for note in estimate_notes([summary]):
        print(note)
    stays = result.robustness.get(MODEL, {})
    if stays and "transposition" not in summary.robustness:
        print(robustness_table(stays))
    if EMOTION.name in summary.confusion:
        part = labelled(result.frames[MODEL], EMOTION)
        if summary.counts["quadrant"] >= CALIBRATED:
            print(temperature_text(best_temperature(part.labels, part.predictions)))
    if options.embeddings:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in result.views.items())
        print(f"{figures} in {options.embeddings}")


def _table(result: Evaluation, folder: str | None) -> str:
    """Make the table of the systems: in Markdown, or on a terminal the columns that fit."""
    if not sys.stdout.isatty():
        return results_table(result.summaries, result.differences, REFERENCE)
    head, rows = results_cells(result.summaries, result.differences, REFERENCE)
    width = shutil.get_terminal_size().columns
    shown, cells = fitting_columns(head, rows, width, last=bool(result.differences))
    text = text_table(shown, cells, left=shown[:1])
    if missing := len(head) - len(shown):
        place = f"in {Path(folder, RESULTS)}" if folder else f"with --output-dir, in {RESULTS}"
        text += f"\n{counted(missing, 'more column')} {place}"
    return text


def temperature_text(best: float) -> str:
    """Describe the temperature that fits best, which may be an end of the search."""
    low, high = TEMPERATURES
    value = f"{best:.2f} times"
    if best < low * END or best > high / END:
        value = f"{low:g} times or less" if best < 1 else f"{high:g} times or more"
    return f"temperature that would fit these pieces best: {value} the model's"
