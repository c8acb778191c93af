"""Our compiler as jmespath.py is asked: over any document, without our rules for names, with wide limits."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from engine.language.jmes import parser
from engine.language.jmes.compiler import compile_tree
from engine.language.jmes.rules import check_calls, walk


def compile_standard(text: str) -> Callable[[Any], Any]:
    """A function of the document; literals are floats, as in the standard. Raises LanguageError."""
    with patch.object(parser, "MAX_DEPTH", 120):
        tree = parser.parse(text)
    check_calls(tree)
    for node in walk(tree):
        if node["type"] == "literal":
            node["value"] = floats(node["value"])
    document = {"type": "field", "value": "document", "children": []}
    run = compile_tree({"type": "pipe", "children": [document, tree]})
    return lambda value: run({"document": value})


def floats(value: Any) -> Any:
    """The value with a float for every Decimal."""
    if isinstance(value, dict):
        return {name: floats(member) for name, member in value.items()}
    if isinstance(value, list):
        return [floats(element) for element in value]
    return float(value) if isinstance(value, Decimal) else value
