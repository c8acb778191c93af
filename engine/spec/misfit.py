"""Values that do not fit: what the readers of values raise, and what a caller is told about all of them at once."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.errors import TolmachError

FAST: Final = "~fast"
SLOW: Final = "~slow"
"""How the two ways of reading one value are marked in pydantic's locations; callers never see them."""

Problem = tuple[str, str]
"""A JSON pointer into what the caller gave, and what is wrong there (never the value)."""


class Misfit(TolmachError, ValueError):  # noqa: N818 - it is what does not fit, not a failure of the engine
    """One value does not fit its type. `message` never holds the value; `remedy` says what to write.

    `function` is what an integrator may read the value with in an output: `date(value, '%d/%m/%Y')`.
    """

    def __init__(self, message: str, remedy: str = "", function: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.function = function

    @property
    def sentence(self) -> str:
        """Message and remedy."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class InputError(TolmachError):
    """What a caller gave does not fit; `problems` holds every one found, in the order of the declaration."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{pointer or '/'}: {message}" for pointer, message in problems))
        self.problems = problems


class ContractError(TolmachError):
    """What was mapped cannot be made to fit its contract; `member` is where (`clients[0].key`)."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(f"{member}: {message}" if member else message)
        self.member = member
        self.message = message


def input_error(error: ValidationError, known: Iterable[str]) -> InputError:
    """All that pydantic found, as pointers; `known` are the members that an unknown one is compared with."""
    return InputError([(pointer(loc), sentence) for loc, sentence, _ in _found(error, known)])


def contract_error(error: ValidationError, known: Iterable[str]) -> ContractError:
    """The first thing that pydantic found, as a member path."""
    loc, sentence, misfit = next(_found(error, known))
    advice = f", or read it with `{misfit.function}`" if isinstance(misfit, Misfit) and misfit.function else ""
    return ContractError(member_path(loc), sentence + advice)


def pointer(loc: Iterable[str | int]) -> str:
    """A location as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def member_path(loc: Iterable[str | int]) -> str:
    """A location as an integrator writes it: `clients[0].key`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def closest(name: str, known: Iterable[str]) -> str:
    """`, did you mean x?`, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.55)
    return f", did you mean `{found[0]}`?" if found else ""


def stranger(name: str) -> str:
    """A name that the caller made up, as it may be repeated: one that may be data (a person's name, a phone) is `…`."""
    return name if _NAME.fullmatch(name) else "…"


_NAME: Final = re.compile(r"[a-z_][A-Za-z0-9_]{0,39}")


def _found(error: ValidationError, known: Iterable[str]) -> Iterator[tuple[list[str | int], str, Any]]:
    """Where, what, and the reader's own error if there is one."""
    for detail in error.errors(include_url=False):
        if FAST not in detail["loc"]:
            loc = [part for part in detail["loc"] if part != SLOW]
            if detail["type"] == "extra_forbidden":
                loc[-1] = stranger(str(loc[-1]))
            yield loc, _sentence(detail, known if len(loc) == 1 else ()), detail.get("ctx", {}).get("error")


_SENTENCES: Final = {
    "missing": "is missing",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "string_type": "must be text",
    "string_unicode": "is not valid Unicode text",
    "invalid_key": "has a key that is not text",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "must be a whole number"),
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
}


def _sentence(detail: ErrorDetails, known: Iterable[str]) -> str:
    context: dict[str, Any] = detail.get("ctx") or {}
    match detail["type"], context.get("error"):
        case _, Misfit() as misfit:
            return misfit.sentence
        case "extra_forbidden", _:
            return "there is no such member" + closest(str(detail["loc"][-1]), known)
        case "literal_error", _:
            return "must be one of " + str(context["expected"]).replace("'", "").replace(" or ", ", ")
        case kind, _:
            return _SENTENCES.get(kind, "does not fit").format(**context)
