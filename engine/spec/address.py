"""Addresses: which host a URL names, and where a link of an answer leads."""

import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from engine.errors import CallError


def authority(url: str) -> str | None:
    """Host and port as the wire takes them, None where there are none."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
        host = f"[{name}]" if ":" in name else name.encode("idna").decode()
    except ValueError:
        return None
    if port == 0 or not _HOST.fullmatch(host):
        return None
    return host if port is None else f"{host}:{port}"


def followed(link: str, used: str) -> str:
    """The address that a link means, seen from the URL just used: absolute, encoded, without a fragment.

    Raises CallError `blocked_host` for another scheme, host or port than that of `used`, a user name, a backslash and
    control characters; it names the host alone.
    """
    if _NEVER.search(link):
        raise CallError("blocked_host", "the link of an answer holds a control character or a backslash")
    written = _STRAY.sub("%25", quote(link, _WRITTEN))
    try:
        found = urljoin(used, written).partition("#")[0]
        same, person = _origin(found) == _origin(used), "@" in urlsplit(found).netloc
    except ValueError:
        same, person, found = False, False, ""
    if person:
        raise CallError("blocked_host", "the link of an answer holds a user name")
    if not same:
        host = (authority(found) or "no host that can be read")[:100]
        raise CallError("blocked_host", f"the link of an answer leads elsewhere: {host}")
    return found


def _origin(url: str) -> tuple[str, str]:
    scheme = url.partition("://")[0].lower()
    return scheme, (authority(url) or url).removesuffix({"https": ":443", "http": ":80"}.get(scheme, " "))


_HOST: Final = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9_.-]+")
_NEVER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_WRITTEN: Final = "/:?#[]@!$&'()*+,;=%~"
_STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
