"""Which modules do no input or output: those whose every branch the tests must reach.

`python -m tests.pure` prints them for `coverage report --include`. Nobody keeps a list: a module is pure if nothing in
it waits, and if all that it imports is pure. A new pure module is therefore held to the rule on its first day.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("schemas", "connectors", "service")
HARMLESS = frozenset(
    """
    __future__ abc base64 binascii bisect codecs collections contextlib contextvars copy dataclasses datetime decimal
    difflib email.utils enum errno functools hashlib heapq hmac inspect ipaddress itertools json math operator re
    statistics string textwrap types typing unicodedata urllib.parse uuid zoneinfo
    annotated_types httpx iso4217 jiter pydantic pydantic_core
    """.split()  # noqa: SIM905  words read better as words
)
"""Modules of others that compute. httpx is what its types are used for: requests and answers as values."""
DECIDES = ("service.http.connection", "service.intake.window", "service.settings.dangers")
"""Pure as well, although they are called by a loop, or speak of settings that others read from files."""


def modules() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module, known: Mapping[str, ast.Module]) -> Iterator[str]:
    """What a module imports, as dotted names of modules; what only type checkers read does not count."""
    for node in _read_at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            within = f"{node.module}."
            yield from (
                within + alias.name if within + alias.name in known else str(node.module) for alias in node.names
            )


def _read_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _read_at_run_time(child)


def waits(tree: ast.Module) -> bool:
    """Whether something in it is asynchronous; what a Protocol asks of others is not."""
    protocols = {
        method
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases)
        for method in node.body
    }
    return any(isinstance(node, ast.AsyncFunctionDef) and node not in protocols for node in ast.walk(tree))


def pure() -> list[str]:
    """The pure modules, by name."""
    trees = modules()
    needs = {name: set(imported(tree, trees)) - {name} for name, tree in trees.items()}
    found = {name for name, tree in trees.items() if not waits(tree)}
    while True:
        rest = {name for name in found if all(need in found or _harmless(need) for need in needs[name])}
        if rest == found:
            return sorted(found)
        found = rest


def _harmless(name: str) -> bool:
    return name in HARMLESS or name.partition(".")[0] in HARMLESS


def globs() -> list[str]:
    """Files that coverage should look at."""
    return [f"{folder}/*" for folder in ("schemas", "connectors", "service/plan")] + [
        str(path.relative_to(ROOT))
        for name in sorted({*pure(), *(name for name in modules() if name.startswith(DECIDES))})
        if name.startswith("service.") and not name.startswith("service.plan.")
        for path in (ROOT.joinpath(*name.split(".")).with_suffix(".py"),)
        if path.exists()
    ]


if __name__ == "__main__":
    sys.stdout.write(",".join(globs()) + "\n")
