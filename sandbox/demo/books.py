"""The ERP sandbox's control plane, from outside."""

from dataclasses import dataclass
from typing import Any

import aiohttp

Doc = dict[str, Any]


@dataclass
class Books:
    """One running ERP sandbox."""

    session: aiohttp.ClientSession
    port: int

    async def ask(self, path: str, body: Doc | None = None) -> Doc:
        """POST where there is a body, else GET."""
        async with self._request(path, body) as answer:
            found: Doc = await answer.json()
            if answer.status != 200:
                raise ValueError(f"/_sandbox/{path} answered {answer.status}: {found}")
            return found

    async def lines(self, path: str) -> list[bytes]:
        """Read NDJSON."""
        async with self._request(path, None) as answer:
            raw: bytes = await answer.read()
            return raw.splitlines()

    def _request(self, path: str, body: Doc | None) -> Any:  # noqa: ANN401 - aiohttp's own context
        url = f"http://127.0.0.1:{self.port}/_sandbox/{path}"
        timeout = aiohttp.ClientTimeout(total=120)
        if body is None:
            return self.session.get(url, timeout=timeout)
        return self.session.post(url, json=body, timeout=timeout)
