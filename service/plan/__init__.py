"""Desired + applied + policy -> effects. The heart of the house, and pure: no clock, no I/O, no library but ours."""
