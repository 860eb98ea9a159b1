"""The one line that a run ends with, and whether it is a proof."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sandbox.oracle.judge import Judgement


@dataclass(frozen=True)
class Faults:
    """What the ERP did to the product. `required` kinds must each be met `least` times."""

    injected: Mapping[str, int]
    met: Mapping[str, int]
    required: tuple[str, ...]
    least: int = 10

    def short(self) -> list[str]:
        """Kinds that were not injected and met often enough."""
        return [kind for kind in self.required if min(self.injected.get(kind, 0), self.met.get(kind, 0)) < self.least]


@dataclass(frozen=True)
class Proof:
    """The figures of issue and README, by their names there."""

    orders_expected: int
    orders_in_erp: int
    payments_expected: int
    payments_in_erp: int
    refunds_expected: int
    refunds_in_erp: int
    accounts_expected: int
    accounts_in_erp: int
    lost: int
    duplicated: int
    reordered: int
    amount_difference: str
    parked: int
    parked_expected: int
    unexplained: int
    in_doubt: int
    money_moved: int
    kills: int
    erp_faults: dict[str, dict[str, int]]

    def figures(self) -> dict[str, object]:
        """The figures in the order of the issue."""
        return {**asdict(self), "amount_difference": _number(self.amount_difference)}

    def holds(self, judgement: Judgement) -> bool:
        """Whether the run proves the promise."""
        wrong = (self.lost, self.duplicated, self.reordered, self.unexplained, self.in_doubt, self.money_moved)
        known = judgement.findings.count("unlike") == 0
        present = (
            self.orders_expected == self.orders_in_erp,
            self.payments_expected == self.payments_in_erp,
            self.refunds_expected == self.refunds_in_erp,
            self.accounts_expected == self.accounts_in_erp,
        )
        exact = judgement.findings.difference == 0 and judgement.parked == judgement.parked_expected
        return not any(wrong) and all(present) and exact and known


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def proof(judgement: Judgement, *, money_moved: int, kills: int, faults: Faults) -> Proof:
    """Sum a judgement up."""
    found = judgement.findings
    counts = {
        f"{name}_{suffix}": table[name]
        for name in ("orders", "payments", "refunds", "accounts")
        for suffix, table in (("expected", found.expected), ("in_erp", found.found))
    }
    return Proof(
        **counts,
        lost=found.count("lost"),
        duplicated=found.count("duplicated"),
        reordered=found.count("reordered"),
        amount_difference=str(found.difference),
        parked=len(judgement.parked),
        parked_expected=len(judgement.parked_expected),
        unexplained=found.count("unexplained"),
        in_doubt=found.count("in_doubt"),
        money_moved=money_moved,
        kills=kills,
        erp_faults={
            kind: {"injected": faults.injected.get(kind, 0), "met": faults.met.get(kind, 0)} for kind in faults.required
        },
    )
