"""Differences of a converted tagger from the original, on recordings.

    python benchmarks/tagger_conversion.py FOLDER --original TAGS.npz --audio DIR

FOLDER is a model of `symbolic convert-tagger musicnn`; TAGS.npz has the original's probabilities of
its patches of 3 s, (patches, tags) by name of the file. They are made in an environment of their
own with `musicnn`, installed with `--no-deps`, TensorFlow and librosa (with TensorFlow 2.16 or
later also `tf_keras`, and TF_USE_LEGACY_KERAS=1), and NumPy 1: with NumPy 2 the original computes
in float16, where the power of loud bands times 10000 is infinite.

    import sys
    from pathlib import Path
    import numpy as np
    from musicnn.extractor import extractor
    model, folder, output = sys.argv[1:]
    clips = sorted(Path(folder).glob("*.ogg"))[::5]
    tags = {p.name: extractor(str(p), model, extract_features=False)[0] for p in clips}
    np.savez(output, **tags)

`patch` is the largest difference of a probability on the original's patches. `recording` is that of
the means of recordings: the original leaves out what remains after the last whole patch, while the
model's windows cover the recording.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from symbolic.inference.prediction import predict_audio, probabilities
from symbolic.scoring.audio import load_audio_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="of the converted model")
    parser.add_argument("--original", required=True, help=".npz of the original's probabilities")
    parser.add_argument("--audio", required=True, help="folder of the recordings")
    options = parser.parse_args()
    model, extractor = load_audio_model(options.folder)
    task, window = model.tasks[0], model.config.window
    patches, recordings, top, count = [], [], 0, 0
    for name, original in np.load(options.original).items():
        frames = extractor.features(Path(options.audio) / name)
        parts = [frames[window * n : window * (n + 1)] for n in range(len(original))]
        with torch.inference_mode():
            logits = model(input_values=torch.from_numpy(np.stack(parts))).logits[task.name]
        found = probabilities(logits.double(), task).numpy()
        mean = predict_audio(model, [frames])[task.name][0]
        patches.append(np.abs(found - original).max())
        recordings.append(np.abs(mean - original.mean(0)).max())
        top += int(mean.argmax() == original.mean(0).argmax())
        count += len(original)
    print("| model | recordings | patches | patch | recording | same first tag |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {Path(options.folder).name} | {len(patches)} | {count} | {max(patches):.1e} | "
        f"{max(recordings):.3f} | {top} of {len(patches)} |"
    )


if __name__ == "__main__":
    main()
