"""What there is to tell about a scored corpus: how many, where, how sure, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.keys import KEY_NAMES
from symbolic.scoring.tables import writable
from symbolic.tasks import QUADRANTS

if TYPE_CHECKING:
    import pandas as pd

PROBABILITIES = ("q1", "q2", "q3", "q4")
NEEDED = ("path", "quadrant", *PROBABILITIES, "error")
OPTIONAL = ("key", "familiarity", "seconds")
"""Columns of a table of scores that a report needs, and those that it tells where they are."""

SUREST, LEAST_SURE = 5, 20  # pieces of each quadrant, and of all, that are listed
CONFIDENCES = np.linspace(0.25, 1.0, 16)
"""Edges of the bins of the confidence, which is a quarter at least."""

FAMILIAR = (0.25, 0.75)
"""Familiarity below the first is of unfamiliar pieces, from the second on of familiar ones."""

ALIKE = (
    (r"\s+", " "),
    (
        r"(?<!\w)b?(['\"`])(?:\\.|(?!\1).)*\1(?!\w)|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019",
        "…",
    ),
    (r"<[^<>]*>", "<…>"),
    (r"(?<![\w-])[-+]?(?:0x[\da-fA-F]+|\d+(?:[.,]\d+)*(?:e[-+]?\d+)?)", "…"),
)
"""What reasons of one kind differ in: spaces, what is quoted, tags, and numbers."""


@dataclass(frozen=True)
class CorpusReport:
    """A scored corpus.

    Attributes:
        scored: rows with an answer: `path quadrant q1 q2 q3 q4` and `confidence`, the largest
            probability; `key`, `familiarity` and `seconds` where the table has them.
        failed: rows without one: `path error`.
        folder: what all paths begin with, with its last slash; empty where that is no folder.
    """

    scored: pd.DataFrame
    failed: pd.DataFrame
    folder: str

    @property
    def files(self) -> int:
        return len(self.scored) + len(self.failed)

    @property
    def probabilities(self) -> np.ndarray:
        """(n, 4) of Q1..Q4 for each scored piece."""
        return self.scored[list(PROBABILITIES)].to_numpy(np.float64)

    def quadrants(self) -> pd.DataFrame:
        """By quadrant `pieces`, their `share`, and the `expected` share: the mean probability."""
        import pandas as pd

        pieces = self.scored["quadrant"].value_counts().reindex(list(QUADRANTS), fill_value=0)
        pieces = pieces.to_numpy(np.int64)
        count = max(len(self.scored), 1)
        expected = self.probabilities.sum(axis=0) / count
        columns = {"pieces": pieces, "share": pieces / count, "expected": expected}
        return pd.DataFrame(columns, index=list(QUADRANTS))

    def keys(self) -> np.ndarray:
        """(24,) pieces in each key, in the order of `KEY_NAMES`; 0 where no key is told."""
        if "key" not in self.scored:
            return np.zeros(len(KEY_NAMES), np.int64)
        counts = self.scored["key"].value_counts().reindex(list(KEY_NAMES), fill_value=0)
        return counts.to_numpy(np.int64)

    def confidences(self) -> np.ndarray:
        """(4, 15) pieces of each quadrant in each bin of `CONFIDENCES`."""
        inside = np.clip(self.scored["confidence"].to_numpy(), CONFIDENCES[0], CONFIDENCES[-1])
        named = [(self.scored["quadrant"] == name).to_numpy(bool) for name in QUADRANTS]
        return np.array([np.histogram(inside[which], CONFIDENCES)[0] for which in named])

    def familiarity(self) -> pd.DataFrame:
        """Pieces that are familiar to the model, less so, unfamiliar, and not judged.

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
            (which.sum(), which.mean(), confidence[which].mean())
            if which.any()
            else (0, 0.0, np.nan)
            for which in groups.values()
        ]
        return pd.DataFrame(rows, index=list(groups), columns=["pieces", "share", "confidence"])

    def most_certain(self, quadrant: str, count: int = SUREST) -> pd.DataFrame:
        """The rows of a quadrant with the largest probabilities, the largest first."""
        pieces = self.scored[(self.scored["quadrant"] == quadrant).to_numpy(bool)]
        pieces = pieces.nlargest(count, "confidence", keep="all")
        return pieces.sort_values(["confidence", "path"], ascending=[False, True])[:count]

    def least_certain(self, count: int = LEAST_SURE) -> pd.DataFrame:
        """The rows whose largest probability is smallest, the smallest first."""
        pieces = self.scored.nsmallest(count, "confidence", keep="all")
        return pieces.sort_values(["confidence", "path"])[:count]

    def error_kinds(self) -> pd.DataFrame:
        """Why files were not scored; reasons that differ in numbers and quoted parts are one kind.

        Returns:
            DataFrame of `kind count example`, the most frequent first; the example is the path of
            the first file.
        """
        reasons = self.failed["error"].drop_duplicates().astype(object)
        kinds = reasons
        for pattern, instead in ALIKE:
            kinds = kinds.str.replace(pattern, instead, regex=True)
        kinds = dict(zip(reasons, kinds.str.strip().replace("", "no reason given"), strict=True))
        kind = self.failed["error"].astype(object).map(kinds)
        found = self.failed["path"].astype(object).groupby(kind).agg(["size", "first"])
        found = found.reset_index().set_axis(["kind", "count", "example"], axis=1)
        return found.sort_values(["count", "kind"], ascending=[False, True], ignore_index=True)


def corpus_report(table: pd.DataFrame) -> CorpusReport:
    """What there is to tell about a table of scores.

    Args:
        table: with the columns `NEEDED`, as `EmotionScorer.score` or `read_scores` returns it.

    Raises:
        ValueError: another table, or rows that are not scores of emotion.
    """
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise ValueError(f"no column {', '.join(missing)} in this table")
    texts = [name for name in ("path", "quadrant", "key", "error") if name in table]
    numbers = [name for name in (*PROBABILITIES, "familiarity", "seconds") if name in table]
    table = table[texts + numbers].copy()
    for name in texts:
        if table[name].dtype == object:
            table[name] = table[name].map(writable).astype(object)
    table = table.astype(
        dict.fromkeys(texts, "string[pyarrow]") | dict.fromkeys(numbers, np.float64)
    )
    table = table.fillna(dict.fromkeys(texts, ""))
    odd = table["quadrant"][~table["quadrant"].isin(["", *QUADRANTS])]
    if len(odd):
        raise ValueError(f"{odd.iloc[0][:40]!r} is no quadrant")
    answered = ((table["error"] == "") & (table["quadrant"] != "")).to_numpy(bool)
    scored = table[answered].drop(columns="error")
    answers = scored[list(PROBABILITIES)].to_numpy()
    wrong = ~((answers >= 0).all(axis=1) & (np.abs(answers.sum(axis=1) - 1) < 0.05))
    if wrong.any():
        raise ValueError(f"q1 to q4 are not probabilities that sum to 1 in {wrong.sum():,} rows")
    scored["confidence"] = answers.max(axis=1, initial=0)
    return CorpusReport(scored, table.loc[~answered, ["path", "error"]], _folder(table["path"]))


def _folder(paths: pd.Series) -> str:
    if not len(paths):
        return ""
    first, last = paths.min(), paths.max()
    shared = first[
        : next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    ]
    found = re.match(r".*/|[A-Za-z]:\\.*\\", shared, re.DOTALL)
    return found[0] if found else ""
