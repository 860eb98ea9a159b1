"""Amounts in shop currency, from the plain field or from its set, and the check that a set speaks that currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from connectors.shopify.delivery import Delivery, path
from connectors.shopify.fields import TOO_LARGE, positive
from connectors.shopify.payloads import Allocation, Amount, MoneySet, TaxLine
from schemas.order import ZERO, Tax


class ShopMoney:
    """Reads amounts of one document, which all have to be in one currency."""

    def __init__(self, delivery: Delivery, currency: str | None) -> None:
        self._delivery = delivery
        self.currency = currency
        """The shop's currency; found in the sets where the document does not name it."""

    def shop(self, money: object, field: str) -> Decimal | None:
        """The shop's half of a set that was left unread."""
        if money is None:
            return None
        return self.of(self._delivery.read(MoneySet, money, at=field), field)

    def of(self, money: MoneySet | None, field: str) -> Decimal | None:
        """The shop's half of a set."""
        if money is None or money.shop_money is None:
            return None
        return self.half(money.shop_money, field)

    def half(self, amount: Amount, field: str) -> Decimal:
        """An amount in shop currency, with its currency checked."""
        code = amount.code
        if self.currency is None:
            self.currency = code
        elif code is not None and code != self.currency:
            raise self._delivery.invalid(field, f"is in {code}, but the document is in {self.currency}")
        return amount.amount

    def plain(self, amount: object, field: str) -> Decimal:
        """A plain field that was left unread; nothing where it is absent."""
        try:
            return ZERO if amount is None else positive(amount)
        except ValueError as error:
            raise self._delivery.invalid(field, str(error)) from None

    def plain_first(self, plain: Decimal | None, money: object, at: str, *location: int | str) -> Decimal:
        """Where the plain field is a text in shop currency (sources.md 1.10, 3): orders.

        The place of the field is put into words only where it is wrong: that saves 4 us an order.
        """
        if plain is not None:
            return plain
        field = path(at, location)
        return self._delivery.needed(self.positive(self.shop(money, f"{field}_set"), f"{field}_set"), field)

    def set_first(self, plain: Decimal | None, money: object, field: str) -> Decimal:
        """Where the plain field may be a binary float and only the set is exact: refunds."""
        found = self.positive(self.shop(money, f"{field}_set"), f"{field}_set")
        return self._delivery.needed(plain if found is None else found, field)

    def positive(self, amount: Decimal | None, field: str) -> Decimal | None:
        """The amount, which Shopify never makes negative."""
        if amount is not None and amount < 0:
            raise self._delivery.invalid(field, "is negative")
        return amount

    def total(self, amounts: Iterable[Decimal], field: str) -> Decimal:
        """A sum that is still an amount."""
        found = sum(amounts, ZERO)
        if abs(found) >= TOO_LARGE:
            raise self._delivery.invalid(field, "is too large for an amount")
        return found

    def allocated(self, allocations: Sequence[Allocation], field: str) -> Decimal:
        """The sum of the discount shares of one line."""
        if not allocations:
            return ZERO
        return self.total(
            [
                self.plain_first(one.amount, one.amount_set, field, "discount_allocations", index, "amount")
                for index, one in enumerate(allocations)
            ],
            f"{field}.discount_allocations",
        )

    def taxes(self, lines: Sequence[TaxLine], field: str) -> tuple[Tax, ...]:
        """The taxes of one line."""
        if not lines:
            return ()
        return tuple(
            Tax.trusted(
                title=line.title or "",
                rate=line.rate,
                amount=self.plain_first(line.price, line.price_set, field, "tax_lines", index, "price"),
                channel_liable=bool(line.channel_liable),
            )
            for index, line in enumerate(lines)
        )
