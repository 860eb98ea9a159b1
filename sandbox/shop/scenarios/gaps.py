"""Deliveries that never came."""

from sandbox.shop.basket import fill
from sandbox.shop.foretell import Expected, parked, waiting
from sandbox.shop.history import History
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, shipped

GAPS = Book()


@GAPS.scenario(1.5)
def no_transaction_came(history: History) -> None:
    """Paid, says the order; by what, nobody says."""
    fill(history)
    sale = history.transact("sale", due(history))
    history.silent.add(sale.id)
    history.tell("orders/create")
    history.tell("orders/paid")
    shipped(history)
    history.fate = parked("transactions_missing", stands="open")


@GAPS.scenario(1)
def half_of_the_money_came(history: History) -> None:
    """Two captures, one of which was never told of."""
    fill(history)
    half = due(history) // 2
    told = history.transact("sale", half)
    lost = history.transact("sale", due(history) - half)
    history.silent.add(lost.id)
    history.tell("orders/create")
    history.tell_transaction(told)
    shipped(history)
    history.fate = parked("transactions_missing", stands="open")


@GAPS.scenario(1.5)
def no_order_came(history: History) -> None:
    """Transactions of an order that nobody ever heard of."""
    fill(history)
    history.silent.add(history.order.id)
    hold = history.transact("authorization", due(history))
    history.tell_transaction(hold)
    history.wait()
    history.tell_transaction(history.transact("capture", due(history), parent=hold))
    _orphans(history)


@GAPS.scenario(0.7)
def only_a_refund_came(history: History) -> None:
    """A refund and its money, of an order that nobody ever heard of."""
    fill(history)
    history.silent.add(history.order.id)
    sale = history.transact("sale", due(history))
    history.silent.add(sale.id)
    refund = history.take_back([(history.order.lines[0], 1)])
    history.pay_back(refund, history.worth(refund), sale)
    history.tell_refund(refund)
    _orphans(history)


def _orphans(history: History) -> None:
    """Every document of an order that never came waits for it by name."""
    order = history.order
    for transaction in order.transactions:
        if transaction.id not in history.silent:
            fate = ("parked", "waits_for_order") if transaction.moves_cash else ("skipped", "moves_no_cash")
            history.extra.append(Expected(history.shop.domain, "payment", str(transaction.id), *fate))
            history.silent.add(transaction.id)
    for refund in order.refunds:
        history.extra.append(Expected(history.shop.domain, "refund", str(refund.id), "parked", "waits_for_order"))
        history.silent.add(refund.id)


@GAPS.scenario(0.7)
def cut_to_its_id(history: History) -> None:
    """The body was too large for its way and arrived as `{"id": n}`; nothing else ever came."""
    fill(history)
    history.silent.add(history.order.id)
    history.send("orders/updated", {"id": history.order.id}, "order", keep=True)
    history.extra.append(Expected(history.shop.domain, "order_edit", str(history.order.id), "parked", "needs_read"))


@GAPS.scenario(2)
def not_paid_yet(history: History) -> None:
    """Placed, and nothing since."""
    fill(history)
    history.tell("orders/create")
    history.fate = waiting("gate")


@GAPS.scenario(1)
def paid_in_part(history: History) -> None:
    """Half of it is paid; the gate opens when all of it is."""
    fill(history)
    sale = history.transact("sale", due(history) // 2)
    history.tell("orders/create")
    history.tell_transaction(sale)
    history.fate = waiting("gate")


@GAPS.scenario(2, where=lambda shop: shop.ships_itself)
def not_shipped_yet(history: History) -> None:
    """Paid; the invoice waits for the goods to leave."""
    paid_sale(history, ships=False)
    history.fate = waiting("not_shipped")


@GAPS.scenario(1)
def under_review(history: History) -> None:
    """The shop holds it for fraud review."""
    fill(history)
    history.order.confirmed = False
    hold = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(hold)
    history.fate = waiting("fraud_hold")
