"""Arcus as a sender of webhooks; as an ERP that is written to, it lives in service/erp/arcus."""
