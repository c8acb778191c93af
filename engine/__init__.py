"""Tolmach: a declarative integration engine. Rooms in the order of the trip: docs/architecture.md."""

__version__ = "1.0.0.dev0"
LANGUAGE_VERSION = "1.0"
