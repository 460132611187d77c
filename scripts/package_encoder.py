"""Write a pre-trained encoder in the form in which the package has it: float16, few fingerprints.

    python scripts/package_encoder.py runs/pretrained symbolic/weights/base

No file of the package but weights is larger than 1 MiB, so that of the melodic figures of the
training pieces one of `--figures` is kept: the same melody is found less often than by a record of
all, the same file, notes and groups as surely.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from transformers.utils import CONFIG_NAME

from symbolic.commands.arguments import guarded
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.modeling import SymbolicModel
from symbolic.tokenizers.saved import FILE_NAME
from symbolic.training.run_folder import FINGERPRINTS, TRAINING_RECORD


def package(run: Path, folder: Path, figures: int, window: int | None) -> None:
    """Write the files of a run to the folder of a packaged model.

    Args:
        run: of `symbolic pretrain`.
        folder: is made.
        figures: of so many kept figures of a melody one stays.
        window: tokens in a window of predictions and embeddings; that of the run where None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = SymbolicModel.from_pretrained(run, dtype="float32")
    if window is not None:
        model.config.window = window
    model.half().save_pretrained(folder)
    values = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    (folder / CONFIG_NAME).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    for name in (FILE_NAME, TRAINING_RECORD):
        shutil.copyfile(run / name, folder / name)
    Fingerprints.load(run / FINGERPRINTS).thinned(figures).save(folder / FINGERPRINTS)


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="of symbolic pretrain")
    parser.add_argument("folder", type=Path, help="to write")
    parser.add_argument("--figures", type=int, default=5, help="one of so many is kept (5)")
    parser.add_argument("--window", type=int, help="tokens in a window of predictions")
    options = parser.parse_args(arguments)
    package(options.run, options.folder, options.figures, options.window)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
