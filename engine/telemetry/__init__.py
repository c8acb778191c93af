"""Logs through the mask, and metrics."""
