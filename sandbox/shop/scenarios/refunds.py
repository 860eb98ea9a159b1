"""Refunds: goods and cash, each on its own, together, later, or not at all."""

from decimal import Decimal

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.history import History
from sandbox.shop.model import Line
from sandbox.shop.money import rounded
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, refunded, shipped

REFUNDS = Book()


def _goods(history: History) -> list[Line]:
    return [line for line in history.order.lines if line.kind == "stock"]


@REFUNDS.scenario(4)
def refunded_in_full(history: History) -> None:
    """Everything comes back, shipping too."""
    sale = paid_sale(history, Wishes(plain=True, shipping=True))
    history.wait(3_600, 500_000)
    refund = history.take_back([(line, line.quantity) for line in _goods(history)], shipping=True)
    refunded(history, refund, [sale])


@REFUNDS.scenario(6)
def refunded_in_part(history: History) -> None:
    """One piece of a line whose price does not divide evenly."""
    sale = paid_sale(history, Wishes(pieces=3, discount="order"))
    history.wait(3_600, 500_000)
    refunded(history, history.take_back([(_goods(history)[0], 1)]), [sale])


@REFUNDS.scenario(3)
def refunded_twice(history: History) -> None:
    """Two refunds of one line, days apart."""
    sale = paid_sale(history, Wishes(pieces=3))
    for _ in range(2):
        history.wait(3_600, 300_000)
        refunded(history, history.take_back([(_goods(history)[0], 1)]), [sale])


@REFUNDS.scenario(3)
def shipping_given_back(history: History) -> None:
    """Only the shipping, which the shop publishes twice."""
    sale = paid_sale(history, Wishes(shipping=True, discount="none"))
    history.wait(3_600, 300_000)
    refunded(history, history.take_back([], shipping=True), [sale])


@REFUNDS.scenario(2)
def something_kept_back(history: History) -> None:
    """The goods came back scratched: the buyer gets less than they were worth."""
    sale = paid_sale(history, Wishes(plain=True))
    history.wait(3_600, 300_000)
    line = _goods(history)[0]
    keeps = rounded((line.gross - line.discount) / 10, history.order.currency)
    refunded(history, history.take_back([(line, line.quantity)], discrepancy=-keeps), [sale])


@REFUNDS.scenario(1)
def more_than_it_was_worth(history: History) -> None:
    """The goods came back, and the buyer gets a little on top for the trouble."""
    sale = paid_sale(history, Wishes(plain=True, lines=2))
    history.wait(3_600, 300_000)
    line = _goods(history)[0]
    refund = history.take_back([(line, 1)], discrepancy=rounded(line.price / 10, history.order.currency))
    refunded(history, refund, [sale], cash=min(history.worth(refund), sale.shop_amount))


@REFUNDS.scenario(2)
def goodwill(history: History) -> None:
    """A little money for the trouble; no goods, no shipping."""
    sale = paid_sale(history)
    history.wait(3_600, 300_000)
    gift = rounded(due(history) / 10, history.order.currency)
    refunded(history, history.take_back([], discrepancy=gift), [sale])


@REFUNDS.scenario(2)
def goods_back_without_money(history: History) -> None:
    """The goods came back, and nobody was paid: open credit."""
    paid_sale(history)
    history.wait(3_600, 300_000)
    refund = history.take_back([(_goods(history)[0], 1)])
    history.tell_refund(refund)
    history.tell()


@REFUNDS.scenario(2)
def goods_back_money_later(history: History) -> None:
    """First the record, days later the money, which no record names."""
    sale = paid_sale(history)
    history.wait(3_600, 300_000)
    refund = history.take_back([(_goods(history)[0], 1)])
    history.tell_refund(refund)
    history.tell()
    history.wait(86_400, 300_000)
    history.tell_transaction(history.pay_back(None, history.worth(refund), sale))
    history.tell()


@REFUNDS.scenario(2)
def money_on_its_way(history: History) -> None:
    """The refund's transaction is pending, and then it succeeds."""
    sale = paid_sale(history)
    history.wait(3_600, 300_000)
    refund = history.take_back([(_goods(history)[0], 1)])
    back = history.pay_back(refund, history.worth(refund), sale, status="pending")
    history.tell_refund(refund)
    history.tell()
    history.wait(3_600, 90_000)
    back.status = "success"
    history.tell_transaction(back)
    history.tell()


@REFUNDS.scenario(1)
def money_still_on_its_way(history: History) -> None:
    """The refund's transaction stays pending: value and cash wait."""
    sale = paid_sale(history)
    history.wait(3_600, 300_000)
    refund = history.take_back([(_goods(history)[0], 1)])
    history.pay_back(refund, history.worth(refund), sale, status="pending")
    history.tell_refund(refund)
    history.tell()


@REFUNDS.scenario(2)
def split_tender_refunded(history: History) -> None:
    """Two tenders, one refund over both."""
    fill(history, Wishes(plain=True, discount="none"))
    part = rounded(due(history) / 3, history.order.currency)
    card = history.transact("sale", part, gateway="gift_card")
    rest = history.transact("sale", due(history) - part)
    history.tell("orders/create")
    history.tell_transaction(rest)
    history.tell_transaction(card)
    shipped(history)
    history.wait(3_600, 300_000)
    refund = history.take_back([(line, line.quantity) for line in _goods(history)], shipping=True)
    refunded(history, refund, [card, rest])


@REFUNDS.scenario(1.5)
def goods_that_never_left(history: History) -> None:
    """Pieces taken off a paid order before it shipped: the warehouse must hear of it from a person."""
    sale = paid_sale(history, Wishes(pieces=2), ships=False)
    history.wait(600, 7_200)
    refund = history.take_back([(_goods(history)[0], 1)])
    refund.unshipped = True
    refunded(history, refund, [sale])
    if history.shop.ships_itself:
        shipped(history)


@REFUNDS.scenario(1.5)
def exchanged(history: History) -> None:
    """One article for another of the same price; no money moves."""
    paid_sale(history, Wishes(pieces=2, discount="none"))
    history.wait(86_400, 300_000)
    refund = history.take_back([(_goods(history)[0], 1)])
    refund.return_id = history.fresh()
    history.tell_refund(refund)
    history.tell()


@REFUNDS.scenario(1)
def refund_of_nothing(history: History) -> None:
    """A record without lines, amounts or cash."""
    paid_sale(history)
    history.wait(3_600, 90_000)
    refund = history.take_back([], discrepancy=Decimal(0))
    history.tell_refund(refund)
    history.tell()
