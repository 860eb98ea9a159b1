"""Every kind of history that the shop can write, each with how often it happens and what must become of it."""

from sandbox.shop.scenarios.backlog import BACKLOG
from sandbox.shop.scenarios.book import Book, Scenario
from sandbox.shop.scenarios.cancels import CANCELS
from sandbox.shop.scenarios.edits import EDITS
from sandbox.shop.scenarios.gaps import GAPS
from sandbox.shop.scenarios.refunds import REFUNDS
from sandbox.shop.scenarios.refusals import REFUSALS
from sandbox.shop.scenarios.sales import SALES
from sandbox.shop.scenarios.skips import SKIPS

SCENARIOS: tuple[Scenario, ...] = (
    *SALES,
    *REFUNDS,
    *CANCELS,
    *BACKLOG,
    *EDITS,
    *GAPS,
    *REFUSALS,
    *SKIPS,
)

__all__ = ["SCENARIOS", "Book", "Scenario"]
