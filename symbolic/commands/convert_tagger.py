"""Command line of `symbolic convert-tagger`: published weights of a tagger into a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from symbolic.commands.arguments import Parser, UsageError, guarded


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Convert published weights of a tagger of recordings into a model of this package."""
    parser = Parser(
        prog="symbolic convert-tagger",
        description="Convert published weights of a tagger of recordings, which are installed with "
        "its library or lie in a folder, into a model for symbolic score. Nothing is downloaded, "
        "and TensorFlow is not needed.",
    )
    parser.add_argument("library", choices=["musicnn"], help="the library that has the weights")
    parser.add_argument(
        "--weights",
        default="MTT_musicnn",
        help="MTT_musicnn, MSD_musicnn or MSD_musicnn_big (default: %(default)s)",
    )
    parser.add_argument("--checkpoint", help="folder of the weights, if it is not the library's")
    parser.add_argument(
        "--labels", help="file of the names of the tags, one in a line (default: the library's)"
    )
    parser.add_argument("--output-dir", help="folder of the model (default: taggers/WEIGHTS)")
    options = parser.parse_args(arguments)
    labels = None
    if options.labels:
        text = Path(options.labels).read_text(encoding="utf-8")
        labels = [line.strip() for line in text.splitlines() if line.strip()]
    name = Path(options.checkpoint).resolve().name if options.checkpoint else options.weights
    output = Path(options.output_dir or f"taggers/{name}")
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"{output}: is not empty")

    from symbolic.conversion.musicnn import convert_musicnn
    from symbolic.publishing.card import model_card
    from symbolic.scoring.audio import AudioScorer

    model, record = convert_musicnn(options.weights, options.checkpoint, labels)
    AudioScorer(model).save_pretrained(output)
    record.save(output)
    (output / "README.md").write_text(model_card(output, output.resolve().name), encoding="utf-8")
    print(f"{output}: {len(model.tasks[0].labels)} tags, {model.num_parameters():,} parameters")
