"""`expand[]`: which paths a route knows, and the refusals for those that it does not."""

from multidict import MultiMapping

from sandbox.arcus.errors import Refusal, invalid
from sandbox.arcus.routes import Route

DEEPEST = 4
MOST_PATHS = 10
# What a relation needs to be read.
SCOPE_OF = {"account": "accounts:read", "customer": "accounts:read", "payments": "payments:read"}


def check_expand(query: MultiMapping[str], route: Route, *, scopes: frozenset[str]) -> tuple[str, ...]:
    """Return the wanted relations without the `data.` prefix of lists."""
    wanted = [*query.getall("expand[]", []), *query.getall("expand", [])]
    if not wanted:
        return ()
    if len(wanted) > MOST_PATHS:
        raise invalid("expand[]", f"at most {MOST_PATHS} paths.")
    return tuple(_checked(path, f"expand[{index}]", route, scopes) for index, path in enumerate(wanted))


def _checked(path: str, param: str, route: Route, scopes: frozenset[str]) -> str:
    if route.lists:
        if not path.startswith("data."):
            code = "invalid_expand_list_requires_data_prefix"
            raise Refusal(400, code, f"On a list, write data.{path}.", param=param)
        path = path.removeprefix("data.")
    if path not in route.expands or path.count(".") >= DEEPEST:
        valid = ", ".join(sorted(route.expands)) or "none"
        raise Refusal(400, "invalid_expand_unknown_field", f"Valid paths: {valid}.", param=param)
    needed = SCOPE_OF.get(path.partition(".")[0])
    if needed is not None and needed not in scopes:
        raise Refusal(403, "insufficient_scope", f"The key lacks {needed}.", extra={"required": needed})
    return path
