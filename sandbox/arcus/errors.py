"""The ERP's refusals: one flat envelope, one type per status, and the fields a few codes add."""

from typing import Any

Doc = dict[str, Any]

TYPES = {
    400: "validation_error",
    401: "permission_error",
    403: "permission_error",
    404: "not_found",
    405: "validation_error",
    409: "conflict",
    413: "validation_error",
    422: "validation_error",
    423: "conflict",
    429: "rate_limit",
    500: "internal",
    501: "not_implemented",
}
# The only documented error body whose sample carries no request id.
WITHOUT_REQUEST_ID = frozenset({"insufficient_inventory"})


class Refusal(Exception):
    """A documented no. `keep` commits what the handler staged so far, as a gate that puts an order on hold does."""

    def __init__(
        self,
        status: int,
        code: str,
        hint: str,
        *,
        param: str | None = None,
        extra: Doc | None = None,
        keep: bool = False,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {hint}")
        self.status = status
        self.code = code
        self.hint = hint
        self.param = param
        self.extra = extra or {}
        self.keep = keep
        self.retry_after = retry_after

    def body(self, request_id: str) -> Doc:
        """The error envelope."""
        kind = "expand_error" if self.code.startswith("invalid_expand_") else TYPES[self.status]
        envelope: Doc = {"error": self.code, "code": self.code, "type": kind, "hint": self.hint}
        if self.param is not None:
            envelope["param"] = self.param
        envelope.update(self.extra)
        if self.code not in WITHOUT_REQUEST_ID:
            envelope["request_id"] = request_id
        return envelope


def missing(param: str) -> Refusal:
    """A required top-level field is not there."""
    return Refusal(400, "missing_field", f"{param} is required.", param=param)


def invalid(param: str, hint: str, *, status: int = 400) -> Refusal:
    """A field has a value that cannot be; `status` is the profile's for children."""
    return Refusal(status, "validation_failed", f"{param}: {hint}", param=param)


def not_found(what: str, ident: str, *, code: str = "not_found", param: str | None = None) -> Refusal:
    """Nothing of that id in this entity; another entity's record looks the same."""
    return Refusal(404, code, f"No {what} {ident} in this entity.", param=param)
