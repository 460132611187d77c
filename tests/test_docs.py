"""What the pages of `docs` show is what the code does."""

import doctest
import re
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from test_every_task import check_free_labels, check_task

from symbolic.encoders import AUDIO_SYSTEMS, BOUNDARY_SYSTEMS


@pytest.mark.parametrize(
    ("page", "lines"), [("tokenizers.md", 11), ("sharing.md", 11), ("corpora.md", 5)]
)
def test_what_a_page_shows_is_what_comes_out(root, page, lines):
    shown = doctest.testfile(str(root / "docs" / page), module_relative=False)
    assert shown.attempted >= lines
    assert shown.failed == 0


def test_generated_music_is_evaluated_as_its_page_shows(root, tmp_path, monkeypatch, write_midi):
    for name, third in (("a", 4), ("b", 3)):  # fast chords in major and in minor
        chords = [[root_ + tone for tone in (0, third, 7)] for root_ in (0, 5, 7, 0)]
        notes = [(i * 120, 120, 60 + chords[i // 8 % 4][i % 3], 80) for i in range(64)]
        notes += [(i * 120, 480, 36 + chords[i // 8 % 4][0], 70) for i in range(0, 64, 4)]
        write_midi(tmp_path / f"{name}.mid", notes)
    monkeypatch.chdir(tmp_path)
    shown = doctest.testfile(str(root / "docs" / "generated.md"), module_relative=False)
    assert shown.attempted >= 7
    assert shown.failed == 0


@pytest.mark.parametrize(
    ("page", "systems"), [("audio.md", AUDIO_SYSTEMS), ("structure.md", BOUNDARY_SYSTEMS)]
)
def test_every_audio_system_stands_in_its_page(root, page, systems):
    text = (root / "docs" / page).read_text(encoding="utf-8")
    for name in systems:
        assert f"`{name}`" in text, name


@pytest.mark.slow
def test_the_blocks_for_the_trainer_of_transformers_run(
    root, tmp_path, monkeypatch, write_midi, tune
):
    """Run every Python block of the page on small music, one after the other."""
    page = (root / "docs" / "training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    lines = ["path,quadrant,split"]
    (tmp_path / "my-music").mkdir()
    for i in range(8):
        write_midi(tmp_path / "my-music" / f"{i}.mid", tune(300 if i == 7 else 20, 54 + i))
        lines.append(f"{i}.mid,Q{1 + i % 4},{'val' if i >= 6 else 'train'}")
    (tmp_path / "my-music" / "labels.csv").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    compile_ = torch.compile  # without a C compiler
    monkeypatch.setattr(torch, "compile", lambda model: compile_(model, backend="eager"))
    names, missing = {}, []
    for block in blocks:
        package = "peft" if "peft" in block else "onnxscript" if "onnx" in block else "torch"
        if find_spec(package):
            exec(block, names)
        else:
            missing.append(package)
    assert names["trainer"].state.global_step > 0
    assert len(names["val_set"]) > 2  # all windows of two pieces
    scores = names["scorer"].score([piece.path for piece in names["pieces"]], workers=0)
    probable = names["probabilities"].detach().numpy()
    np.testing.assert_allclose(probable, scores[["q1", "q2", "q3", "q4"]], atol=2e-3)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert (tmp_path / "emotion.onnx").is_file()


def test_the_task_of_the_guide_for_contributors_is_a_task(root):
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    assert 10 < len(code.splitlines()) <= 25
    names: dict = {}
    exec(code, names)
    check_task("is_chord", names["IS_CHORD"])
    check_free_labels(names["IS_CHORD"], names["chord_labels"])
