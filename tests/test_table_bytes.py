"""Tables written from rows have the bytes of tables that pandas writes."""

import csv
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic.scoring.columns import COUNT, NUMBER, SCORES, TEXT
from symbolic.scoring.emotion import EmotionScorer
from symbolic.scoring.table_writers import WRITERS
from symbolic.scoring.tables import read_scores

COLUMNS = {"path": TEXT, "50 % q/a": NUMBER, "notes": COUNT, "tempo": NUMBER, "error": TEXT}
FORMULA = tuple("=+-@\t\r'")
ODD_TEXTS = (
    *("", "=1+1", "'tis", "\rreturn", "re\rturn", "a\nb", 'a "quoted", b', "\ud800.mid", "nan"),
    *("a/b\\/c", "\x00\x01\x1f\x7f\u2028", "ß音😀", "-1", "+", "@", "\ttab", " 007"),
)
ODD_NUMBERS = (
    *(0.0, -0.0, 1.0, 1e-6, -1e-6, 5e-7, -4e-7, 0.1234565, 123456789.1234565, 2**33 + 2**-7),
    *(9999999999999998.0, 1e16, 1e16 + 2, -1e17, 1e300, math.inf, -math.inf, math.nan),
)


def pandas_table(rows, columns):
    made = {}
    for name, kind in columns.items():
        values = [row.get(name) for row in rows]
        if kind == NUMBER:
            made[name] = np.round(np.array(values, np.float64), 6)
        elif kind == COUNT:
            made[name] = pd.array(values, "Int64")
        else:
            texts = [
                text if text is None else text.encode("utf-8", "backslashreplace").decode()
                for text in values
            ]
            made[name] = pd.array(texts, "object")
    return pd.DataFrame(made)


def pandas_csv(rows, columns):
    table = pandas_table(rows, columns)
    returns = False
    for name, kind in columns.items():
        if kind == TEXT:
            cells = table[name]
            dangerous = cells.str.startswith(FORMULA, na=False)
            table[name] = cells = cells.where(~dangerous, "'" + cells.astype("string"))
            returns |= bool(cells.str.contains("\r", na=False, regex=False).any())
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    return table.to_csv(index=False, header=False, lineterminator="\n", quoting=quoting)


def pandas_json(rows, columns):
    options = {"orient": "records", "lines": True, "force_ascii": False, "double_precision": 6}
    return pandas_table(rows, columns).to_json(**options).replace("\\/", "/")


def expected(suffix, shards, columns):
    if suffix == ".csv":
        return ",".join(columns) + "\n" + "".join(pandas_csv(rows, columns) for rows in shards)
    lines = "".join(pandas_json(rows, columns) for rows in shards)
    if suffix == ".jsonl":
        return lines
    return "[\n" + ",\n".join(lines.removesuffix("\n").split("\n")) + "\n]\n"


def assert_bytes_of_pandas(shards, columns):
    with TemporaryDirectory() as folder, np.errstate(over="ignore"):
        for suffix in (".csv", ".jsonl", ".json"):
            path = Path(folder, f"table{suffix}")
            writer = WRITERS[suffix](path, columns)
            writer.open(None)
            for rows in shards:
                writer.write(rows)
            writer.close()
            assert path.read_bytes() == expected(suffix, shards, columns).encode(), suffix


texts = st.none() | st.sampled_from(ODD_TEXTS) | st.text(st.characters())
numbers = st.none() | st.sampled_from(ODD_NUMBERS) | st.floats() | st.floats(-1, 1).map(np.float32)
counts = st.none() | st.integers(-(2**62), 2**62) | st.integers(0, 9).map(np.int64)
KINDS = {TEXT: texts, NUMBER: numbers, COUNT: counts}
any_rows = st.lists(
    st.fixed_dictionaries({}, optional={name: KINDS[kind] for name, kind in COLUMNS.items()}),
    min_size=1,
    max_size=6,
)


@given(shards=st.lists(any_rows, min_size=1, max_size=3))
def test_any_rows_have_the_bytes_of_pandas(shards):
    assert_bytes_of_pandas(shards, COLUMNS)


def test_odd_texts_and_numbers_have_the_bytes_of_pandas():
    rows = [{"path": text, "error": ""} for text in ODD_TEXTS]
    rows += [{"path": "a.mid", "50 % q/a": number, "tempo": 1 / 3} for number in ODD_NUMBERS]
    assert_bytes_of_pandas([rows, [{"path": "b", "notes": 3}], [{}]], COLUMNS)
    for row in rows:  # of a return, all cells of a shard are quoted
        assert_bytes_of_pandas([[row]], COLUMNS)


def test_parquet_holds_what_pandas_makes_of_the_rows(tmp_path):
    rows = [{"path": text, "notes": 3} for text in ODD_TEXTS]
    rows += [{"tempo": number, "error": "x"} for number in ODD_NUMBERS]
    writer = WRITERS[".parquet"](tmp_path / "x.parquet", COLUMNS)
    writer.open(None)
    with np.errstate(over="ignore"):
        writer.write(rows)
        table = pandas_table(rows, COLUMNS).fillna({"path": "", "error": ""})
    read = read_scores(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


@pytest.mark.parametrize("place", ["emopia/midi", "../cases"])
@pytest.mark.slow
def test_scores_of_real_music_have_the_bytes_of_pandas(place, data_folder):
    folder = data_folder / place
    if not folder.is_dir():
        pytest.skip(f"no {place} beside the corpora")
    scorer = EmotionScorer.from_pretrained()
    found = scorer.map_sources(
        scorer.preprocess, scorer.predict_rows, folder, True, False, timeout=120
    )
    rows = [{"path": name, **row} for name, row in found]
    assert_bytes_of_pandas([rows[:100], rows[100:]] if len(rows) > 100 else [rows], SCORES)
