"""Webhooks in: proven over the raw bytes, put onto Kafka, and only then acknowledged."""
