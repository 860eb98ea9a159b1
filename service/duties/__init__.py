"""WHAT RUNS BY ITSELF: keys that are due, leases that must not end, settings that people change while it runs."""
