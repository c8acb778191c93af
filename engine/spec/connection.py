"""How a system is reached: address, signature, headers, times."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from engine.document import Map
from engine.language.template import compile_template
from engine.language.text import as_text
from engine.spec.auth.constant import no_auth, unknown_auth
from engine.spec.auth.credentials import Auth, Credentials
from engine.spec.auth.login import Login
from engine.spec.auth.signature import written
from engine.spec.duration import Duration, lasting
from engine.spec.fields import Headers, WrittenPairs, header_fields, link_headers
from engine.spec.names import Names
from engine.spec.policy import Breaker, CacheField, Limits, Retry
from engine.spec.reading import Model, about
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope


def unknown_connection(written: Any) -> "Connection":
    """Stands for a connection that cannot be read; what its `auth` captures and exposes is not held against anybody."""
    auth = written.get("auth") if isinstance(written, Map) else None
    base = compile_template("https://unknown.invalid")
    return Connection.model_construct(base_url=base, auth=unknown_auth(auth))


def _no_names() -> dict[str, set[str]]:
    return defaultdict(set)


class Timeout(Model):
    """`connect` for the connection, `total` for the whole call; the caller's deadline may be shorter."""

    connect: Duration = lasting("2s", "For the name, TCP and TLS together.")
    total: Duration = lasting("10s", "For the whole call; a shorter deadline of the caller wins.")


class Tls(Model):
    """Verification is always on; `ca` is a file with the certificates of an own authority."""

    cert: TemplateField | None = about("Our certificate, with its chain: PEM file or text.", "{{ settings.tls_cert }}")
    key: TemplateField | None = about("Its private key, likewise; without a password.", "{{ settings.tls_key }}")
    ca: TemplateField | None = about("A file of certificates to trust in place of the system's.", "{{ settings.ca }}")

    def link(self, names: Names) -> None:
        """Check the names, and that the certificate has its key."""
        names.check([self.cert, self.key, self.ca])
        if (self.cert is None) is not (self.key is None):
            missing, given = ("cert", "key") if self.cert is None else ("key", "cert")
            self.report("missing-key", f"`{given}` needs `{missing}`", f"add `{missing}:`", given)

    def authority(self, scope: Scope) -> Path | None:
        """The file with an own authority; None where its setting has no value."""
        found = self.ca(scope) if self.ca is not None else None
        return None if found is None else Path(as_text(found))

    def client(self, scope: Scope) -> tuple[str, str] | None:
        """Our certificate and its key; None where neither has a value. Raises EvaluationError where one has."""
        if self.cert is None or self.key is None or self.cert(scope) is None is self.key(scope):
            return None
        return written(self.cert, scope), written(self.key, scope)


class Connection(Model):
    """The `connection` of a connector."""

    base_url: TemplateField = about("What stands before every path.", "https://{{ settings.host }}/api", default=...)
    hosts: list[str] = about("Further hosts that may be reached.", ["*.my.salesforce.com"], default=[])
    auth: Credentials = about(
        "How requests are signed: one credential, or several with names.",
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

    _used: dict[str, set[str]] = PrivateAttr(default_factory=_no_names)

    @property
    def credentials(self) -> dict[str, Auth]:
        """Every credential by its name; the only one has none."""
        return self.auth if isinstance(self.auth, dict) else {"": self.auth}

    @property
    def exposed(self) -> set[str]:
        """Secrets that may stand in bodies."""
        return {name for one in self.credentials.values() for name in one.expose}

    @property
    def captured(self) -> frozenset[str] | None:
        """The members of `auth` that there are whatever the credential; None if that is not known."""
        known = [one.captures for one in self.credentials.values()]
        return None if None in known else frozenset.intersection(*(one for one in known if one is not None))

    @property
    def used(self) -> set[str]:
        """The names that its strings use, of the call or of the settings."""
        return set().union(*self._used.values())

    def varies(self, part: str) -> bool:
        """Whether `headers`, `base_url` or the credential of this name ask for more than settings in every call."""
        return any(not name.startswith("settings") for name in self._used[part])

    def only_fetched(self, part: str) -> bool:
        """Whether it asks, beside settings, for nothing but what was fetched, so that it lasts as long as that."""
        return all(name.startswith(("settings", "auth")) for name in self._used[part])

    def own_headers(self, scope: Scope) -> Headers:
        """What it gives every request. Raises EvaluationError for what no header can be."""
        return tuple(header_fields(self.headers(scope)).values()) if self.headers is not None else ()

    def link(self, names: Names, settings: Names) -> None:
        """Check every name; secrets may stand anywhere here but in the address, unless they are `in_url`."""
        settings.check(self.tls)
        for name, auth in self.credentials.items():
            replace(names, used=self._used[name]).check(auth)
        known = names.with_auth(self.captured)
        base = known.only("settings", *(["auth"] if self.captured != frozenset() else []), used=self._used["base_url"])
        base.inside("url").check(self.base_url)
        replace(known.plus(attempt=["id"]), used=self._used["headers"]).check(self.headers)
        if self.headers is not None:
            link_headers(self.headers, self._raw.get("headers"), self._at)
        brought = self.captured != frozenset() and "auth" in self._used["base_url"]
        if brought and not self.hosts:
            message = "`hosts` is missing: it says where an address that a login brings may lead"
            self.report("missing-key", message, 'add `hosts: ["*.crm.example"]`', "base_url")
        if brought and any(isinstance(one, Login) for one in self.credentials.values()):
            message = "`login` sends its requests to `base_url`, which its answer would make"
            self.report("wrong-value", message, "name the host in a setting", "base_url")
