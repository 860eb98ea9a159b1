"""Seen from outside: every metric by name, the log, and what must never get into either."""
