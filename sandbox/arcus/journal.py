"""The append-only file: a write is in it before its answer leaves, so that a killed process loses nothing.

One record is a JSON head line, then the payload (request body, answer, further documents) whose lengths the head
names, then a newline. A torn last record, cut by a kill in the middle of a write, is dropped on opening.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import jiter

from sandbox.arcus.errors import Doc
from sandbox.arcus.money import encode

STARTS = (0, len(b'{"data":'))  # where an answer holds its main document: bare, or wrapped


@dataclass(slots=True)
class Record:
    """One committed thing. `puts` name table, start and end of each document inside the payload."""

    head: Doc
    payload: bytes
    offset: int = 0
    """Where the payload begins in the file."""

    @property
    def body(self) -> bytes:
        """The request's bytes."""
        return self.payload[: self.head["n"][0]]

    @property
    def answer(self) -> tuple[int, int]:
        """Offset and length of the stored answer in the file."""
        body, answer, _ = self.head["n"]
        return self.offset + body, answer

    def documents(self) -> Iterable[tuple[str, Doc]]:
        """Parse the documents that this record put."""
        for table, start, end in self.head["puts"]:
            yield table, parse(self.payload[start:end])


def parse(data: bytes) -> Doc:
    """JSON to plain dicts with exact numbers."""
    found: Doc = jiter.from_json(data, float_mode="decimal", allow_inf_nan=False)
    return found


def build(head: Doc, *, body: bytes = b"", answer: bytes = b"", documents: list[tuple[str, bytes]]) -> Record:
    """Lay out one record; a document whose bytes are part of the answer is not written twice."""
    puts: list[tuple[str, int, int]] = []
    parts = [body, answer]
    end = len(body) + len(answer)
    for table, data in documents:
        inside = next((at for at in STARTS if answer.startswith(data, at)), None)
        if inside is not None:
            start = len(body) + inside
        else:
            start = end
            parts.append(data)
            end += len(data)
        puts.append((table, start, start + len(data)))
    head["n"] = (len(body), len(answer), end - len(body) - len(answer))
    head["puts"] = puts
    return Record(head, b"".join(parts))


class Journal:
    """The file of one sandbox. No fsync: it outlives the process, not the machine."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = 0

    def replay(self) -> Iterator[Record]:
        """Every whole record; afterwards the file ends with the last of them."""
        for record in read(self.path):
            self.size = record.offset + len(record.payload) + 1
            yield record
        os.ftruncate(self._file, self.size)

    def append(self, record: Record) -> None:
        """Write one record through to the kernel."""
        head = encode(record.head) + b"\n"
        data = memoryview(b"".join((head, record.payload, b"\n")))
        record.offset = self.size + len(head)
        self.size += len(data)
        while data:
            data = data[os.write(self._file, data) :]

    def committed(self, after: int) -> Iterator[Record]:
        """API calls that changed something, in order, from behind a sequence number."""
        for record in read(self.path):
            head = record.head
            if head["kind"] == "call" and head["puts"] and head["seq"] > after:
                yield record

    def stored(self, offset: int, length: int) -> bytes:
        """Bytes of an earlier answer."""
        return os.pread(self._file, length, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read(path: Path) -> Iterator[Record]:
    """Whole records from the beginning of a file; stops at a torn one."""
    with path.open("rb") as file:
        while (record := _next(file)) is not None:
            yield record


def _next(file: BinaryIO) -> Record | None:
    line = file.readline()
    if not line.endswith(b"\n"):
        return None
    head = parse(line)
    offset = file.tell()
    length = sum(head["n"])
    payload = file.read(length + 1)
    if len(payload) <= length:
        return None
    return Record(head, payload[:-1], offset)
