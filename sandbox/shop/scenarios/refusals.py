"""Orders and payments that must park, each for one reason."""

from dataclasses import replace

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.foretell import Expected, parked
from sandbox.shop.history import History
from sandbox.shop.money import quantum
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, shipped
from sandbox.shop.shops import UNMAPPED_GATEWAY

REFUSALS = Book()


@REFUSALS.scenario(1)
def unknown_sku(history: History) -> None:
    """An article that the ERP has never heard of."""
    paid_sale(history, Wishes(trait="GHOST"))
    history.fate = parked("sku_unknown")


@REFUSALS.scenario(1)
def sku_there_twice(history: History) -> None:
    """Two products with one SKU: never a choice."""
    paid_sale(history, Wishes(trait="DUP"))
    history.fate = parked("sku_ambiguous")


@REFUSALS.scenario(2)
def held_for_approval(history: History) -> None:
    """The ERP wants a person to approve."""
    paid_sale(history, Wishes(trait="HOLD"))
    history.fate = parked("erp_hold", stands="draft")


@REFUSALS.scenario(2)
def repriced_by_the_erp(history: History) -> None:
    """The ERP's price engine adds a cent a piece."""
    paid_sale(history, Wishes(trait="DRIFT"))
    history.fate = parked("erp_total_differs", stands="draft")


@REFUSALS.scenario(1)
def inactive_product(history: History) -> None:
    """The ERP refuses the line."""
    paid_sale(history, Wishes(trait="INACTIVE"))
    history.fate = parked("erp_refused")


@REFUSALS.scenario(1.5)
def unmapped_tender(history: History) -> None:
    """Nobody said where this gateway's money goes: the payment parks, the order does not."""
    paid_sale(history, gateway=UNMAPPED_GATEWAY)


@REFUSALS.scenario(1, where=lambda shop: "duties" not in shop.targets)
def no_target_for_duties(history: History) -> None:
    """Duties, and nobody chose where they go."""
    paid_sale(history, Wishes(extras=frozenset({"duties"})))
    history.fate = parked("target_missing")


@REFUSALS.scenario(1.5)
def does_not_add_up(history: History) -> None:
    """The stated total is not the sum of its parts."""
    history.order.skew = quantum(history.shop.currency) * history.rng.choice((1, 100, -3))
    paid_sale(history, Wishes(shipping=True, plain=True))
    history.fate = parked("does_not_add_up")


@REFUSALS.scenario(1, where=lambda shop: shop.currency in ("USD", "GBP", "EUR"))
def another_currency(history: History) -> None:
    """The shop was switched to a currency that the ERP entity does not book."""
    history.order.currency = "AUD"
    paid_sale(history)
    history.fate = parked("currency_unsupported")


@REFUSALS.scenario(1)
def money_of_another_currency(history: History) -> None:
    """A transaction in a currency that is neither the shop's nor the buyer's."""
    fill(history)
    sale = history.transact("sale", due(history), currency="AUD")
    history.tell("orders/create")
    history.tell_transaction(sale)
    shipped(history)
    # In no currency of the order: it cannot be counted as paid, so the order misses its money too.
    history.fate = parked("transactions_missing", stands="open")


@REFUSALS.scenario(1)
def paid_too_much(history: History) -> None:
    """More than the order: the ERP would make a credit memo of it in silence."""
    fill(history)
    sale = history.transact("sale", due(history) + quantum(history.shop.currency) * 100)
    history.tell("orders/create")
    history.tell_transaction(sale)
    shipped(history)


@REFUSALS.scenario(1)
def cannot_be_read(history: History) -> None:
    """A recognised order with an amount that is none; its money waits for it."""
    fill(history, Wishes(plain=True))
    sale = history.transact("sale", due(history))
    history.silent |= {history.order.id, sale.id}
    place = history.tell("orders/create", keep=True)
    spoilt = history.deliveries[place]
    stated = f'"total_price":"{history.order.total()}"'.encode()
    value = (spoilt.value or b"").replace(stated, b'"total_price":"NaN"')
    history.deliveries[place] = replace(spoilt, value=value, role="other")
    history.tell_transaction(sale)
    domain = history.shop.domain
    history.extra.append(Expected(domain, "order", str(history.order.id), "parked", "invalid"))
    history.extra.append(Expected(domain, "payment", str(sale.id), "parked", "waits_for_order"))
