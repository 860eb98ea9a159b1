"""Orders of shops whose ERP ships, that the shop cancelled or shipped itself, some before anybody heard of them."""

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.buyers import TILL
from sandbox.shop.foretell import parked, skipped
from sandbox.shop.history import History
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, refunded
from sandbox.shop.shops import Shop

BACKLOG = Book()


def _the_erp_ships(shop: Shop) -> bool:
    return not shop.ships_itself


@BACKLOG.scenario(4, where=_the_erp_ships)
def taken_home(history: History) -> None:
    """Sold over the counter and gone; some of it comes back."""
    history.placed_by(TILL)
    history.order.channel = "pos"
    fill(history, Wishes(shipping=False, plain=True))
    sale = history.transact("sale", due(history), gateway="cash")
    history.ship()
    history.tell("orders/create")
    history.tell_transaction(sale)
    if history.rng.random() < 0.3:
        history.wait(3_600, 300_000)
        line = next(line for line in history.order.lines if line.kind == "stock")
        refunded(history, history.take_back([(line, 1)]), [sale])


@BACKLOG.scenario(1.5, where=_the_erp_ships)
def half_of_it_left(history: History) -> None:
    """A part is shipped by the shop itself; the rest never follows."""
    fill(history, Wishes(lines=2, pieces=2))
    sale = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(sale)
    history.wait()
    history.ship(part=True)
    history.tell("orders/partially_fulfilled")
    history.unposted = parked("shipped_by_shop")


@BACKLOG.scenario(1.5, where=_the_erp_ships)
def half_of_it_had_left(history: History) -> None:
    """A part was shipped before anybody heard of the order."""
    fill(history, Wishes(lines=2, pieces=2))
    sale = history.transact("sale", due(history))
    history.ship(part=True)
    history.tell("orders/partially_fulfilled")
    history.tell_transaction(sale)
    history.fate = history.unposted = parked("shipped_by_shop")


@BACKLOG.scenario(1.5)
def had_been_cancelled(history: History) -> None:
    """Sold, cancelled and given back before anybody heard of it."""
    fill(history, Wishes(plain=True))
    sale = history.transact("sale", due(history))
    history.wait(3_600, 300_000)
    history.cancel()
    back = history.pay_back(None, due(history), sale)
    history.tell("orders/cancelled")
    history.tell_transaction(sale)
    history.tell_transaction(back)
    history.fate = history.unposted = skipped("never_posted")


@BACKLOG.scenario(1)
def had_been_cancelled_with_cash(history: History) -> None:
    """Sold and cancelled before anybody heard of it, and the money still with the shop."""
    fill(history)
    sale = history.transact("sale", due(history))
    history.wait(3_600, 300_000)
    history.cancel("fraud")
    history.tell("orders/cancelled")
    history.tell_transaction(sale)
    history.fate = history.unposted = parked("cancelled_with_cash")
