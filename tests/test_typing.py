"""Public names as type checkers see them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from limits import HANGS

import symbolic

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("basedpyright") is None, reason="basedpyright is not installed"
    ),
]


@pytest.fixture
def messages(root, tmp_path):
    """What the checker says of a file: lines, kinds (error, information, ...) and messages."""

    def of(file):
        config = tmp_path / "config.json"
        options = {"include": [str(file)], "extraPaths": [str(root)], "typeCheckingMode": "basic"}
        config.write_text(json.dumps(options))
        command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
        done = subprocess.run(
            [*command, "--project", str(config), "--outputjson"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=HANGS,
        )
        found = json.loads(done.stdout)
        assert found["summary"]["filesAnalyzed"] == 1, done.stdout
        return [
            (one["range"]["start"]["line"] + 1, one["severity"], one["message"])
            for one in found["generalDiagnostics"]
        ]

    return of


def test_what_a_user_misspells_is_reported_and_nothing_else(messages):
    file = Path(__file__).with_name("public_names.py")
    wrong = {
        number
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if line.endswith("# error")
    }
    found = messages(file)
    errors = {line for line, severity, _ in found if severity == "error"}
    assert errors == wrong, found
    assert any("from_pretraned" in message for _, _, message in found)


def test_every_public_name_has_a_type(messages, tmp_path):
    names = symbolic.__all__
    file = tmp_path / "names.py"
    lines = ["import symbolic", *(f"reveal_type(symbolic.{name})" for name in names)]
    file.write_text("\n".join(lines))
    types = {line: message for line, kind, message in messages(file) if kind == "information"}
    for line in range(2, 2 + len(names)):
        assert not types[line].endswith(('is "Any"', 'is "Unknown"')), types[line]
