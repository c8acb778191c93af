"""A connection of a project: a connector with its settings filled in, ready to be called."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.document import Map
from engine.errors import EvaluationError, Span, nearest
from engine.language.codec import literal_path
from engine.language.locale import Locale
from engine.language.template import Template
from engine.language.text import as_text
from engine.settings.variables import MissingFile, MissingVariable, fill
from engine.spec.auth import Signature
from engine.spec.connection import Timeout
from engine.spec.connector import Loaded
from engine.spec.contracts import InputError
from engine.spec.path import PathText
from engine.spec.project import Use
from engine.spec.reading import Reading
from engine.spec.request import Base
from engine.spec.secret import Secret


@dataclass(frozen=True, slots=True)
class Bound:
    """A connection that can be called. `settings` holds no secret but those the connector declares for it."""

    project: str
    name: str
    loaded: Loaded
    locale: Locale
    base: Base
    signature: Signature
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
    before = len(at.problems)
    values = _filled(use, environ, at)
    settings = _accepted(use, values, loaded, locale, environ, at) if len(at.problems) == before else None
    if settings is None or environ is None:
        return None
    try:
        return _prepared(project, name, use, loaded, locale, settings, at)
    except EvaluationError as error:
        at.report(
            "setting-misfit",
            f"the connection cannot be prepared: {error.message}",
            "see the connector's settings",
            use.place("settings"),
        )
        return None


def _filled(use: Use, environ: Mapping[str, str] | None, at: Reading) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in use.settings.items():
        try:
            values[str(name)] = fill(value, environ) if environ is not None else value
        except MissingVariable as missing:
            remedy = f"set `{missing}` before the start, or write the value"
            at.report("missing-variable", f"the variable `{missing}` is not set", remedy, _span(use, name))
        except MissingFile as missing:
            at.report(
                "missing-file",
                f"the file `{missing}` cannot be read",
                "check path, rights and size (64 KiB)",
                _span(use, name),
            )
    return values


def _accepted(
    use: Use,
    values: dict[str, Any],
    loaded: Loaded,
    locale: Locale,
    environ: Mapping[str, str] | None,
    at: Reading,
) -> dict[str, Any] | None:
    declared = loaded.connector.settings
    if environ is None and any("${" in str(v) for v in values.values()):
        _names_only(use, values, declared, at)
        return None
    try:
        return declared.accept(values, locale)
    except InputError as error:
        for pointer, message in error.problems:
            _misfit(use, pointer.strip("/").split("/")[0], message, declared, at)
        return None


def _names_only(use: Use, values: dict[str, Any], declared: Mapping[str, Any], at: Reading) -> None:
    for name in set(values) - set(declared):
        _misfit(use, name, "", declared, at)


def _misfit(use: Use, name: str, message: str, declared: Mapping[str, Any], at: Reading) -> None:
    if name not in declared:
        at.report("unknown-setting", f"the connector has no setting `{name}`", nearest(name, declared), _key(use, name))
    elif name not in use.settings:
        where = declared[name].where or ""
        remedy = f"add `{name}: …` under `settings:`" + (f"; found at {where}" if where else "")
        at.report("missing-setting", f"the setting `{name}` is missing", remedy, use.place("settings"))
    else:
        at.report(
            "setting-misfit",
            f"the setting `{name}` does not fit: {message}",
            "see the connector's declaration",
            _span(use, name),
        )


def _prepared(
    project: str, name: str, use: Use, loaded: Loaded, locale: Locale, settings: dict[str, Any], at: Reading
) -> Bound | None:
    connector = loaded.connector
    connection = connector.connection
    revealed = {k: v.reveal() if isinstance(v, Secret) else v for k, v in settings.items()}
    paths = {k: PathText(v) for k, v in settings.items() if connector.settings[k].type == "path"}
    scope = {"settings": revealed | paths}

    def render(template: Template) -> str:
        value = template(scope)
        if value is None:
            raise EvaluationError(f"`{template.text}` has no value")
        return as_text(value)

    signature = connection.auth.prepare(render)
    url = _base_url(render(connection.base_url), use, at)
    if url is None:
        return None
    headers = connection.headers(scope) if connection.headers is not None else {}
    public = {k: v for k, v in scope["settings"].items() if not _hidden(k, settings, connector)}
    return Bound(
        project,
        name,
        loaded,
        locale,
        Base(url + signature.segment, tuple((str(k), as_text(v)) for k, v in headers.items())),
        signature,
        (urlsplit(url).netloc, *connection.hosts, *use.hosts),
        tuple(use.network.allow),
        use.insecure,
        Path(render(connection.tls.ca)) if connection.tls.ca is not None else None,
        connection.timeout,
        public,
        tuple(v for v in settings.values() if isinstance(v, Secret)),
    )


def _hidden(name: str, settings: dict[str, Any], connector: Any) -> bool:
    exposed = connector.connection.auth.expose
    return isinstance(settings[name], Secret) and not connector.settings[name].in_url and name not in exposed


def _base_url(text: str, use: Use, at: Reading) -> str | None:
    """The address without a final slash; it is not shown in errors, since it may hold a secret."""
    problem = _url_problem(text, use.insecure)
    if problem is not None:
        at.report(*problem, use.place("settings"))
        return None
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.lower()}{literal_path(parts.path.rstrip('/'))}"


def _url_problem(text: str, insecure: bool) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        port_fits, parts = False, urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        return "wrong-url", "the connection's address is no http(s) URL", "write `https://host/path`"
    if (
        parts.username is not None
        or parts.query
        or parts.fragment
        or any(c.isspace() or ord(c) < 32 or c == "\\" for c in text)
    ):
        return "wrong-url", "the connection's address holds more than host and path", "write `https://host/path`"
    if parts.scheme == "http" and not insecure:
        return "insecure-url", "the connection's address begins with http://", "use https://, or write `insecure: true`"
    return None


def _span(use: Use, name: str) -> Span:
    return use.settings.value_span(name) if isinstance(use.settings, Map) else use.place("settings")


def _key(use: Use, name: str) -> Span:
    return use.settings.key_span(name) if isinstance(use.settings, Map) else use.place("settings")
