"""What each reason means and what to do about it, in words for the person who has to."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.base import Ref
from schemas.outcome import Reason


@dataclass(frozen=True, slots=True)
class Words:
    """`says` what it means; `fix` what to do, empty where nothing has to be done."""

    says: str
    fix: str = ""


RELEASE = "then `orderferry parked release SOURCE ID --who YOU --why REASON`"
_BY_ITSELF = "Nothing: it goes on by itself."

WORDS: dict[Reason, Words] = {
    # skipped
    Reason.BEFORE_GO_LIVE: Words("It is older than the tenant's go-live, so it belongs to the books before us."),
    Reason.TEST: Words(
        "It is a test order or a test payment.", "To post it all the same, set the tenant's admit_test."
    ),
    Reason.OUT_OF_SCOPE: Words("It is news of a kind that is not posted (payouts, products, fulfilments ...)."),
    Reason.FILTERED: Words(
        "A rule of the tenant (channel, tag, location) leaves it out.",
        "To post it, change the tenant's filters.",
    ),
    Reason.DELETED: Words("The shop deleted the order before it was posted."),
    Reason.NEVER_POSTED: Words("It was cancelled before anything had to be posted."),
    Reason.MOVES_NO_CASH: Words("No money moved: an authorization, a void, or a payment that failed."),
    Reason.OTHER_AUTHORITY: Words("The tenant's sales_authority says that another source books this sale."),
    Reason.TOMBSTONE: Words("It has no content: it lets Kafka forget a row that was deleted at the sender."),
    Reason.ROW_DELETED: Words("A row was deleted at the sender, as an outbox does after sending."),
    Reason.HEARTBEAT: Words("A connector says that it is alive."),
    Reason.DISCARDED: Words("A person ended it for good; the decisions tell who and why."),
    Reason.PRIVACY_REQUEST: Words(
        "A person's data are to be erased or told.",
        "`orderferry privacy show ID` tells how far it is and what remains.",
    ),
    Reason.APP_UNINSTALLED: Words(
        "The shop took the app out, and is paused since.",
        "If it should go on: a new access token, then `orderferry resume TENANT`.",
    ),
    # waiting
    Reason.GATE: Words(
        "The order has not reached the state from which on it is exported (the tenant's gate).", _BY_ITSELF
    ),
    Reason.NOT_SHIPPED: Words("The shop ships and has not shipped yet; the invoice follows.", _BY_ITSELF),
    Reason.PENDING: Words("The payment is not through yet.", _BY_ITSELF),
    Reason.FRAUD_HOLD: Words("The shop holds the order for review.", "Decide in the shop; it goes on by itself."),
    Reason.WAITS_FOR_ORDER: Words(
        "Its order has not arrived yet.", "It goes on when the order arrives; if it never does, send the order again."
    ),
    Reason.TRANSACTIONS_AWAITED: Words("The order is paid in the shop, its transactions are on their way.", _BY_ITSELF),
    Reason.TENANT_PAUSED: Words("The tenant is paused.", "`orderferry resume TENANT`"),
    # parked
    Reason.DOES_NOT_ADD_UP: Words(
        "The shop's own figures contradict each other; the detail names the equation and both figures.",
        "Compare with the order in the shop. A later, right event releases it; or enter it by hand and discard it.",
    ),
    Reason.INVALID: Words(
        "A field of it cannot be true; the detail names the field.",
        "Have it sent again rightly; or enter it by hand and discard it.",
    ),
    Reason.SKU_UNKNOWN: Words(
        "The ERP has no product with this SKU.",
        "Create it in the ERP, or `orderferry map set SOURCE TENANT sku SHOP-SKU ERP-SKU`; it goes on by itself.",
    ),
    Reason.SKU_AMBIGUOUS: Words(
        "The ERP has several products with this SKU.",
        "Make the SKU unique in the ERP, or map it to another with `orderferry map set`.",
    ),
    Reason.TARGET_MISSING: Words(
        "Nobody said where this part of the sale goes (tax, tips, gift cards, shipping ...).",
        "Set the tenant's target of that name, with the bookkeeper; it goes on by itself.",
    ),
    Reason.TENDER_UNMAPPED: Words(
        "Nobody said which payment method of the ERP this gateway is.",
        "`orderferry map set SOURCE TENANT tender GATEWAY METHOD`; it goes on by itself.",
    ),
    Reason.CURRENCY_UNSUPPORTED: Words(
        "Its currency is not the one of the ERP entity, or has decimals that it cannot hold.",
        "Enter it by hand and discard it, or give the shop an entity of that currency.",
    ),
    Reason.WAITS_FOR_INVOICE: Words(
        "The ERP takes payments on invoices only, and this sale is an order there.",
        f"Invoice the order in the ERP, {RELEASE}.",
    ),
    Reason.PARENT_PARKED: Words(
        "The document that it belongs to is parked.", "Solve that one first; this one goes on by itself."
    ),
    Reason.TRANSACTIONS_MISSING: Words(
        "The shop says paid, and the payments that we know of do not come to the total.",
        "With a shop_token of the tenant the shop is asked again and again, and it goes on by itself. Without one look "
        "the payments up in the shop and send the missing order_transactions/create.",
    ),
    Reason.NEEDS_READ: Words(
        "The shop says that the order changed, not to what.",
        "With a shop_token of the tenant the order is read and goes on by itself. Without one any later full event of "
        "the order releases it: save the order once in the shop, or send its body.",
    ),
    Reason.SAME_VERSION_DIFFERS: Words(
        "Two bodies of the same time have different contents, and nobody can tell which is right.",
        "With a shop_token of the tenant the shop is asked which is right. Without one any later event of it releases "
        "it: save it once in the shop.",
    ),
    Reason.ORIGINAL_NOT_OURS: Words(
        "It belongs to an order from before go-live, which is not in the ERP through us.",
        "Enter it by hand on the original, then discard it.",
    ),
    Reason.CANCELLED_WITH_CASH: Words(
        "The order is cancelled and its money was not given back.",
        "Refund it in the shop and it goes on by itself, or settle it by hand in the ERP and discard it.",
    ),
    Reason.DELETED_AFTER_POSTING: Words(
        "The shop deleted an order that stands in the ERP.", "Decide in the ERP whether to cancel it, then discard it."
    ),
    Reason.FEWER_GOODS: Words(
        "Goods were taken off an order that is posted and paid; the ERP cannot take lines off.",
        "Correct the order in the ERP before it ships, then discard it.",
    ),
    Reason.MORE_GOODS: Words(
        "Goods were added to a sale that is already invoiced.", "Invoice the added goods by hand, then discard it."
    ),
    Reason.SHIPPED_BY_SHOP: Words(
        "The ERP ships for this tenant, but the shop shipped of this order before it was confirmed there; "
        "a sales order would let the warehouse ship it once more.",
        "Shipped in part: it goes as an invoice once the shop has shipped the rest. "
        "Otherwise cancel the draft in the ERP, enter the sale by hand and discard it.",
    ),
    Reason.EXCHANGE: Words(
        "Goods were exchanged without money.", "Book return and replacement by hand in the ERP, then discard it."
    ),
    Reason.OVERPAID: Words(
        "The payment is larger than what is open on the sale; the ERP would make a credit memo without a word.",
        f"Find out in the shop what it was for and book it by hand; or correct the sale, {RELEASE}.",
    ),
    Reason.WRONG_PERIOD: Words(
        "It would be booked in another period than the one that it belongs to, or into closed books.",
        f"Open the period or set the tenant's closed_period, {RELEASE}.",
    ),
    Reason.REFUND_UNITS: Words(
        "The ERP's refund call counts cents and this currency has none, or thousandths.",
        "Record the refund by hand and discard it; or set cents_for_other_units once the ERP's maker confirmed it.",
    ),
    Reason.REFUND_REFUSED: Words(
        "The ERP refuses to record cash given back on this payment.", "Record it by hand in the ERP, then discard it."
    ),
    Reason.ERP_TOTAL_DIFFERS: Words(
        "The ERP's own calculation differs from the shop's total; the document stays an unposted draft there.",
        f"Correct the draft in the ERP (price rule, tax), {RELEASE}.",
    ),
    Reason.ERP_HOLD: Words(
        "The ERP holds the document for approval; we never release a hold.", f"Approve it in the ERP, {RELEASE}."
    ),
    Reason.ERP_REFUSED: Words(
        "The ERP refuses it; the detail says in its words why. The same content is not sent again.",
        f"Remove the cause in the ERP, {RELEASE}.",
    ),
    Reason.DRIFT: Words(
        "People changed the document in the ERP after us; that is never undone, and nothing is built on it unseen.",
        "Look at it in the ERP; `orderferry drift accept SOURCE ID` where it is right, or enter the rest by hand.",
    ),
    Reason.IN_DOUBT: Words(
        "A call had no clear answer, and neither its success nor its failure can be proven.",
        "Look in the ERP whether it happened, then `orderferry parked resolve INTENT --happened` or `--not-happened`.",
    ),
    Reason.TWO_FOUND: Words(
        "The ERP has this document twice.", f"Cancel one of them in the ERP, {RELEASE}. Tell the maker of Orderferry."
    ),
    Reason.TENANT_UNKNOWN: Words(
        "Nobody set this shop up.", "Add it under `tenants` in the settings and restart; it goes on by itself."
    ),
    Reason.HELD: Words("A person put it on hold.", "`orderferry parked release SOURCE ID` when it may go on."),
    # dead letters
    Reason.UNDECODABLE: Words(
        "The record cannot be read at all; its bytes are kept.", "Have the producer send it again, rightly."
    ),
    Reason.UNKNOWN_SOURCE: Words(
        "It comes from a system that is not connected.", "Have the producer send it to another topic."
    ),
    Reason.UNKNOWN_SHAPE: Words(
        "It can be read and nobody can tell what it is.", "Have the producer pass the delivery's headers on."
    ),
    Reason.TOO_LARGE: Words(
        "The record is larger than intake.max_record_bytes.", "Raise that limit if it is real, and send it again."
    ),
}


def advice(reason: Reason | None, document: Ref) -> str:
    """What to do about this very document: the commands can be copied."""
    shop = f"{document.external_source} {document.tenant}"
    return (
        words(reason)
        .fix.replace("SOURCE TENANT", shop)
        .replace("SOURCE ID", f"{document.external_source} {document.external_id}")
        .replace("resume TENANT", f"resume {document.external_source}/{document.tenant}")
    )


def words(reason: Reason | str | None) -> Words:
    """Return the words of a reason, also of one that a newer release wrote into the ledger."""
    try:
        return WORDS[Reason(reason)] if reason else Words("")
    except ValueError:
        return Words(f"A reason that this release does not know: {reason}.", "Use the release that wrote it.")
