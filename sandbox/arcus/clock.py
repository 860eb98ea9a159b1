"""The sandbox's clock: real time plus an offset that the control plane moves forward."""

import time
from datetime import UTC, datetime
from email.utils import formatdate


def iso(at: float) -> str:
    """UTC with milliseconds, as the documented samples end in Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class Clock:
    """What the ERP believes the time to be; it never runs backwards through `advance`."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._date_second = 0
        self._date = ""

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move forward; a negative step is refused, because created_at must not fall."""
        if seconds < 0:
            raise ValueError("the sandbox's clock only moves forward")
        self.offset += seconds

    def http_date(self) -> str:
        """Value of the `Date` header, formatted once a second."""
        second = int(time.time() + self.offset)
        if second != self._date_second:
            self._date_second = second
            self._date = formatdate(second, usegmt=True)
        return self._date
