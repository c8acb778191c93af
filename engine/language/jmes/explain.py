"""Why an expression is null: the first part of its path that was missing, without any value."""

from collections.abc import Mapping
from typing import Any


def explain_null(text: str, scope: Mapping[str, Any]) -> str:
    """Such as "`body._embedded` has no `contacts`; it has `items`, `page`"; "" if there is nothing to say."""
    return ""
