"""A deployment: `tolmach.yaml`."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from engine.document import Document, Map, read_file
from engine.errors import ConfigError, Span, nearest
from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.connection import Timeout
from engine.spec.contracts import CONTRACTS
from engine.spec.duration import Duration, lasting
from engine.spec.flow import Flow
from engine.spec.key import KEY_HASH
from engine.spec.network import NetworkField
from engine.spec.policy import CacheField, Limits, Retry
from engine.spec.reading import LATER, SPARED, Model, Reading, about, read_root, reads, usable, wrong
from engine.spec.route import MODES, Channel, KeyOf, Route, RouteField

RIGHTS: Final = ("explain", "reveal", "operate")
SERVED: Final = ("identity", "authorization", "card", "products", "showcase")
"""The capabilities that are answered over HTTP."""

REVOKED: Final = re.compile(r"revoked:[0-9a-f]{8}")

NAME_PATTERN: Final = r"^[a-z][a-z0-9_-]*$"
FlowField = Annotated[Flow, SPARED]


def _zone(value: Any, _info: Any) -> str:
    if value in available_timezones():
        return str(value)
    raise wrong("wrong-zone", "there is no time zone of that name", nearest(str(value), available_timezones()))


def _region(value: Any, _info: Any) -> str:
    import phonenumbers

    if value in phonenumbers.SUPPORTED_REGIONS:
        return str(value)
    raise wrong("wrong-zone", "there is no region of that name", "write two capital letters, such as `RU`")


_TEXT: Final = {"type": "string"}


class Defaults(Model):
    """What holds for every call of the project unless it says otherwise."""

    deadline: Duration = lasting("10s", "For callers that give none.")
    language: Literal["ru", "en"] = about("Of messages for people.", default="ru")
    region: Annotated[str, reads(_region, {"type": "string", "pattern": "^[A-Z]{2}$"})] = about(
        "Phones without a country code are read in it.", default="RU"
    )
    zone: Annotated[str, reads(_zone, _TEXT)] = about("Times without a zone are in it.", default="Europe/Moscow")

    @property
    def locale(self) -> Locale:
        """What phones, dates and messages are read by."""
        return Locale(self.region, self.zone, self.language)


class Network(Model):
    """Private networks that this connection may reach; metadata addresses never."""

    allow: list[NetworkField] = about("Their ranges.", ["10.20.0.0/16"], default=[])


class Use(Model):
    """One connection of the project: a connector with its settings."""

    connector: str = about("The connector's name.", "amocrm", default=...)
    settings: Annotated[Any, reads(lambda value, _info: value, {"type": "object"})] = about(
        "Values; `${NAME}` and `${file:/path}` are filled in.", {"access_token": "${AMO_TOKEN}"}, default_factory=Map
    )
    base_url: str | None = about(
        "In place of the connector's: a system for tests, a proxy, a stand-in.", "https://test.crm.example/api"
    )
    hosts: list[str] = about("Further hosts that may be reached.", default=[])
    network: Network = about("Where private addresses may be.", default_factory=Network.model_construct)
    insecure: bool = about("Allows http://.", default=False)
    limits: Limits | None = about("What of the connector's limits is different here.", {"rate": "5/s"})
    retry: Retry | None = about("What of the connector's retry is different here.", {"attempts": 1})
    timeout: Timeout | None = about("What of the connector's timeout is different here.", {"total": "4s"})
    cache: CacheField | None = about("In place of the connector's.", {"ttl": "60s", "stale_if_error": "1h"})


class ApiKey(Model):
    """Who may call what. `tolmach key new` prints the line."""

    name: str = about("Who holds it; shown in logs.", "bot", default=...)
    hash: str = about("Printed by `tolmach key new`.", "sha256:…", default=...)
    allow: list[str] = about("Capabilities, operations; `crm.*`, `*`.", ["identity", "card", "crm.user"], default=...)
    rights: list[Literal[RIGHTS]] = about("`reveal`: sees whole numbers.", default=[])  # type: ignore[valid-type]  # the Literal of a constant

    @property
    def id(self) -> str:
        """The public part, by which a key is looked up."""
        return self.hash.split(":")[1]

    @property
    def revoked(self) -> bool:
        """Whether `tolmach key revoke` has ended it."""
        return self.hash.startswith("revoked:")

    def link(self) -> None:
        """Check the hash's form."""
        if not KEY_HASH.fullmatch(self.hash) and not REVOKED.fullmatch(self.hash):
            remedy = "run `tolmach key new NAME` and paste its line"
            self.report("wrong-key-hash", "the hash is not of this engine's form", remedy, "hash")


class Mounting(Model):
    """At which paths endpoints answer."""

    root: bool = about("At `/` in place of `/in/PROJECT/CONNECTION`.", default=False)


class Project(Model, later="embed"):
    """A segment of clients: its systems, and who may ask."""

    defaults: Defaults = about("For calls that say nothing else.", default_factory=Defaults.model_construct)
    connections: dict[Annotated[str, Field(pattern=NAME_PATTERN)], Use] = about(
        "Its systems, by a name of your own.", {"crm": {"connector": "amocrm"}}, default=...
    )
    capabilities: dict[str, RouteField] = about("Who answers what.", {"identity": "crm"}, default={})
    keys_of: dict[str, KeyOf] = about(
        "How a client's key in a connection is found.",
        {"crm": {"from": "bank.card", "call": "crm.find_client", "key": "output.clients[0].key"}},
        default={},
    )
    channels: dict[str, Channel] = about(
        "How clients of a channel may be found.", {"telegram": {"identify_by": ["social", "phone"]}}, default={}
    )
    flows: Annotated[dict[Annotated[str, Field(pattern=NAME_PATTERN)], FlowField], AfterValidator(usable)] = about(
        "Operations over several connections.",
        {"manager": {"input": {"client_key": "string"}, "steps": {"client": {"call": "card"}}}},
        default={},
    )
    inbound: Mounting = about("Where endpoints are found.", default_factory=Mounting.model_construct)
    keys: list[ApiKey] = about("Who may call; `tolmach key new` prints a line.", default=[])

    def link(self) -> None:
        """Check what the parts say of each other; what needs the connectors is checked when they are bound."""
        for key in self.keys:
            key.link()
        self._link_connections()
        for name, route in self.capabilities.items():
            self._link_route(name, route, self._raw["capabilities"].key_span(name))
        for name, way in self.keys_of.items():
            way.link_names()
            if name not in self.connections:
                message, place = f"there is no connection `{name}`", self._raw["keys_of"].key_span(name)
                self.report("unknown-connection", message, nearest(name, self.connections), place)
        for channel in self.channels.values():
            channel.link_form()
        for flow in self.flows.values():
            flow.link_flow(self._at)

    def _link_connections(self) -> None:
        for name, use in self.connections.items():
            if name in CONTRACTS or name in ("flows", "embed"):
                message, place = f"a connection may not be named `{name}`", self._raw["connections"].key_span(name)
                self.report("reserved-name", message, "choose another name", place)
            if not isinstance(use.settings, Map):
                message = f"expected settings, found {kind_of(use.settings)}"
                use.report("wrong-type", message, "write `name: value` pairs", "settings")

    def route_place(self, capability: str) -> Span:
        """Where the project says who answers a capability."""
        routes: Map = self._raw["capabilities"]
        return routes.value_span(capability)

    def _link_route(self, name: str, route: Route, span: Span) -> None:
        if name not in CONTRACTS:
            self.report("unknown-capability", f"there is no capability `{name}`", nearest(name, CONTRACTS), span)
        elif name not in SERVED:
            self.report("not-yet", f"the capability `{name}`: {LATER}", f"take `{name}` out for now", span)
        elif not route.choose(MODES, "keep one of them") and not route.from_:
            if not any(route.has(key) for key in Route.LATER):
                self.report("missing-key", f"`{name}` names no connection", f"write `{name}: connection`", span)
        else:
            self._link_sources(name, route)

    def _link_sources(self, capability: str, route: Route) -> None:
        for source in route.sources:
            if source not in self.connections:
                message, remedy = f"there is no connection `{source}`", nearest(source, self.connections)
                self.report("unknown-connection", message, remedy, self.route_place(capability))
        for source in set(route.require) - set(route.merge or ()):
            message, remedy = f"`{source}` is not among those that are merged", nearest(source, route.merge or ())
            route.report("wrong-value", message, remedy, "require")
        if route.cache is not None and capability == "authorization":
            route.report("one-of", "`authorization` is never kept", "take `cache` out", "cache")


class ProjectFile(Model):
    """`tolmach.yaml`: the projects of a deployment."""

    projects: dict[Annotated[str, Field(pattern=NAME_PATTERN)], Project] = about(
        "Segments of clients, by name.", {"retail": {"connections": {"crm": {"connector": "amocrm"}}}}, default=...
    )


def project_file_of(document: Document, at: Reading) -> ProjectFile | None:
    """The projects of a document; problems go to `at`, which shows no setting until a connector says what it is."""
    _veil(document.root, at)
    found = read_root(ProjectFile, at, "a project file", "begin with `projects:`")
    for project in found.projects.values() if found else ():
        project.link()
    return found


def read_project(path: Path) -> Document:
    """The document of a project file.

    Raises ConfigError with every problem of its YAML; it shows no line, since what is secret there is not known yet.
    """
    try:
        return read_file(path)
    except ConfigError as error:
        raise ConfigError([replace(one, source="") for one in error.diagnostics], error.document) from None


def _veil(root: Any, at: Reading) -> None:
    for project in _maps(root.get("projects") if isinstance(root, Map) else ()):
        at.veiled |= {key.value_span("hash") for key in _maps(project.get("keys")) if "hash" in key}
        for settings in _maps(use.get("settings") for use in _maps(project.get("connections"))):
            at.veiled |= {settings.value_span(name) for name in settings}


def _maps(holder: Any) -> list[Map]:
    values = holder.values() if isinstance(holder, Map) else holder if isinstance(holder, Iterable) else ()
    return [value for value in values if isinstance(value, Map)]
