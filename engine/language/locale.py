"""Where the project lives: what phones, dates and messages are read by."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Locale:
    """`region` is ISO 3166 (phones), `zone` an IANA name (dates), `language` "ru" or "en" (messages)."""

    region: str = "RU"
    zone: str = "Europe/Moscow"
    language: str = "ru"


LOCALE: Final = "@locale"
"""The key under which a scope carries its Locale; no expression can spell it."""
