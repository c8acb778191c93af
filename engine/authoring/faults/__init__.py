"""Faults: what goes wrong with a system, tried on every request of every operation."""
