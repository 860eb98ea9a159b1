"""A query of GraphQL, as far as readers of orders write it: fields, arguments, variables, inline fragments."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'\s*(?:,\s*)*(\.\.\.|[{}():!$=\[\]]|"[^"]*"|-?\d+|[A-Za-z_]\w*)')


@dataclass
class Field:
    """One field; `on` where it stands in a fragment for one type."""

    name: str
    arguments: dict[str, object] = field(default_factory=dict)
    fields: list["Field"] = field(default_factory=list)
    on: str = ""


class Malformed(Exception):
    """What was sent is no query."""


def parse(text: str, variables: dict[str, object]) -> list[Field]:
    """The fields of the query's root, with the variables filled in."""
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Malformed(f"unexpected {text[at : at + 10]!r}")
        tokens.append(found[1])
        at = found.end()
    parser = _Parser(tokens, variables)
    parser.skip_to_root()
    fields = parser.selection()
    if parser.left:
        raise Malformed(f"unexpected {parser.left[0]!r} after the query")
    return fields


class _Parser:
    """Consumes tokens from the front."""

    def __init__(self, tokens: list[str], variables: dict[str, object]) -> None:
        self.left = tokens[::-1]
        self._variables = variables

    def _next(self, wanted: str = "") -> str:
        if not self.left:
            raise Malformed("the query ends in the middle")
        token = self.left.pop()
        if wanted and token != wanted:
            raise Malformed(f"expected {wanted!r} instead of {token!r}")
        return token

    def _peek(self) -> str:
        return self.left[-1] if self.left else ""

    def skip_to_root(self) -> None:
        """Pass over the name of the query and the types of its variables."""
        while self._peek() != "{":
            self._next()

    def selection(self) -> list[Field]:
        """Fields between braces."""
        found: list[Field] = []
        self._next("{")
        while self._peek() != "}":
            name = self._next()
            if name == "...":
                self._next("on")
                kind = self._next()
                found += [Field(one.name, one.arguments, one.fields, kind) for one in self.selection()]
                continue
            arguments = self._arguments() if self._peek() == "(" else {}
            found.append(Field(name, arguments, self.selection() if self._peek() == "{" else []))
        self._next("}")
        if not found:
            raise Malformed("a selection is empty")
        return found

    def _arguments(self) -> dict[str, object]:
        found: dict[str, object] = {}
        self._next("(")
        while self._peek() != ")":
            name = self._next()
            self._next(":")
            found[name] = self._value()
        self._next(")")
        return found

    def _value(self) -> object:
        word = self._next()
        if word == "$":
            return self._variables.get(self._next())
        if word in ("true", "false"):
            return word == "true"
        return word.strip('"') if word.startswith('"') else int(word)
