"""The command line, one verb per file."""

from engine.cli.main import main

__all__ = ["main"]
