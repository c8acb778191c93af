"""The codes of `tolmach check`, each with its page, its severity and its rule."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple, cast

from engine.authoring.view import Edit, Finding, View
from engine.errors import Diagnostic, Severity


class Page(NamedTuple):
    """One code: its text, how bad it is, what finds it in a file that can be read, what mends it safely."""

    text: str
    severity: Severity
    check: Callable[[View], Iterable[Finding]] | None
    fix: Callable[[Diagnostic], Edit | None] | None


def page_of(code: str) -> Page:
    """The page of a code. Raises ModuleNotFoundError."""
    module: Any = import_module(f"engine.authoring.rules.{code.replace('-', '_')}")
    severity = cast("Severity", getattr(module, "SEVERITY", "error"))
    return Page(module.__doc__.strip(), severity, getattr(module, "check", None), getattr(module, "fix", None))


def pages() -> dict[str, Page]:
    """Every code with its page."""
    from engine.authoring import rules

    return {code: page_of(code) for code in (one.name.replace("_", "-") for one in iter_modules(rules.__path__))}


def found_by_rules(view: View, known: Mapping[str, Page]) -> list[Diagnostic]:
    """What the rules find in a connector."""
    checks = [(code, page.severity, page.check) for code, page in known.items() if page.check is not None]
    return [view.diagnostic(code, severity, one) for code, severity, check in checks for one in check(view)]
