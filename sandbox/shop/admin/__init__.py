"""The shop's Admin GraphQL API: reads of orders, page by page, with costs, throttling, and answers that fail."""
