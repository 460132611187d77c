"""What is published: the wheel holds everything that scoring needs."""

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pandas as pd
import pytest
from limits import HANGS

pytestmark = pytest.mark.slow  # of real runs, as they are

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    # Without isolation, so that building needs no network.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("symbolic_emotion-*.whl"))


def test_the_wheel_holds_one_package_and_the_weights(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"symbolic"}
    for file in ("model.safetensors", "config.json", "music_tokenizer.json", "README.md"):
        assert f"symbolic/weights/{file}" in names
    report = "symbolic/reports/corpus"
    others = {"symbolic/py.typed", "symbolic/publishing/card.md.jinja"}
    assert others | {f"{report}/page.html.jinja", f"{report}/style.css"} <= set(names)
    assert not any("__pycache__" in name for name in names)


def test_the_metadata_name_both_licences(wheel):
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["License-Expression"] == "Apache-2.0 AND CC-BY-NC-SA-4.0"
    weights = {"symbolic/weights/LICENSE", "symbolic/weights/base/LICENSE"}
    assert set(metadata.get_all("License-File")) == {"LICENSE", *weights}
    licences = [entry for entry in archive.namelist() if "dist-info/licenses/" in entry]
    assert len(licences) == 3


def test_a_wheel_installed_elsewhere_scores(wheel, tmp_path, write_midi, tune):
    site, music = tmp_path / "site", tmp_path / "music"
    music.mkdir()
    write_midi(music / "song.mid", tune())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, timeout=HANGS)
    # The copy in `site` comes first on the path; run from a folder that holds no other.
    environment = {**os.environ, "PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1"}
    code = (
        "import sys, symbolic; assert symbolic.__file__.startswith(sys.argv[1]), symbolic.__file__;"
        "from symbolic.cli import main; sys.exit(main(sys.argv[2:]))"
    )
    command = [sys.executable, "-c", code, str(site)]
    done = subprocess.run(
        [*command, "score", str(music), "--output", str(tmp_path / "scores.csv")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert table["error"].tolist() == [""]
