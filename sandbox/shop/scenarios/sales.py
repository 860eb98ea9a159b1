"""Sales that simply go through, in every way that a buyer can pay."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.buyers import TILL, company
from sandbox.shop.history import History
from sandbox.shop.money import rounded
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, refunded, shipped
from sandbox.shop.shops import Shop

SALES = Book()


def _has_coins(shop: Shop) -> bool:
    return shop.coin is not None


def _shows_two_currencies(shop: Shop) -> bool:
    return shop.presentment is not None


@SALES.scenario(30)
def web_sale(history: History) -> None:
    """Paid at once, mostly by card."""
    paid_sale(history)


@SALES.scenario(8)
def authorised_then_captured(history: History) -> None:
    """The card is charged when the goods go out."""
    fill(history)
    hold = history.transact("authorization", due(history))
    history.tell("orders/create")
    history.tell_transaction(hold)
    history.wait(600, 86_400)
    capture = history.transact("capture", due(history), parent=hold)
    history.tell_transaction(capture)
    history.tell("orders/paid")
    shipped(history)


@SALES.scenario(3)
def captured_in_two_parts(history: History) -> None:
    """One authorisation, two captures."""
    fill(history)
    hold = history.transact("authorization", due(history))
    history.tell("orders/create")
    history.tell_transaction(hold)
    first = rounded(due(history) / 3, history.order.currency)
    for amount in (first, due(history) - first):
        history.wait()
        capture = history.transact("capture", amount, parent=hold)
        history.tell_transaction(capture)
        history.tell("orders/updated")
    shipped(history)


@SALES.scenario(3)
def paid_after_a_failure(history: History) -> None:
    """The first card is declined."""
    fill(history)
    history.tell("orders/create")
    failed = history.transact("sale", due(history), status="failure")
    history.tell_transaction(failed)
    history.wait(30, 300)
    history.tell_transaction(history.transact("sale", due(history)))
    history.tell("orders/paid")
    shipped(history)


@SALES.scenario(4)
def bank_transfer(history: History) -> None:
    """Pending for days, then marked as paid by hand."""
    fill(history)
    history.tell("orders/create")
    history.wait(86_400, 400_000)
    history.tell_transaction(history.transact("sale", due(history), gateway="manual"))
    history.tell("orders/paid")
    shipped(history)


@SALES.scenario(4)
def gift_card_and_card(history: History) -> None:
    """Split tender."""
    fill(history)
    part = rounded(due(history) / 3, history.order.currency)
    card = history.transact("sale", part, gateway="gift_card")
    rest = history.transact("sale", due(history) - part)
    history.tell("orders/create")
    history.tell_transaction(rest)
    history.tell_transaction(card)
    shipped(history)


@SALES.scenario(2)
def everything_at_once(history: History) -> None:
    """Gift cards sold, a tip, a custom line, fees, an order discount; duties where they have a target."""
    extras = {"tip", "gift_card", "custom", "fees"} | ({"duties"} if "duties" in history.shop.targets else set())
    paid_sale(history, Wishes(lines=3, discount="order", extras=frozenset(extras), shipping=True))


@SALES.scenario(2)
def free_of_charge(history: History) -> None:
    """A code takes everything off: paid, without a transaction."""
    fill(history, Wishes(discount="all", plain=True))
    history.tell("orders/create")
    shipped(history)


@SALES.scenario(4)
def on_net_terms(history: History) -> None:
    """A company that pays in thirty days, or has not yet."""
    history.placed_by(company(history.shop, history.rng))
    history.order.net_terms = True
    fill(history)
    history.tell("orders/create")
    shipped(history)
    if history.rng.random() < 0.6:
        history.wait(86_400, 1_000_000)
        history.tell_transaction(history.transact("sale", due(history), gateway="manual"))
        history.tell("orders/paid")


@SALES.scenario(6, where=_has_coins)
def at_the_till(history: History) -> None:
    """Cash, rounded to the smallest coin; no customer, no address."""
    history.placed_by(TILL)
    order = history.order
    order.channel = "pos"
    fill(history, Wishes(shipping=False))
    coin = history.shop.coin or Decimal(1)
    paid = (order.total() / coin).quantize(Decimal(1), ROUND_HALF_UP) * coin
    order.rounding = paid - order.total()
    sale = history.transact("sale", paid, gateway="cash")
    sale.rounding = order.rounding
    history.ship()
    history.tell("orders/create")
    history.tell_transaction(sale)


@SALES.scenario(2)
def picked_up(history: History) -> None:
    """The buyer fetches it."""
    paid_sale(history, Wishes(pick_up=True))


@SALES.scenario(5, where=_shows_two_currencies)
def in_the_buyers_currency(history: History) -> None:
    """The buyer saw and paid another currency than the shop books."""
    history.order.presentment = history.shop.presentment
    sale = paid_sale(history, Wishes(plain=True))
    if history.rng.random() < 0.3:
        history.wait(3_600, 300_000)
        refund = history.take_back([(line, line.quantity) for line in history.order.lines], shipping=True)
        refunded(history, refund, [sale])


@SALES.scenario(3)
def paid_within_the_second(history: History) -> None:
    """Created and paid inside one second: two bodies with the same `updated_at`, the later one further."""
    history.stamped = history.rng.random() < 0.5
    fill(history)
    history.tell("orders/create", keep=True)
    sale = history.transact("sale", due(history))
    history.blink()
    history.tell("orders/paid", keep=True)
    history.tell_transaction(sale)
    if history.shop.ships_itself:
        history.blink()
        history.ship()
        history.tell("orders/fulfilled", keep=True)


@SALES.scenario(2)
def chatty(history: History) -> None:
    """Many updates that change nothing for the books: tags, notes, addresses of the same buyer."""
    paid_sale(history, ships=False)
    for number in range(history.rng.randrange(3, 7)):
        history.wait()
        history.order.tags = [f"batch-{number}"]
        history.tell()
    history.now += timedelta(seconds=1)
    shipped(history)
    history.wait()
    history.order.tags = ["done"]
    history.tell()


@SALES.scenario(2)
def through_a_marketplace(history: History) -> None:
    """The marketplace owes the tax: it is never the shop's own liability."""
    history.order.channel = "amazon"
    paid_sale(history, Wishes(marketplace=True))


@SALES.scenario(1)
def contradicted_then_settled(history: History) -> None:
    """Two contents under one version, and later a body that settles which is right."""
    history.stamped = False
    fill(history, Wishes(plain=True))
    sale = history.transact("sale", due(history))
    history.tell("orders/create", keep=True)
    history.tell_transaction(sale)
    history.order.po_number = f"PO-OTHER-{history.order.number}"
    history.tell("orders/updated", keep=True)
    history.wait()
    history.order.po_number = f"PO-{history.order.number}"
    if history.shop.ships_itself:
        history.ship()
    history.tell("orders/updated")
