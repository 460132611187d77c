"""Tables as lines of text."""

import numpy as np

from symbolic.reports.text_table import cell, text_table


def test_columns_are_aligned_on_the_right_and_named_ones_on_the_left():
    rows = [["a.mid", "-", "no notes"], ["long.mid", "0.50", ""]]
    assert text_table(["path", "q1", "error"], rows, left=["error"]).splitlines() == [
        "    path    q1  error",
        "   a.mid     -  no notes",
        "long.mid  0.50",
    ]


def test_of_many_rows_the_first_and_the_last_are_shown():
    rows = [[str(number), "x"] for number in range(100)]
    lines = text_table(["n", "x"], rows, most=4).splitlines()
    assert [line.split()[0] for line in lines] == ["n", "0", "1", "...", "98", "99"]
    assert len(text_table(["n", "x"], rows[:4], most=4).splitlines()) == 5
    assert len(text_table(["n", "x"], rows).splitlines()) == 101


def test_a_table_without_rows_has_its_heading():
    assert text_table(["path", "error"], []) == "path  error"


def test_cells_are_one_line_and_never_empty():
    for missing in (None, "", float("nan"), np.float64("nan")):
        assert cell(missing) == "-"
    assert cell(0.126) == "0.13"
    assert cell(19.6, 0) == "20"
    assert cell(9) == "9"
    assert cell("a\nb\t\r") == "a\\nb\\t\\r"
