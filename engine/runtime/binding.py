"""A connection of a project: a connector with its settings filled in, ready to be called."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.document import Map
from engine.errors import CallError, EvaluationError, Span, nearest
from engine.language.codec.places import literal_path
from engine.language.locale import Locale
from engine.language.template import Template
from engine.settings.variables import MissingError, fill
from engine.spec.address import authority
from engine.spec.auth.login import Login
from engine.spec.auth.oauth2 import OAuth2
from engine.spec.auth.signature import Signature, written
from engine.spec.auth.token import Source
from engine.spec.connection import Connection, Timeout
from engine.spec.connector import Connector, Loaded
from engine.spec.contracts import InputError
from engine.spec.declaration import Declaration
from engine.spec.fields import UnwritableError
from engine.spec.inbound import Guard, Signed, guard_of
from engine.spec.path import PathText
from engine.spec.policy import Cache, Policies, over
from engine.spec.project import Use
from engine.spec.reading import Reading
from engine.spec.request import Base
from engine.spec.secret import Secret
from engine.spec.tree import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of a connection, and the base of the requests that it signs.

    `sign` gives what a call is signed with; it raises CallError where the call lacks what that asks for. `source` is
    where its values come from, if they are fetched; `subject` says whose they are.
    """

    name: str
    sign: Callable[[Scope], Signature]
    base: Base
    source: Source | None = None
    subject: Template | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A connection that can be called. `settings` holds no secret but those the connector declares for it.

    `url` is "" where a login brings it. `client`: our certificate and its key, each a PEM file or the PEM text.
    """

    project: str
    name: str
    loaded: Loaded
    url: str
    credentials: Mapping[str, Credential]
    hosts: tuple[str, ...]
    allow: tuple[str, ...]
    insecure: bool
    ca: Path | None
    client: tuple[str, str] | None
    timeout: Timeout
    policies: Policies
    cache: Cache | None
    settings: dict[str, Any]
    secrets: tuple[Secret, ...]
    guards: Mapping[str, tuple[list[Guard], list[Guard]]]
    """Of every endpoint: those that need no body, and the others; all of them must admit a request."""


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds the connections of one project. Problems go to `at`, with their places in the project file.

    `environ` None: variables and files are not read; names are checked, nothing is bound.
    """

    project: str
    locale: Locale
    environ: Mapping[str, str] | None
    at: Reading

    def bind(self, name: str, use: Use, loaded: Loaded) -> Bound | None:
        """Fill the settings in and prepare the connection; None where that cannot be done."""
        settings = self._accepted(use, loaded) if isinstance(use.settings, Map) else None
        if settings is None or self.environ is None:
            return None
        try:
            return self._prepared(name, use, loaded, settings)
        except (EvaluationError, CallError) as error:
            why = error.message if isinstance(error, EvaluationError) else error.detail
            message = f"the connection cannot be prepared: {why}"
            use.report("setting-misfit", message, "see the connector's settings", "settings")
            return None

    def _accepted(self, use: Use, loaded: Loaded) -> dict[str, Any] | None:
        """The settings as the connector declares them; None if one of them is wrong, or not known yet."""
        declared = loaded.connector.settings
        self.at.veiled -= {use.settings.value_span(name) for name in use.settings if _is_public(name, use, loaded)}
        for name in use.settings.keys() - declared.keys():
            message, place = f"the connector has no setting `{name}`", use.settings.key_span(name)
            use.report("unknown-setting", message, nearest(name, declared), place)
        values = self._filled(use)
        unknown = use.settings.keys() - values.keys()
        try:
            settings = declared.accept({name: values[name] for name in values if name in declared}, self.locale)
        except InputError as error:
            for name, message in ((pointer.split("/")[1], message) for pointer, message in error.problems):
                if name not in unknown:
                    _misfit(use, name, message, declared[name])
            return None
        return None if unknown else settings

    def _filled(self, use: Use) -> dict[str, Any]:
        """The settings without those whose variables or files are missing or not to be read."""
        values: dict[str, Any] = {}
        for name, value in use.settings.items():
            if self.environ is None and "${" in str(value):
                continue
            try:
                values[str(name)] = fill(value, self.environ or {})
            except MissingError as missing:
                code, message, remedy = missing.args
                use.report(code, message, remedy, use.settings.value_span(name))
        return values

    def _prepared(self, name: str, use: Use, loaded: Loaded, settings: dict[str, Any]) -> Bound | None:
        connector = loaded.connector
        connection = connector.connection
        revealed = {k: v.reveal() if isinstance(v, Secret) else v for k, v in settings.items()}
        paths = {k: PathText(v) for k, v in settings.items() if connector.settings[k].type == "path"}
        scope: Scope = {"settings": revealed | paths}
        late = connection.varies("base_url") and use.base_url is None
        url = "" if late else _base_url(use.base_url or written(connection.base_url, scope), use)
        if url is None:
            return None
        credentials = {one: _credential(connection, one, name, scope, url) for one in connection.credentials}
        sources = [one.source for one in credentials.values() if one.source is not None]
        if None in (origins := [authority(one) for one in (url, *(source.url for source in sources)) if one]):
            use.report("wrong-url", "the address for tokens is no http(s) URL", "write `https://host/path`", "settings")
            return None
        secrets = {k: v for k, v in settings.items() if isinstance(v, Secret)}
        hidden = {k for k in secrets if not connector.settings[k].in_url and k not in connection.exposed}
        return Bound(
            self.project,
            name,
            loaded,
            url,
            credentials,
            (*(one for one in origins if one is not None), *connection.hosts, *use.hosts),
            tuple(use.network.allow),
            use.insecure,
            connection.tls.authority(scope),
            connection.tls.client(scope),
            over(connection.timeout, use.timeout),
            Policies(over(connection.limits, use.limits), over(connection.retry, use.retry), connection.breaker),
            use.cache or connection.cache,
            {k: v for k, v in scope["settings"].items() if k not in hidden},
            tuple(secrets.values()),
            _guards(connector, scope),
        )


def _guards(connector: Connector, scope: Scope) -> dict[str, tuple[list[Guard], list[Guard]]]:
    """What admits requests to each endpoint. Raises EvaluationError for settings that cannot be used."""
    proofs = {name: one.auth or connector.inbound.auth or () for name, one in connector.endpoints.items()}

    def made(several: Iterable[Any], *, signed: bool) -> list[Guard]:
        return [guard_of(one, scope) for one in several if isinstance(one, Signed) == signed]

    return {name: (made(one, signed=False), made(one, signed=True)) for name, one in proofs.items()}


def _credential(connection: Connection, credential: str, name: str, own: Scope, url: str) -> Credential:
    """One credential with the settings filled in. Raises EvaluationError or CallError for what cannot be used."""
    auth = connection.credentials[credential]
    sign = _part(connection.varies(credential), "auth", connection.place("auth"), own, auth.prepare)
    if isinstance(auth, OAuth2 | Login) and connection.only_fetched(credential):
        sign = _once_for_each_token(sign)
    headers = _part(connection.varies("headers"), "headers", connection.place("headers"), own, connection.own_headers)

    def address(scope: Scope) -> str:
        base = url or _checked(written(connection.base_url, {**scope, **own}), insecure=True)
        return base + sign(scope).segment

    known = () if connection.varies("headers") else headers({})
    source = auth.source(name, own, Base(url, known)) if isinstance(auth, OAuth2 | Login) else None
    late = _part(True, "base_url", connection.place("base_url"), own, address)
    fixed = url and not (auth.in_path and connection.varies(credential))
    segment = sign({}).segment if auth.in_path and fixed else ""
    base = Base(url + segment, known, headers if connection.varies("headers") else None, None if fixed else late)
    return Credential(credential, sign, base, source, getattr(auth, "subject", None))


def _once_for_each_token(sign: Callable[[Scope], Signature]) -> Callable[[Scope], Signature]:
    """The same signature as long as the call comes with the same values."""
    made: tuple[Any, Signature] = (None, Signature())

    def remembered(scope: Scope) -> Signature:
        nonlocal made
        auth = scope.get("auth")
        if auth is None or made[0] is not auth:
            made = (auth, sign(scope))
        return made[1]

    return remembered


def _part(varies: bool, part: str, place: Span, own: Scope, make: Callable[[Scope], T]) -> Callable[[Scope], T]:
    """What a part of the connection comes to: made now where only settings are asked, else for every call."""

    def late(scope: Scope) -> T:
        try:
            return make({**scope, **own})
        except EvaluationError as error:
            name = f"{part}.{error.name}" if isinstance(error, UnwritableError) else part
            raise CallError("mapping_failed", f"`{name}`: {error.message}", place=place) from None

    if varies:
        return late
    made = late({})
    return lambda _: made


def _is_public(name: str, use: Use, loaded: Loaded) -> bool:
    """Whether a report may show the line: an address with more than host and path may hold a secret."""
    declared = loaded.connector.settings.get(name)
    return declared is not None and declared.type != "secret" and not _MORE.search(str(use.settings[name]))


def _misfit(use: Use, name: str, message: str, declared: Declaration) -> None:
    if name in use.settings:
        message, place = f"the setting `{name}` does not fit: {message}", use.settings.value_span(name)
        example = declared.example
        remedy = f"write one such as `{example}`" if example else "see the connector's declaration"
        use.report("setting-misfit", message, remedy, place)
    else:
        remedy = f"add `{name}: …` under `settings:`" + (f"; found at {declared.where}" if declared.where else "")
        use.report("missing-setting", f"the setting `{name}` is missing", remedy, "settings")


def _base_url(text: str, use: Use) -> str | None:
    """The address without a final slash; it is not shown in errors, since it may hold a secret."""
    try:
        return _checked(text, insecure=use.insecure)
    except EvaluationError as error:
        insecure = error.message == _INSECURE
        remedy = "use https://, or write `insecure: true`" if insecure else "write `https://host/path`"
        place = "settings" if use.base_url is None else "base_url"
        use.report("insecure-url" if insecure else "wrong-url", error.message, remedy, place)
        return None


def _checked(text: str, *, insecure: bool) -> str:
    """The address as the wire takes it. Raises EvaluationError."""
    scheme, _, rest = text.partition("://")
    scheme, host = scheme.lower(), authority(text)
    if _MORE.search(text):
        raise EvaluationError("the connection's address holds more than host and path")
    if host is None or scheme not in ("http", "https"):
        raise EvaluationError("the connection's address is no http(s) URL")
    if scheme == "http" and not insecure:
        raise EvaluationError(_INSECURE)
    path = rest.partition("/")[2].rstrip("/")
    return f"{scheme}://{host}" + (literal_path(f"/{path}") if path else "")


_INSECURE: Final = "the connection's address begins with http://"
_MORE: Final = re.compile(r"[?#\\\s\x00-\x1f]|://[^/]*@")
