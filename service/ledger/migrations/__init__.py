"""Versions of the tables, run by `orderferry migrate`."""
