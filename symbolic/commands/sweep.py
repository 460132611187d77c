"""`symbolic sweep`: a grid of systems, protocols, folds and seeds."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from symbolic.commands.arguments import Parser, add_fields, guarded, values_of
from symbolic.sweep.bundle import Bundle, load_bundle
from symbolic.sweep.cells import BUNDLE, CELL, CELLS, RESULTS, import_cells, run_cells
from symbolic.sweep.grid import PROTOCOLS, SIZES, SYSTEMS, AudioSettings, cells

TABLE = "results.md"
AUDIO_OPTIONS = tuple(option.name for option in fields(AudioSettings) if option.metadata)


def _parser() -> Parser:
    parser = Parser(
        prog="symbolic sweep",
        description="Train and compare a grid of systems. Finished cells are not trained again. "
        "With --export the grid is written to one file, from which another machine trains with "
        "--grid; --import adds its cells. With --corpus the systems are those of recordings, each "
        "trained on the folds, or a split, of one corpus.",
    )
    parser.add_argument("--output-dir", default="runs/sweep", help="folder of the sweep")
    parser.add_argument(
        "--systems",
        nargs="+",
        help=f"by spaces or commas, of {', '.join(SYSTEMS)}; by default all, without --pretrained "
        "all that begin from scratch. With --corpus: as symbolic train --system",
    )
    parser.add_argument(
        "--pretrained",
        metavar="FOLDER",
        help="of encoders, each in a folder TOKENIZER--BACKBONE--SIZE made by symbolic pretrain. "
        "With --corpus: of a model of the same system, whose name replaces {system}",
    )
    grid = parser.add_argument_group("new grid")
    grid.add_argument("--emopia", help="folder of EMOPIA")
    grid.add_argument("--vgmidi", help="folder of VGMIDI")
    grid.add_argument("--ym2413", help="folder of YM2413-MDB")
    grid.add_argument(
        "--protocols", default="emopia-song,vgmidi", help=f"of {', '.join(PROTOCOLS)}"
    )
    grid.add_argument("--size", default="small", help=f"of {', '.join(SIZES)}")
    grid.add_argument("--folds", type=int, default=5, help="number of folds")
    grid.add_argument("--seeds", default="0", help="by commas")
    grid.add_argument("--cache-dir", help="folder where tokens and features are cached")
    grid.add_argument("--export", metavar="FILE", help="only write the grid with its data, .zip")
    audio = parser.add_argument_group("audio systems")
    audio.add_argument("--corpus", help="name of a corpus, as in symbolic train --system")
    audio.add_argument("--audio", metavar="FOLDER", help="folder of the corpus")
    audio.add_argument(
        "--hold-out", nargs="+", metavar="PART", help="splits of the corpus, instead of all folds"
    )
    audio.add_argument(
        "--most", type=int, default=0, help="use only this many randomly drawn pieces (0: all)"
    )
    add_fields(audio, AudioSettings, *AUDIO_OPTIONS)
    work = parser.add_argument_group("training")
    work.add_argument("--grid", metavar="FILE", help="exported grid")
    work.add_argument("--shard", default="0/1", help="I/N: every N-th cell, from the I-th")
    work.add_argument("--no-weights", action="store_true", help="keep no model")
    work.add_argument("--no-baselines", action="store_true", help="without scikit-learn")
    work.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    work.add_argument("--use-cpu", action="store_true", help="do not use a GPU")
    results = parser.add_argument_group("results")
    results.add_argument(
        "--import",
        dest="imports",
        nargs="*",
        metavar="FOLDER",
        help="add cells that were trained elsewhere",
    )
    results.add_argument("--reference", default="", help="system that the table compares with")
    results.add_argument("--table", action="store_true", help="only summarise finished cells")
    return parser


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Make, train, export, import and summarise a grid."""
    options = _parser().parse_args(arguments)
    output = Path(options.output_dir)
    if options.table:
        _summarise(output, options.reference)
        return
    index, _, count = options.shard.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise ValueError(f"shard {options.shard!r} is not I/N with I below N")
    settings: dict[str, Any] = {"shard": (int(index), int(count))}
    settings["keep_weights"] = not options.no_weights
    settings |= {name: True for name in ("bf16", "use_cpu") if getattr(options, name)}
    if options.corpus or options.audio:
        _train_audio(options, output, settings)
    else:
        bundle = _bundle(options, output / BUNDLE)
        if options.export:
            size = Path(options.export).stat().st_size / 1e6
            print(f"{options.export}: {len(bundle.cells)} cells, {size:.1f} MB")
            return
        if options.imports is not None:
            taken = import_cells(bundle, output, options.imports)
            print(f"{len(taken)} cells taken over")
            _summarise(output, options.reference)
            return
        run_cells(
            bundle,
            output,
            baselines=not options.no_baselines,
            report=lambda line: print(line, flush=True),
            pretrained=options.pretrained,
            **settings,
        )
    if int(count) == 1:
        _summarise(output, options.reference)


def _names(options: argparse.Namespace) -> list[str] | None:
    """Names of systems, separated by commas or spaces; None without the option."""
    return options.systems and ",".join(options.systems).split(",")


def _train_audio(options: argparse.Namespace, output: Path, settings: dict[str, Any]) -> None:
    """Train the cells of audio systems.

    Raises:
        ValueError: a corpus without its folder, or the other way round.
    """
    from symbolic.encoders.systems import AUDIO_SYSTEMS
    from symbolic.sweep.audio import run_audio_cells
    from symbolic.training.audio_arguments import AudioDataArguments

    if not (options.corpus and options.audio):
        raise ValueError("audio systems need both --corpus and --audio")
    run_audio_cells(
        _names(options) or list(AUDIO_SYSTEMS),
        options.hold_out or [f"fold-{k}" for k in range(options.folds)],
        AudioSettings(**values_of(options, *AUDIO_OPTIONS), pretrained=options.pretrained or ""),
        AudioDataArguments(**values_of(options, "corpus", "audio", "folds", "most", "cache_dir")),
        output,
        **settings,
    )


def _bundle(options: argparse.Namespace, path: Path) -> Bundle:
    """Load the given grid, or that of the folder, or make a new one."""
    if options.grid:
        bundle = load_bundle(options.grid)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and path.samefile(options.grid)):
            shutil.copyfile(options.grid, path)
        return bundle
    if not (options.emopia or options.vgmidi or options.ym2413):
        return load_bundle(path)
    from symbolic.data import DataArguments
    from symbolic.sweep.prepare import prepare

    default = [name for name, one in SYSTEMS.items() if options.pretrained or not one.pretrained]
    grid = cells(
        _names(options) or default,
        options.protocols.split(","),
        options.size,
        options.folds,
        [int(seed) for seed in options.seeds.split(",")],
    )
    data = DataArguments(**values_of(options, "emopia", "vgmidi", "ym2413", "folds"))
    place = options.export or path
    return prepare(place, grid, data, options.cache_dir, pretrained=options.pretrained)


def _summarise(output: Path, reference: str) -> None:
    """Write and print the tables of the finished cells."""
    try:
        import pandas  # noqa: F401 - is it installed?
        import sklearn  # noqa: F401 - and this?
    except ModuleNotFoundError:
        print(
            f"{output / RESULTS}: bring the folder where pandas and scikit-learn are, --import it"
        )
        return
    from symbolic.sweep.table import audio_sweep_table, sweep_confusions, sweep_table

    tables = [sweep_table(output, reference).rstrip()] if (output / CELLS).is_dir() else []
    if not tables or any(path.parts[-3] != CELLS for path in output.glob(f"*/*/{CELL}")):
        tables.append(audio_sweep_table(output))
    text = "\n\n".join(tables)
    (output / TABLE).write_text(f"{text}\n", encoding="utf-8")
    print(text)
    if (output / CELLS).is_dir() and importlib.util.find_spec("matplotlib"):
        sweep_confusions(output)
