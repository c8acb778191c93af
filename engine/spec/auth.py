"""How a request is signed: the auth kinds, each one a model that prepares its own signer."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from engine.document import Map, Seq
from engine.errors import EvaluationError
from engine.language.codec import encode_query, header_name, header_value, segment
from engine.spec.names import Names
from engine.spec.reading import LATER, Model, about, reading
from engine.spec.strings import TemplateField
from engine.spec.trip import Rendered

Render = Callable[[Any], str]
"""A template of the connection → its text, with the settings (and their secrets) filled in."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What signing adds to every request; prepared once where only settings are asked."""

    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    segment: str = ""
    taken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        taken = frozenset(name.lower() for name, _ in self.headers)
        object.__setattr__(self, "taken", taken - {"cookie"})

    def sign(self, rendered: Rendered) -> Rendered:
        """The request as it goes out; a header of the same name gives way."""
        url = rendered.url
        if self.query:
            url = f"{url}{'&' if '?' in url else '?'}{self.query}"
        headers = (*[pair for pair in rendered.headers if pair[0].lower() not in self.taken], *self.headers)
        return Rendered(rendered.method, url, headers, rendered.body, rendered.idempotent)


class _Auth(Model):
    coming: ClassVar[bool] = False
    """It stands for a kind that a later version brings: what that captures is not known."""

    expose: list[str] = about("Secrets that may stand in request bodies.", ["password"], default=[])


class NoAuth(_Auth):
    """No authentication."""

    type: Literal["none"] = about("No signature.", default=...)

    def prepare(self, render: Render) -> Signature:
        """Nothing is added."""
        return Signature()


class ApiKey(_Auth):
    """A constant key in a header, the query, a cookie or the first segment of the path."""

    type: Literal["api_key"] = about("A constant key.", default=...)
    in_: Literal["header", "query", "cookie", "path"] = about(
        "Where the key goes; `path`: the first segment.", default=..., alias="in"
    )
    name: str = about("Of the header, parameter or cookie.", "X-Api-Key", default="")
    value: TemplateField = about("The key.", "{{ settings.api_key }}", default=...)

    def link(self, names: Names) -> None:
        """Check the names in the template, and the key's own name."""
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

    def prepare(self, render: Render) -> Signature:
        """The key in its place."""
        value = render(self.value)
        if self.in_ == "query":
            return Signature(query=encode_query([(self.name, value)]))
        if self.in_ == "path":
            return Signature(segment="/" + segment(value))
        if self.in_ == "cookie":
            if ";" in value:
                raise EvaluationError("a header value for a cookie holds `;`, which ends it: encode it, `| url`")
            return Signature(headers=(("Cookie", f"{self.name}={header_value(value)}"),))
        return Signature(headers=((self.name, header_value(value)),))


class Basic(_Auth):
    """User name and password in the Authorization header (RFC 7617, UTF-8)."""

    type: Literal["basic"] = about("User name and password (RFC 7617).", default=...)
    username: TemplateField = about("Without a colon.", "{{ settings.username }}", default=...)
    password: TemplateField = about("A setting of type secret.", "{{ settings.password }}", default=...)

    def prepare(self, render: Render) -> Signature:
        """One Authorization header."""
        username = render(self.username)
        if ":" in username:
            raise EvaluationError("a user name of `basic` holds a colon")
        pair = f"{username}:{render(self.password)}".encode()
        return Signature(headers=(("Authorization", "Basic " + base64.b64encode(pair).decode()),))


class Bearer(_Auth):
    """A constant token in the Authorization header (RFC 6750)."""

    type: Literal["bearer"] = about("A constant token (RFC 6750).", default=...)
    token: TemplateField = about("A setting of type secret.", "{{ settings.access_token }}", default=...)

    def prepare(self, render: Render) -> Signature:
        """One Authorization header."""
        return Signature(headers=(("Authorization", "Bearer " + header_value(render(self.token))),))


LATER_KINDS: Final = frozenset({"oauth1", "oauth2", "login", "hmac", "http_signature"})


def no_auth() -> NoAuth:
    """What is meant where nothing is said."""
    return NoAuth.model_construct(type="none")


class _Coming(NoAuth):
    coming = True


def coming_auth(written: Map) -> NoAuth:
    """What stands for an auth that is not known (yet)."""
    exposed = written.get("expose")
    return _Coming.model_construct(type="none", expose=list(exposed) if isinstance(exposed, Seq) else [])


def _refuse_later(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    kind = value.get("type") if isinstance(value, Map) else ""
    if kind in LATER_KINDS:
        remedy = "use `none`, `api_key`, `basic` or `bearer` for now"
        reading(info).report("not-yet", f"auth of type `{kind}`: {LATER}", remedy, value.value_span("type"))
        return coming_auth(value)
    if kind is None and value and all(isinstance(v, Map) for v in value.values()):
        reading(info).report("not-yet", f"several named credentials: {LATER}", "keep one credential", value.span())
        return coming_auth(value)
    return handler(value)


Auth = Annotated[Annotated[NoAuth | ApiKey | Basic | Bearer, Field(discriminator="type")], WrapValidator(_refuse_later)]
