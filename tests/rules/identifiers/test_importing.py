from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import pytest

from rules.identifiers.importing import importing_without


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`heavy` and `light` can be imported; `light` uses `heavy` if it is there, and decorates with what it holds."""
    (tmp_path / "heavy_for_test").mkdir()
    (tmp_path / "heavy_for_test/__init__.py").write_text("class Base: ...\n")
    (tmp_path / "heavy_for_test/inner.py").write_text("def mark(name): return lambda thing: name\n")
    (tmp_path / "light_for_test.py").write_text(
        "try:\n"
        "    from heavy_for_test import Base\n"
        "    from heavy_for_test.inner import mark\n"
        "except ImportError:\n"
        "    Base, mark = None, None\n"
        "else:\n"
        "    class Derived(Base):\n"
        "        other: list[Base]\n"
        "    @mark.some.thing('name', key=1)\n"
        "    def f(): return 'kept'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("heavy_for_test", "heavy_for_test.inner", "light_for_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("modules")
def test_what_is_absent_cannot_be_imported_and_can_be_afterwards() -> None:
    with importing_without(["heavy_for_test"]):
        assert importlib.import_module("light_for_test").Base is None
        assert "heavy_for_test" not in sys.modules
    assert importlib.import_module("heavy_for_test.inner").mark


@pytest.mark.usefixtures("modules")
def test_what_is_hollow_can_be_named_subclassed_and_used_to_decorate_and_is_gone_afterwards() -> None:
    with importing_without([], hollow=["heavy_for_test"]):
        light = importlib.import_module("light_for_test")
    assert light.f() == "kept"
    assert issubclass(light.Derived, light.Base)
    assert "heavy_for_test" not in sys.modules
    assert importlib.import_module("heavy_for_test").Base is not light.Base


@pytest.mark.usefixtures("modules")
def test_what_was_imported_before_stays_as_it_is() -> None:
    heavy = importlib.import_module("heavy_for_test")
    with importing_without([], hollow=["heavy_for_test"]):
        assert importlib.import_module("heavy_for_test") is heavy
        assert importlib.import_module("heavy_for_test.inner").mark("a")("b") == "a"
    assert sys.modules["heavy_for_test"] is heavy


@pytest.mark.usefixtures("modules")
def test_other_threads_import_what_they_like() -> None:
    seen = []
    with importing_without(["heavy_for_test"]):
        thread = threading.Thread(target=lambda: seen.append(importlib.import_module("heavy_for_test")))
        thread.start()
        thread.join()
    assert seen


@pytest.mark.usefixtures("modules")
def test_an_error_inside_leaves_nothing_behind() -> None:
    before = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError), importing_without(["heavy_for_test"], hollow=["light_for_test"]):
        importlib.import_module("light_for_test") and importlib.import_module("heavy_for_test")
    assert sys.meta_path == before
    assert "light_for_test" not in sys.modules
