#!/usr/bin/env bash
# miditok 3.1.0: importing it imports PyTorch wherever PyTorch is installed, although it is no
# dependency and no token needs it.
#
# The package tries to import its data sets for PyTorch, and goes on if that fails. In an environment
# for models, a program that only tokenizes, or only reads a tokenizer's file, so waits for PyTorch.
# Seen with torch 2.13.0 (CPU): `torch` is in sys.modules after `import miditok`, and the process takes
# 1.30 processor seconds, 0.32 where PyTorch is hidden.
# Source: miditok/__init__.py, which imports miditok.pytorch_data.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet miditok==3.1.0 torch==2.13.0
"$folder/env/bin/python" - <<'PY'
import subprocess
import sys

HIDE = "import sys; sys.modules['torch'] = None  # as if it were not installed\n"
LOOK = "import sys, time, miditok; print(bool(sys.modules.get('torch')), time.process_time())"


def imported(before=""):
    """Whether `import miditok` brings PyTorch along, and the processor seconds of the process."""
    done = subprocess.run([sys.executable, "-c", before + LOOK], capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.split()
    return loaded == "True", float(seconds)


imported()  # compiles modules
(with_torch, seconds), (without, less) = imported(), imported(HIDE)
print(f"PyTorch installed: imported {with_torch}, {seconds:.2f} processor seconds")
print(f"PyTorch hidden: imported {without}, {less:.2f} processor seconds")
assert with_torch
assert not without
PY
