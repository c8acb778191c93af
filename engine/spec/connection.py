"""How a system is reached: address, signature, headers, times."""

from typing import ClassVar

from engine.spec.auth import Auth, NoAuth
from engine.spec.duration import Duration, lasting
from engine.spec.names import Names
from engine.spec.reading import Model, about
from engine.spec.request import WrittenPairs, link_headers
from engine.spec.strings import TemplateField


class Timeout(Model):
    """`connect` for the connection, `total` for the whole call; the caller's deadline may be shorter."""

    connect: Duration = lasting("2s", "For the name, TCP and TLS together.")
    total: Duration = lasting("10s", "For the whole call; a shorter deadline of the caller wins.")


class Tls(Model):
    """Verification is always on; `ca` is a file with the certificates of an own authority."""

    LATER: ClassVar[frozenset[str]] = frozenset({"cert", "key"})

    ca: TemplateField | None = about(
        "A file with the certificates to trust in place of the system's.", "{{ settings.ca }}"
    )


class Connection(Model):
    """The `connection` of a connector."""

    LATER: ClassVar[frozenset[str]] = frozenset({"limits", "retry", "breaker", "cache"})

    base_url: TemplateField = about(
        "Scheme, host and path before every path.", "https://{{ settings.subdomain }}.amocrm.ru", default=...
    )
    hosts: list[str] = about("Further hosts that may be reached.", ["*.my.salesforce.com"], default=[])
    auth: Auth = about(
        "How requests are signed.",
        {"type": "bearer", "token": "{{ settings.access_token }}"},
        default_factory=lambda: NoAuth.model_construct(type="none"),
    )
    tls: Tls = about("Whose certificates are trusted.", default_factory=Tls.model_construct)
    headers: WrittenPairs = about("Headers of every request.", {"Accept": "application/json"})
    timeout: Timeout = about("How long a call may take.", default_factory=Timeout.model_construct)
    verify: str | None = about("The operation that tells whether the settings work.", "account")

    def link(self, names: Names, url: Names) -> None:
        """Check every name; secrets may stand anywhere here but in the address, unless they are `in_url`."""
        url.check(self.base_url)
        self.auth.link(names)
        if self.tls.ca is not None:
            names.check(self.tls.ca)
        if self.headers is not None:
            self.headers.link(names)
            link_headers(self.headers, self._raw.get("headers"), names.at)
