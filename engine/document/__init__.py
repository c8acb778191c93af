"""YAML text → values that know their file, line and column."""

from engine.document.read import read_file, read_text
from engine.document.values import Document, Map, Seq, Text, line_at, span_at

__all__ = ["Document", "Map", "Seq", "Text", "line_at", "read_file", "read_text", "span_at"]
