#!/usr/bin/env bash
# musicnn 0.1.0: under NumPy 2 a part of the input of its networks is infinite, without an error; its
# tags are then others.
#
# The library rounds the mel spectrogram to float16 and multiplies it by the Python number 10000. With
# NumPy 1 the product is float32, the type that holds float16 and 16-bit integers (value-based
# promotion). With NumPy 2 (NEP 50) it stays float16 and overflows above 65504, in every band louder
# than 6.5. Its requirements allow NumPy 2.
# The networks are not run: TensorFlow is replaced by an empty module.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for numpy in 1.26.4 2.3.5; do
  python3 -m venv "$folder/$numpy"
  "$folder/$numpy/bin/pip" install --quiet 'setuptools<81' "numpy==$numpy" librosa==0.11.0
  "$folder/$numpy/bin/pip" install --quiet --no-deps musicnn==0.1.0
  "$folder/$numpy/bin/python" -W ignore - "$folder/chord.wav" <<'PY' | tee "$folder/$numpy.txt"
import sys
import types
from unittest.mock import MagicMock

tensorflow = types.ModuleType("tensorflow")
tensorflow.__getattr__ = lambda name: MagicMock()
sys.modules["tensorflow"] = tensorflow

import numpy as np
import soundfile
from musicnn.extractor import batch_data

seconds = np.arange(4 * 16000) / 16000
chord = sum(np.sin(2 * np.pi * hertz * seconds) for hertz in (220, 277, 330)) / 3.5
soundfile.write(sys.argv[1], chord, 16000)
batch, _ = batch_data(sys.argv[1], 187, 187)
print(f"NumPy {np.__version__}: {batch.dtype}, {np.isinf(batch).mean():.1%} of the input infinite")
PY
done
grep -q " 0.0% of the input infinite" "$folder/1.26.4.txt"
if grep -q " 0.0% of the input infinite" "$folder/2.3.5.txt"; then exit 1; fi
