"""The lane of an order body is told from its first bytes, or not at all."""

import pytest

from connectors.shopify.peek import order_key

BODY = b'{"id":820982911946154500,"admin_graphql_api_id":"gid://shopify/Order/820982911946154508","name":"#1"}'
HEADERS = [("X-Shopify-Topic", b"orders/paid"), ("x-shopify-shop-domain", b"A.myshopify.com")]


@pytest.mark.parametrize(
    "body",
    [BODY, b'\n { "id" : 820982911946154500 ,' + BODY[25:], BODY.replace(b"//", b"\\/\\/").replace(b"/Or", b"\\/Or")],
)
def test_an_order_body_names_its_lane_exactly(body: bytes) -> None:
    assert str(order_key(body, HEADERS)) == "shopify|a.myshopify.com|820982911946154508"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (None, HEADERS),
        (b'{"order_edit":{}}', HEADERS),
        (BODY.replace(b"Order/", b"Refund/"), HEADERS),
        (BODY, [HEADERS[1]]),
        (BODY, [HEADERS[0]]),
        (BODY, [("x-shopify-topic", b"orders/edited"), HEADERS[1]]),
        (BODY, [*HEADERS, ("Content-Type", b"application/cloudevents+json")]),
        (BODY, [HEADERS[0], ("x-shopify-shop-domain", b"\xff")]),
    ],
)
def test_whatever_else_it_is_has_to_be_read(body: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    assert order_key(body, headers) is None


def test_a_content_type_of_plain_json_hides_nothing() -> None:
    assert order_key(BODY, [*HEADERS, ("content-type", b"application/json")]) is not None
