"""The standard capabilities."""
