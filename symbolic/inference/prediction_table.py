"""Prediction frames: what systems said of labelled pieces, read and checked.

One row says what one run predicted for one piece. Columns:

- `corpus`, `file`, `group`: the piece, and the song or game piece it belongs to;
- `fold`, `seed`: of the run that predicted it;
- `quadrant`: the true one, Q1..Q4, or missing;
- `q1 q2 q3 q4`: probabilities, where the system has an emotion head;
- `valence`, `arousal`: true values; `valence_predicted`, `arousal_predicted`;
- `key`: the true key id, 0..23, or missing; `key_predicted`;
- `velocity_right`, `velocity_asked`: counts of the piece's notes.

Those after `quadrant` may be absent. Other columns are kept and not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data.groups import assert_disjoint, group_name
from symbolic.tasks import QUADRANTS

if TYPE_CHECKING:
    import pandas as pd

PIECE = ["corpus", "file"]
RUN = ["fold", "seed"]
REQUIRED = (*PIECE, "group", *RUN, "quadrant")
PROBABILITIES = ["q1", "q2", "q3", "q4"]
REAL = ("valence", "arousal", "valence_predicted", "arousal_predicted")
KEYS = ("key", "key_predicted")
VELOCITY = ("velocity_right", "velocity_asked")
NUMBERS = (*PROBABILITIES, *REAL, *KEYS, *VELOCITY)
ROUNDING = 1e-3
"""How far probabilities may be from summing to 1: files hold rounded ones."""


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions from CSV.

    Returns:
        A checked frame: text columns as they stand, also where a song is called "NA"; numbers as
        float64; `quadrant` NaN where it is empty; `fold` and `seed` as whole numbers where all
        of a column are.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no such table; the message names the file, and what is wrong with it.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a table of predictions: {error}") from error
    for column in frame.columns.intersection(NUMBERS):
        try:
            frame[column] = pd.to_numeric(frame[column].where(frame[column] != "")).astype(float)
        except ValueError as error:
            raise ValueError(f"{path}: column {column}: {error}") from error
    for column in frame.columns.intersection(RUN):
        if frame[column].str.fullmatch(r"-?\d{1,18}").all():
            frame[column] = frame[column].astype(int)
    if "quadrant" in frame:
        frame["quadrant"] = frame["quadrant"].where(frame["quadrant"] != "")
    check_predictions(frame, str(path))
    return frame


def check_predictions(frame: pd.DataFrame, source: str = "predictions") -> None:
    """Refuse a frame that is not as the top of this module says.

    Args:
        frame: the predictions.
        source: what the message calls it, the file's name where there is one.

    Raises:
        ValueError: a missing column, no row, a quadrant or key that does not exist, probabilities
            that do not sum to 1, a piece predicted twice by one seed, or one with two groups or
            labels.
    """
    wanted = [*REQUIRED]
    for together in (PROBABILITIES, VELOCITY):
        if frame.columns.intersection(together).size:
            wanted += together
    if missing := [name for name in wanted if name not in frame.columns]:
        raise ValueError(f"{source}: no column {', '.join(missing)}")
    if frame.empty:
        raise ValueError(f"{source}: no predictions")
    unknown = set(frame.loc[labelled(frame), "quadrant"]) - set(QUADRANTS)
    if unknown:
        raise ValueError(
            f"{source}: quadrant {sorted(map(str, unknown))[0]!r} is none of {', '.join(QUADRANTS)}"
        )
    if has_emotion(frame):
        q = frame[PROBABILITIES].to_numpy(float)
        wrong = ~((np.abs(q.sum(axis=1) - 1) <= ROUNDING) & (q >= -ROUNDING).all(axis=1))
        _refuse(frame, wrong, source, "q1 to q4 are not probabilities that sum to 1")
    for name in frame.columns.intersection(KEYS):
        key = frame[name].to_numpy(float)
        wrong = ~(np.isnan(key) | np.isin(key, np.arange(24)))
        _refuse(frame, wrong, source, f"{name} is not a key id, 0 to 23")
    if "velocity_asked" in frame:
        right, asked = (frame[name].to_numpy(float) for name in VELOCITY)
        _refuse(frame, right > asked, source, "more velocities are right than were asked")
    for name in (*PIECE, "group", "seed"):
        _refuse(frame, frame[name].isna().to_numpy(), source, f"no {name}")
    twice = frame.duplicated([*PIECE, "seed"]).to_numpy()
    _refuse(frame, twice, source, "the piece is predicted twice by one seed")
    for name, rows in (("group", frame), ("quadrant", frame[labelled(frame)])):
        several = rows.groupby(PIECE)[name].transform("nunique").to_numpy() > 1
        _refuse(rows, several, source, f"the piece has more than one {name}")


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, source: str, why: str) -> None:
    if wrong.any():
        first = frame["file"].iloc[int(wrong.argmax())]
        raise ValueError(f"{source}: {why}, in {int(wrong.sum())} rows, the first is {first}")


def labelled(frame: pd.DataFrame) -> np.ndarray:
    """(n,) bool: the rows whose true quadrant is known."""
    return (frame["quadrant"].notna() & (frame["quadrant"] != "")).to_numpy(bool)


def has_emotion(frame: pd.DataFrame) -> bool:
    """Whether the frame holds quadrant probabilities."""
    return PROBABILITIES[0] in frame.columns


def true_quadrants(frame: pd.DataFrame) -> np.ndarray:
    """(n,) 0..3, of labelled rows."""
    return frame["quadrant"].map(QUADRANTS.index).to_numpy(int)


def predicted_quadrants(frame: pd.DataFrame) -> np.ndarray:
    """(n,) 0..3, the most probable."""
    return frame[PROBABILITIES].to_numpy(float).argmax(axis=1)


def group_numbers(frame: pd.DataFrame) -> np.ndarray:
    """(n,) numbers of the groups in sorted order; corpora may use the same names."""
    return frame.groupby(["corpus", "group"], dropna=False).ngroup().to_numpy()


def piece_level(frame: pd.DataFrame, by: str = "group") -> tuple[pd.DataFrame, int]:
    """Join the rows of one group into one: the phrases of a piece, the clips of a song.

    Probabilities and values are averaged, notes added up. A group whose labelled rows have
    different quadrants has no quadrant of its own and is left out. Keys are dropped, since the
    phrases of a piece may each have their own.

    Args:
        frame: predictions.
        by: the column whose value, within a corpus, says what belongs together.

    Returns:
        A frame of predictions, one row for each group and seed, the group's name as its `file`; and
        how many groups were left out.

    Raises:
        ValueError: a group that was split across folds, or across values of `group`.
    """
    check_predictions(frame)
    if by not in frame.columns:
        raise ValueError(f"predictions: no column {by}")
    frame = frame.assign(quadrant=frame["quadrant"].where(labelled(frame), None))
    within = ["corpus", by]
    for name, keys in (("fold", [*within, "seed"]), ("group", within)):
        several = frame.groupby(keys, dropna=False)[name].transform("nunique", dropna=False) > 1
        if several.any():
            raise ValueError(
                f"predictions: {by} {frame.loc[several, by].iloc[0]!r} is in more than one {name}"
            )
    agree = frame.groupby(within, dropna=False)["quadrant"].transform("nunique") <= 1
    left_out = len(frame.loc[~agree, within].drop_duplicates())
    how = {"group": "first", "fold": "first", "quadrant": "first"}
    how |= {name: "mean" for name in (*PROBABILITIES, *REAL) if name in frame}
    how |= {name: "sum" for name in VELOCITY if name in frame}
    how.pop(by, None)
    joined = frame[agree].groupby([*within, "seed"], dropna=False, as_index=False).agg(how)
    joined["file"] = joined[by].astype(str)
    columns = [name for name in (*REQUIRED, *NUMBERS) if name in joined]
    return joined[columns], left_out


def assert_folds(frames: Mapping[str, pd.DataFrame]) -> None:
    """Refuse predictions of which two runs of one seed have the same group.

    Args:
        frames: by the name of the run, with `corpus`, `group` and `seed`.

    Raises:
        LeakError: naming the runs.
    """
    sides: dict[Any, dict[str, list[str]]] = {}
    for run, frame in frames.items():
        for seed, rows in frame.groupby("seed"):
            names = [group_name(*pair) for pair in zip(rows["corpus"], rows["group"], strict=True)]
            sides.setdefault(seed, {})[run] = names
    for runs in sides.values():
        assert_disjoint(**runs)
