"""Command line of `symbolic sweep`: a grid of systems, protocols, folds and seeds."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from symbolic.commands.arguments import guarded
from symbolic.sweep.bundle import Bundle, load_bundle
from symbolic.sweep.cells import BUNDLE, RESULTS, import_cells, run_cells
from symbolic.sweep.grid import PROTOCOLS, SIZES, SYSTEMS, cells

TABLE = "results.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, work through, send away, take back and sum up a grid."""
    return guarded(_main, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="A grid of systems, protocols, folds and seeds. It is resumable: what is "
        "finished is not done again. With --export the grid goes into one file, from which another "
        "machine works with --grid; --import brings its cells back.",
    )
    parser.add_argument("--output_dir", default="runs/sweep", help="folder of the sweep")
    parser.add_argument(
        "--pretrained",
        metavar="FOLDER",
        help="of encoders, each in a folder TOKENIZER--BACKBONE--SIZE as scripts/pretrain.py "
        "leaves it, that the pre-trained systems begin with",
    )
    made = parser.add_argument_group("a new grid")
    made.add_argument("--emopia", help="folder of EMOPIA")
    made.add_argument("--vgmidi", help="folder of VGMIDI")
    made.add_argument(
        "--systems",
        help=f"of {', '.join(SYSTEMS)}; by default all, without --pretrained all that begin from "
        "scratch",
    )
    made.add_argument(
        "--protocols", default="emopia-song,vgmidi", help=f"of {', '.join(PROTOCOLS)}"
    )
    made.add_argument("--size", default="small", help=f"of {', '.join(SIZES)}")
    made.add_argument("--folds", type=int, default=5)
    made.add_argument("--seeds", default="0", help="by commas")
    made.add_argument("--cache_dir", help="where tokens are kept for the next time")
    made.add_argument("--export", metavar="FILE", help="only write the grid with its data, .zip")
    work = parser.add_argument_group("work")
    work.add_argument("--grid", metavar="FILE", help="a grid that was exported")
    work.add_argument("--shard", default="0/1", help="I/N: every N-th cell, from the I-th")
    work.add_argument("--no_weights", action="store_true", help="keep no model")
    work.add_argument("--no_baselines", action="store_true", help="where scikit-learn is missing")
    work.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    work.add_argument("--use_cpu", action="store_true")
    parser.add_argument(
        "--import",
        dest="imports",
        nargs="*",
        metavar="FOLDER",
        help="take over cells done elsewhere",
    )
    parser.add_argument("--reference", default="", help="a system that the table compares with")
    parser.add_argument("--table", action="store_true", help="only sum up what is finished")
    return parser


def _main(arguments: Sequence[str] | None) -> None:
    options = _parser().parse_args(arguments)
    output = Path(options.output_dir)
    path = output / BUNDLE
    if options.table:
        _sum_up(output, options.reference)
        return
    bundle = _bundle(options, path)
    if options.export:
        size = Path(options.export).stat().st_size / 1e6
        print(f"{options.export}: {len(bundle.cells)} cells, {size:.1f} MB")
        return
    if options.imports is not None:
        taken = import_cells(bundle, output, options.imports)
        print(f"{len(taken)} cells taken over")
        _sum_up(output, options.reference)
        return
    index, _, count = options.shard.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise ValueError(f"shard {options.shard!r} is not I/N with I below N")
    run_cells(
        bundle,
        output,
        (int(index), int(count)),
        keep_weights=not options.no_weights,
        baselines=not options.no_baselines,
        report=lambda line: print(line, flush=True),
        pretrained=options.pretrained,
        **({"bf16": True} if options.bf16 else {}),
        **({"use_cpu": True} if options.use_cpu else {}),
    )
    if int(count) == 1:
        _sum_up(output, options.reference)


def _bundle(options: argparse.Namespace, path: Path) -> Bundle:
    """The grid that was named, or that of the folder, or a new one."""
    if options.grid:
        bundle = load_bundle(options.grid)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and path.samefile(options.grid)):
            shutil.copyfile(options.grid, path)
        return bundle
    if not (options.emopia or options.vgmidi):
        return load_bundle(path)
    from symbolic.data import DataArguments
    from symbolic.sweep.prepare import prepare

    systems = [name for name, one in SYSTEMS.items() if options.pretrained or not one.pretrained]
    asked = cells(
        systems if options.systems is None else options.systems.split(","),
        options.protocols.split(","),
        options.size,
        options.folds,
        [int(seed) for seed in options.seeds.split(",")],
    )
    data = DataArguments(emopia=options.emopia, vgmidi=options.vgmidi, folds=options.folds)
    place, folder = options.export or path, options.pretrained
    return prepare(place, asked, data, options.cache_dir, pretrained=folder)


def _sum_up(output: Path, reference: str) -> None:
    try:
        import pandas  # noqa: F401 - is it there?
        import sklearn  # noqa: F401 - and this?
    except ModuleNotFoundError:
        print(
            f"{output / RESULTS}: bring the folder where pandas and scikit-learn are, --import it"
        )
        return
    from symbolic.sweep.table import sweep_table

    text = sweep_table(output, reference)
    (output / TABLE).write_text(text, encoding="utf-8")
    print(text)
