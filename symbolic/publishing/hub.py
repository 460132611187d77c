"""Publishing: what of a run goes to the Hub, checked before anything leaves the machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from transformers.utils import FEATURE_EXTRACTOR_NAME as EXTRACTOR

from symbolic.configuration import SymbolicConfig
from symbolic.publishing.boundary_card import finds_boundaries
from symbolic.publishing.card_results import METRICS
from symbolic.publishing.model_card import model_card, read_json
from symbolic.scoring.audio import AudioScorer, load_audio_model
from symbolic.scoring.emotion import EmotionScorer, load_model
from symbolic.structure.segmenter import Segmenter
from symbolic.tokenizers.saved import FILE_NAME as TOKENIZER
from symbolic.training.run_folder import RECORD

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
CARD = "README.md"
NEEDED = (WEIGHTS, CONFIG, TOKENIZER)
FILES = (*NEEDED, RECORD, METRICS, CARD)
"""What is published, in full: no checkpoints, no predictions, no optimizer's state."""

AUDIO_NEEDED = (WEIGHTS, CONFIG, EXTRACTOR)
AUDIO_FILES = (*AUDIO_NEEDED, RECORD, METRICS, CARD)
"""The same of a model of audio."""

UNIT_NEEDED = (WEIGHTS, CONFIG)
UNIT_FILES = (*UNIT_NEEDED, RECORD, METRICS, CARD)
"""The same of a model of bars or beats without tokens: its configuration says what it takes."""


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
    """Publish a trained model on the Hugging Face Hub, or show what would be published.

    Args:
        folder: what training has saved.
        repo_id: `name/model` on the Hub; made where it is missing.
        dry_run: a folder to write the files to instead; nothing is sent then.
        private: whether a repository that is made is private.
        license: a licence id of the Hub, for the card; see `model_card`.
        card: text of the README; None is `model_card(folder)`.
        revision: branch; made where it is missing, None is `main`.
        token: of the Hub; None is the one that `hf auth login` or `HF_TOKEN` has set.

    Returns:
        Names of the files.

    Raises:
        FileNotFoundError: a folder without weights, configuration or tokenizer; of a model of
            audio, without its feature extractor. A model of bars or beats without tokens needs
            neither.
        FileExistsError: a folder for the dry run that holds anything else.
        ValueError: a model that does not load, or that finds boundaries and has no threshold for
            them, a `repo_id` that the Hub would refuse, a file that is not what it should be or
            that names a path of this machine.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    if dry_run is not None:
        return assemble(folder, dry_run, repo_id, license, card)
    with tempfile.TemporaryDirectory() as place:
        names = assemble(folder, place, repo_id, license, card)
        api = HfApi(token=token)
        # What comes back has the user's own name before a `repo_id` that has none.
        repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        if revision is not None:
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=place,
            revision=revision,
            commit_message="Upload model",
            # So that no metrics of an earlier model stay beside this one.
            delete_patterns=[name for name in _files(Path(place)) if name not in names],
        )
    return names


def assemble(
    folder: str | os.PathLike,
    output: str | os.PathLike,
    repo_id: str | None = None,
    license: str | None = None,
    card: str | None = None,
) -> list[str]:
    """Write the files of a trained model to a folder, and load the model from there.

    They are `FILES`, `AUDIO_FILES` of a model of audio, or `UNIT_FILES`.

    Args:
        folder: what training has saved.
        output: made where it is missing; what an earlier call wrote there is replaced.
        repo_id, license, card: as `push` takes them.

    Returns:
        Names of the files. `training.json` and `metrics.json` may be missing.

    Raises:
        FileNotFoundError, FileExistsError, ValueError: as `push`.
    """
    folder, output = Path(folder), Path(output)
    if missing := [name for name in _needed(folder) if not (folder / name).is_file()]:
        raise FileNotFoundError(f"{folder}: no {', '.join(missing)}")
    for name in (CONFIG, EXTRACTOR, RECORD, METRICS):
        if found := next(_local_paths(read_json(folder / name)), None):
            raise ValueError(f"{folder / name}: names a path of this machine: {found}")
    _make_empty(output, folder)
    text = card or model_card(folder, repo_id, license)
    for name in _files(folder):
        if name != CARD and (folder / name).is_file():
            shutil.copyfile(folder / name, output / name)
    (output / CARD).write_text(text, encoding="utf-8")
    config = SymbolicConfig.from_pretrained(str(output))
    if finds_boundaries(config):
        Segmenter.from_pretrained(output)
    elif config.front is not None:
        AudioScorer(load_audio_model(output)[0])
    else:
        model, tokenizer = load_model(output)
        if "emotion" in model.heads:
            EmotionScorer(model, tokenizer)
    return [name for name in _files(output) if (output / name).is_file()]


def _needed(folder: Path) -> tuple[str, ...]:
    """What a folder must have, by the kind of its model."""
    config = read_json(folder / CONFIG)
    if config.get("front") is not None:
        return AUDIO_NEEDED
    return UNIT_NEEDED if config.get("encoder") == "units" else NEEDED


def _files(folder: Path) -> tuple[str, ...]:
    """What is published of a folder."""
    return (*_needed(folder), RECORD, METRICS, CARD)


def _make_empty(output: Path, folder: Path) -> None:
    """Make a folder, or take out of it what an earlier call wrote; anything else is kept safe."""
    output.mkdir(parents=True, exist_ok=True)
    if output.samefile(folder):
        raise FileExistsError(f"{output}: is the model's own folder")
    ours = {*FILES, *AUDIO_FILES, *UNIT_FILES}
    if others := sorted({path.name for path in output.iterdir()} - ours):
        raise FileExistsError(f"{output}: already holds {', '.join(others[:3])}")
    for name in ours:
        (output / name).unlink(missing_ok=True)


def _local_paths(value: Any, before: str = "") -> Iterator[str]:
    """Strings in a JSON value that are paths of a machine, absolute or of somebody's home."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _local_paths(inner, f"{before}{key}: ")
    elif isinstance(value, list):
        for inner in value:
            yield from _local_paths(inner, before)
    elif isinstance(value, str):
        for text in (value, value.partition(": ")[2]):  # in a group, after its corpus
            paths = PurePosixPath(text), PureWindowsPath(text)
            absolute = any(path.is_absolute() and len(path.parts) > 2 for path in paths)
            if absolute or text.startswith(("~/", "~\\")):
                yield f"{before}{value}"
                break
