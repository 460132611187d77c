"""Systems of the grid that begin pre-trained: their encoders, and what those were trained on."""

import json
import shlex
import shutil
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from symbolic.commands.pretrain import main as pretrain_main
from symbolic.commands.sweep import main
from symbolic.data import LeakError, save_tokens
from symbolic.data.groups import hashed_group
from symbolic.modeling import SymbolicModel
from symbolic.sweep import cells as work
from symbolic.sweep import prepare as preparing
from symbolic.sweep.bundle import Bundle, load_bundle, save_bundle
from symbolic.sweep.cells import CELL, CELLS, import_cells, run_cells
from symbolic.sweep.encoders import check_encoders, encoder_digests, pretrain_command
from symbolic.sweep.grid import PUBLISHED, SYSTEMS, Cell, cells
from symbolic.training.run_folder import recorded_groups, training_groups

QUIET = {"use_cpu": True, "max_steps": 1}
SCRATCH = [name for name, system in SYSTEMS.items() if not system.pretrained]
HERE = ("midibert", "midibert-pretrained", "mt-midigpt-pretrained")
BERT, GPT = "cp-midibert--bert--tiny", "ferreira--gpt2--tiny"


@pytest.fixture(scope="module")
def encoders(token_tunes, tmp_path_factory):
    """A folder of two encoders, made by the commands that are told where they are missing."""
    folder = tmp_path_factory.mktemp("encoders")
    for cell in cells(HERE[1:], ["emopia-val"], "tiny"):
        tokens = token_tunes(SYSTEMS[cell.system].tokenizer, count=4)
        groups = [f"other{i}" for i in range(4)]
        save_tokens(replace(tokens, groups=groups), folder / "other.npz")
        program, command, *words = shlex.split(pretrain_command(cell, folder))
        assert (program, command, words[:2]) == ("symbolic", "pretrain", ["--music", "MUSIC"])
        words = ["--tokens", str(folder / "other.npz"), *words[2:], "--max_steps", "2"]
        assert pretrain_main([*words, "--use_cpu", "True", "--disable_tqdm", "True"]) == 0
    return folder


@pytest.fixture(scope="module")
def parts(token_tunes):
    """Cells of three systems on two folds, the tunes as tokens, and who is trained on."""
    tunes = {name: token_tunes(name, count=12) for name in ("cp-midibert", "ferreira")}
    names = [f"tune {i}.mid" for i in range(12)]
    corpora = {"emopia": {name: replace(tokens, pieces=names) for name, tokens in tunes.items()}}
    first, second = list(range(6)), list(range(6, 12))
    splits = {
        f"emopia-song-{fold}": {"corpus": "emopia", "folds": 2, "train": train, "held": held}
        for fold, (train, held) in enumerate(((first, second), (second, first)))
    }
    return cells(HERE, ["emopia-song"], "tiny", 2), corpora, splits


@pytest.fixture(scope="module")
def bundle(parts, encoders, tmp_path_factory) -> Bundle:
    path = tmp_path_factory.mktemp("bundle") / "grid.zip"
    return save_bundle(path, *parts, encoder_digests(parts[0], encoders))


@pytest.fixture
def others(encoders, tmp_path):
    """The same encoders with other weights in the BERT."""
    shutil.copytree(encoders, tmp_path / "others")
    file = tmp_path / "others" / BERT / "model.safetensors"
    save_file({name: value + 1 for name, value in load_file(file).items()}, file, {"format": "pt"})
    return tmp_path / "others"


@pytest.fixture
def ran(monkeypatch):
    """The cells that were done, none of them in earnest."""
    ran = []
    monkeypatch.setattr(
        work, "run_cell", lambda _, cell, *__, **___: (ran.append(cell), ([], 0))[1]
    )
    return ran


def silent(_):
    pass


def test_only_what_begins_pretrained_says_so_in_its_settings():
    for name in SCRATCH:
        asked = {"tokenizer", "backbone", "tasks", "features", "baseline"}
        assert set(SYSTEMS[name].settings()) == asked, name
    begun = {name: system for name, system in SYSTEMS.items() if name not in SCRATCH}
    assert len(begun) == 6
    for name, system in begun.items():
        scratch = SYSTEMS[name.removesuffix("-pretrained")]
        weighted = {"tasks": system.tasks, "pretrained": True}
        assert system.settings() == {**scratch.settings(), **weighted}
        tasks = [task.partition("=")[0] for task in system.tasks.split(",")]
        assert tasks == scratch.tasks.split(",")
        assert system.title == f"{scratch.title}, pre-trained"
        assert PUBLISHED[system.name] == PUBLISHED[scratch.name]


def test_the_medium_size_is_made_and_trained_by_its_settings(
    bundle, encoders, tmp_path, monkeypatch
):
    """`layer_decay` is an argument of `FitArguments`, and of no pre-training."""
    cell = Cell("midibert-pretrained", "emopia-song", 0, 0, "medium")
    options = shlex.split(pretrain_command(cell, "E"))
    assert not {"--layer-decay", "--num-train-epochs", "--head-dropout"} & set(options)
    taken = {}

    def train_model(inputs, fit, fitting, **columns):
        taken.update(fit=fit, fitting=fitting, arguments=inputs.arguments)
        return torch.nn.Linear(1, 1), []

    monkeypatch.setattr(work, "train_model", train_model)
    work.run_cell(bundle, cell, tmp_path, encoder=encoders / BERT, use_cpu=True)
    assert taken["fit"].layer_decay == 0.8
    assert taken["fitting"].num_train_epochs == 6
    assert taken["arguments"].hidden_size == 192


def test_an_encoder_is_named_by_tokenizer_backbone_and_size():
    asked = cells([*SCRATCH, *HERE[1:]], ["vgmidi"], "paper", 1)
    assert {cell.encoder for cell in asked} == {
        "", "cp-midibert--bert--paper", "ferreira--gpt2--paper"
    }  # fmt: skip


@pytest.mark.slow
def test_a_cell_begins_with_the_weights_of_its_encoder(bundle, encoders, tmp_path):
    few = replace(bundle, cells=[cell for cell in bundle.cells if cell.fold == 0])
    options = {"report": silent, "pretrained": encoders, **QUIET}
    run_cells(few, tmp_path, learning_rate=0.0, **options)
    same = {}
    for cell in few.cells:
        folder = tmp_path / CELLS / cell.name
        state = SymbolicModel.from_pretrained(folder).encoder.state_dict()
        begun = SymbolicModel.from_pretrained(encoders / (cell.encoder or BERT))
        weights = begun.encoder.state_dict()
        assert state.keys() == weights.keys()
        same[cell.system] = all(torch.equal(state[name], weights[name]) for name in weights)
        record = json.loads((folder / "training.json").read_text())
        assert record["model"]["pretrained"] == cell.encoder
        known = set()
        if cell.encoder:  # the pre-training groups of the encoder count as training groups
            known = set(training_groups(encoders / cell.encoder))
        groups = set(recorded_groups(record))
        assert known <= groups
        assert len(groups - known) == 3
    assert same == {system: system != "midibert" for system in HERE}


def test_other_weights_are_another_cell(bundle, parts, encoders, others, tmp_path, ran):
    other = save_bundle(tmp_path / "other.zip", *parts, encoder_digests(parts[0], others))
    changed = [cell for cell in bundle.cells if cell.system == "midibert-pretrained"]
    assert [c for c in bundle.cells if bundle.digest(c) != other.digest(c)] == changed
    run_cells(bundle, tmp_path, report=silent, pretrained=encoders)
    assert ran == bundle.cells
    with pytest.raises(ValueError, match=f"{BERT}: other weights than those the grid"):
        run_cells(replace(bundle, cells=changed), tmp_path / "new", pretrained=others)
    ran.clear()
    run_cells(other, tmp_path, report=silent, pretrained=others)
    assert ran == changed


def test_cells_from_scratch_are_the_same_in_a_grid_without_encoders(bundle, parts, tmp_path):
    asked, corpora, splits = parts
    scratch = [cell for cell in asked if cell.system == "midibert"]
    alone = save_bundle(tmp_path / "grid.zip", scratch, corpora, splits)
    assert [alone.digest(cell) for cell in scratch] == [bundle.digest(cell) for cell in scratch]
    with zipfile.ZipFile(tmp_path / "grid.zip") as file:
        assert "encoders" not in json.loads(file.read("grid.json"))


def test_encoders_are_asked_for_only_where_a_cell_is_left(bundle, encoders, tmp_path, ran):
    run_cells(bundle, tmp_path, report=silent, pretrained=encoders)
    ran.clear()
    run_cells(bundle, tmp_path, report=silent)
    assert ran == []
    for cell in (bundle.cells[0], bundle.cells[2]):
        (tmp_path / CELLS / cell.name / CELL).unlink()  # cut off
    with pytest.raises(ValueError, match="midibert-pretrained begins with an encoder"):
        run_cells(bundle, tmp_path, report=silent)
    assert ran == []  # not even what begins from scratch, lest the rest fail hours later
    run_cells(bundle, tmp_path, report=silent, pretrained=encoders)
    assert ran == [bundle.cells[0], bundle.cells[2]]


def test_a_grid_knows_its_encoders_without_their_folder(bundle, parts, encoders, tmp_path, ran):
    digests = encoder_digests(parts[0], encoders)
    save_bundle(tmp_path / "grid.zip", *parts, digests)
    again = load_bundle(tmp_path / "grid.zip")
    assert again.encoders == digests
    assert [again.digest(cell) for cell in again.cells] == list(map(bundle.digest, bundle.cells))
    run_cells(bundle, tmp_path / "there", report=silent, pretrained=encoders)
    assert import_cells(again, tmp_path / "here", [tmp_path / "there"]) == [
        cell.name for cell in bundle.cells
    ]


@pytest.mark.parametrize("told", [3, ["ab"], {}, {BERT: "0" * 32}])
def test_a_grid_that_does_not_tell_its_encoders_is_refused(told, bundle, parts, tmp_path):
    path = tmp_path / "grid.zip"
    save_bundle(path, *parts, bundle.encoders)
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    contents["grid.json"] = json.dumps(json.loads(contents["grid.json"]) | {"encoders": told})
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    with pytest.raises(ValueError, match=r"grid\.zip: not a grid that can be read"):
        load_bundle(path)
    with pytest.raises(ValueError, match=f"no digest of the encoders {BERT}, {GPT}"):
        save_bundle(path, *parts)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "training.json"])
def test_a_missing_encoder_is_named_with_the_command_that_makes_it(file, encoders, tmp_path):
    asked = cells(["midibert-pretrained"], ["vgmidi"], "tiny", 1)
    folder = shutil.copytree(encoders, tmp_path / "some encoders")
    (folder / BERT / file).unlink()  # pre-training was cut off
    with pytest.raises(FileNotFoundError) as caught:
        encoder_digests(asked, folder)
    place, command = str(folder / BERT), pretrain_command(asked[0], folder)
    said = f"{place}: no encoder for midibert-pretrained; it is trained by: {command}"
    assert str(caught.value) == said
    assert shlex.split(command)[-2:] == ["--output-dir", place]


def test_an_encoder_of_another_shape_than_its_name_says_is_refused(encoders, tmp_path):
    shutil.copytree(encoders / BERT, tmp_path / "cp-midibert--bert--small")
    shutil.copytree(encoders / GPT, tmp_path / BERT)
    for size, said in (
        ("small", "hidden_size of the encoder is 16, not 96"),
        ("tiny", "model_type of the encoder is gpt2, not bert"),
    ):
        with pytest.raises(ValueError, match=f"--{size}: {said}"):
            encoder_digests(cells(["midibert-pretrained"], ["vgmidi"], size, 1), tmp_path)


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ("tunes: song5", "2 of 6 .*: tune 10.mid .same group., tune 11.mid .same group."),
        ("unlabelled: tune 11", "1 of 6 .*: tune 11.mid .same name."),
    ],
)
def test_an_encoder_trained_on_held_out_pieces_is_a_leak(
    group, found, bundle, others, tmp_path, ran
):
    path = others / GPT / "training.json"
    record = json.loads(path.read_text())
    groups = recorded_groups(record)
    assert groups == sorted(hashed_group(f"tunes: other{i}") for i in range(4))
    path.write_text(json.dumps({**record, "groups": [*groups, group]}))
    gpt = [cell for cell in bundle.cells if cell.encoder == GPT]
    with pytest.raises(LeakError, match=found):  # the first fold holds out pieces 6 to 11
        run_cells(replace(bundle, cells=gpt), tmp_path / "out", pretrained=others)
    assert ran == []
    check_encoders(bundle, [cell for cell in gpt if cell.fold == 1], others)


def test_without_a_folder_of_encoders_the_grid_begins_from_scratch(monkeypatch, capsys, tmp_path):
    asked = []

    def prepare(path, cells, *_, **options):
        asked.append((list(dict.fromkeys(cell.system for cell in cells)), options["pretrained"]))
        raise ValueError("enough")

    monkeypatch.setattr(preparing, "prepare", prepare)
    for words in ([], ["--pretrained", "encoders"], ["--systems", "mt-midigpt-pretrained"]):
        assert main(["--emopia", "e", "--output_dir", str(tmp_path), *words]) == 2
        assert "enough" in capsys.readouterr().err
    assert asked == [
        (SCRATCH, None), (list(SYSTEMS), "encoders"), (["mt-midigpt-pretrained"], None),
    ]  # fmt: skip


def test_a_pretrained_system_asks_for_the_folder_before_music_is_read(capsys, encoders, tmp_path):
    words = ["--emopia", "nowhere", "--systems", "midibert,midibert-pretrained", "--size", "small",
             "--protocols", "emopia-val", "--output_dir", str(tmp_path / "out")]  # fmt: skip
    cell = cells(["midibert-pretrained"], ["emopia-val"], "small")[0]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "--pretrained must have cp-midibert--bert--small" in said
    assert pretrain_command(cell, "ENCODERS") in said
    assert main([*words, "--pretrained", str(encoders)]) == 2
    said = capsys.readouterr().err
    assert f"{encoders / 'cp-midibert--bert--small'}: no encoder for midibert-pretrained" in said
    assert pretrain_command(cell, encoders) in said


def test_a_grid_travels_with_its_encoders_beside_it(emopia, encoders, others, capsys, tmp_path):
    grid, there, here = tmp_path / "grid.zip", tmp_path / "there", tmp_path / "here"

    def sweep(*words):
        status = main(list(map(str, words)))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    made = ["--emopia", emopia, "--systems", "midibert-pretrained", "--protocols", "emopia-val",
            "--size", "tiny", "--cache_dir", tmp_path / "cache", "--export", grid]  # fmt: skip
    record = others / BERT / "training.json"
    heard = {**json.loads(record.read_text()), "groups": ["emopia: song20"]}
    record.write_text(json.dumps(heard))
    status, said = sweep(*made, "--pretrained", others)
    assert (status, "(same group)" in said, grid.exists()) == (2, True, False)
    status, said = sweep(*made, "--pretrained", encoders)
    assert (status, "1 cells" in said) == (0, True), said
    status, said = sweep("--grid", grid, "--output_dir", there, "--use_cpu")
    assert (status, "--pretrained must have" in said) == (2, True)
    words = ["--grid", grid, "--output_dir", there, "--use_cpu", "--pretrained"]
    status, said = sweep(*words, others)
    assert (status, "other weights" in said) == (2, True)
    status, said = sweep(*words, encoders)
    assert status == 0, said
    status, said = sweep("--grid", grid, "--output_dir", here, "--import", there)
    assert (status, "1 cells taken over" in said) == (0, True), said
    assert "| MIDIBERT, pre-trained |" in said


def test_the_page_shows_the_commands_of_the_papers_sizes(root):
    page = (root / "docs" / "training.md").read_text(encoding="utf-8")
    shown = " ".join(page.replace("\\\n", " ").split())
    for cell in cells(HERE[1:], ["emopia-val"], "paper"):
        assert pretrain_command(cell, "encoders") in shown
