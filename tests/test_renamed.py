import ast
import inspect
import subprocess
import sys

import pytest

import symbolic


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from symbolic.segmenting import Segmenter", "from symbolic import Segmenter"),
        ("from symbolic.scoring import load_model", "from symbolic import load_model"),
        (
            "from symbolic.scoring import DEFAULT_MODEL",
            "from symbolic.scoring.emotion import DEFAULT_MODEL",
        ),
        ("from symbolic.inference import predict", "from symbolic import predict"),
        ("from symbolic.publishing import push", "from symbolic import push"),
        (
            "from symbolic.publishing import model_card",
            "from symbolic.publishing.hub import model_card",
        ),
        ("from symbolic.score_tables import read_scores", "from symbolic import read_scores"),
        ("from symbolic.corpora import score_corpus", "from symbolic import score_corpus"),
        (
            "from symbolic.keys import estimate_key",
            "from symbolic.notes.keys import estimate_key",
        ),
        ("from symbolic.data import TokenScheme", "from symbolic.data import TokenVocabulary"),
        ("from symbolic import Front", "from symbolic import FrontEnd"),
        ("from symbolic.audio import Front", "from symbolic.audio import FrontEnd"),
        (
            "from symbolic.encoders import UNIT_SYSTEMS",
            "from symbolic.encoders import BEAT_SYSTEMS",
        ),
        ("from symbolic.data import AudioCorpus", "from symbolic.data import Corpus"),
    ],
)
def test_an_old_name_works_and_gives_the_new_one(old, new):
    found, expected = {}, {}
    with pytest.warns(DeprecationWarning, match=new):
        exec(old, found)
    exec(new, expected)
    assert found[old.split()[-1]] is expected[new.split()[-1]]


@pytest.mark.parametrize("module", ["symbolic.segmenting", "symbolic.scoring", "symbolic.data"])
def test_a_name_that_never_was_is_missing(module):
    with pytest.raises(ImportError, match="no_such_name"):
        exec(f"from {module} import no_such_name")


def test_a_submodule_is_no_old_name():
    command = "import sys; from symbolic.scoring import windows; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_type_checkers_see_every_public_name():
    tree = ast.parse(inspect.getsource(symbolic))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert seen == symbolic._NAMES
