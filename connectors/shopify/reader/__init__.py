"""Orders from Shopify's Admin GraphQL API: which request to make, and how to read the answer; it makes none."""

from connectors.shopify.reader.answers import Answer, Cost, Data, Failed, Throttled, read_answer
from connectors.shopify.reader.event import gone, read_event
from connectors.shopify.reader.queries import Ask, Pages, every
from connectors.shopify.reader.reading import Reading, Unreadable, read_order

__all__ = [
    "Answer",
    "Ask",
    "Cost",
    "Data",
    "Failed",
    "Pages",
    "Reading",
    "Throttled",
    "Unreadable",
    "every",
    "gone",
    "read_answer",
    "read_event",
    "read_order",
]
