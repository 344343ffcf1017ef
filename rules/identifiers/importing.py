"""Imports of a large library without the parts of it that are never used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def importing_without(absent: Collection[str], *, hollow: Collection[str] = ()) -> Iterator[None]:
    """In this block and this thread, modules in `absent` are not there and those in `hollow` have nothing inside.

    What is already imported stays. Other threads import what they like, and so does this one afterwards.
    """
    finder = _Finder(absent, {name for name in hollow if name not in sys.modules})
    with _ONE_AT_A_TIME:
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for name, module in list(sys.modules.items()):
                if isinstance(module, _Hollow):
                    del sys.modules[name]


class _Finder(MetaPathFinder, Loader):
    """Asked before all others. Nothing is put in `sys.modules` for an absent package: other threads would see that."""

    def __init__(self, absent: Collection[str], hollow: Collection[str]) -> None:
        self._absent, self._hollow = frozenset(absent), frozenset(hollow)
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        if not self._absent.isdisjoint(_lineage(name)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None if self._hollow.isdisjoint(_lineage(name)) else ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Hollow(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def _lineage(name: str) -> Iterator[str]:
    """The module and the packages that it is in."""
    while name:
        yield name
        name = name.rpartition(".")[0]


class _Hollow(ModuleType):
    """A module in which every name stands for the same nothing."""

    def __getattr__(self, name: str) -> Any:
        return _nothing(name)


class _Nothing(type):
    def __getattr__(cls, name: str) -> Any:
        return _nothing(name, cls)


class _Anything(metaclass=_Nothing):
    """Can be subclassed, named in an annotation, and used as a decorator with arguments."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __call__(self, decorated: Callable[..., Any]) -> Callable[..., Any]:
        return decorated


def _nothing(name: str, thing: type = _Anything) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return thing
