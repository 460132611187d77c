"""Functions that are called after modules are imported."""

import importlib
import importlib.util
import inspect
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader

import pytest
from limits import HANGS

from symbolic.registration import call_after_import


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of a package `hooked`, which is forgotten afterwards."""
    folder = tmp_path / "hooked"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "inner.py").write_text("value = 1\n")
    (folder / "broken.py").write_text("raise RuntimeError('broken')\n")
    (folder / "slow.py").write_text("import time\ntime.sleep(0.2)\nvalue = 1\n")
    (folder / "replaced.py").write_text("import sys\nsys.modules[__name__] = sys\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "hooked"]:
        del sys.modules[name]


@pytest.fixture
def hooked(package):
    """Modules whose hook was called, each with its value at that time."""
    called = []

    def hook(module):
        called.append((module.__name__, getattr(module, "value", None)))

    names = ("hooked", "hooked.inner", "hooked.broken", "hooked.slow", "hooked.gone")
    call_after_import(dict.fromkeys((*names, "hooked.replaced"), hook))
    return called


def test_a_function_is_called_once_the_module_is_there(hooked):
    assert hooked == []
    inner = importlib.import_module("hooked.inner")
    importlib.import_module("hooked.inner")
    assert hooked == [("hooked", None), ("hooked.inner", 1)]
    assert isinstance(inner.__loader__, SourceFileLoader)
    assert inner.__spec__.loader is inner.__loader__
    assert inspect.getsource(inner) == "value = 1\n"


def test_it_is_called_now_where_the_module_is_imported(package):
    importlib.import_module("hooked.inner")
    called = []
    call_after_import({"hooked.inner": called.append, "hooked.slow": called.append})
    assert called == [sys.modules["hooked.inner"]]


def test_it_is_called_again_after_a_reload(hooked, package):
    inner = importlib.import_module("hooked.inner")
    (package / "inner.py").write_text("value = 22\n")
    importlib.reload(inner)
    assert hooked[1:] == [("hooked.inner", 1), ("hooked.inner", 22)]
    assert isinstance(inner.__loader__, SourceFileLoader)


def test_a_module_that_fails_or_is_not_there_fails_as_ever(hooked):
    with pytest.raises(RuntimeError, match="broken"):
        importlib.import_module("hooked.broken")
    with pytest.raises(ModuleNotFoundError, match=r"hooked\.gone"):
        importlib.import_module("hooked.gone")
    assert hooked == [("hooked", None)]
    assert "hooked.broken" not in sys.modules


def test_an_error_of_the_function_is_one_of_the_import(package):
    def fail(module):
        raise OSError("no room")

    call_after_import({"hooked.inner": fail})
    with pytest.raises(OSError, match="no room"):
        importlib.import_module("hooked.inner")
    assert "hooked.inner" not in sys.modules


def test_a_module_may_replace_itself(hooked):
    assert importlib.import_module("hooked.replaced") is sys
    assert hooked[1] == ("hooked.replaced", None)


def test_who_only_looks_for_a_module_finds_it(hooked, package):
    spec = importlib.util.find_spec("hooked.inner")
    assert spec.origin == str(package / "inner.py")
    assert spec.loader.get_source("hooked.inner") == "value = 1\n"
    assert hooked == [("hooked", None)]


def test_several_finders_each_call_their_function(hooked):
    more = []
    for _ in range(2):
        call_after_import({"hooked.inner": more.append})
    inner = importlib.import_module("hooked.inner")
    assert more == [inner, inner]
    assert hooked[1:] == [("hooked.inner", 1)]
    assert isinstance(inner.__loader__, SourceFileLoader)


def test_finders_of_others_are_asked_whatever_their_place(package):
    class Nothing:
        """A finder of the old kind, without `find_spec`."""

    called = []
    call_after_import({"hooked.inner": called.append})
    finder = sys.meta_path.pop(0)
    sys.meta_path[:0] = [Nothing(), finder, Nothing()]
    assert finder.find_spec("hooked.inner", [str(package)]).name == "hooked.inner"
    sys.meta_path.remove(finder)
    assert finder.find_spec("hooked.inner", [str(package)]).name == "hooked.inner"


def test_threads_that_import_one_module_call_it_once(hooked):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(importlib.import_module("hooked.slow").value))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8
    assert hooked == [("hooked", None), ("hooked.slow", 1)]


def test_importing_the_package_imports_little_of_the_standard_library(root):
    slow = ("asyncio", "concurrent.futures", "multiprocessing", "email", "importlib.metadata")
    slow += ("urllib.request", "sqlite3", "inspect", "numpy", "argparse")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, symbolic; print(set({slow}) & sys.modules.keys())"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.stdout.strip() == "set()", done.stderr
