"""How carefully a system is asked: limits, retry, breaker, cache."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field

from engine.errors import nearest
from engine.errors.catalogue import CATALOGUE
from engine.language.text import kind_of
from engine.spec.duration import Duration, lasting, seconds
from engine.spec.reading import Model, about, reads, short_for, wrong

M = TypeVar("M", bound=Model)


def over(base: M, own: M | None) -> M:
    """What `base` says, but for what `own` says itself: a deployment wins over the connector."""
    return base if own is None else base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


_RATE: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)/([0-9]{0,4})(s|m|h|d)")


def _rate(value: Any, _info: Any) -> float:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not (count := float(found[1])) or not (span := seconds(f"{found[2] or 1}{found[3]}")):
        shown = f"`{value}`" if isinstance(value, str | int | float) else kind_of(value)
        raise wrong("wrong-rate", f"{shown} is not a rate", "write requests per time: `7/s`, `100/m` or `480/10m`")
    return count / span


Rate = Annotated[float, reads(_rate, {"type": "string", "pattern": _RATE.pattern, "examples": ["7/s"]})]
"""Text in the file, requests per second in the model."""
Count = Annotated[int, Field(ge=1, le=10_000)]


class Limits(Model):
    """What the system bears from one credential; what is over waits for its turn, or is refused."""

    rate: Rate | None = about("Requests per time; without it as many as come.", "7/s")
    burst: Count | None = about("How many may go at once after a pause; without it one second's worth.", 7)
    concurrency: Count = about("How many may be under way at once.", 20, default=10)


def _cause(value: Any, _info: Any) -> str | int:
    if isinstance(value, int) and 400 <= value <= 599:
        return value
    if isinstance(value, str) and value in CATALOGUE:
        return str(value)
    shown = f"`{value}`" if isinstance(value, str | int) else kind_of(value)
    raise wrong("wrong-value", f"{shown} is no code of the catalogue and no status", nearest(str(value), CATALOGUE))


Cause = Annotated[str | int, reads(_cause, {"anyOf": [{"enum": list(CATALOGUE)}, {"type": "integer"}]})]


class Retry(Model):
    """When a request is sent again: if that does no harm, and budget and deadline allow."""

    attempts: Annotated[int, Field(ge=1, le=10)] = about("With the first; 1: never again.", default=3)
    on: list[Cause] = about(
        "Codes; a number is a status that no rule matched.",
        ["upstream_unavailable", 423],
        default=["upstream_unavailable", "upstream_timeout", "rate_limited"],
    )

    @staticmethod
    def wait(attempt: int, chance: float) -> float:
        """Seconds before the next attempt after so many: full jitter, doubling from 200 ms to 2 s."""
        return min(2.0, 0.1 * 2.0**attempt) * chance


class Breaker(Model):
    """A system that fails time after time is not asked for a while; then one request tries it."""

    failures: Annotated[int, Field(ge=1, le=1000)] = about("Failures in a row that open it.", default=5)
    open: Duration = lasting("30s", "Not asked for so long; longer where it fails again soon after, to 5 minutes.")


class Cache(Model):
    """Answers of operations that only read are kept in memory; never those of `authorization`."""

    ttl: Duration = about("An answer is good for so long.", "60s", default=...)
    negative_ttl: Duration = lasting("10s", "The same where the system had nothing.")
    stale_if_error: Duration = lasting("0", "While the system fails, an answer up to so old is given, with its age.")


CacheField = Annotated[Cache, short_for("ttl", str | Cache)]


@dataclass(frozen=True, slots=True)
class Policies:
    """How carefully one connection is asked."""

    limits: Limits = field(default_factory=Limits.model_construct)
    retry: Retry = field(default_factory=Retry.model_construct)
    breaker: Breaker = field(default_factory=Breaker.model_construct)
