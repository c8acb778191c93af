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
from engine.spec.path import PathText
from engine.spec.project import Use
from engine.spec.reading import Reading
from engine.spec.request import Base
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
    locale: Locale
    base: Base
    signature: Callable[[Scope], Signature]
    hosts: tuple[str, ...]
    allow: tuple[str, ...]
    insecure: bool
    ca: Path | None
    timeout: Timeout
    settings: dict[str, Any]
    secrets: tuple[Secret, ...]


def bind(
    project: str, name: str, use: Use, loaded: Loaded, locale: Locale, environ: Mapping[str, str] | None, at: Reading
) -> Bound | None:
    """Fill the settings in and prepare the connection. Problems go to `at`, with their places in the project file.

    `environ` None: variables and files are not read; names are checked, nothing is bound.
    """
    if not isinstance(use.settings, Map):
        return None
    settings = _accepted(use, loaded, locale, environ, at)
    if settings is None or environ is None:
        return None
    try:
        return _prepared(project, name, use, loaded, locale, settings, at)
    except (EvaluationError, CallError) as error:
        message = error.message if isinstance(error, EvaluationError) else error.detail
        at.report(
            "setting-misfit",
            f"the connection cannot be prepared: {message}",
            "see the connector's settings",
            use.place("settings"),
        )
        return None


def _accepted(
    use: Use, loaded: Loaded, locale: Locale, environ: Mapping[str, str] | None, at: Reading
) -> dict[str, Any] | None:
    """The settings as the connector declares them; None if one of them is wrong, or not known yet."""
    declared = loaded.connector.settings
    at.veiled -= {use.settings.value_span(name) for name in use.settings if _is_public(name, use, loaded)}
    for name in use.settings.keys() - declared.keys():
        message = f"the connector has no setting `{name}`"
        at.report("unknown-setting", message, nearest(name, declared), use.settings.key_span(name))
    values = _filled(use, environ, at)
    unknown = use.settings.keys() - values.keys()
    try:
        settings = declared.accept({name: value for name, value in values.items() if name in declared}, locale)
    except InputError as error:
        for pointer, message in error.problems:
            name = pointer.split("/")[1]
            if name not in unknown:
                _misfit(use, name, message, declared, at)
        return None
    return None if unknown else settings


def _is_public(name: str, use: Use, loaded: Loaded) -> bool:
    """Whether a report may show the line: an address with more than host and path may hold a secret."""
    declared = loaded.connector.settings.get(name)
    return declared is not None and declared.type != "secret" and not _MORE.search(str(use.settings[name]))


def _filled(use: Use, environ: Mapping[str, str] | None, at: Reading) -> dict[str, Any]:
    """The settings without those whose variables or files are missing or not to be read."""
    values: dict[str, Any] = {}
    for name, value in use.settings.items():
        if environ is None and "${" in str(value):
            continue
        try:
            values[str(name)] = fill(value, environ or {})
        except MissingVariable as missing:
            remedy = f"set `{missing}` before the start, or write the value"
            message = f"the variable `{missing}` is not set"
            at.report("missing-variable", message, remedy, use.settings.value_span(name))
        except MissingFile as missing:
            message, remedy = f"the file `{missing}` cannot be read", "check path, rights and size (64 KiB)"
            at.report("missing-file", message, remedy, use.settings.value_span(name))
    return values


def _misfit(use: Use, name: str, message: str, declared: Mapping[str, Any], at: Reading) -> None:
    if name not in use.settings:
        where = declared[name].where or ""
        remedy = f"add `{name}: …` under `settings:`" + (f"; found at {where}" if where else "")
        at.report("missing-setting", f"the setting `{name}` is missing", remedy, use.place("settings"))
    else:
        at.report(
            "setting-misfit",
            f"the setting `{name}` does not fit: {message}",
            "see the connector's declaration",
            use.settings.value_span(name),
        )


def _prepared(
    project: str, name: str, use: Use, loaded: Loaded, locale: Locale, settings: dict[str, Any], at: Reading
) -> Bound | None:
    connector = loaded.connector
    connection = connector.connection
    revealed = {k: v.reveal() if isinstance(v, Secret) else v for k, v in settings.items()}
    paths = {k: PathText(v) for k, v in settings.items() if connector.settings[k].type == "path"}
    scope: Scope = {"settings": revealed | paths}
    render = partial(_render, scope)
    url = _base_url(render(connection.base_url), use, at)
    if url is None:
        return None
    sign = _part(connection, "auth", scope, lambda full: connection.auth.prepare(partial(_render, full)))
    headers = _part(connection, "headers", scope, connection.own_headers)
    late = connection.varies("headers")
    segment = "" if connection.varies("auth") else sign({}).segment
    public = {k: v for k, v in scope["settings"].items() if not _hidden(k, settings, connector)}
    return Bound(
        project,
        name,
        loaded,
        locale,
        Base(url + segment, () if late else headers({}), headers if late else None),
        sign,
        (urlsplit(url).netloc, *connection.hosts, *use.hosts),
        tuple(use.network.allow),
        use.insecure,
        Path(render(connection.tls.ca)) if connection.tls.ca is not None else None,
        connection.timeout,
        public,
        tuple(v for v in settings.values() if isinstance(v, Secret)),
    )


def _render(scope: Scope, template: Template) -> str:
    value = template(scope)
    if value is None:
        raise EvaluationError(f"`{template.text}` has no value")
    return as_text(value)


def _part(connection: Connection, part: str, own: Scope, make: Callable[[Scope], T]) -> Callable[[Scope], T]:
    """What `auth` or `headers` come to: made now where only settings are asked, else for every call."""
    if not connection.varies(part):
        made = make(own)
        return lambda _: made

    def late(scope: Scope) -> T:
        try:
            return make({**scope, **own})
        except EvaluationError as error:
            raise CallError("mapping_failed", f"`{part}`: {error.message}", place=connection.place(part)) from None

    return late


def _hidden(name: str, settings: dict[str, Any], connector: Any) -> bool:
    exposed = connector.connection.auth.expose
    return isinstance(settings[name], Secret) and not connector.settings[name].in_url and name not in exposed


def _base_url(text: str, use: Use, at: Reading) -> str | None:
    """The address without a final slash; it is not shown in errors, since it may hold a secret."""
    scheme, _, rest = text.partition("://")
    scheme, host = scheme.lower(), _authority(text)
    if _MORE.search(text):
        problem = "wrong-url", "the connection's address holds more than host and path", "write `https://host/path`"
    elif scheme not in ("http", "https") or host is None:
        problem = "wrong-url", "the connection's address is no http(s) URL", "write `https://host/path`"
    elif scheme == "http" and not use.insecure:
        remedy = "use https://, or write `insecure: true`"
        problem = "insecure-url", "the connection's address begins with http://", remedy
    else:
        path = rest.partition("/")[2].rstrip("/")
        return f"{scheme}://{host}" + (literal_path(f"/{path}") if path else "")
    at.report(*problem, use.place("settings"))
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
