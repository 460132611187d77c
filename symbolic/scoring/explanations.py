"""Explanations of predicted emotion: contributions of musical groups, and facts in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.inference.facts import facts
from symbolic.inference.feature_model import FeatureModel
from symbolic.inference.reasons import contributions
from symbolic.tasks import QUADRANT_WORDS, valence_arousal
from symbolic.tasks.emotion import QUADRANTS, SIGNS

if TYPE_CHECKING:
    import pandas as pd

SMALL = 0.03  # contribution to the probability of the quadrant, below which a line has no reason
MOST_FOR, MOST_AGAINST = 3, 1  # groups in a line


@dataclass(frozen=True)
class Reason:
    """The contribution of one musical group of features.

    Attributes:
        group: one of `symbolic.inference.reasons.MUSICAL_GROUPS`.
        quadrant: contribution to the probability of the predicted quadrant.
        valence, arousal: contributions to these.
        facts: what is notable about the piece in this group, in words and numbers; may be empty.
    """

    group: str
    quadrant: float
    valence: float
    arousal: float
    facts: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.facts) or f"{self.group} as a whole"


@dataclass(frozen=True)
class Explanation:
    """Why a model predicts the emotion of a piece.

    The baseline and the contributions of all reasons add up to the prediction.

    Attributes:
        path: of the piece, as in a table of scores.
        quadrant: the most probable one, Q1..Q4; empty for a piece that could not be read.
        confidence: its probability.
        valence, arousal: of the prediction, in [-1, 1].
        baseline_confidence, baseline_valence, baseline_arousal: the same where all groups of
            features are absent, for a piece at the mean of the training data.
        reasons: of each group, the largest contribution to the probability of the quadrant first,
            whatever its sign.
        error: empty, or why the piece could not be read.
    """

    path: str = ""
    quadrant: str = ""
    confidence: float = np.nan
    valence: float = np.nan
    arousal: float = np.nan
    baseline_confidence: float = np.nan
    baseline_valence: float = np.nan
    baseline_arousal: float = np.nan
    reasons: tuple[Reason, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"not scored: {self.error}"
        heading = f"{self.quadrant} ({QUADRANT_WORDS[self.quadrant]}): "
        least = SMALL
        made = [str(reason) for reason in self.reasons if reason.quadrant >= least][:MOST_FOR]
        against = [str(reason) for reason in self.reasons if reason.quadrant <= -least]
        text = heading + (", ".join(made) or "no group of features stands out")
        if against:
            text += f"; against it: {', '.join(against[:MOST_AGAINST])}"
        return text


class Explanations(list[Explanation]):
    """Explanations of pieces, in the order of their files; as text a line for each."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def to_frame(self) -> pd.DataFrame:
        """Make a table with a row for each group of each piece.

        Returns:
            A frame with the columns `path group valence arousal facts`, the facts separated by
            semicolons. The group `baseline` comes first in each piece, so that the rows of a piece
            sum to its valence and arousal. A piece that could not be read has one row, of missing
            values and the reason in `facts`.
        """
        import pandas as pd

        rows = []
        for one in self:
            if one.error:
                rows.append((one.path, None, np.nan, np.nan, str(one)))
                continue
            rows.append((one.path, "baseline", one.baseline_valence, one.baseline_arousal, ""))
            rows += [
                (one.path, why.group, why.valence, why.arousal, "; ".join(why.facts))
                for why in one.reasons
            ]
        return pd.DataFrame(rows, columns=["path", "group", "valence", "arousal", "facts"])


def explanations(model: FeatureModel, rows: np.ndarray) -> list[Explanation]:
    """Explain the emotion that a model predicts for pieces, without their paths.

    Args:
        model: with an emotion task.
        rows: (B, C) features of the pieces.
    """
    made = []
    for found in contributions(model, rows):
        best = int(found.prediction.argmax())
        words, plane = facts(model, found), found.quadrants @ SIGNS
        valence, arousal = valence_arousal(found.prediction).tolist()
        baseline_valence, baseline_arousal = valence_arousal(found.baseline).tolist()
        reasons = [
            Reason(
                group=group,
                quadrant=float(found.quadrants[k, best]),
                valence=float(plane[k, 0]),
                arousal=float(plane[k, 1]),
                facts=words[group],
            )
            for k, group in enumerate(found.groups)
        ]
        made.append(
            Explanation(
                quadrant=QUADRANTS[best],
                confidence=float(found.prediction[best]),
                valence=valence,
                arousal=arousal,
                baseline_confidence=float(found.baseline[best]),
                baseline_valence=baseline_valence,
                baseline_arousal=baseline_arousal,
                reasons=tuple(sorted(reasons, key=lambda reason: -abs(reason.quadrant))),
            )
        )
    return made
