"""Whether metadata sticks: learnt from every document that comes back with, or without, the tag it was given."""

from __future__ import annotations

from collections.abc import Mapping

from service.erp.arcus import identity


class TagProbe:
    """None until something came back; a tag that was once lost cannot prove absence any more (correctness 10)."""

    def __init__(self) -> None:
        self.sticks: bool | None = None

    def sent(self, wanted: Mapping[str, str], found: object) -> None:
        """Compare a tag that was sent with what the answer shows of it."""
        if not isinstance(found, dict) or not identity.same(found, wanted):
            self.sticks = False
        elif self.sticks is None:
            self.sticks = True

    def seen(self, found: Mapping[str, object]) -> None:
        """A document of a list: a tag on it proves that tags stick."""
        if self.sticks is None and identity.is_tagged(found):
            self.sticks = True
