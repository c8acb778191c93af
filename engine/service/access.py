"""Who may call what: API keys, what they allow, and how often they may be shown."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from engine.errors import CallError
from engine.runtime.registry import Registry
from engine.runtime.target import Project
from engine.service.problem import Header, HttpError
from engine.spec.key import digest, digest_of, key_id
from engine.spec.project import ApiKey

UNAUTHENTICATED: Final = "a valid API key of this project is required"

_CREDENTIALS: Final = (b"authorization", b"x-api-key")
_NO_DIGEST: Final = bytes(32)


class Grant:
    """One key in one project. `free_at` (the rate limiter's whole state) and `used_at` are monotonic seconds."""

    __slots__ = ("digest", "explain", "free_at", "key", "project", "reveal", "targets", "used_at")

    def __init__(self, key: ApiKey, project: Project) -> None:
        self.key = key
        self.project = project
        self.digest = digest_of(key.hash)
        self.targets = frozenset(name for name in project.targets if allows(key.allow, name))
        self.reveal = "reveal" in key.rights
        self.explain = "explain" in key.rights
        self.free_at = 0.0
        self.used_at: float | None = None


class Access:
    """Every key of every project, found by its public id; `rate` is calls a second of one key, 0 for no limit."""

    def __init__(self, registry: Registry, rate: int = 0) -> None:
        self._grants: dict[bytes, list[Grant]] = {}
        self._projects = frozenset(registry.projects)
        self._rate = rate
        self._policy: tuple[Header, ...] = (
            (b"ratelimit-policy", b'"key";q=%d;w=1' % rate),
            (b"ratelimit", b'"key";r=0;t=1'),
        )
        for project in registry.projects.values():
            for key in project.keys:
                self._grants.setdefault(key.id.encode(), []).append(Grant(key, project))

    def __iter__(self) -> Iterator[Grant]:
        return (grant for grants in self._grants.values() for grant in grants)

    def admit(self, project: str, shown: bytes) -> Grant:
        """The grant of a shown key in this project, or in any if there is no project of that name.

        Raises CallError("unauthenticated") in the same words and the same time whatever was wrong.
        """
        found, anywhere = digest(shown), None
        grants = self._grants.get(key_id(shown))
        if grants is None:
            hmac.compare_digest(found, _NO_DIGEST)
        for grant in grants or ():
            if hmac.compare_digest(found, grant.digest):
                if grant.project.name == project:
                    return grant
                anywhere = grant
        if anywhere is not None and project not in self._projects:
            return anywhere
        raise CallError("unauthenticated", UNAUTHENTICATED)

    def spend(self, grant: Grant, now: float) -> None:
        """Count a call at a monotonic time. Raises HttpError("rate_limited") above the rate.

        A bucket of one second's calls that refills evenly, kept as the time at which it will be full again.
        """
        grant.used_at = now
        if not self._rate:
            return
        full_at = max(grant.free_at, now) + 1 / self._rate
        if full_at > now + 1:
            text = f"the key may make {self._rate} calls a second"
            raise HttpError("rate_limited", text, headers=self._policy, retry_after=full_at - now - 1)
        grant.free_at = full_at


def allows(patterns: Sequence[str], target: str) -> bool:
    """Whether one of a key's `allow` patterns ("identity", "crm.user", "crm.*", "*") covers a target."""
    return any(p in ("*", target) or (p.endswith(".*") and target.startswith(p[:-1])) for p in patterns)


def shown_key(headers: Sequence[Header], found: Mapping[bytes, bytes], query: bytes) -> bytes:
    """The key that a request shows in `Authorization: Bearer` or `X-Api-Key`; empty if none, several, or in the query.

    `found` is `dict(headers)`, which the caller has at hand.
    """
    bearer, own = found.get(b"authorization"), found.get(b"x-api-key")
    repeated = len(found) != len(headers) and sum(name in _CREDENTIALS for name, _ in headers) > 1
    if repeated or (bearer and own) or b"tlm_" in query:
        return b""
    if bearer and bearer[:7].lower() == b"bearer ":
        return bearer[7:].strip()
    return own or b""
