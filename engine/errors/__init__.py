"""The tree of errors and where they point.

TolmachError
├── ConfigError          one or more Diagnostics: the YAML (or the environment) is wrong
├── LanguageError        one string of the language is wrong; a room above gives it a place
├── EvaluationError      a compiled string met data it cannot work on
└── CallError            a call failed: a code of the catalogue, a detail, never a value
"""

from engine.errors.catalogue import CATALOGUE, Fault
from engine.errors.diagnostics import CODES, Diagnostic, Severity, Span, nearest
from engine.errors.tree import CallError, ConfigError, EvaluationError, LanguageError, TolmachError, Upstream

__all__ = [
    "CATALOGUE",
    "CODES",
    "CallError",
    "ConfigError",
    "Diagnostic",
    "EvaluationError",
    "Fault",
    "LanguageError",
    "Severity",
    "Span",
    "TolmachError",
    "Upstream",
    "nearest",
]
