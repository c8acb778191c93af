"""What a system says of waiting: `Retry-After`, the rate-limit headers, a rule's own value → seconds."""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from engine.spec.response import LONGEST, is_instant


def told(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds of `Retry-After` (RFC 9110: seconds or a date), at most an hour; None for what cannot be meant."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return settled(float(text), now)
    with suppress(ValueError, OverflowError, TypeError):
        date = parsedate_to_datetime(text)
        left = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now.timestamp()
        return min(left, LONGEST) if left > 0 else None
    return None


def spent(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Seconds until the next request, where the headers say that none is left: RateLimit (draft), X-RateLimit-…."""
    limits = [dict(_DRAFT.findall(part)) for part in headers.get("ratelimit", "").split(",")]
    if waits := [float(limit["t"]) for limit in limits if "t" in limit and int(limit.get("r", 1)) == 0]:
        return settled(max(waits), now())
    for left, reset in _PAIRS:
        if left in headers and headers[left].strip() == "0" and _NUMBER.fullmatch(ends := headers.get(reset, "")):
            return settled(float(ends), now())
    return None


def settled(wait: float, now: datetime) -> float | None:
    """Seconds to wait, at most an hour; a value that large that it can only be a time of day is one."""
    seconds = wait - now.timestamp() if is_instant(wait) else wait
    return min(seconds, LONGEST) if seconds > 0 and math.isfinite(seconds) else None


_PAIRS: Final = [(f"{p}remaining", f"{p}reset") for p in ("x-ratelimit-", "x-rate-limit-", "ratelimit-")]
_NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_DRAFT: Final = re.compile(r";\s*([rt])=([0-9]{1,9})\b")
