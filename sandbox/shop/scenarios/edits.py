"""Orders that change after they were placed."""

from sandbox.shop.basket import Wishes, add_line, fill
from sandbox.shop.buyers import company
from sandbox.shop.catalogue import stock
from sandbox.shop.history import History
from sandbox.shop.model import Line
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, shipped

EDITS = Book()


def _another(history: History) -> Line:
    taken = {line.sku for line in history.order.lines}
    article = history.rng.choice([article for article in stock(history.shop) if article.sku not in taken])
    return add_line(history, article, history.rng.choice((1, 2)))


@EDITS.scenario(3)
def a_line_more(history: History) -> None:
    """A line is added and paid for before anything ships."""
    paid_sale(history, Wishes(discount="none"), ships=False)
    history.wait(600, 90_000)
    before = due(history)
    line = _another(history)
    history.tell_edit([line], "superseded")
    history.wait(1, 10)
    history.tell("orders/updated")
    history.wait(60, 7_200)
    history.tell_transaction(history.transact("sale", due(history) - before))
    history.tell("orders/paid")
    shipped(history)


@EDITS.scenario(3)
def a_line_fewer_unpaid(history: History) -> None:
    """A company on net terms takes pieces off before anything is paid or shipped."""
    history.placed_by(company(history.shop, history.rng))
    history.order.net_terms = True
    fill(history, Wishes(pieces=3, lines=2, extras=frozenset()))
    history.tell("orders/create")
    history.wait(600, 90_000)
    goods = [line for line in history.order.lines if line.kind == "stock"]
    goods[0].removed = history.rng.choice((1, 2, 3))
    history.tell("orders/updated")
    shipped(history)


@EDITS.scenario(2)
def an_edit_without_its_result(history: History) -> None:
    """The shop says that the order changed; to what, nobody hears."""
    paid_sale(history)
    history.wait(600, 90_000)
    history.tell_edit([], "parked", "needs_read")
