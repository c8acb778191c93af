"""The exceptions that leave a room."""

from dataclasses import dataclass
from typing import Any, Self

from engine.errors.catalogue import CATALOGUE
from engine.errors.diagnostics import Diagnostic, Span


class TolmachError(Exception):
    """Everything the engine raises on purpose."""


class ConfigError(TolmachError):
    """What was configured cannot be used; every problem found is in `diagnostics`, in the order of the file.

    `document` is what could be read in spite of them, for those who look for more; None where reading had to stop.
    """

    def __init__(self, diagnostics: list[Diagnostic], document: Any = None) -> None:
        super().__init__(f"{len(diagnostics)} problem(s), first: {diagnostics[0].message}" if diagnostics else "")
        self.diagnostics = diagnostics
        self.document = document


class LanguageError(TolmachError):
    """A template or an expression is wrong.

    `offset` and `length` count characters inside the string; the room that knows the file turns them into a Span.
    """

    def __init__(self, code: str, message: str, remedy: str = "", offset: int = 0, length: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.offset = offset
        self.length = length


class EvaluationError(TolmachError):
    """A compiled template or expression met data it cannot work on.

    `offset` and `length` count characters inside the string. The message names members and types, never values.
    """

    def __init__(self, message: str, offset: int = 0, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length


@dataclass(frozen=True, slots=True)
class Upstream:
    """Which system a failure came from; `status` is its HTTP status, None when no answer came."""

    connection: str
    status: int | None = None


class CallError(TolmachError):
    """A call failed with a code of the catalogue (contracts.md).

    `detail` is for the operator and holds neither secrets nor personal values; `place` is the line of YAML that asked.
    `customer_message` maps languages ("ru", "en") to what a bot may say; None means the catalogue's sentence.
    `narrow`: a rate limit of the operation alone, not of all that the credential does. `final`: a rule says that trying
    again does not help.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        upstream: Upstream | None = None,
        place: Span | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        customer_message: dict[str, str] | None = None,
        narrow: bool = False,
    ) -> None:
        super().__init__(code)
        self.fault = CATALOGUE[code]
        self.code = code
        self.detail = detail
        self.upstream = upstream
        self.place = place
        self.retry_after = retry_after
        self.retryable = self.fault.retryable if retryable is None else retryable
        self.final = retryable is False
        self.customer_message = customer_message or {}
        self.narrow = narrow

    def said(self, language: str) -> str:
        """What a bot may say, in "ru" or "en"."""
        own = self.customer_message
        if own:
            return own.get(language) or next(iter(own.values()))
        return self.fault.ru if language == "ru" else self.fault.en

    def again(self) -> Self:
        """The same for one more caller, without what led to the first one."""
        return type(self)(
            self.code,
            self.detail,
            upstream=self.upstream,
            place=self.place,
            retry_after=self.retry_after,
            retryable=self.retryable if self.final or self.retryable != self.fault.retryable else None,
            customer_message=self.customer_message,
            narrow=self.narrow,
        )

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"  # as it is by now: what must not be read may have been taken out
