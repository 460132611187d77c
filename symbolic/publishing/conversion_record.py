"""The record of weights that were converted: where they are from, and their licence."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

CONVERSION = "conversion.json"


@dataclass(frozen=True)
class ConversionRecord:
    """Origin of converted weights, beside the model and in its card.

    Attributes:
        source: name of the weights and who has published them.
        url: their page.
        license: its id on the Hub.
        notice: the text that the licence asks to keep with copies; empty if it is not at hand.
        data: what they were trained on; empty if it is not known.
    """

    source: str
    url: str
    license: str
    notice: str
    data: str = ""

    def save(self, folder: str | os.PathLike) -> None:
        """Write the record to the folder of a model."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (Path(folder) / CONVERSION).write_text(f"{text}\n", encoding="utf-8")
