"""A connector: one file, one system."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WrapValidator

from engine import LANGUAGE_VERSION
from engine.document import Document, Map, read_file
from engine.errors import nearest
from engine.language.text import kind_of
from engine.spec.connection import Connection
from engine.spec.declaration import Declarations
from engine.spec.names import CALL_MEMBERS, Names, Secrecy
from engine.spec.operation import Operation, Secrets
from engine.spec.reading import Model, Reading, spared, validate
from engine.spec.response import Response


class Connector(Model):
    """`connectors/<name>/connector.yaml`."""

    LATER: ClassVar[frozenset[str]] = frozenset({"inbound", "endpoints"})

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="Its name.", examples=["amocrm"])]
    version: str = Field(description="The connector's own version.", examples=["1.0.0"])
    engine: str = Field(description="The language version it needs.", examples=[">=1.0"])
    title: str = Field(description="The system's name, for people.", examples=["amoCRM / Kommo"])
    docs: str | None = Field(default=None, description="Where the vendor documents the interface.")
    settings: Declarations = Field(default_factory=Declarations, description="What a deployment fills in.")
    connection: Connection
    response: Annotated[Response | None, WrapValidator(spared)] = Field(
        default=None, description="Rules shared by all operations."
    )
    operations: Annotated[
        dict[str, Annotated[Operation, WrapValidator(spared)]],
        AfterValidator(lambda found: {name: one for name, one in found.items() if one is not None}),
    ] = Field(description="How we call the system.")

    @property
    def by_capability(self) -> dict[str, str]:
        """Capability → the operation that fulfils it; the first one written wins."""
        return {op.capability: name for name, op in reversed(self.operations.items()) if op.capability}

    def link(self, at: Reading) -> None:
        """Check what the parts of the file say of each other, and every name in every string."""
        self._link_version(at)
        settings = frozenset(self.settings)
        known: dict[str, frozenset[str] | None] = {"settings": settings, "now": None}
        names = Names(at, known)
        secrecy = self._secrecy()
        self.connection.link(
            names.shaped("call", CALL_MEMBERS).shaped("auth", ()), Names(at, {"settings": settings}, secrecy.in_url)
        )
        self._link_connection(at)
        if self.response is not None:
            self.response.link(Names(at, {"input": None}))
        for operation in self.operations.values():
            operation.link(names, secrecy)

    def _link_version(self, at: Reading) -> None:
        wanted = re.fullmatch(r">=(\d+)\.(\d+)", self.engine.replace(" ", ""))
        ours = tuple(int(part) for part in LANGUAGE_VERSION.split("."))
        if wanted is None:
            at.report(
                "engine-version",
                f"`{self.engine}` is no version range",
                f'write `engine: ">={LANGUAGE_VERSION}"`',
                self.place("engine"),
            )
        elif (int(wanted[1]), int(wanted[2])) > ours or int(wanted[1]) != ours[0]:
            message = f"the connector needs language {self.engine}, this engine speaks {LANGUAGE_VERSION}"
            at.report("engine-version", message, "use a newer engine, or an older connector", self.place("engine"))

    def _link_connection(self, at: Reading) -> None:
        connection, operations = self.connection, self._raw["operations"]
        if connection.verify is not None and connection.verify not in operations:
            message = f"there is no operation `{connection.verify}`"
            remedy = nearest(connection.verify, operations)
            at.report("unknown-operation", message, remedy, connection.place("verify"))
        for name in connection.auth.expose:
            if name not in self.settings:
                message = f"`settings` has no `{name}`"
                at.report("unknown-member", message, nearest(name, self.settings), connection.auth.place("expose"))

    def _secrecy(self) -> Secrets:
        secret = {name for name, declared in self.settings.items() if declared.type == "secret"}
        in_url = {name for name in secret if self.settings[name].in_url}
        exposed = set(self.connection.auth.expose)

        def rule(allowed: set[str], how: str) -> Secrecy:
            def why(name: str) -> str | None:
                if name in secret - allowed:
                    return how
                return "name one setting: `settings.…`" if not name and secret else None

            return why

        return Secrets(
            in_url=rule(in_url, "declare the setting with `in_url: true` if the vendor wants it in the address"),
            in_body=rule(exposed, "name it under `auth.expose` if the vendor wants it in the body"),
            nowhere=rule(set(), "secrets belong under `connection`"),
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """A connector and the hash of the text it came from."""

    connector: Connector
    content_hash: str
    document: Document


def load_connector(path: Path, shown: str | None = None) -> Loaded:
    """Read a connector file. Raises ConfigError with every problem found."""
    return connector_of(read_file(path, shown))


def connector_of(document: Document) -> Loaded:
    """The connector of a document. Raises ConfigError with every problem found."""
    at = Reading(document)
    root = document.root
    if not isinstance(root, Map):
        at.report(
            "wrong-type", f"a connector is a mapping, found {kind_of(root)}", "begin with `connector: name`", at.top
        )
        at.finish()
    connector = validate(Connector, root, at)
    if connector is not None:
        connector.link(at)
    at.finish()
    assert connector is not None  # noqa: S101 - finish() has raised otherwise
    digest = hashlib.sha256(document.text.encode()).hexdigest()
    return Loaded(connector, digest, document)
