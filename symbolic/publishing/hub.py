"""Upload of a run to the Hugging Face Hub, with checks before anything leaves the machine."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from transformers.utils import FEATURE_EXTRACTOR_NAME as EXTRACTOR

from symbolic.configuration import SymbolicConfig
from symbolic.errors import SymbolicError
from symbolic.loading import load
from symbolic.publishing.card import model_card, read_json
from symbolic.publishing.conversion_record import CONVERSION
from symbolic.publishing.licences import LICENCES
from symbolic.tokenizers.saved import FILE_NAME as TOKENIZER
from symbolic.training.run_folder import FINGERPRINTS, METRICS, TRAINING_RECORD

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
CARD = "README.md"
OPTIONAL = (TRAINING_RECORD, FINGERPRINTS, CONVERSION, METRICS)

FILES = {
    kind: (WEIGHTS, CONFIG, *inputs, *OPTIONAL, CARD)
    for kind, inputs in {"notes": (TOKENIZER,), "audio": (EXTRACTOR,), "beats": ()}.items()
}
"""Published files by what prepares the input of a model: a tokenizer, a feature extractor, or, for
bars and beats without tokens, the configuration alone. No checkpoints, predictions or optimizer
states. All but `OPTIONAL` and the card are required."""


logger = logging.getLogger(__name__)


class PublishError(SymbolicError, OSError):
    """The Hub cannot be reached, or refuses."""


def push(
    folder: str | os.PathLike,
    repo_id: str,
    *,
    dry_run: str | os.PathLike | None = None,
    private: bool = False,
    license: str | None = None,
    card: str | None = None,
    revision: str | None = None,
    token: str | bool | None = None,
) -> list[str]:
    """Publish a trained model on the Hugging Face Hub, or write the files that would be published.

    A warning is logged for a `repo_id` without a user, which the Hub completes but the card does
    not, and for a licence that is no id of the Hub.

    Args:
        folder: of the run.
        repo_id: `name/model` on the Hub; created if it does not exist.
        dry_run: a folder to write the files to instead; nothing is sent then.
        private: whether a new repository is private.
        license: a licence id of the Hub, for the card; see `model_card`.
        card: text of the README; by default `model_card(folder)`.
        revision: branch, created if it does not exist; None is `main`.
        token: of the Hub; None is the one that `hf auth login` or `HF_TOKEN` has set.

    Returns:
        Names of the files.

    Raises:
        FileNotFoundError: a required file of `FILES` is missing.
        FileExistsError: the folder of the dry run holds other files.
        ValueError: a model that does not load, a model of boundaries without a threshold, a
            `repo_id` that the Hub would refuse, a file that is not valid or that has a path of this
            machine.
        PublishError: the Hub cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    if "/" not in repo_id:
        logger.warning(
            "%s: no user or organisation before the name: the Hub adds yours, but the card tells "
            "people to load %r",
            *(repo_id, repo_id),
        )
    if license is not None and license.lower() not in LICENCES:
        close = get_close_matches(license.lower(), LICENCES, n=3)
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        logger.warning("licence %r is no id of the Hub%s", license, meant)
    if dry_run is not None:
        return assemble(folder, dry_run, repo_id, license, card)
    with tempfile.TemporaryDirectory() as place:
        names = assemble(folder, place, repo_id, license, card)
        # So that no metrics of an earlier model remain.
        absent = [name for name in FILES[_kind(Path(place))] if name not in names]
        api = HfApi(token=token)
        try:
            # The Hub completes a `repo_id` without a user name.
            repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
            if revision is not None:
                api.create_branch(repo_id, branch=revision, exist_ok=True)
            api.upload_folder(
                repo_id=repo_id,
                folder_path=place,
                revision=revision,
                commit_message="Upload model",
                delete_patterns=absent,
            )
        except Exception as error:  # of the Hub, of its client, of the network
            reason = " ".join(str(error).split()) or type(error).__name__
            raise PublishError(f"{repo_id}: not published: {reason}") from error
    return names


def assemble(
    folder: str | os.PathLike,
    output: str | os.PathLike,
    repo_id: str | None = None,
    license: str | None = None,
    card: str | None = None,
) -> list[str]:
    """Write the files of a trained model to a folder, and load the model from there as a check.

    Args:
        folder: of the run.
        output: created if it does not exist; the files of an earlier call are replaced.
        repo_id, license, card: see `push`.

    Returns:
        Names of the files: those of `FILES`, as far as the run has them.

    Raises:
        FileNotFoundError, FileExistsError, ValueError: see `push`.
    """
    folder, output = Path(folder), Path(output)
    files = FILES[_kind(folder)]
    required = [name for name in files if name not in (*OPTIONAL, CARD)]
    if missing := [name for name in required if not (folder / name).is_file()]:
        raise FileNotFoundError(f"{folder}: no {', '.join(missing)}")
    for name in (CONFIG, EXTRACTOR, TRAINING_RECORD, CONVERSION, METRICS):
        if found := next(_local_paths(read_json(folder / name)), None):
            raise ValueError(f"{folder / name}: has a path of this machine: {found}")
    _make_empty(output, folder)
    text = card or model_card(folder, repo_id, license)
    for name in files:
        if name != CARD and (folder / name).is_file():
            shutil.copyfile(folder / name, output / name)
    (output / CARD).write_text(text, encoding="utf-8")
    load(output)
    return [name for name in files if (output / name).is_file()]


def _kind(folder: Path) -> str:
    """The key of `FILES` for the model in a folder, by its configuration."""
    config = SymbolicConfig.from_dict(read_json(folder / CONFIG))
    if config.inputs == "audio":
        return "audio"
    return "beats" if config.encoder == "metrical" else "notes"


def _make_empty(output: Path, folder: Path) -> None:
    """Create a folder, or delete the files of an earlier call; refuse a folder with other files."""
    output.mkdir(parents=True, exist_ok=True)
    if output.samefile(folder):
        raise FileExistsError(f"{output}: is the model's own folder")
    ours = {name for files in FILES.values() for name in files}
    if others := sorted({path.name for path in output.iterdir()} - ours):
        raise FileExistsError(f"{output}: already holds {', '.join(others[:3])}")
    for name in ours:
        (output / name).unlink(missing_ok=True)


def _local_paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Strings in a JSON value that are paths of a machine, absolute or below a home folder."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _local_paths(inner, f"{prefix}{key}: ")
    elif isinstance(value, list):
        for inner in value:
            yield from _local_paths(inner, prefix)
    elif isinstance(value, str):
        for text in (value, value.partition(": ")[2]):  # a group without the name of its corpus
            paths = PurePosixPath(text), PureWindowsPath(text)
            absolute = any(path.is_absolute() and len(path.parts) > 2 for path in paths)
            if absolute or text.startswith(("~/", "~\\")):
                yield f"{prefix}{value}"
                break
