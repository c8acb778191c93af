"""A connector: one file, one system."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from engine import LANGUAGE_VERSION
from engine.document import Document, Map, read_file
from engine.errors import nearest
from engine.spec.action import Signing
from engine.spec.auth.constant import unknown_auth
from engine.spec.calls import link_calls
from engine.spec.connection import Connection, unknown_connection
from engine.spec.declaration import Declarations
from engine.spec.endpoint import Endpoint
from engine.spec.inbound import Inbound, link_proof
from engine.spec.names import CALL_MEMBERS, PAGE_MEMBERS, Names, Place, Secrecy
from engine.spec.operation import Operation
from engine.spec.reading import SPARED, Model, Reading, about, read_root, usable, validate
from engine.spec.response import Response

NameField = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Connector(Model):
    """`connectors/<name>/connector.yaml`."""

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="Its name.", examples=["amocrm"])]
    version: str = about("The connector's own version.", "1.0.0", default=...)
    engine: str = about("The language version it needs.", ">=1.0", default=...)
    title: str = about("The system's name, for people.", "amoCRM / Kommo", default=...)
    docs: str | None = about("Where the vendor documents the interface.", "https://crm.example/docs")
    openapi: str | None = about("Its OpenAPI description, a file: `check` reads it.", "openapi.yaml")
    settings: Declarations = about("What a deployment fills in.", {"token": "secret"}, default_factory=Declarations)
    connection: Connection = about("How the system is reached.", default=...)
    response: Annotated[Response | None, SPARED] = about("Rules shared by all operations.")
    operations: Annotated[dict[str, Annotated[Operation, SPARED]], AfterValidator(usable)] = about(
        "How we call the system.", {"ping": {"request": {"method": "GET", "path": "/ping"}}}, default=...
    )

    inbound: Inbound = about("What holds for every endpoint.", default_factory=Inbound.model_construct)
    endpoints: Annotated[dict[NameField, Annotated[Endpoint, SPARED]], AfterValidator(usable)] = about(
        "How the system calls us.",
        {"card": {"method": "POST", "path": "/card", "call": "card", "reply": {"body": {"id": "{{ output.key }}"}}}},
        default={},
    )

    @property
    def by_capability(self) -> dict[str, str]:
        """Capability → the operation that fulfils it; the first one written wins."""
        return {op.capability: name for name, op in reversed(self.operations.items()) if op.capability}

    def link(self, at: Reading) -> None:
        """Check what the parts of the file say of each other, and every name in every string."""
        self._link_version()
        settings = Names(at, {"settings": frozenset(self.settings)}, rules=self._rules())
        names = settings.plus("now", auth=(), call=CALL_MEMBERS, page=PAGE_MEMBERS)
        self.connection.link(names.plus("input"), settings)
        self._link_connection()
        if self.response is not None:
            self.response.link(Names(at, {"input": None}))
        for operation in self.operations.values():
            operation.link(names, self._granted)
        link_calls(self.operations, self.operations)
        self._link_endpoints(settings)

    def _link_endpoints(self, settings: Names) -> None:
        proof, hidden = self.inbound.auth, settings.inside("elsewhere")
        if proof is not None:
            link_proof(proof, settings)
        for endpoint in self.endpoints.values():
            endpoint.link(hidden, self.operations, endpoint.accepts or self.inbound.accepts)
            endpoint.link_proof(settings)
            if endpoint.auth is None and proof is None:
                remedy = "add `auth:` to it or to `inbound`; `{type: none}` lets anybody in"
                endpoint.report("missing-key", "nothing says who may call: `auth` is missing", remedy)

    def _granted(self, names: Names, own: Signing, outer: Signing | None, sends: bool) -> Names:
        """The names with what the credential brings that signs `own`; that there is no such is reported."""
        known, wanted = self.connection.credentials, own.credential
        if wanted is None:
            wanted = next(iter(known)) if len(known) == 1 else outer.credential if outer is not None else None
        auth = known.get(wanted) if wanted is not None else None
        if wanted is None and sends:
            message = "`auth` is missing: the connection has the credentials " + ", ".join(f"`{one}`" for one in known)
            own.report("missing-key", message, "add `auth:` with one of them")
        elif own.credential is not None and (auth is None or (not wanted and own.has("auth"))):
            remedy = nearest(str(wanted), known) if any(known) else "take it out: the connection has one credential"
            own.report("unknown-credential", f"there is no credential `{wanted}`", remedy, own.naming)
        elif auth is not None:
            own.link_credential(auth)
        return names.with_auth((auth or unknown_auth()).captures)

    def _link_version(self) -> None:
        wanted = re.fullmatch(r">=(\d+)\.(\d+)", self.engine.replace(" ", ""))
        ours = tuple(int(part) for part in LANGUAGE_VERSION.split("."))
        if wanted is None:
            remedy = f'write `engine: ">={LANGUAGE_VERSION}"`'
            self.report("engine-version", f"`{self.engine}` is no version range", remedy, "engine")
        elif (int(wanted[1]), int(wanted[2])) > ours or int(wanted[1]) != ours[0]:
            message = f"the connector needs language {self.engine}, this engine speaks {LANGUAGE_VERSION}"
            self.report("engine-version", message, "use a newer engine, or an older connector", "engine")

    def _link_connection(self) -> None:
        verify, operations = self.connection.verify, self._raw["operations"]
        if verify is not None and verify not in operations:
            message = f"there is no operation `{verify}`"
            self.connection.report("unknown-operation", message, nearest(verify, operations), "verify")
        for auth in self.connection.credentials.values():
            for name in set(auth.expose) - self.settings.keys():
                message = f"`settings` has no `{name}`"
                auth.report("unknown-member", message, nearest(name, self.settings), "expose")

    def _rules(self) -> dict[Place, Secrecy]:
        secret = {name for name, declared in self.settings.items() if declared.type == "secret"}
        in_url = {name for name in secret if self.settings[name].in_url}

        def rule(allowed: Iterable[str], how: str) -> Secrecy:
            why: dict[str | None, str] = dict.fromkeys(secret.difference(allowed), how)
            return {**why, None: "name one setting: `settings.…`"} if secret else {}

        return {
            "url": rule(in_url, "declare the setting with `in_url: true` if the vendor wants it in the address"),
            "body": rule(self.connection.exposed, "name it under `auth.expose` if the vendor wants it in the body"),
            "elsewhere": rule((), "secrets belong under `connection`"),
        }


@dataclass(frozen=True, slots=True)
class Loaded:
    """A connector and the hash of the text it came from."""

    connector: Connector
    content_hash: str


def _beside(root: Map, at: Reading) -> Connector | None:
    """What can be read beside mistakes in head, connection and settings, so that every problem is found at once."""
    taken: dict[str, Any] = {"version": "", "title": "", "docs": None, "openapi": None}
    taken |= {"connector": "unknown", "engine": f">={LANGUAGE_VERSION}"}
    settings = root.get("settings")
    names = dict.fromkeys(settings, "string") if isinstance(settings, Map) else {}
    for more in ({}, {"connection": unknown_connection(root.get("connection"))}, {"settings": names}):
        taken |= more
        found = validate(Connector, root.copied(taken), at)
        if found is not None:
            return found
    return None


def load_connector(path: Path, shown: str | None = None) -> Loaded:
    """Read a connector file. Raises ConfigError with every problem found."""
    return connector_of(read_file(path, shown))


def connector_of(document: Document) -> Loaded:
    """The connector of a document. Raises ConfigError with every problem found."""
    at = Reading(document)
    found = read_root(Connector, at, "a connector", "begin with `connector: name`")
    if found is None and isinstance(document.root, Map):
        found = _beside(document.root, at)
    if found is not None:
        found.link(at)
    digest = hashlib.sha256(document.text.encode()).hexdigest()
    return Loaded(at.settled(found), digest)
