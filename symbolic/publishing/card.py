"""The model card of a run: a README in the format of the Hub, with figures of the run alone."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from transformers.utils import CONFIG_NAME

from symbolic.configuration import SymbolicConfig
from symbolic.data.readers import FACTS, CorpusFacts
from symbolic.inference.weights import load_config
from symbolic.publishing.card_context import model_context, unused_settings
from symbolic.publishing.card_results import check_metrics, eval_results, results_context
from symbolic.publishing.conversion_record import CONVERSION
from symbolic.training.run_folder import (
    FINGERPRINTS,
    METRICS,
    TRAINING_RECORD,
    UNKNOWN,
    recorded_groups,
)

TEMPLATE = Path(__file__).with_name("card.md.jinja")


def model_card(
    folder: str | os.PathLike, repo_id: str | None = None, license: str | None = None
) -> str:
    """Write the README of a trained model for the Hub.

    Args:
        folder: of the run; `config.json` must be there. The card has no more facts than this,
            `training.json`, `conversion.json` and `metrics.json`.
        repo_id: name of the model on the Hub, for the examples; by default `your-name/` and the
            name of the folder.
        license: a licence id of the Hub; by default that of converted weights, that of EMOPIA for a
            model trained on it (share alike), `other` for a model trained on corpora whose terms
            have no id, else none.

    Returns:
        YAML header and Markdown. Figures of a split that leaks, or may leak because training
        pieces are not known, stay out of the header, which has no place for a warning.

    Raises:
        OSError: no `config.json`.
        ValueError: a file that is not valid; the message names it.
    """
    folder = Path(folder)
    repo_id = repo_id or f"your-name/{folder.resolve().name}"
    config = load_config(folder, files=[CONFIG_NAME])
    record = read_json(folder / TRAINING_RECORD)
    metrics = read_json(folder / METRICS)
    if metrics:
        check_metrics(metrics, folder / METRICS)
        metrics["leaks"] |= bool(record.get("data", {}).get("leaks"))  # either may record it
    groups = Counter(group.partition(": ")[0] for group in recorded_groups(record))
    converted = read_json(folder / CONVERSION)
    license = license or converted.get("license")
    known = {name: FACTS[name] for name in groups if name in FACTS}
    licence = _weights_licence(license, groups, known)
    model = model_context(config, record)
    context = {
        **model,
        **_training_context(record, groups, config),
        "converted": converted,
        "compared": (folder / FINGERPRINTS).is_file(),
        "known_music": list(dict.fromkeys(facts.music for facts in known.values())),
        "name": repo_id.split("/")[-1],
        "repo_id": repo_id,
        "unknown": record.get(UNKNOWN, ""),
        "header": _header(
            repo_id, model, {} if UNKNOWN in record else metrics, groups, known, licence
        ),
        "results": results_context(metrics),
        "synthesised": model["sound"] and any(facts.midi for facts in known.values()),
        "licence": licence.get("license"),
        "licence_name": licence.get("license_name"),
    }
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"listed": listed, "cell": lambda value: str(value).replace("|", "\\|")}
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(context)
    return re.sub(r"\n{3,}", "\n\n", text)


def listed(words: Sequence[str]) -> str:
    """Join words with commas, and `and` before the last."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def read_json(path: Path) -> dict[str, Any]:
    """Read the object in a JSON file; an empty one if there is no such file.

    Raises:
        ValueError: a file that holds something else.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds {type(content).__name__}, not an object")
    return content


def _header(
    repo_id: str,
    model: dict[str, Any],
    metrics: dict[str, Any],
    groups: Iterable[str],
    known: Mapping[str, CorpusFacts],
    licence: dict[str, str],
) -> str:
    """The YAML header, without the lines of dashes."""
    from huggingface_hub import ModelCardData

    results = eval_results(metrics, groups, model["task_type"], model["task_name"])
    header = ModelCardData(
        license=licence.get("license"),
        license_name=licence.get("license_name"),
        library_name="transformers",
        pipeline_tag=model["pipeline_tag"],
        tags=model["tags"],
        datasets=[facts.hub for facts in known.values() if facts.hub] or None,
        metrics=list(dict.fromkeys(result.metric_type for result in results)) or None,
        model_name=repo_id.split("/")[-1] if results else None,
        eval_results=results or None,
    )
    return header.to_yaml()


def _training_context(
    record: dict[str, Any], groups: Counter[str], config: SymbolicConfig
) -> dict[str, Any]:
    """Corpora and settings of the training."""
    data, model = record.get("data", {}), record.get("model", {})
    held_out = data.get("hold_out") or data.get("held_out_split")
    settings = {**model, **record.get("fit", {})}
    settings |= {key: value for key, value in record.items() if not isinstance(value, dict | list)}
    unused = unused_settings(config, settings)
    return {
        "record": bool(record),
        "corpora": [
            {
                **vars(FACTS.get(name, CorpusFacts(name or "unnamed", "-"))),
                "known": name in FACTS,
                "groups": count,
            }
            for name, count in groups.items()
        ],
        "corpus_ids": list(groups),
        "groups": "artists or songs" if "system" in model else "songs or pieces",
        "held_out": held_out if held_out != "none" else None,
        "leaks": bool(data.get("leaks")),
        "findings": data.get("findings") or [],
        "settings": [(name, value) for name, value in settings.items() if name not in unused],
    }


def _weights_licence(
    license: str | None, groups: Iterable[str], known: Mapping[str, CorpusFacts]
) -> dict[str, str]:
    """The licence in the header: the one requested, or the one that the corpora require."""
    if license is not None:
        return {"license": license}
    if any(name.lower().startswith("emopia") for name in groups):
        return {"license": FACTS["emopia"].licence}
    terms = dict.fromkeys(facts.terms for facts in known.values())
    if not any(terms):
        return {}
    slugs = [re.sub(r"[^a-z0-9.]+", "-", words.lower()) for words in terms if words]
    return {"license": "other", "license_name": "-and-".join(slugs)}
