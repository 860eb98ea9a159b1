"""Orders that are not ours to post, by rule."""

from datetime import timedelta

from sandbox.shop.basket import Wishes, fill
from sandbox.shop.foretell import Expected, skipped
from sandbox.shop.history import History
from sandbox.shop.scenarios.book import Book
from sandbox.shop.scenarios.flows import due, paid_sale, refunded, shipped
from sandbox.shop.shops import GO_LIVE

SKIPS = Book()


@SKIPS.scenario(1.5)
def test_order(history: History) -> None:
    """Somebody tries the checkout."""
    history.order.test = True
    fill(history)
    sale = history.transact("sale", due(history), gateway="bogus", test=True)
    history.tell("orders/create")
    history.tell_transaction(sale)
    shipped(history)
    history.fate = skipped("test")


@SKIPS.scenario(1)
def test_transaction(history: History) -> None:
    """A test payment under a real order, beside the real one."""
    fill(history)
    trial = history.transact("sale", due(history), gateway="bogus", test=True)
    history.tell_transaction(trial)
    sale = history.transact("sale", due(history))
    history.tell("orders/create")
    history.tell_transaction(sale)
    shipped(history)


@SKIPS.scenario(2)
def before_go_live(history: History) -> None:
    """Placed before we began; what happens to it later is for a person."""
    history.placed_by(history.order.buyer, at=GO_LIVE - timedelta(days=history.rng.randrange(2, 60)))
    sale = paid_sale(history, Wishes(plain=True), ships=False)
    history.fate = skipped("before_go_live")
    if history.rng.random() < 0.5:
        history.now = GO_LIVE + timedelta(days=history.rng.randrange(3, 30))
        lines = [line for line in history.order.lines if line.kind == "stock"]
        refunded(history, history.take_back([(lines[0], 1)]), [sale])


@SKIPS.scenario(1.5)
def deleted(history: History) -> None:
    """Never paid, cancelled, and deleted from the shop."""
    fill(history)
    hold = history.transact("authorization", due(history))
    history.tell("orders/create")
    history.tell_transaction(hold)
    history.wait(3_600, 300_000)
    history.cancel("other")
    history.silent.add(hold.id)
    history.tell("orders/cancelled")
    history.wait()
    history.send("orders/delete", {"id": history.order.id}, "deletion", keep=True)
    history.fate = skipped("deleted")
    domain = history.shop.domain
    history.extra.append(Expected(domain, "payment", str(hold.id), "skipped", "deleted"))
    history.extra.append(Expected(domain, "order_deletion", str(history.order.id), "posted"))
