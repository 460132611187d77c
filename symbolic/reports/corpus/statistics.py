"""Statistics of a scored corpus: quadrants, keys, confidence, familiarity and errors."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.notes.keys import KEY_NAMES
from symbolic.scoring.table_writers import writable
from symbolic.tasks import QUADRANTS

if TYPE_CHECKING:
    import pandas as pd

PROBABILITIES = ("q1", "q2", "q3", "q4")
NEEDED = ("path", "quadrant", *PROBABILITIES, "error")
OPTIONAL = ("key", "familiarity", "seconds", "reasons", "keys")
"""Columns of a table of scores that a report requires, and those that it uses if present."""

MOST_CONFIDENT, LEAST_CONFIDENT = 5, 20  # listed pieces, of each quadrant and of all
CONFIDENCES = np.linspace(0.25, 1.0, 16)
"""Edges of the bins of the confidence, which is at least 0.25."""

FAMILIAR = (0.25, 0.75)
"""Thresholds of familiarity: unfamiliar below the first, familiar from the second."""

ALIKE = (
    (r"\s+", " "),
    (
        r"(?<!\w)b?(['\"`])(?:\\.|(?!\1).)*\1(?!\w)|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019",
        "…",
    ),
    (r"<[^<>]*>", "<…>"),
    (r"(?<![\w-])[-+]?(?:0x[\da-fA-F]+|\d+(?:[.,]\d+)*(?:e[-+]?\d+)?)", "…"),
)
"""Parts in which errors of one kind may differ: spaces, quoted text, tags and numbers."""


@dataclass(frozen=True)
class CorpusReport:
    """A scored corpus.

    Attributes:
        scored: rows with a prediction: `path quadrant q1 q2 q3 q4` and `confidence`, the largest
            probability; `key`, `familiarity`, `seconds`, `reasons` and `keys` if the table has
            them.
        failed: rows without a prediction: `path error`.
        folder: the folder that all paths share, with its last slash, or empty.
    """

    scored: pd.DataFrame
    failed: pd.DataFrame
    folder: str

    @property
    def files(self) -> int:
        return len(self.scored) + len(self.failed)

    @property
    def probabilities(self) -> np.ndarray:
        """(n, 4) probabilities of Q1..Q4 for each scored piece."""
        return self.scored[list(PROBABILITIES)].to_numpy(np.float64)

    def quadrants(self) -> pd.DataFrame:
        """Compute by quadrant `pieces`, their `share`, and `expected`, the mean probability."""
        import pandas as pd

        pieces = self._counts("quadrant", QUADRANTS)
        count = max(len(self.scored), 1)
        expected = self.probabilities.sum(axis=0) / count
        columns = {"pieces": pieces, "share": pieces / count, "expected": expected}
        return pd.DataFrame(columns, index=list(QUADRANTS))

    def keys(self) -> np.ndarray:
        """(24,) pieces in each key, in the order of `KEY_NAMES`."""
        if "key" not in self.scored:
            return np.zeros(len(KEY_NAMES), np.int64)
        return self._counts("key", KEY_NAMES)

    def _counts(self, column: str, names: Sequence[str]) -> np.ndarray:
        counts = self.scored[column].value_counts().reindex(list(names), fill_value=0)
        return counts.to_numpy(np.int64)

    def confidences(self) -> np.ndarray:
        """(4, 15) pieces of each quadrant in each bin of `CONFIDENCES`."""
        inside = np.clip(self.scored["confidence"].to_numpy(), CONFIDENCES[0], CONFIDENCES[-1])
        groups = [(self.scored["quadrant"] == name).to_numpy(bool) for name in QUADRANTS]
        return np.array([np.histogram(inside[group], CONFIDENCES)[0] for group in groups])

    def familiarity(self) -> pd.DataFrame:
        """Count the pieces by their familiarity to the model.

        Returns:
            DataFrame of `pieces`, their `share`, and their mean `confidence`, NaN without any, by
            `familiar between unfamiliar unknown`.
        """
        import pandas as pd

        confidence = self.scored["confidence"].to_numpy()
        known = self.scored.get("familiarity")
        known = np.full(len(confidence), np.nan) if known is None else known.to_numpy(np.float64)
        low, high = FAMILIAR
        groups = {
            "familiar": known >= high,
            "between": (known >= low) & (known < high),
            "unfamiliar": known < low,
            "unknown": np.isnan(known),
        }
        rows = [
            (group.sum(), group.mean(), confidence[group].mean())
            if group.any()
            else (0, 0.0, np.nan)
            for group in groups.values()
        ]
        return pd.DataFrame(rows, index=list(groups), columns=["pieces", "share", "confidence"])

    def most_certain(self, quadrant: str) -> pd.DataFrame:
        """Return `MOST_CONFIDENT` rows of a quadrant, in descending order of confidence."""
        pieces = self.scored[(self.scored["quadrant"] == quadrant).to_numpy(bool)]
        pieces = cast("pd.DataFrame", pieces).nlargest(MOST_CONFIDENT, "confidence", keep="all")
        pieces = pieces.sort_values(["confidence", "path"], ascending=[False, True])
        return pieces.head(MOST_CONFIDENT)

    def least_certain(self) -> pd.DataFrame:
        """Return `LEAST_CONFIDENT` rows, in ascending order of confidence."""
        pieces = self.scored.nsmallest(LEAST_CONFIDENT, "confidence", keep="all")
        return pieces.sort_values(["confidence", "path"]).head(LEAST_CONFIDENT)

    def error_kinds(self) -> pd.DataFrame:
        """Count the errors by kind; errors that differ in numbers and quoted text are one kind.

        Returns:
            DataFrame of `kind count example`, the most frequent first, with the path of the first
            file of a kind.
        """
        reasons = self.failed["error"].drop_duplicates().astype(object)
        kinds = reasons
        for pattern, instead in ALIKE:
            kinds = kinds.str.replace(pattern, instead, regex=True)
        kinds = dict(zip(reasons, kinds.str.strip().replace("", "no reason given"), strict=True))
        kind = self.failed["error"].astype(object).map(kinds.get)
        found = self.failed["path"].astype(object).groupby(kind).agg(["size", "first"])
        found = found.reset_index().set_axis(["kind", "count", "example"], axis=1)
        return found.sort_values(["count", "kind"], ascending=[False, True], ignore_index=True)


def corpus_report(table: pd.DataFrame) -> CorpusReport:
    """Prepare a table of scores for a report.

    Args:
        table: from `EmotionScorer.score` or `read_scores`, with the columns `NEEDED`.

    Raises:
        ValueError: missing columns, or rows that are not scores of emotion.
    """
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise ValueError(f"the table has no column {', '.join(missing)}")
    texts = ("path", "quadrant", "key", "error", "reasons", "keys")
    texts = [name for name in texts if name in table]
    numbers = [name for name in (*PROBABILITIES, "familiarity", "seconds") if name in table]
    table = cast("pd.DataFrame", table[texts + numbers]).copy()
    for name in texts:
        if table[name].dtype == object:
            table[name] = table[name].map(writable).astype(object)
    table = table.astype(
        dict.fromkeys(texts, "string[pyarrow]") | dict.fromkeys(numbers, np.float64)
    )
    table = table.fillna(dict.fromkeys(texts, ""))
    odd = [name for name in table["quadrant"].unique() if name not in ("", *QUADRANTS)]
    if len(odd):
        raise ValueError(f"{odd[0][:40]!r} is not a quadrant")
    predicted = (table["error"] == "").to_numpy(bool) & (table["quadrant"] != "").to_numpy(bool)
    scored = cast("pd.DataFrame", table[predicted]).drop(columns="error")
    probabilities = scored[list(PROBABILITIES)].to_numpy(np.float64)
    sums = probabilities.sum(axis=1)
    wrong = ~((probabilities >= 0).all(axis=1) & (np.abs(sums - 1) < 0.05))
    if wrong.any():
        raise ValueError(f"q1 to q4 are not probabilities that sum to 1 in {wrong.sum():,} rows")
    scored["confidence"] = probabilities.max(axis=1, initial=0)
    failed = cast("pd.DataFrame", table.loc[~predicted, ["path", "error"]])
    return CorpusReport(scored, failed, _folder(table["path"]))


def _folder(paths: Any) -> str:
    if not len(paths):
        return ""
    shared = os.path.commonprefix([str(paths.min()), str(paths.max())])  # noqa: RUF071 - cut below
    found = re.match(r".*/|[A-Za-z]:\\.*\\", shared, re.DOTALL)
    return found[0] if found else ""
