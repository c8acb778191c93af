"""A connection of a project: a connector with its settings filled in, ready to be called."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from engine.document import Map
from engine.errors import CallError, EvaluationError, nearest
from engine.language.codec import literal_path
from engine.language.locale import Locale
from engine.language.template import Template
from engine.language.text import as_text
from engine.settings.variables import MissingFile, MissingVariable, fill
from engine.spec.auth import Signature
from engine.spec.connection import Connection, Timeout
from engine.spec.connector import Loaded
from engine.spec.contracts import InputError
from engine.spec.declaration import Declaration
from engine.spec.path import PathText
from engine.spec.policy import Cache, Policies, over
from engine.spec.project import Use
from engine.spec.reading import Reading
from engine.spec.request import Base, UnwritableError
from engine.spec.secret import Secret
from engine.spec.tree import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bound:
    """A connection that can be called. `settings` holds no secret but those the connector declares for it.

    `signature` is what a call is signed with; it raises CallError where a call lacks what the signature asks for.
    """

    project: str
    name: str
    loaded: Loaded
    base: Base
    signature: Callable[[Scope], Signature]
    hosts: tuple[str, ...]
    allow: tuple[str, ...]
    insecure: bool
    ca: Path | None
    timeout: Timeout
    policies: Policies
    cache: Cache | None
    settings: dict[str, Any]
    secrets: tuple[Secret, ...]


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
            except MissingVariable as missing:
                message, remedy = f"the variable `{missing}` is not set", f"set `{missing}` before the start"
                use.report("missing-variable", message, f"{remedy}, or write the value", use.settings.value_span(name))
            except MissingFile as missing:
                message, remedy = f"the file `{missing}` cannot be read", "check path, rights and size (64 KiB)"
                use.report("missing-file", message, remedy, use.settings.value_span(name))
        return values

    def _prepared(self, name: str, use: Use, loaded: Loaded, settings: dict[str, Any]) -> Bound | None:
        connector = loaded.connector
        connection = connector.connection
        revealed = {k: v.reveal() if isinstance(v, Secret) else v for k, v in settings.items()}
        paths = {k: PathText(v) for k, v in settings.items() if connector.settings[k].type == "path"}
        scope: Scope = {"settings": revealed | paths}
        url = _base_url(_render(scope, connection.base_url), use)
        if url is None:
            return None
        sign = _part(connection, "auth", scope, lambda full: connection.auth.prepare(partial(_render, full)))
        headers = _part(connection, "headers", scope, connection.own_headers)
        late = connection.varies("headers")
        segment = "" if connection.varies("auth") else sign({}).segment
        secrets = {k: v for k, v in settings.items() if isinstance(v, Secret)}
        hidden = {k for k in secrets if not connector.settings[k].in_url and k not in connection.auth.expose}
        return Bound(
            self.project,
            name,
            loaded,
            Base(url + segment, () if late else headers({}), headers if late else None),
            sign,
            (urlsplit(url).netloc, *connection.hosts, *use.hosts),
            tuple(use.network.allow),
            use.insecure,
            Path(_render(scope, connection.tls.ca)) if connection.tls.ca is not None else None,
            over(connection.timeout, use.timeout),
            Policies(over(connection.limits, use.limits), over(connection.retry, use.retry), connection.breaker),
            use.cache or connection.cache,
            {k: v for k, v in scope["settings"].items() if k not in hidden},
            tuple(secrets.values()),
        )


def _render(scope: Scope, template: Template) -> str:
    value = template(scope)
    if value is None:
        raise EvaluationError(f"`{template.text}` has no value")
    return as_text(value)


def _part(connection: Connection, part: str, own: Scope, make: Callable[[Scope], T]) -> Callable[[Scope], T]:
    """What `auth` or `headers` come to: made now where only settings are asked, else for every call."""

    def late(scope: Scope) -> T:
        try:
            return make({**scope, **own})
        except EvaluationError as error:
            name = f"{part}.{error.name}" if isinstance(error, UnwritableError) else part
            raise CallError("mapping_failed", f"`{name}`: {error.message}", place=connection.place(part)) from None

    if connection.varies(part):
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
    scheme, _, rest = text.partition("://")
    scheme, host = scheme.lower(), _authority(text)
    code, message, remedy = "wrong-url", "the connection's address is no http(s) URL", "write `https://host/path`"
    if _MORE.search(text):
        message = "the connection's address holds more than host and path"
    elif scheme == "http" and host is not None and not use.insecure:
        code, message = "insecure-url", "the connection's address begins with http://"
        remedy = "use https://, or write `insecure: true`"
    elif scheme in ("http", "https") and host is not None:
        path = rest.partition("/")[2].rstrip("/")
        return f"{scheme}://{host}" + (literal_path(f"/{path}") if path else "")
    use.report(code, message, remedy, "settings")
    return None


_MORE: Final = re.compile(r"[?#\\\s\x00-\x1f]|://[^/]*@")
_HOST: Final = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9_.-]+")


def _authority(url: str) -> str | None:
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
