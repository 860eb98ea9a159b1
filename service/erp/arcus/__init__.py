"""Arcus: idempotency keys, metadata as the only tag, and a documentation that contradicts itself (arcus-api.md)."""
