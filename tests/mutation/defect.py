"""Putting a defect into a running process: into functions that are loaded already, or into a module about to be."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tests.mutation.mutants import mutated


def exchange(path: Path, number: int, function: str) -> int:
    """Give every loaded function of this name the code with the defect; returns how many there were."""
    new = _code(compile(mutated(path.read_text(encoding="utf-8"), number), str(path), "exec"), function)
    found = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType) and _same(one.__code__, new) and one.__code__.co_filename == str(path)
    ]
    for one in found:
        one.__code__ = new
    return len(found)


def _same(old: CodeType, new: CodeType) -> bool:
    return (old.co_qualname, old.co_firstlineno) == (new.co_qualname, new.co_firstlineno)


def _code(module: CodeType, function: str) -> CodeType:
    return next(code for code in _codes(module) if code.co_qualname == function)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class Defective(MetaPathFinder, Loader):
    """Loads one module with its defect, all others as they are."""

    def __init__(self, path: Path, number: int, root: Path) -> None:
        self._name = ".".join(path.relative_to(root).with_suffix("").parts)
        self._path = path
        self._tree: ast.Module = mutated(path.read_text(encoding="utf-8"), number)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Take over for that one module."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self._name else None
        if spec is not None:
            spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with its defect."""
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102  our own source

    def install(self) -> None:
        """Go before the others."""
        sys.meta_path.insert(0, self)
