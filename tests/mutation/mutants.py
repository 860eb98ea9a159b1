"""Small defects made from a module's syntax tree: one changed operator, constant, condition or statement each. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "ROUND_HALF_UP": "ROUND_DOWN",
    "ROUND_DOWN": "ROUND_UP",
    "ROUND_FLOOR": "ROUND_CEILING",
    "bisect_left": "bisect_right",
    "appendleft": "append",
    "popleft": "pop",
}
SILENT = frozenset({"annotation", "returns", "decorator_list", "type_comment", "type_ignores"})
"""Fields without behaviour of their own."""
WORDS = frozenset({"detail", "why", "what", "hint", "description"})
"""Arguments that are sentences for people: their wording is not tried."""


@dataclass(frozen=True)
class Mutant:
    """One defect. `number` finds it again in the same source."""

    number: int
    line: int
    last_line: int
    function: str
    """Qualified name of the outermost function that it is in; empty where it runs at import."""
    what: str


@dataclass(frozen=True)
class _Place:
    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST
    old: ast.AST
    function: str

    def put(self) -> None:
        """Make the defect in the tree that this place belongs to."""
        ast.copy_location(self.new, self.old)
        ast.fix_missing_locations(self.new)
        if self.index is None:
            setattr(self.parent, self.field, self.new)
        else:
            getattr(self.parent, self.field)[self.index] = self.new

    def mutant(self, number: int) -> Mutant:
        """Describe it."""
        old, new = _short(self.old), _short(self.new)
        line: int = getattr(self.old, "lineno", getattr(self.parent, "lineno", 0))
        last: int = getattr(self.old, "end_lineno", None) or line
        return Mutant(number, line, last, self.function, f"{old} -> {new}")


def mutants(source: str) -> list[Mutant]:
    """Every defect of a module, in the order of its text."""
    return [place.mutant(number) for number, place in enumerate(_places(ast.parse(source)))]


def mutated(source: str, number: int) -> ast.Module:
    """The module with one defect."""
    tree = ast.parse(source)
    next(place for at, place in enumerate(_places(tree)) if at == number).put()
    return tree


def _places(tree: ast.Module) -> list[_Place]:
    return list(_below(tree, scope=(), function=""))


def _below(node: ast.AST, *, scope: tuple[str, ...], function: str) -> Iterator[_Place]:
    for field, index, child in _children(node):
        inside = function
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field == "body" and not function:
            inside = ".".join(scope)
        yield from (_Place(node, field, index, new, child, inside) for new in _alternatives(child, node))
        if not _is_sentence(child):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from _below(child, scope=(*scope, child.name) if named else scope, function=inside)  # type: ignore[attr-defined]


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in SILENT:
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, index, one) for index, one in enumerate(value) if isinstance(one, ast.AST))


def _is_sentence(node: ast.AST) -> bool:
    """What is said to people, or only to a type checker, is left as it is."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.keyword) and node.arg in WORDS:
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _alternatives(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.stmt):
        yield from _statement(node)
    elif isinstance(node, ast.Constant):
        yield from _constant(node, parent)
    elif (make := _EXPRESSIONS.get(type(node))) is not None:
        yield from make(node)


def _statement(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise | ast.AugAssign | ast.Delete) or _does_something(node):
        yield ast.Pass()
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield _copy(node, test=ast.UnaryOp(ast.Not(), deepcopy(node.test)))


def _does_something(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await | ast.YieldFrom)


def _constant(node: ast.Constant, parent: ast.AST) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and isinstance(parent, ast.Compare | ast.Set | ast.MatchValue):
        yield ast.Constant(f"{value}~")


def _compare(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.Compare)
    for at, operator in enumerate(node.ops):
        other = COMPARISONS[type(operator)]()
        yield _copy(node, ops=[*node.ops[:at], other, *node.ops[at + 1 :]])


def _binary(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.BinOp)
    if type(node.op) in OPERATORS:
        yield _copy(node, op=OPERATORS[type(node.op)]())


def _added(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.AugAssign)
    if type(node.op) in OPERATORS:
        yield _copy(node, op=OPERATORS[type(node.op)]())


def _boolean(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.BoolOp)
    yield _copy(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for at in range(len(node.values)):
        rest = [*node.values[:at], *node.values[at + 1 :]]
        yield rest[0] if len(rest) == 1 else _copy(node, values=rest)


def _unary(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.UnaryOp)
    yield node.operand


def _either(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.IfExp)
    yield node.body
    yield node.orelse


def _each(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.comprehension)
    for at in range(len(node.ifs)):
        yield _copy(node, ifs=[*node.ifs[:at], *node.ifs[at + 1 :]])


def _name(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.Name)
    if node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield ast.Name(NAMES[node.id], ast.Load())


_EXPRESSIONS: dict[type[ast.AST], Callable[[ast.AST], Iterator[ast.AST]]] = {
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.AugAssign: _added,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.IfExp: _either,
    ast.comprehension: _each,
    ast.Name: _name,
}


def _copy(node: ast.AST, **changes: object) -> ast.AST:
    """A node with other parts; the parts that stay are shared, since only one of the two is ever in a tree."""
    fields = dict(ast.iter_fields(node)) | changes
    return type(node)(**fields)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"if {ast.unparse(node.test)}"
    text = ast.unparse(node)
    return text.splitlines()[0][:90] if text else type(node).__name__
