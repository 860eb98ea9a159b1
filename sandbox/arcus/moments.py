"""When calls arrived, were committed and were answered, by idempotency key: what a torture run asks about a kill."""

import time
from collections import OrderedDict

from sandbox.arcus.errors import Doc

MOST = 20_000  # keys; a run asks about the last seconds only


class Moments:
    """Unix seconds of the machine's clock, which the sandbox's own may be far ahead of."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, Doc] = OrderedDict()

    def note(self, key: str | None, what: str) -> None:
        """Note that a call `arrived`, was `committed` or was `answered` as it happened. The newest call counts."""
        if not key:
            return
        now = time.time()
        row = self._keys.setdefault(key, {"key": key, "calls": 0, "touched": now})
        row["touched"] = row[what] = now
        row["calls"] += what == "arrived"
        self._keys.move_to_end(key)
        if len(self._keys) > MOST:
            self._keys.popitem(last=False)

    def since(self, at: float) -> list[Doc]:
        """Return the keys that something happened to since."""
        found = []
        for row in reversed(self._keys.values()):
            if row["touched"] < at:
                break
            found.append(row)
        return found
