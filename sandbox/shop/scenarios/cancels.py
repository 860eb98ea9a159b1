"""Cancelled orders: unpaid, paid and given back, paid and not given back."""

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.buyers import company
from sandbox.shop.foretell import CANCELLED, parked, skipped
from sandbox.shop.history import History
from sandbox.shop.money import DECIMALS
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due

CANCELS = Book()


@CANCELS.scenario(3)
def cancelled_unpaid(history: History) -> None:
    """Never paid, then cancelled: nothing was ever due."""
    fill(history)
    history.tell("orders/create")
    history.wait(3_600, 300_000)
    history.cancel()
    history.tell("orders/cancelled")
    history.fate = skipped("never_posted")


@CANCELS.scenario(2)
def authorisation_voided(history: History) -> None:
    """Authorised, never captured, voided and cancelled."""
    fill(history)
    hold = history.transact("authorization", due(history))
    history.tell("orders/create")
    history.tell_transaction(hold)
    history.wait(3_600, 300_000)
    void = history.transact("void", due(history), parent=hold)
    history.cancel("inventory")
    history.tell_transaction(void)
    history.tell("orders/cancelled")
    history.fate = skipped("never_posted")


@CANCELS.scenario(2)
def net_terms_cancelled(history: History) -> None:
    """On account, cancelled before it was paid."""
    history.placed_by(company(history.shop, history.rng))
    history.order.net_terms = True
    fill(history)
    history.tell("orders/create")
    history.wait(3_600, 300_000)
    history.cancel()
    history.tell("orders/cancelled")
    history.fate = history.unposted = skipped("never_posted")
    if not history.shop.ships_itself:
        history.fate = CANCELLED


@CANCELS.scenario(4, ordered=True)
def cancelled_and_given_back(history: History) -> None:
    """Paid, cancelled before it shipped, every cent given back with the cancellation."""
    fill(history, Wishes(plain=True))
    sale = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(sale)
    history.wait(3_600, 300_000)
    history.cancel()
    everything = [(line, line.quantity) for line in history.order.lines if line.kind == "stock"]
    refund = history.take_back(everything, shipping=True)
    refund.unshipped = True
    back = history.pay_back(refund, due(history), sale)
    told = history.tell("orders/cancelled")
    # A refund that is heard of before its cancellation would be a return of shipped goods, and rightly so.
    history.tell_refund(refund, after=told)
    history.tell_transaction(back)
    history.fate = history.unposted = skipped("never_posted")
    if history.shop.ships_itself:
        return
    history.fate = CANCELLED if DECIMALS[history.order.currency] == 2 else parked("parent_parked", stands="open")
    history.strict_fate = parked("parent_parked", stands="open")


@CANCELS.scenario(1.5)
def cancelled_with_cash(history: History) -> None:
    """Paid and cancelled, and the money still with the shop: a person decides."""
    fill(history)
    sale = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(sale)
    history.wait(3_600, 300_000)
    history.cancel("fraud")
    history.tell("orders/cancelled")
    history.fate = history.unposted = parked("cancelled_with_cash")
    if history.shop.ships_itself:
        return
    history.fate = parked("cancelled_with_cash", stands="open")
    history.strict_fate = parked("parent_parked", stands="open")
