"""Shopify's classic webhooks: their words in `payloads`, both vocabularies in `normalize`."""
