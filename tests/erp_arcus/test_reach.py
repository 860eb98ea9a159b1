"""What a shop's events can reach in Arcus (books 1, I11)."""

import ast
from pathlib import Path

import service.erp.arcus

HOME = Path(service.erp.arcus.__file__).parent
PACKAGE = "service.erp.arcus"


def imports(name: str) -> set[str]:
    """Return the files of this package that a file imports, by name."""
    found = set()
    for node in ast.walk(ast.parse((HOME / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            found.add(str(node.module).rpartition(".")[2])
        elif isinstance(node, ast.Import):
            found |= {a.name.rpartition(".")[2] for a in node.names if a.name.startswith(PACKAGE)}
    return found


def reachable(name: str) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += sorted(imports(current))
    return seen


def test_the_adapter_reaches_neither_charges_nor_the_free_writes() -> None:
    found = reachable("adapter")
    assert {"steps", "look_up", "client", "bodies"} <= found
    assert not {"charges", "writes", "endpoints"} & found


def test_the_adapter_writes_in_one_place_and_through_the_guard() -> None:
    callers = [name for name in reachable("adapter") if ".write(" in (HOME / f"{name}.py").read_text()]
    assert callers == ["adapter"]
    source = (HOME / "adapter.py").read_text()
    assert source.count(".write(") == 1
    assert source.index("steps.guarded(") < source.index(".write(")


def test_nothing_here_speaks_http_by_itself() -> None:
    for path in HOME.glob("*.py"):
        text = path.read_text()
        assert "httpx.Client" not in text
        assert "AsyncClient" not in text
        assert "aiohttp" not in text
