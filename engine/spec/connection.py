"""How a system is reached: address, signature, headers, times."""

from typing import Annotated

from pydantic import Field

from engine.spec.auth import Auth, no_auth
from engine.spec.duration import Duration
from engine.spec.names import Names
from engine.spec.reading import Model
from engine.spec.request import WrittenPairs, link_headers
from engine.spec.strings import TemplateField


class Timeout(Model):
    """`connect` for the connection, `total` for the whole call; the caller's deadline may be shorter."""

    connect: Duration = Field(default=2.0, examples=["2s"])
    total: Duration = Field(default=10.0, examples=["8s"])


class Tls(Model, later="cert key"):
    """Verification is always on; `ca` is a file with the certificates of an own authority."""

    ca: TemplateField | None = Field(default=None, examples=["{{ settings.ca }}"])


class Connection(Model, later="limits retry breaker cache"):
    """The `connection` of a connector."""

    base_url: TemplateField = Field(examples=["https://{{ settings.subdomain }}.amocrm.ru"])
    hosts: list[str] = Field([], description="Further hosts that may be reached.", examples=[["*.my.salesforce.com"]])
    auth: Auth = Field(default_factory=no_auth)
    tls: Tls = Field(default_factory=Tls.model_construct)
    headers: WrittenPairs = Field(default=None, examples=[{"Accept": "application/json"}])
    timeout: Timeout = Field(default_factory=Timeout.model_construct)
    verify: Annotated[str | None, Field(description="The operation that tells whether the settings work.")] = None

    def link(self, names: Names, url: Names) -> None:
        """Check every name; secrets may stand anywhere here but in the address, unless they are `in_url`."""
        url.check(self.base_url)
        names.check([self.auth, self.tls, self.headers])
        link_headers(self.headers, self._raw.get("headers"), self._at)
