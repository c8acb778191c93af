"""How a system is reached: address, signature, headers, times."""

from dataclasses import replace
from typing import Any

from pydantic import PrivateAttr

from engine.document import Map
from engine.language.template import compile_template
from engine.spec.auth import ApiKey, Auth, coming_auth, no_auth
from engine.spec.duration import Duration, lasting
from engine.spec.names import Names
from engine.spec.policy import Breaker, CacheField, Limits, Retry
from engine.spec.reading import Model, about
from engine.spec.request import Headers, WrittenPairs, header_fields, link_headers
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope


def unknown_connection(written: Any) -> "Connection":
    """Stands for a connection that cannot be read; what its `auth` captures and exposes is not held against anybody."""
    auth = written.get("auth") if isinstance(written, Map) else None
    base = compile_template("https://unknown.invalid")
    return Connection.model_construct(base_url=base, auth=coming_auth(auth if isinstance(auth, Map) else Map()))


class Timeout(Model):
    """`connect` for the connection, `total` for the whole call; the caller's deadline may be shorter."""

    connect: Duration = lasting("2s", "For the name, TCP and TLS together.")
    total: Duration = lasting("10s", "For the whole call; a shorter deadline of the caller wins.")


class Tls(Model, later="cert key"):
    """Verification is always on; `ca` is a file with the certificates of an own authority."""

    ca: TemplateField | None = about(
        "A file with the certificates to trust in place of the system's.", "{{ settings.ca }}"
    )


class Connection(Model):
    """The `connection` of a connector."""

    base_url: TemplateField = about(
        "Scheme, host and path before every path.", "https://{{ settings.subdomain }}.amocrm.ru", default=...
    )
    hosts: list[str] = about("Further hosts that may be reached.", ["*.my.salesforce.com"], default=[])
    auth: Auth = about(
        "How requests are signed.",
        {"type": "bearer", "token": "{{ settings.access_token }}"},
        default_factory=no_auth,
    )
    tls: Tls = about("Whose certificates are trusted.", default_factory=Tls.model_construct)
    headers: WrittenPairs = about("Headers of every request.", {"Accept": "application/json"})
    timeout: Timeout = about("How long a call may take.", default_factory=Timeout.model_construct)
    limits: Limits = about("What the system bears.", default_factory=Limits.model_construct)
    retry: Retry = about("When a request is sent again.", default_factory=Retry.model_construct)
    breaker: Breaker = about("When the system is left alone.", default_factory=Breaker.model_construct)
    cache: CacheField | None = about("Keep answers of operations that only read; without it nothing is kept.", "10m")
    verify: str | None = about("The operation that tells whether the settings work.", "account")

    _used: dict[str, set[str]] = PrivateAttr(default_factory=lambda: {"auth": set[str](), "headers": set[str]()})

    @property
    def used(self) -> set[str]:
        """The names that its strings use, of the call or of the settings."""
        return self._used["auth"] | self._used["headers"]

    def varies(self, part: str) -> bool:
        """Whether `auth` or `headers` ask for more than settings, so that every call has its own."""
        return any(not name.startswith("settings") for name in self._used[part])

    def own_headers(self, scope: Scope) -> Headers:
        """What it gives every request. Raises EvaluationError for what no header can be."""
        return tuple(header_fields(self.headers(scope)).values()) if self.headers is not None else ()

    def link(self, names: Names, settings: Names, url: Names) -> None:
        """Check every name; secrets may stand anywhere here but in the address, unless they are `in_url`."""
        url.check(self.base_url)
        settings.check(self.tls)
        in_path = isinstance(self.auth, ApiKey) and self.auth.in_ == "path"
        replace(settings if in_path else names, used=self._used["auth"]).check(self.auth)
        replace(names.plus(attempt=["id"]), used=self._used["headers"]).check(self.headers)
        if self.headers is not None:
            link_headers(self.headers, self._raw.get("headers"), self._at)
