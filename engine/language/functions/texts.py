"""Text: cutting, replacing, matching (RE2), masking, percent-encoding."""

from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from engine.errors import EvaluationError
from engine.language.bounds import MAX_VALUES
from engine.language.codec.form import encode_query
from engine.language.functions.function import MAX_TEXT, function
from engine.language.text import as_text


@function("text(value)", ("text(id)", {"id": 412}, "412"))
def text(value: Any) -> str:
    """A number or boolean as text, without exponent; text as it is."""
    return as_text(value)


@function("upper(text)", ("upper(v)", {"v": "rub"}, "RUB"))
def upper(value: str) -> str:
    """In capital letters."""
    return value.upper()


@function("lower(text)", ("lower(v)", {"v": "RUB"}, "rub"))
def lower(value: str) -> str:
    """In small letters."""
    return value.lower()


@function("trim(text)", ("trim(v)", {"v": "  a b "}, "a b"))
def trim(value: str) -> str:
    """Without white space at both ends."""
    return value.strip()


def _check_part(part: Any) -> str:
    return "" if part is ... or (part and isinstance(part, str)) else "argument 2 is a text that is not empty"


@function("split(text, separator)", ("split(v, ';')", {"v": "a;b"}, ["a", "b"]))
def split(value: str, separator: Annotated[str, _check_part]) -> list[str]:
    """The parts between the separators; an empty text has none."""
    if value.count(separator) >= MAX_VALUES:
        raise EvaluationError(f"split makes more than {MAX_VALUES:,} parts")
    return value.split(separator) if value else []


@function("replace(text, old, new)", ("replace(v, '-', '')", {"v": "1-2-3"}, "123"))
def replace(value: str, old: Annotated[str, _check_part], new: str) -> str:
    """Every occurrence of `old` replaced by `new`."""
    if len(value) + value.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise EvaluationError(f"replace builds more than {MAX_TEXT:,} characters")
    return value.replace(old, new)


def _check_pattern(pattern: Any) -> str:
    if not isinstance(pattern, str) or not pattern:
        return "the pattern is a constant text"
    try:
        compiled(pattern)
    except ValueError as error:
        return f"RE2 cannot read the pattern: {error}"
    return ""


@function("capture(text, pattern)", ("capture(v, '[(]([0-9]+)[)]')", {"v": "/contacts(412)"}, "412"))
def capture(value: str, pattern: Annotated[str, _check_pattern]) -> str | None:
    """What the first group of an RE2 pattern (or the whole, where it has none) finds first; null if nothing."""
    found = compiled(pattern).search(value)
    part: str | None = found and found.group(min(1, found.re.groups))
    return part


@function("mask(text, shown?)", ("mask(v)", {"v": "40817810099910004312"}, "****************4312"))
def mask(value: str, shown: Any = 4) -> str:
    """All but the last characters (4, at most half) as `*`; of an e-mail the first letter and the domain stay."""
    name, at, domain = value.partition("@")
    if at and name and domain:
        return f"{name[0]}***@{domain}"
    if shown.__class__ is not int or shown < 0:
        raise EvaluationError("mask: how many characters stay is a whole number")
    hidden = len(value) - min(shown, len(value) // 2)
    return "*" * hidden + value[hidden:]


@function("url(value)", ("url(v)", {"v": "a/b c&d"}, "a%2Fb%20c%26d"))
def url(value: Any) -> str:
    """Percent-encoded, so that it is one value inside an address."""
    return quote(as_text(value), safe="")


@function("query(object)", ("query(v)", {"v": {"a": "x y", "b": [1, 2], "c": None}}, "a=x%20y&b=1&b=2"))
def query(value: dict[str, Any]) -> str:
    """The members as an encoded query; nulls drop, a list repeats its name."""
    pairs = [(k, v) for k, given in value.items() for v in (given if isinstance(given, list) else [given])]
    return encode_query((k, as_text(v)) for k, v in pairs if v is not None)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """An RE2 pattern: it needs time linear in the text, whatever it is. Raises ValueError."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        raise ValueError(str(error.args[0] if error.args else "unreadable").removeprefix("b'").rstrip("'")) from None
