"""Tables where a command takes another kind of them, or none."""

from itertools import product

import pandas as pd
import pytest

from symbolic.cli import main
from symbolic.scoring.columns import SCORES, TIMELINE
from symbolic.scoring.table_kinds import kind_of_columns

SEGMENTS = ["path", "part", "start", "end", "confidence", "error"]
PREDICTIONS = ["corpus", "file", "group", "fold", "seed", "emotion", "emotion: Q1"]
TABLES = {
    "windows of a timeline": (list(TIMELINE), "`symbolic plot PIECE"),
    "parts of pieces": (SEGMENTS, "`symbolic segment FILE"),
    "predictions of held-out pieces": (PREDICTIONS, "`symbolic evaluate RUN`"),
    "scores of pieces": (list(SCORES), "`symbolic report"),
}
COMMANDS = {
    "report": lambda table, folder: ["report", table],
    "plot": lambda table, folder: ["plot", table, "-o", folder / "plot.png"],
    "push": lambda table, folder: ["push", table, "me/model", "--dry-run"],
    "evaluate": lambda table, folder: ["evaluate", table],
}


@pytest.fixture(params=[".csv", ".jsonl", ".json", ".parquet"])
def written(request, tmp_path):
    """Write a table of one empty row in one of the formats, and return its path."""

    def write(columns):
        path = tmp_path / f"table{request.param}"
        frame = pd.DataFrame([dict.fromkeys(columns, "")])
        {
            ".csv": lambda: frame.to_csv(path, index=False),
            ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
            ".json": lambda: frame.to_json(path, orient="records"),
            ".parquet": lambda: frame.to_parquet(path),
        }[request.param]()
        return path

    return write


REFUSED = [pair for pair in product(COMMANDS, TABLES) if pair != ("report", "scores of pieces")]


@pytest.mark.parametrize(("command", "name"), REFUSED)
def test_another_table_is_refused_with_its_command(command, name, written, tmp_path, capsys):
    columns, right = TABLES[name]
    table = written(columns)
    assert main(list(map(str, COMMANDS[command](table, tmp_path)))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(table) in line
    assert name in line
    assert right in line


def test_the_json_of_segment_is_known(tmp_path, capsys):
    path = tmp_path / "parts.json"
    path.write_text('[{"path": "a.mid", "error": "", "boundaries": []}]')
    assert main(["report", str(path)]) == 2
    assert "`symbolic segment FILE" in capsys.readouterr().err


def test_a_table_of_unknown_columns_is_of_no_kind():
    assert kind_of_columns(["file", "error"]) is None


def test_a_file_that_is_no_table_gets_the_message_of_the_command(tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text("{")
    assert main(["evaluate", str(path)]) == 2
    assert "not a folder that training has written" in capsys.readouterr().err
