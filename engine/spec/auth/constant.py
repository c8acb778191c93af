"""The kinds of auth that add the same to every request: a key, a password, a token."""

import base64
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from engine.document import Map, Seq
from engine.errors import EvaluationError
from engine.language.codec.form import encode_query
from engine.language.codec.places import header_name, header_value, segment
from engine.language.template import compile_template
from engine.spec.auth.signature import Signature, written
from engine.spec.names import Names
from engine.spec.reading import Model, about
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope


class Kind(Model):
    """What every kind of auth has."""

    @property
    def captures(self) -> frozenset[str] | None:
        """The members of `auth` that it brings; None where they are not known."""
        return frozenset()

    @property
    def in_path(self) -> bool:
        """Whether a part of it stands in the path of every request."""
        return False

    expose: list[str] = about("Secrets that may stand in request bodies.", ["password"], default=[])


class NoAuth(Kind):
    """No authentication."""

    type: Literal["none"] = about("No signature.", default=...)

    def prepare(self, scope: Scope) -> Signature:
        """Nothing is added."""
        return Signature()


class Place(Model):
    """Where a value goes in every request."""

    in_: Literal["header", "query", "cookie", "path"] = about(
        "Where; `path`: the first segment.", default=..., alias="in"
    )
    name: str = about("Of the header, parameter or cookie.", "X-Api-Key", default="")
    value: TemplateField = about("What is sent.", "{{ settings.api_key }}", default=...)

    def link(self, names: Names) -> None:
        """Check the names in the template, and the place's own name."""
        names.check(self.value)
        if self.in_ == "path":
            return
        if not self.name:
            self.report("missing-key", "`name` is missing", f"say what the {self.in_} is called")
        elif self.in_ != "query":
            try:
                header_name(self.name)
            except EvaluationError as error:
                self.report("wrong-value", error.message, "write it as `X-Api-Key`", "name")

    def prepare(self, scope: Scope) -> Signature:
        """The value in its place. Raises EvaluationError for what cannot stand there."""
        value = written(self.value, scope)
        if self.in_ == "query":
            return Signature(query=encode_query([(self.name, value)]))
        if self.in_ == "path":
            return Signature(segment="/" + segment(value))
        if self.in_ == "cookie":
            if ";" in value:
                raise EvaluationError("a header value for a cookie holds `;`, which ends it: encode it, `| url`")
            return Signature(cookies=(f"{self.name}={header_value(value)}",))
        return Signature(headers=((self.name, header_value(value)),))


Places = Annotated[
    Annotated[Place, Tag("<one>")] | Annotated[list[Place], Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<one>"),
]
"""One place, or a list of them."""


def places_of(written: Place | list[Place]) -> list[Place]:
    """What `Places` holds, as a list."""
    return written if isinstance(written, list) else [written]


def header(name: str, value: str) -> Place:
    """A place that the language itself chooses."""
    return Place.model_construct(in_="header", name=name, value=compile_template(value))


class ApiKey(Place, Kind):
    """A constant key in a header, the query, a cookie or the first segment of the path."""

    type: Literal["api_key"] = about("A constant key.", default=...)

    @property
    def in_path(self) -> bool:
        return self.in_ == "path"

    def link(self, names: Names) -> None:
        """A key in the path is part of the address, which only settings make."""
        super().link(names.only("settings") if self.in_ == "path" else names)


class Basic(Kind):
    """User name and password in the Authorization header (RFC 7617, UTF-8)."""

    type: Literal["basic"] = about("User name and password (RFC 7617).", default=...)
    username: TemplateField = about("Without a colon.", "{{ settings.username }}", default=...)
    password: TemplateField = about("A setting of type secret.", "{{ settings.password }}", default=...)

    def prepare(self, scope: Scope) -> Signature:
        """One Authorization header."""
        username = written(self.username, scope)
        if ":" in username:
            raise EvaluationError("a user name of `basic` holds a colon")
        return Signature(headers=(basic(username, written(self.password, scope)),))


def basic(username: str, password: str) -> tuple[str, str]:
    """The Authorization header of RFC 7617."""
    return "Authorization", "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Bearer(Kind):
    """A constant token in the Authorization header (RFC 6750)."""

    type: Literal["bearer"] = about("A constant token (RFC 6750).", default=...)
    token: TemplateField = about("A setting of type secret.", "{{ settings.access_token }}", default=...)

    def prepare(self, scope: Scope) -> Signature:
        """One Authorization header."""
        return Signature(headers=(("Authorization", "Bearer " + header_value(written(self.token, scope))),))


class _Unknown(NoAuth):
    @property
    def captures(self) -> None:
        return None


def no_auth() -> NoAuth:
    """What is meant where nothing is said."""
    return NoAuth.model_construct(type="none")


def unknown_auth(raw: Any = None) -> NoAuth:
    """What stands for an auth that cannot be read: what it captures and exposes is not held against anybody."""
    parts = [raw, *raw.values()] if isinstance(raw, Map) else []
    lists = [found for part in parts if isinstance(part, Map) and isinstance(found := part.get("expose"), Seq)]
    return _Unknown.model_construct(type="none", expose=[name for found in lists for name in found])
