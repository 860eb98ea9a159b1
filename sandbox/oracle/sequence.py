"""The ERP's write log: versions of a document never fall, nothing comes before its parent or after its end."""

from urllib.parse import unquote

from sandbox.oracle.erp import Doc, Erp
from sandbox.oracle.findings import Findings
from sandbox.oracle.want import Name


class Sequence:
    """Walks the log once."""

    def __init__(self, erp: Erp, findings: Findings, *, roots: dict[Name, str], invoices_post: bool) -> None:
        self.erp = erp
        self.findings = findings
        self.roots = roots
        """The order of each refund."""
        self.versions: dict[Name, str] = {}
        self.confirmed: set[str] = set()
        self.cancelled: set[str] = set()
        self.orders: dict[Name, str] = {}
        """The newest ERP document of each sale."""
        self.paid: set[str] = set()
        docs = (doc for docs in erp.orders.values() for doc in docs)
        self.self_posted = {doc["id"] for doc in docs if invoices_post and doc["document_type"] == "invoice"}

    def walk(self) -> None:
        """Judge every committed write in order."""
        for line in self.erp.log:
            if 200 <= line["status"] < 300:
                self._step(line)

    def _step(self, line: Doc) -> None:
        parts = line["path"].strip("/").split("/")
        order, verb = (parts[1], parts[2]) if parts[0] == "orders" and len(parts) > 2 else ("", "")
        if line["path"] == "/orders":
            self._created(line)
        elif line["path"] == "/payments/multi-invoice-apply" or (verb == "payments" and len(parts) == 3):
            self._payment(line, order)
        elif verb == "payments":
            self._touch(line, order)
            if parts[3] not in self.paid:
                self._wrong(line, "cash is given back on a payment that is not there yet")
        elif verb:
            self._touch(line, order)
            (self.cancelled if verb == "cancel" else self.confirmed if verb == "confirm" else set()).add(order)

    def _wrong(self, line: Doc, what: str) -> None:
        about = self.erp.by_id.get(line["order_id"] or line["resource_id"] or "", line["path"])
        self.findings.add("reordered", about, f"write {line['seq']}: {what}")

    def _touch(self, line: Doc, order: str) -> None:
        if order in self.cancelled:
            self._wrong(line, f"{line['path']} after the cancellation")

    def _version(self, line: Doc, name: Name, version: str) -> None:
        if version < self.versions.get(name, ""):
            self._wrong(line, f"version {version} of {name} after {self.versions[name]}")
        self.versions[name] = max(version, self.versions.get(name, ""))

    def _created(self, line: Doc) -> None:
        tag = line["body"].get("metadata") or {}
        name = Name(str(tag.get("tenant")), str(tag.get("kind")), str(tag.get("external_id")))
        self._version(line, name, str(tag.get("source_version", "")))
        if name.kind == "order":
            old = self.orders.get(name)
            if old is not None and old not in self.cancelled:
                self._wrong(line, "a new revision before the old one was cancelled")
            self.orders[name] = line["resource_id"]
            return
        parent = self.orders.get(Name(name.tenant, "order", self.roots.get(name, "")))
        if parent is None or not self._is_open(parent):
            self._wrong(line, "goods come back for a sale that is not posted yet")

    def _payment(self, line: Doc, order: str) -> None:
        body = line["body"]
        words = dict(word.partition("=")[::2] for word in str(body.get("notes") or "").split())
        name = Name(unquote(words.get("tenant", "")), words.get("kind", ""), unquote(words.get("external_id", "")))
        self._version(line, name, unquote(words.get("source_version", "")))
        for target in [order] if order else [part["order_id"] for part in body["applications"]]:
            self._touch(line, target)
            if not self._is_open(target):
                self._wrong(line, f"payment {name.ident} before its sale was confirmed")
        self.paid.add(line["resource_id"])

    def _is_open(self, order: str) -> bool:
        return order in self.confirmed or order in self.self_posted
