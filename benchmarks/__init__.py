"""Throughput over real HTTP, beside the bare limit and the afternoon version: `python -m benchmarks`."""
