"""How a system is reached: address, signature, headers, times."""

from dataclasses import replace

from pydantic import PrivateAttr

from engine.spec.auth import Auth, no_auth
from engine.spec.duration import Duration, lasting
from engine.spec.names import Names
from engine.spec.reading import Model, about
from engine.spec.request import WrittenPairs, link_headers
from engine.spec.strings import TemplateField


class Timeout(Model):
    """`connect` for the connection, `total` for the whole call; the caller's deadline may be shorter."""

    connect: Duration = lasting("2s", "For the name, TCP and TLS together.")
    total: Duration = lasting("10s", "For the whole call; a shorter deadline of the caller wins.")


class Tls(Model, later="cert key"):
    """Verification is always on; `ca` is a file with the certificates of an own authority."""

    ca: TemplateField | None = about(
        "A file with the certificates to trust in place of the system's.", "{{ settings.ca }}"
    )


class Connection(Model, later="limits retry breaker cache"):
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
    verify: str | None = about("The operation that tells whether the settings work.", "account")

    _used: set[str] = PrivateAttr(default_factory=set)

    @property
    def used(self) -> set[str]:
        """The names that its headers use; what is no setting changes from call to call."""
        return self._used

    def link(self, settings: Names, url: Names, asking: Names) -> None:
        """Check every name; secrets may stand anywhere here but in the address, unless they are `in_url`."""
        url.check(self.base_url)
        settings.check([self.auth, self.tls])
        replace(asking, used=self._used).check(self.headers)
        link_headers(self.headers, self._raw.get("headers"), self._at)
