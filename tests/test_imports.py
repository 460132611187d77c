"""Rooms: what imports what, how large they are, and what importing costs."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from limits import HANGS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "symbolic"

# Lower rooms first; rooms of one line do not import one another.
LAYERS = (
    ("errors", "packaged", "renamed", "forward"),
    ("notes",),
    ("audio", "features"),
    ("tasks",),
    ("configuration", "tokenizers"),
    ("data", "encoders"),
    ("modeling",),
    ("inference",),
    ("scoring",),
    ("reports", "structure"),
    ("loading",),
    ("training",),
    ("publishing",),
    ("conversion",),
    ("evaluation",),
    ("sweep",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
MOST_AT_THE_ROOT, MOST_IN_A_ROOM = 10, 17
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
TOP = {"symbolic", "symbolic.registration"}  # they only hand out names, and register them

HEAVY = (
    *("torch", "transformers", "music21", "miditok", "librosa", "datasets", "pandas"),
    *("matplotlib", "sklearn", "pretty_midi", "converter21"),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def type_checking_blocks(tree: ast.AST) -> set[ast.AST]:
    """The nodes that only a type checker reads."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }


def imports(path: Path) -> set[str]:
    """Dotted names imported in a file, at its top or inside a function; not for type checkers.

    `from a import b` counts as `a.b` where that is a module of the package, else as `a`.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = type_checking_blocks(tree)
    found = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: line {node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return found


def own_imports(module: str) -> set[str]:
    names = imports(MODULES[module])
    return {name for name in names if name == "symbolic" or name.startswith("symbolic.")}


def room(module: str) -> str:
    return module.split(".")[1]


def python(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_modules_are_found():
    assert {"symbolic", "symbolic.cli", "symbolic.notes.read", "symbolic.tasks.key"} < set(MODULES)
    assert "symbolic.notes.midi.reader" in own_imports("symbolic.notes.read")
    assert "symbolic.reports.plots" in own_imports("symbolic.commands.score")  # inside a function


def test_every_room_has_its_place():
    assert {room(module) for module in MODULES if module not in TOP} <= set(LAYER)


@pytest.mark.parametrize("module", [module for module in MODULES if module not in TOP])
def test_a_room_imports_only_rooms_below_it(module):
    for imported in own_imports(module):
        if imported == "symbolic":
            assert module == "symbolic.cli", f"{module} imports the package's root"
        else:
            assert imported not in TOP, module
            lower = LAYER[room(imported)] < LAYER[room(module)] or room(imported) == room(module)
            assert lower, f"{module} imports {imported}"


def test_no_room_is_crowded():
    counts = Counter(path.parent for path in MODULES.values())
    assert counts.pop(PACKAGE) <= MOST_AT_THE_ROOT
    assert {room: count for room, count in counts.items() if count > MOST_IN_A_ROOM} == {}


def test_no_imports_run_in_a_circle():
    # A package's own front is left out: loading any module of it loads the front first.
    edges = {m: {i for i in own_imports(m) if i != m and i not in TOP} for m in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for imported in sorted(edges.get(module, ())):
                visit(imported, (*path, module))
            done.add(module)

    for module in MODULES:
        if module not in TOP:
            visit(module, ())


def test_a_module_of_a_room_does_not_import_the_rooms_front():
    for module in MODULES:
        front = module.rpartition(".")[0]
        if front and front != "symbolic":
            assert front not in own_imports(module), module


def test_scripts_import_only_the_package_transformers_and_the_standard_library():
    scripts = sorted((ROOT / "scripts").glob("*.py"))
    assert scripts
    for script in scripts:
        roots = {name.split(".")[0] for name in imports(script)}
        allowed = {"symbolic", "transformers", *sys.stdlib_module_names}
        if script.name == "corpus_pieces.py":  # what it copies is music21's own corpus
            allowed.add("music21")
        assert roots <= allowed, script.name


def test_no_module_is_named_like_what_it_would_hide():
    assert not list(PACKAGE.rglob("pipeline.py"))
    assert not (ROOT / "tokenizers").exists()
    assert not (ROOT / "tests" / "tokenizers").exists()
    assert not (ROOT / "tests" / "__init__.py").exists()
    for path in (*ROOT.glob("*.py"), *ROOT.glob("*/__init__.py")):
        name = path.stem if path.parent == ROOT else path.parent.name
        assert name not in sys.stdlib_module_names | {"tokenizers", "tasks", "datasets"}, path


def test_importing_the_package_is_light():
    found = python(f"import sys, symbolic; print([m for m in {HEAVY} if m in sys.modules])")
    assert found == "[]"


def test_every_public_name_is_there():
    import symbolic

    assert set(symbolic.__all__) <= set(dir(symbolic))
    for name in symbolic.__all__:
        assert getattr(symbolic, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        _ = symbolic.sing


KNOWN = (
    "print(type(AutoConfig.for_model('symbolic')).__name__, "
    "AutoModel._model_mapping[type(AutoConfig.for_model('symbolic'))].__name__)"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        "import symbolic\nfrom transformers import AutoConfig, AutoModel",
        "from transformers import AutoConfig, AutoModel\nimport symbolic",
        "import symbolic.encoders\nfrom transformers import AutoConfig, AutoModel",
    ],
    ids=["ours first", "transformers first", "encoders first"],
)
def test_the_auto_classes_know_the_model_whatever_is_imported_first(first):
    assert python(f"{first}\n{KNOWN}") == "SymbolicConfig SymbolicModel"


@pytest.mark.slow
def test_transformers_finds_the_real_tokenizers_from_the_repository_root():
    command = "import transformers, symbolic, tokenizers; print(tokenizers.Tokenizer.__module__)"
    assert python(command) == "tokenizers"


def test_every_tracked_file_is_small():
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    weights = {f"symbolic/weights/{f}model.safetensors" for f in ("", "base/", "phrases/")}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        assert name in weights or not path.is_file() or path.stat().st_size < 2**20, name


def test_the_version_is_a_version():
    import symbolic

    assert re.fullmatch(r"\d+\.\d+\.\d+([a-z]+\d+)?", symbolic.__version__)
