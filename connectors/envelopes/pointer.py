"""A part of a JSON text, cut out byte for byte: a number that is read and written again may not be the same. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = " \t\n\r"


@dataclass
class NoSuchPart(Exception):
    """The pointer leads nowhere in this document."""

    pointer: str
    why: str

    def __str__(self) -> str:
        """Say which and why."""
        return f"{self.pointer!r} leads nowhere: {self.why}"


def part(text: str, pointer: str) -> str:
    """Cut out what a JSON pointer (RFC 6901) names; the empty one is everything."""
    if pointer and not pointer.startswith("/"):
        raise NoSuchPart(pointer, "a JSON pointer begins with /, for example /detail/payload")
    start = _skip(text, 0)
    end = _whole(text, start, pointer)
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        for found, at, stop in _members(text, start, pointer):
            if found == name:
                start, end = at, stop
                break
        else:
            raise NoSuchPart(pointer, f"there is no {name!r}")
    return text[start:end]


def elements(text: str) -> list[str]:
    """Cut out every element of a JSON array."""
    start = _skip(text, 0)
    if text[start : start + 1] != "[":
        raise NoSuchPart("--each", "there is no array here")
    _whole(text, start, "--each")
    return [text[at:stop] for _, at, stop in _members(text, start, "--each")]


def _members(text: str, start: int, pointer: str) -> Iterator[tuple[str, int, int]]:
    """Walk an object or array: name or index, and where each value begins and ends."""
    kind = text[start : start + 1]
    if kind not in ("{", "["):
        raise NoSuchPart(pointer, "a part on the way is neither an object nor an array")
    at, index = _skip(text, start + 1), 0
    while text[at] not in "}]":
        name = str(index)
        if kind == "{":
            name, at = json.JSONDecoder().raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # over the colon
        stop = _end(text, at, pointer)
        yield name, at, stop
        at, index = _skip(text, stop), index + 1
        if text[at] == ",":
            at = _skip(text, at + 1)


def _whole(text: str, start: int, pointer: str) -> int:
    """Where the one value of a text ends; nothing but space may follow."""
    end = _end(text, start, pointer)
    if _skip(text, end) < len(text):
        raise NoSuchPart(pointer, f"the text is not JSON (something follows its end at character {end})")
    return end


def _end(text: str, start: int, pointer: str) -> int:
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError) as error:
        raise NoSuchPart(pointer, f"the text is not JSON ({error})") from error


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
