"""Documents one by one: each wanted one stands in the ERP exactly once, to the cent; nothing else does."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from sandbox.oracle.claims import BESIDE
from sandbox.oracle.decimals import ZERO, amount
from sandbox.oracle.erp import Doc, Erp, components, generation, newest, stands
from sandbox.oracle.findings import Findings
from sandbox.oracle.fold import Root
from sandbox.oracle.sale import sale
from sandbox.oracle.want import Name, Want
from sandbox.shop.shops import BY_DOMAIN


class Documents:
    """Compares what must be with what is."""

    def __init__(self, erp: Erp, roots: Mapping[tuple[str, str], Root], findings: Findings) -> None:
        self.erp = erp
        self.roots = roots
        self.findings = findings

    def compare(self, wants: Iterable[Want]) -> None:
        """Judge every wanted document, and then what is left over."""
        wants = list(wants)
        cash: dict[Name, list[Want]] = {}
        for want in wants:
            if want.parent and want.amounts:
                cash.setdefault(Name(want.name.tenant, "payment", want.parent), []).append(want)
        for want in wants:
            if want.name.kind == "order" and want.stands != "absent":
                self._order(want)
            elif want.name.kind == "payment" and want.amounts and not want.parent:
                self._payment(want, cash.get(want.name, []))
            elif want.name.kind == "refund" and want.amounts:
                self._refund(want)
        self._accounts(wants)
        self._leftovers(wants)

    def _order(self, want: Want) -> None:
        self.findings.expected["orders"] += 1
        docs = self.erp.orders.get(want.name, [])
        if not docs:
            self.findings.add("lost", want.name, "is not in the ERP")
            return
        self.findings.found["orders"] += 1
        self._once(want.name, docs)
        last = newest(docs)
        if stands(last) != want.stands and not _may_stay(want, last):
            self.findings.add("reordered", want.name, f"stands {stands(last)} in the end, must be {want.stands}")
        carrier = "invoice" if want.end == "invoice" else "sales_order"
        if last["document_type"] != carrier:
            self.findings.add("unexplained", want.name, f"is posted as {last['document_type']}, must be {carrier}")
        if want.stands != "draft":
            self._figures(want, last)
            self._account(want, last)
        if want.stands == "open":
            self.findings.same(want.name, "paid", want.paid, amount(last["amount_paid"]))
            self.findings.same(want.name, "balance", want.amounts["total"] - want.paid, amount(last["balance_due"]))
        elif amount(last["amount_paid"]):
            self.findings.same(want.name, "paid", ZERO, amount(last["amount_paid"]))

    def _once(self, name: Name, docs: list[Doc]) -> None:
        numbers = Counter(generation(doc) for doc in docs)
        for number, count in numbers.items():
            if count > 1:
                self.findings.add("duplicated", name, f"revision {number} stands {count} times")
        alive = [doc for doc in docs if stands(doc) != "cancelled"]
        if len(alive) > 1 and len(numbers) > 1:
            self.findings.add("duplicated", name, f"{len(alive)} revisions are alive")

    def _figures(self, want: Want, doc: Doc) -> None:
        have = components(doc, BY_DOMAIN[want.name.tenant])
        wrong = [
            part
            for part in sorted(want.amounts.keys() | have.keys())
            if not self.findings.same(want.name, part, want.amounts.get(part, ZERO), have.get(part, ZERO))
        ]
        root = self.roots.get((want.name.tenant, want.root))
        if wrong and want.name.kind == "order" and root is not None and _is_old(have, root):
            self.findings.add("reordered", want.name, "stands as an older version of the log has it")

    def _account(self, want: Want, doc: Doc) -> None:
        owner = self.erp.by_id.get(doc["account_id"])
        if owner is None or owner.ident != want.account:
            self.findings.add("unexplained", want.name, f"hangs on account {owner}, must be {want.account}")

    def _payment(self, want: Want, given_back: list[Want]) -> None:
        self.findings.expected["payments"] += 1
        self.findings.expected["refunds"] += len(given_back)
        docs = self.erp.payments.get(want.name, [])
        if not docs:
            self.findings.add("lost", want.name, f"{want.amounts['amount']} is not in the ERP")
            for one in given_back:
                self.findings.add("lost", one.name, "its payment is not in the ERP")
            return
        self.findings.found["payments"] += 1
        if len(docs) > 1:
            self.findings.add("duplicated", want.name, f"stands {len(docs)} times")
        doc = docs[0]
        self.findings.same(want.name, "amount", want.amounts["amount"], amount(doc["amount"]))
        for what, must, have in (
            ("tender", want.method, doc["payment_method"]),
            ("day", want.day, doc["payment_date"]),
        ):
            if must != have:
                self.findings.add("unexplained", want.name, f"its {what} is {have}, must be {must}")
        owner = {self.erp.by_id.get(part["order_id"]) for part in doc["applications"]}
        if owner != {Name(want.name.tenant, "order", want.root)}:
            self.findings.add("unexplained", want.name, f"is applied to {', '.join(map(str, owner))}")
        self._cash_back(want, doc, given_back)

    def _cash_back(self, payment: Want, doc: Doc, given_back: list[Want]) -> None:
        there = [amount(row["amount"]) for row in doc["refunds"]]
        for want in given_back:
            value = want.amounts["amount"]
            if value in there:
                there.remove(value)
                self.findings.found["refunds"] += 1
            else:
                self.findings.add("lost", want.name, f"{value} given back is not on {payment.name}")
        for value in there:
            self.findings.add("duplicated", payment.name, f"{value} is given back once too often")
        whole = sum((want.amounts["amount"] for want in given_back), ZERO)
        self.findings.same(payment.name, "refunded", whole, amount(doc["amount_refunded"]))

    def _refund(self, want: Want) -> None:
        """The value side: a confirmed return, a credit, or both where more was given back than the goods were worth."""
        parts = dict(want.amounts)
        credit = parts.pop("credit", None)
        self.findings.expected["refunds"] += 1
        names = [(want.name, self.erp.orders)] if parts else []
        if credit is not None:
            ident = f"{want.name.ident}{BESIDE}" if parts else want.name.ident
            names.append((replace(want.name, ident=ident), self.erp.credits))
        missing = [name for name, table in names if not table.get(name)]
        for name in missing:
            self.findings.add("lost", name, "is not in the ERP")
        for name, table in names:
            if len(table.get(name, [])) > 1:
                self.findings.add("duplicated", name, f"stands {len(table[name])} times")
        if missing:
            return
        self.findings.found["refunds"] += 1
        if credit is not None:
            self.findings.same(want.name, "credit", credit, amount(self.erp.credits[names[-1][0]][0]["amount"]))
        if parts:
            self._return(replace(want, amounts=parts), self.erp.orders[want.name][0])

    def _return(self, want: Want, doc: Doc) -> None:
        self._figures(want, doc)
        if doc["document_type"] != "return" or stands(doc) != "open":
            what = f"is a {doc['order_status']} {doc['document_type']}, must be a confirmed return"
            self.findings.add("unexplained", want.name, what)

    def _accounts(self, wants: Iterable[Want]) -> None:
        needed = {Name(want.name.tenant, "account", want.account) for want in wants if want.stands != "absent"}
        known = {Name(want.name.tenant, "account", want.account) for want in wants if want.account}
        self.findings.expected["accounts"] = len(needed)
        for name in sorted(needed, key=str):
            if name in self.erp.accounts:
                self.findings.found["accounts"] += 1
            else:
                self.findings.add("lost", name, "is not in the ERP")
        for name, docs in self.erp.accounts.items():
            if len(docs) > 1:
                self.findings.add("duplicated", name, f"stands {len(docs)} times")
            if name not in known:
                self.findings.add("unexplained", name, "no order of the log has this buyer")

    def _leftovers(self, wants: Iterable[Want]) -> None:
        """What stands in the ERP and should not."""
        expected = {want.name for want in wants if want.stands != "absent" or want.amounts}
        for table in (self.erp.orders, self.erp.payments, self.erp.credits):
            for name in table:
                if name not in expected and replace(name, ident=name.ident.removesuffix(BESIDE)) not in expected:
                    self.findings.add("unexplained", name, "stands in the ERP, and nothing in the log asks for it")
        for words in self.erp.strangers:
            self.findings.add("unexplained", words, "whose is it?")


def _may_stay(want: Want, doc: Doc) -> bool:
    """An invoice that posts at create cannot be a draft: repriced, it stands open and unpaid (books 5)."""
    repriced = want.reason == "erp_total_differs" and doc["document_type"] == "invoice"
    return repriced and not amount(doc["amount_paid"])


def _is_old(have: dict[str, Decimal], root: Root) -> bool:
    refunds = [said.body for said in root.refunds.values()]
    return any(sale(said.body, refunds) == have for said in root.bodies)
