"""A grid of systems: its cells, its bundle, and working through it here and elsewhere."""

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict, replace

import numpy as np
import pytest
from limits import HANGS

from symbolic.commands.sweep import main
from symbolic.data.groups import hashed_group
from symbolic.encoders.backbones import BACKBONES
from symbolic.sweep import cells as work
from symbolic.sweep import table
from symbolic.sweep.bundle import Bundle, load_bundle, save_bundle
from symbolic.sweep.cells import (
    CELL,
    CELLS,
    RESULTS,
    finished,
    import_cells,
    run_cells,
    write_results,
)
from symbolic.sweep.grid import PROTOCOLS, SIZES, SYSTEMS, Cell, cells
from symbolic.tasks import TASKS
from symbolic.tokenizers import NAMES
from symbolic.training.run_folder import recorded_groups

QUIET = {"use_cpu": True, "max_steps": 1}


def test_a_whole_grid_is_in_order():
    asked = cells(["midibert", "logistic"], ["emopia-val", "vgmidi"], "tiny", 3, [0, 7])
    assert [(c.system, c.hold_out, c.seed) for c in asked[:8]] == [
        ("midibert", "emopia-val", 0), ("logistic", "emopia-val", 0),
        ("midibert", "vgmidi-0", 0), ("midibert", "vgmidi-1", 0), ("midibert", "vgmidi-2", 0),
        ("logistic", "vgmidi-0", 0), ("logistic", "vgmidi-1", 0), ("logistic", "vgmidi-2", 0),
    ]  # fmt: skip
    assert [replace(cell, seed=0) for cell in asked[8:]] == asked[:8]
    assert {cell.seed for cell in asked[8:]} == {7}
    assert [Cell(**json.loads(json.dumps(asdict(cell)))) for cell in asked] == asked


def test_every_cell_has_a_folder_of_its_own():
    everything = [cell for size in SIZES for cell in cells(SYSTEMS, PROTOCOLS, size, 5, range(3))]
    assert len({cell.name for cell in everything}) == len(everything) > 1000
    assert all("/" not in cell.name and " " not in cell.name for cell in everything)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((["choir"], ["vgmidi"]), "no system choir; there are svm-lin"),
        ((["midibert"], ["vgmidi", "opera"]), "no protocol opera; there are emopia-val"),
        ((["midibert"], ["vgmidi"], "huge"), "no size huge; there are tiny"),
    ],
)
def test_what_is_not_in_the_grid_is_named(asked, said):
    with pytest.raises(ValueError, match=said):
        cells(*asked)


def test_systems_are_made_of_what_there_is():
    for name, system in SYSTEMS.items():
        assert name == system.name
        assert bool(system.baseline) != bool(system.backbone), name
        if not system.baseline:
            assert system.backbone in BACKBONES
            assert system.tokenizer in NAMES
            assert {task.partition("=")[0] for task in system.tasks.split(",")} <= set(TASKS)


SYSTEMS_HERE = ("midibert", "gpt2-performance")


@pytest.fixture(scope="module")
def parts(token_tunes):
    """Cells of two systems on two folds, the tunes as tokens, and who is trained on."""
    corpora = {
        "emopia": {name: token_tunes(name, count=12) for name in ("cp-midibert", "cp-performance")}
    }
    first, second = list(range(6)), list(range(6, 12))
    splits = {
        f"emopia-song-{fold}": {"corpus": "emopia", "folds": 2, "train": train, "held": held}
        for fold, (train, held) in enumerate(((first, second), (second, first)))
    }
    return cells(SYSTEMS_HERE, ["emopia-song"], "tiny", 2), corpora, splits


@pytest.fixture(scope="module")
def bundle(parts, tmp_path_factory) -> Bundle:
    return save_bundle(tmp_path_factory.mktemp("bundle") / "grid.zip", *parts)


@pytest.fixture(scope="module")
def done(bundle, tmp_path_factory):
    """The folder of a sweep that is finished, and what was reported of it."""
    folder, lines = tmp_path_factory.mktemp("done"), []
    run_cells(bundle, folder, report=lines.append, **QUIET)
    return folder, lines


def test_a_bundle_holds_what_was_put_into_it(parts, bundle, tmp_path):
    asked, corpora, splits = parts
    save_bundle(tmp_path / "deep" / "grid.zip", *parts)
    again = load_bundle(tmp_path / "deep" / "grid.zip")
    assert again.cells == asked
    assert again.splits == splits
    for name, tokens in corpora["emopia"].items():
        back = again.corpora["emopia"][name]
        assert back.vocabulary == tokens.vocabulary
        assert (back.pieces, back.groups) == (tokens.pieces, tokens.groups)
        for array in ("ids", "offsets", "velocity"):
            assert np.array_equal(getattr(back, array), getattr(tokens, array))
        for label, values in tokens.labels.items():
            assert np.array_equal(back.labels[label], values)
    for cell in asked:
        assert again.tokens(cell).vocabulary.tokenizer_class == "CPTokenizer"
        assert again.tokens(cell) is again.corpora["emopia"][SYSTEMS[cell.system].tokenizer]
        assert again.digest(cell) == bundle.digest(cell)


def test_the_same_grid_is_the_same_bytes(parts, tmp_path, monkeypatch):
    import time

    for name, now in (("a", 1e9), ("b", 1.7e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        save_bundle(tmp_path / name, *parts)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    asked, corpora, splits = parts
    save_bundle(tmp_path / "c", asked[:-1], corpora, splits)
    assert (tmp_path / "c").read_bytes() != (tmp_path / "a").read_bytes()


def test_tokenizers_must_hold_the_same_pieces(parts, token_tunes, tmp_path):
    asked, corpora, splits = parts
    other = {"emopia": {**corpora["emopia"], "ferreira": token_tunes("ferreira", count=11)}}
    with pytest.raises(ValueError, match="emopia: ferreira does not hold the pieces that"):
        save_bundle(tmp_path / "grid.zip", asked, other, splits)


def test_a_damaged_bundle_is_named(parts, tmp_path):
    path = tmp_path / "grid.zip"
    save_bundle(path, *parts)
    whole = path.read_bytes()
    begins = [whole[: len(whole) * k // 7] for k in range(7)]
    rng = np.random.default_rng(0)
    mutants = []
    for _ in range(40):
        bytes_ = bytearray(whole)
        at = rng.integers(len(whole))
        bytes_[at : at + 20] = rng.bytes(20)
        mutants.append(bytes(bytes_))
    refused = 0
    for damaged in [*begins, *mutants]:
        path.write_bytes(damaged)
        try:
            load_bundle(path)
        except ValueError as error:
            refused += "grid.zip: not a grid that can be read" in str(error)
    assert refused >= len(begins) + 30  # some damage is to bytes that are never read
    with pytest.raises(FileNotFoundError, match=r"nowhere\.zip: no such grid"):
        load_bundle(tmp_path / "nowhere.zip")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"format": "other"}, {"cells": [{"system": "midibert"}]}, {"cells": 3},
        {"corpora": ["emopia"]}, {"corpora": {"emopia": ["cp-score"]}}, {"splits": None},
    ],
)  # fmt: skip
def test_a_bundle_of_another_kind_is_named(change, parts, tmp_path):
    save_bundle(tmp_path / "grid.zip", *parts)
    with zipfile.ZipFile(tmp_path / "grid.zip") as file:
        contents = {name: file.read(name) for name in file.namelist()}
    header = json.loads(contents["grid.json"]) | change
    header = {name: value for name, value in header.items() if value is not None}
    with zipfile.ZipFile(tmp_path / "grid.zip", "w") as file:
        for name, content in (contents | {"grid.json": json.dumps(header)}).items():
            file.writestr(name, content)
    with pytest.raises(ValueError, match=r"grid\.zip: not a grid that can be read"):
        load_bundle(tmp_path / "grid.zip")


def results(folder):
    with open(folder / RESULTS, newline="") as file:
        return list(csv.DictReader(file))


def test_every_cell_is_done_and_has_its_row(done, bundle):
    folder, lines = done
    assert len(lines) == 4
    rows = {(row["system"], row["fold"]): row for row in results(folder)}
    assert set(rows) == {(system, fold) for system in SYSTEMS_HERE for fold in "01"}
    for cell in bundle.cells:
        row = rows[cell.system, str(cell.fold)]
        with open(folder / CELLS / cell.name / "predictions.csv", newline="") as file:
            said = list(csv.DictReader(file))
        held = bundle.splits[cell.hold_out]["held"]
        assert [one["file"] for one in said] == [f"{i}.mid" for i in held]
        assert {(one["fold"], one["seed"]) for one in said} == {(str(cell.fold), "0")}
        right = np.mean([one["emotion"] == one["emotion predicted"] for one in said])
        assert float(row["accuracy"]) == pytest.approx(right)
        assert (row["pieces"], row["size"], row["protocol"]) == ("6", "tiny", "emopia-song")
        assert int(row["parameters"]) > 1000
        assert finished(folder / CELLS / cell.name, bundle.digest(cell))
        record = json.loads((folder / CELLS / cell.name / "training.json").read_text())
        assert record["data"]["hold_out"] == cell.hold_out


def test_groups_of_held_out_pieces_are_not_trained_on(done, bundle):
    folder, _ = done
    for cell in bundle.cells:
        record = json.loads((folder / CELLS / cell.name / "training.json").read_text())
        held = bundle.splits[cell.hold_out]["held"]
        groups = set(recorded_groups(record))
        assert not groups & {hashed_group(f"tunes: song{i // 2}") for i in held}
        assert len(groups) == 3


@pytest.fixture
def copy(done, tmp_path):
    shutil.copytree(done[0], tmp_path / "sweep")
    return tmp_path / "sweep"


def test_only_what_is_not_finished_is_done_again(copy, bundle, monkeypatch):
    ran = []

    def run_cell(bundle, cell, folder, **_):
        assert list(folder.iterdir()) == []  # nothing of what was cut off is left
        ran.append(cell)
        return [{"emotion": "Q1", "emotion predicted": "Q1"}], 5

    monkeypatch.setattr(work, "run_cell", run_cell)
    lines = []
    run_cells(bundle, copy, report=lines.append)
    assert (ran, lines) == ([], [])
    first, second, third, _ = bundle.cells
    (copy / CELLS / first.name / CELL).unlink()  # cut off before the end
    (copy / CELLS / second.name / CELL).write_text('{"inputs": "')  # or at the very end
    shutil.rmtree(copy / CELLS / third.name)
    run_cells(bundle, copy, report=lines.append)
    assert ran == [first, second, third]
    assert [line.split(":")[0] for line in lines] == [cell.name for cell in ran]
    assert len(results(copy)) == 4
    run_cells(bundle, copy, report=lines.append)
    assert len(ran) == 3


def test_a_cell_of_other_data_is_done_again(copy, parts, monkeypatch, tmp_path):
    asked, corpora, splits = parts
    changed = dict(splits)
    changed["emopia-song-1"] = {**splits["emopia-song-1"], "train": [6, 7, 8, 9]}
    other = save_bundle(tmp_path / "other.zip", asked, corpora, changed)
    ran = []
    monkeypatch.setattr(
        work, "run_cell", lambda _, cell, *__, **___: (ran.append(cell), ([], 0))[1]
    )
    run_cells(other, copy, report=lambda _: None)
    assert ran == [cell for cell in asked if cell.fold == 1]


def test_finished_cells_stay_finished_when_the_grid_grows(copy, parts, monkeypatch, tmp_path):
    _, corpora, splits = parts
    more = cells([*SYSTEMS_HERE, "bert-performance"], ["emopia-song"], "tiny", 2)
    grown = save_bundle(tmp_path / "grown.zip", more, corpora, splits)
    ran = []
    monkeypatch.setattr(
        work, "run_cell", lambda _, cell, *__, **___: (ran.append(cell.system), ([], 0))[1]
    )
    run_cells(grown, copy, report=lambda _: None)
    assert ran == ["bert-performance"] * 2


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_share_out_all_cells(count, bundle, monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(
        work, "run_cell", lambda _, cell, *__, **___: (ran.append(cell), ([], 0))[1]
    )
    sizes = []
    for index in range(count):
        before = len(ran)
        run_cells(bundle, tmp_path, (index, count), report=lambda _: None)
        sizes.append(len(ran) - before)
    assert sorted(ran, key=bundle.cells.index) == bundle.cells
    assert max(sizes) - min(sizes) <= 1
    assert len(results(tmp_path)) == 4


def test_weights_are_kept_or_not(done, bundle, tmp_path):
    folder, _ = done
    name = bundle.cells[0].name
    assert (folder / CELLS / name / "model.safetensors").is_file()
    few = replace(bundle, cells=bundle.cells[:1])
    run_cells(few, tmp_path, keep_weights=False, report=lambda _: None, **QUIET)
    assert not list(tmp_path.rglob("*.safetensors"))
    first, again = ((path / CELLS / name / "predictions.csv").read_bytes()
                    for path in (folder, tmp_path))  # fmt: skip
    assert first == again  # the seed decides


def test_baselines_can_be_left_to_another_machine(parts, tmp_path, monkeypatch):
    _, corpora, splits = parts
    mixed = cells(["logistic", "midibert"], ["emopia-song"], "tiny", 2)
    bundle = save_bundle(tmp_path / "grid.zip", mixed, corpora, splits)
    ran = []
    monkeypatch.setattr(
        work, "run_cell", lambda _, cell, *__, **___: (ran.append(cell.system), ([], 0))[1]
    )
    run_cells(bundle, tmp_path / "a", baselines=False, report=lambda _: None)
    assert ran == ["midibert"] * 2
    run_cells(bundle, tmp_path / "a", report=lambda _: None)
    assert sorted(ran) == ["logistic"] * 2 + ["midibert"] * 2


def test_a_record_that_is_half_written_costs_no_other_its_row(copy, bundle):
    (copy / CELLS / bundle.cells[0].name / CELL).write_text('{"system": "midi')
    (copy / CELLS / bundle.cells[1].name / CELL).write_text("[]")
    (copy / CELLS / "stray").write_text("")
    assert len(write_results(copy)) == len(results(copy)) == 2
    for cell in bundle.cells[:2]:
        assert not finished(copy / CELLS / cell.name, bundle.digest(cell))


def test_cells_that_were_done_elsewhere_are_taken_over(done, bundle, tmp_path):
    here, there, names = tmp_path / "here", done[0], [cell.name for cell in bundle.cells]
    (here / CELLS).mkdir(parents=True)
    shutil.copytree(there / CELLS / names[0], here / CELLS / names[0])
    shutil.copytree(there / CELLS / names[1], here / CELLS / names[1])
    (here / CELLS / names[1] / CELL).unlink()  # begun here, finished there
    (here / CELLS / names[1] / "rubbish").write_text("")
    mark = here / CELLS / names[0] / "mine"
    mark.write_text("")
    assert import_cells(bundle, here, [there]) == names[1:]
    assert mark.is_file()  # what is finished here is left alone
    assert not (here / CELLS / names[1] / "rubbish").exists()
    assert results(here) == results(there)
    assert import_cells(bundle, here, [there, there]) == []


def test_cells_of_another_grid_are_refused(done, parts, tmp_path):
    asked, corpora, splits = parts
    others = [replace(cell, seed=9) for cell in asked]
    other = save_bundle(tmp_path / "other.zip", others, corpora, splits)
    with pytest.raises(ValueError, match="no finished cell of this grid"):
        import_cells(other, tmp_path / "here", [done[0]])
    with pytest.raises(ValueError, match="no finished cell of this grid"):
        import_cells(other, tmp_path / "here", [tmp_path / "nowhere"])
    assert not (tmp_path / "here" / RESULTS).exists()


def test_the_table_comes_with_a_figure_of_the_confusions(done, tmp_path, capsys, monkeypatch):
    """A panel for each system, of the pieces of all folds."""
    shutil.copytree(done[0] / CELLS, tmp_path / CELLS)
    drawn = {}
    plot = table.confusion_plots

    def plots(matrices, path, *rest):
        drawn.update(matrices)
        plot(matrices, path, *rest)

    monkeypatch.setattr(table, "confusion_plots", plots)
    assert main(["--output-dir", str(tmp_path), "--table"]) == 0
    shown = capsys.readouterr().out
    assert {name for name in drawn if f"| {name} |" in shown} == set(drawn)
    assert set(drawn) == {SYSTEMS[name].title for name in SYSTEMS_HERE}
    assert [matrix.sum() for matrix in drawn.values()] == [12, 12]
    assert (tmp_path / "confusion-emopia-song-tiny.png").stat().st_size > 1000


BARE = """
import sys

for name in ("miditok", "symusic", "music21", "datasets", "pandas", "sklearn", "pretty_midi",
             "scipy", "matplotlib", "pyarrow", "pebble"):
    assert name not in sys.modules
    sys.modules[name] = None  # as if it were not installed

from symbolic.commands.sweep import main

sys.exit(main())
"""


@pytest.mark.slow
def test_a_grid_travels_to_a_bare_machine_and_back(parts, root, tmp_path, capsys):
    asked, corpora, splits = parts
    mixed = [*cells(["logistic"], ["emopia-song"], "tiny", 1), *asked[1:3]]
    save_bundle(tmp_path / "grid.zip", mixed, corpora, splits)
    words = ["--grid", str(tmp_path / "grid.zip"), "--output_dir", str(tmp_path / "there"),
             "--no_baselines", "--no_weights", "--use_cpu"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", BARE, *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {row["system"] for row in results(tmp_path / "there")} == set(SYSTEMS_HERE)
    assert "bring the folder where pandas and scikit-learn are" in done.stdout
    bundle = load_bundle(tmp_path / "there" / "grid.zip")
    taken = import_cells(bundle, tmp_path / "here", [tmp_path / "there"])
    assert taken == [cell.name for cell in asked[1:3]]


def test_the_command_refuses_what_it_cannot_do(bundle, parts, tmp_path, capsys):
    save_bundle(tmp_path / "grid.zip", *parts)
    there = ["--output_dir", str(tmp_path / "sweep")]
    for words, said in (
        (["--grid", str(tmp_path / "grid.zip"), "--shard", "2/2"], "shard '2/2' is not I/N"),
        (["--grid", str(tmp_path / "nowhere.zip")], "nowhere.zip: no such grid"),
        (["--emopia", "nowhere", "--systems", "choir"], "no system choir"),
    ):
        assert main([*there, *words]) == 2
        assert said in capsys.readouterr().err
