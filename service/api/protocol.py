"""HTTP on a connection: httptools, which is faster than h11, with the bound on a request's head that it lacks."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 65_536
"""h11's own bound; vendors send some 2 KB."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose head goes on and on: nobody knows who sends it, and it is kept in memory."""

    _in_head = True
    _turns = 0
    """How often a head or a body ended."""
    _head = 0

    def data_received(self, data: bytes) -> None:
        """Take in what arrived."""
        before = self._turns
        super().data_received(data)
        if self._in_head and self._turns == before:
            self._head += len(data)
            if self._head > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """End counting: the body is bounded by whoever reads it."""
        self._turn(in_head=False)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Whatever comes now is the head of a next request."""
        self._turn(in_head=True)
        super().on_message_complete()

    def _turn(self, *, in_head: bool) -> None:
        self._in_head, self._head, self._turns = in_head, 0, self._turns + 1
