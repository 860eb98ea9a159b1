"""What a person does in the app: the API's own handlers, called without a key and written down as a user's doing."""

from collections.abc import Callable

from sandbox.arcus.call import Call, Reply
from sandbox.arcus.errors import Doc, invalid
from sandbox.arcus.resources import account_changes, order_states, refunds, void
from sandbox.arcus.world import World

Deed = tuple[Callable[[Call], Reply], str, tuple[str, ...], str]
"""Handler, route, the fields of the request that stand in its path, and the resource."""

DEEDS: dict[str, Deed] = {
    "confirm": (order_states.confirm, "POST /orders/{}/confirm", ("order_id",), "orders"),
    "cancel": (order_states.cancel, "POST /orders/{}/cancel", ("order_id",), "orders"),
    "void": (void.void_order, "POST /orders/{}/void", ("order_id",), "orders"),
    "release": (order_states.release_hold, "POST /orders/{}/release-hold", ("order_id",), "orders"),
    "refund": (refunds.refund, "POST /orders/{}/payments/{}/refund", ("order_id", "payment_id"), "payments"),
    "merge": (account_changes.merge, "POST /accounts/{}/merge", ("account_id",), "accounts"),
}


def do(world: World, code: str, body: Doc) -> Doc:
    """Do one deed, commit it, and return what the API would have answered."""
    name = body["do"]
    if name not in DEEDS:
        raise invalid("do", f"must be one of: {', '.join(sorted(DEEDS))}.")
    handler, route, path, resource = DEEDS[name]
    call = world.call(world.entities[code])
    call.path_ids = tuple(body[part] for part in path)
    call.body = body.get("body", {})
    reply = handler(call)
    world.commit_by_hand(call.entity, call.tx.changes, route=route, resource=resource, ident=call.path_ids[-1])
    return reply.doc
