"""Loading without bars and warnings that are of no use to a user."""

import subprocess
import sys

import pytest

LOADING = {
    "scorer": "symbolic.EmotionScorer.from_pretrained()",
    "any model": "symbolic.load(symbolic.__path__[0] + '/weights')",
    "pipeline": "import transformers; transformers.pipeline('music-emotion')",
    "loss": "symbolic.EmotionScorer.from_pretrained().model.loss_function",
}


@pytest.mark.parametrize("code", LOADING.values(), ids=LOADING)
def test_loading_prints_nothing(code):
    words = [sys.executable, "-c", f"import symbolic; {code}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
