"""What is sent: a request of the file, planned once for a connection, rendered for every call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationInfo

from engine.document import Map
from engine.errors import CallError, EvaluationError
from engine.language.codec import encode_form, encode_json, encode_query, header_name, header_value
from engine.language.text import as_text, kind_of
from engine.spec.names import Names
from engine.spec.path import Path, PathField
from engine.spec.reading import Model, Reading, about, reading, reads, wrong
from engine.spec.tree import Node, Scope, write_tree
from engine.spec.tree.nodes import ABSENT, Const, WrittenObject
from engine.spec.trip import Rendered

Pairs = list[tuple[str, str]]
Headers = tuple[tuple[str, str], ...]

_TREE_SCHEMA: Final = {"format": "tree"}


def _mapping(value: Any, info: ValidationInfo) -> Node:
    node = write_tree(value, reading(info)) if isinstance(value, dict) else Const(value)
    if isinstance(node, Const) and not isinstance(node.value, dict):
        message = f"expected names and values, found {kind_of(value)}"
        raise wrong("wrong-type", message, f"write `{info.field_name}: {{name: value}}`")
    return node


WrittenTree = Annotated[Any, reads(lambda value, info: write_tree(value, reading(info)), _TREE_SCHEMA)]
WrittenPairs = Annotated[Any, reads(_mapping, {**_TREE_SCHEMA, "type": "object"})]


def header_fields(values: Any) -> dict[str, tuple[str, str]]:
    """Headers by their lower-case name; a null drops its key. Raises EvaluationError for what no header can be."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in _given(values):
        if name.lower() in found:
            raise UnwritableError(name, "two headers have one name")
        if value is not None:
            found[name.lower()] = _field(name, value)
    return found


def link_headers(node: Node | None, written: Any, at: Reading) -> None:
    """Report names and constant values that no header can have."""
    seen: set[str] = set()
    for key, (name, value) in zip(written or (), _known(node), strict=False):
        try:
            if name.lower() in seen:
                raise EvaluationError("two headers have one name")
            _field(name or "X", "" if value is None else value)
        except EvaluationError as error:
            at.report("wrong-value", error.message, "write `Name: value`", written.key_span(key))
        seen |= {name.lower()} - {""}


@dataclass(frozen=True, slots=True)
class Base:
    """What a connection gives every request: the address without a final slash, and headers.

    `late` headers and an `address` that a login brought are made for every call.
    """

    url: str
    headers: Headers = ()
    late: Callable[[Scope], Headers] | None = None
    address: Callable[[Scope], str] | None = None


class Request(Model, later="url encoding multipart xml soap graphql text"):
    """One HTTP request. At most one body."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = about("The HTTP method.", "GET", default=...)
    path: PathField = Field(examples=["/api/v4/contacts/{{ input.client_key }}"])
    query: WrittenPairs = about("Parameters; a null drops its key, a list repeats it.", {"limit": 50})
    headers: WrittenPairs = about("Headers; a null drops its key.", {"X-Request-Id": "{{ call.request_id }}"})
    json_: WrittenTree = about("A JSON body.", {"phone": "{{ input.phone }}"}, alias="json")
    form: WrittenPairs = about("A form body; a null drops its key, a list repeats it.", {"phone": "{{ input.phone }}"})

    def link(self, names: Names) -> None:
        """Check every name; path and query, headers, and bodies have rules of their own for secrets."""
        names.inside("url").check([self.path, self.query])
        names.plus(attempt=["id"]).check(self.headers)
        names.inside("body").check([self.json_, self.form])
        if self.has("json") and self.has("form"):
            self.report("one-of", "`json` and `form` stand together", "keep one body", "form")
        link_headers(self.headers, self._raw.get("headers"), self._at)
        for key, node in (("query", self.query), ("form", self.form)):
            try:
                pairs(_constant(node))
            except EvaluationError as error:
                fault = self.fault(key, error)
                self.report("wrong-value", fault.detail, "write a text, a number or a list", fault.place or key)

    def plan(self, base: Base, idempotent: bool) -> "Press":
        """Prepare what does not change from call to call."""
        query = encode_query(pairs(_constant(self.query)))
        headers = self.all_headers(base.headers, _constant(self.headers))
        varying = _varying(self.query), _varying(self.headers)
        return Press(self.method, base, self.path, query, varying[0], headers, varying[1], self, idempotent)

    def body(self, scope: Scope) -> bytes | None:
        """The encoded body."""
        if self.json_ is not None:
            value = self.json_(scope)
            return None if value is ABSENT else encode_json(value)
        return encode_form(pairs(self.form(scope))) if self.form is not None else None

    def all_headers(self, base: Headers, own: Any) -> Headers:
        """The usual ones, the connection's, the request's: a later one of the same name wins."""
        content = "application/json" if self.json_ is not None else "application/x-www-form-urlencoded"
        found = {"accept": ("Accept", "application/json")}
        if self.json_ is not None or self.form is not None:
            found["content-type"] = ("Content-Type", content)
        found.update({name.lower(): (name, value) for name, value in base})
        return tuple((found | header_fields(own)).values())

    def fault(self, part: str, error: EvaluationError) -> CallError:
        """What could not be written, with its line."""
        written, name = self._raw.get(part), error.name if isinstance(error, UnwritableError) else ""
        if isinstance(written, Map) and name in written:
            return CallError("mapping_failed", f"`{part}.{name}`: {error.message}", place=written.value_span(name))
        return CallError("mapping_failed", f"`{part}`: {error.message}", place=self.place(part))


@dataclass(frozen=True, slots=True)
class Press:
    """Room 3: a scope becomes a Rendered. What is constant is encoded already; the rest are nodes."""

    method: str
    base: Base
    path: Path
    fixed_query: str
    query: Node | None
    fixed_headers: tuple[tuple[str, str], ...]
    headers: Node | None
    request: Request
    idempotent: bool

    def render(self, scope: Scope, address: str = "") -> Rendered:
        """To an `address` that is known, or to that of the file.

        Raises CallError: `mapping_failed` with the place of the YAML, `invalid_input` where only input was asked.
        """
        part = "query"
        try:
            query = self.fixed_query if self.query is None else encode_query(pairs(self.query(scope)))
            part = "headers"
            headers = self.headers_for(scope)
            part = "form" if self.request.json_ is None else "json"
            body = self.request.body(scope)
        except EvaluationError as error:
            raise self.request.fault(part, error) from None
        if address:
            return Rendered(self.method, address, headers, body, self.idempotent)
        base = self.base.url if self.base.address is None else self.base.address(scope)
        url = base + self.path.render(scope)
        return Rendered(self.method, f"{url}?{query}" if query else url, headers, body, self.idempotent)

    def headers_for(self, scope: Scope) -> Headers:
        """The headers alone, for another attempt. Raises EvaluationError."""
        values = _constant(self.request.headers) if self.headers is None else self.headers(scope)
        if self.base.late is not None:
            return self.request.all_headers(self.base.late(scope), values)
        if self.headers is None:
            return self.fixed_headers
        own = header_fields(values)
        return (*(pair for pair in self.fixed_headers if pair[0].lower() not in own), *own.values())


def _varying(node: Node | None) -> Node | None:
    return None if isinstance(node, Const) else node


def _constant(node: Node | None) -> dict[str, Any]:
    return node.value if isinstance(node, Const) else {}


def _known(node: Node | None) -> Iterable[tuple[str, Any]]:
    """The names and values of headers that are the same in every call, "" and None for those that are not."""
    if isinstance(node, WrittenObject):
        members = node.members
        return [(k if isinstance(k := m.key, str) else "", getattr(m.node, "value", None)) for m in members]
    return _constant(node).items()


def _field(name: str, value: Any) -> tuple[str, str]:
    try:
        return header_name(name), header_value(as_text(value))
    except EvaluationError as error:
        raise UnwritableError(name, error.message) from None


def pairs(values: Any) -> Pairs:
    """Names and texts; a list repeats its name. Raises EvaluationError for what no parameter can be."""
    found: Pairs = []
    for name, value in _given(values):
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, dict | list):
                raise UnwritableError(name, f"{kind_of(one)} cannot stand here; write it as text: `| to_json`")
            if one is not None:
                found.append((name, as_text(one)))
    return found


def _given(values: Any) -> Iterable[tuple[str, Any]]:
    """The members of names and values; nothing where a `when` does not hold."""
    if values is None or values is ABSENT:
        return ()
    if not isinstance(values, dict):
        raise EvaluationError(f"names and values are needed, found {kind_of(values)}")
    return values.items()


class UnwritableError(EvaluationError):
    """A value that the parameter or header of this name cannot have."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
