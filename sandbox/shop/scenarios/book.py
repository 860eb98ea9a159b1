"""How a family of scenarios is collected."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.shop.history import History
from sandbox.shop.shops import Shop

Write = Callable[[History], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of history. `weight` is how often it happens; `where` says in which shops it can."""

    name: str
    weight: float
    write: Write
    where: Callable[[Shop], bool]
    ordered: bool = False
    """Its deliveries keep one partition, because some must come after others."""


class Book(list[Scenario]):
    """Collects scenarios by decorator; the function's name is the scenario's."""

    def scenario(
        self, weight: float, *, where: Callable[[Shop], bool] = lambda _: True, ordered: bool = False
    ) -> Callable[[Write], Write]:
        """Add a scenario."""

        def add(write: Write) -> Write:
            self.append(Scenario(write.__name__, weight, write, where, ordered))
            return write

        return add
