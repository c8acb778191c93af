"""Addresses that come with an answer: resolved against one that is known, never beyond its origin."""

import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from engine.errors import CallError


def followed(link: str, used: str) -> str:
    """A link of an answer, resolved (RFC 3986) against the URL it belongs to, encoded, without its fragment.

    Raises CallError `blocked_host` where it leads to another origin or is none.
    """
    try:
        url = urljoin(used, quote(link, _KEPT)).partition("#")[0]
        inside = not _ODD.search(link) and _origin(url) == _origin(used)
    except ValueError:
        inside = False
    if not inside:
        raise CallError("blocked_host", "a link of the answer leads away from the system that gave it")
    return url


_KEPT: Final = "%:/?#[]@!$&'()*+,;=~-._"
_ODD: Final = re.compile(r"[\x00-\x20\\\x7f]|//[^/?#]*@")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(scheme)
