"""What is sent: a request of the file, planned once for a connection, rendered for every call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ConfigDict

from engine.document import Map
from engine.errors import CallError, EvaluationError
from engine.language.text import as_text
from engine.spec.address import followed
from engine.spec.body import MAX_BODY, Body, GraphQL, Soap, form_body, json_body, multipart_body, text_body, xml_body
from engine.spec.fields import Encoding, Headers, WrittenPairs, WrittenTree, constant, header_fields, link_headers
from engine.spec.names import Names
from engine.spec.path import PathField
from engine.spec.reading import Model, about
from engine.spec.strings import TemplateField
from engine.spec.tree import Node, Scope
from engine.spec.tree.nodes import Const, evaluate
from engine.spec.trip import Rendered


@dataclass(frozen=True, slots=True)
class Base:
    """What a connection gives every request: the address without a final slash, and headers.

    `late` headers and an `address` that a login brought are made for every call.
    """

    url: str
    headers: Headers = ()
    late: Callable[[Scope], Headers] | None = None
    address: Callable[[Scope], str] | None = None


BODIES: Final = ("json", "form", "multipart", "xml", "soap", "graphql", "text")
ACCEPT: Final = {
    "json": "application/json",
    "xml": "application/xml, text/xml",
    "soap": "text/xml, application/soap+xml",
    "soap 1.1": "text/xml",
    "soap 1.2": "application/soap+xml",
    "csv": "text/csv, */*;q=0.5",
    "text": "text/plain, */*;q=0.5",
}
"""What is said of the answer's format, unless the file says so itself."""


class Request(Model):
    """One HTTP request. At most one body."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["path"]}, {"required": ["url"]}]})

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = about("The HTTP method.", "GET", default=...)
    path: PathField | None = about("Where, below `base_url`.", "/api/v4/contacts/{{ input.client_key }}")
    url: TemplateField | None = about("An address of an answer, of the same host.", "{{ input.link }}")
    query: WrittenPairs = about("Parameters; a null drops its key, a list repeats it.", {"limit": 50})
    headers: WrittenPairs = about("Headers; a null drops its key.", {"X-Request-Id": "{{ call.request_id }}"})
    encoding: Encoding = about("Of query and form.", {"lists": "comma"}, default_factory=Encoding.model_construct)
    json_: WrittenTree = about("A JSON body.", {"phone": "{{ input.phone }}"}, alias="json")
    form: WrittenPairs = about("A form body; a null drops its key, a list repeats it.", {"phone": "{{ input.phone }}"})
    multipart: WrittenPairs = about(
        "A multipart form: texts, lists of them, files (`{filename, type}` with `text`, `base64` or `json`).",
        {"scan": {"filename": "a.pdf", "type": "application/pdf", "base64": "{{ input.scan }}"}},
    )
    xml: WrittenTree = about("An XML body: one root.", {"find": {"@type": "phone", "#text": "{{ input.phone }}"}})
    soap: Soap | None = about("A SOAP envelope.", {"body": {"Find": {"phone": "{{ input.phone }}"}}})
    graphql: GraphQL | None = about("A GraphQL request.", {"query": "query { me { name } }"})
    text: TemplateField | None = about("A body of plain text.", "{{ input.text }}")

    def link(self, names: Names) -> None:
        """Check every name; path and query, headers, and bodies have rules of their own for secrets."""
        names.inside("url").check([self.path, self.url, self.query])
        names.plus(attempt=["id"]).check(self.headers)
        bodies = self.json_, self.form, self.multipart, self.xml, self.soap, self.graphql, self.text
        names.inside("body").check(bodies)
        self.choose(BODIES, "keep one body")
        if not self.choose(("path", "url"), "keep one of them"):
            self.report("missing-key", "`path` is missing", "add `path:`, or `url:` with an address of an answer")
        link_headers(self.headers, self._raw.get("headers"), self._at)
        for key, write, node in (
            ("query", self.encoding.query, self.query),
            ("form", self.encoding.form, self.form),
            ("multipart", lambda values: multipart_body(Const(values)).write({}), self.multipart),
        ):
            try:
                write(constant(node))
            except EvaluationError as error:
                fault = self.fault(key, error)
                self.report("wrong-value", fault.detail, "write a text, a number or a list", fault.place or key)

    def plan(self, base: Base, idempotent: bool, answer: str = "auto") -> "Press":
        """Prepare what does not change from call to call; `answer` is the format that the answer is read as."""
        body = self.body()
        accept = ACCEPT[body.answer if answer == "auto" else answer]
        usual = (("Accept", accept), *([("Content-Type", body.content_type)] if body.content_type else []))
        query = self.encoding.query(constant(self.query))
        headers = all_headers((*usual, *base.headers), constant(self.headers))
        return Press(self, base, body, usual, query, _varying(self.query), headers, _varying(self.headers), idempotent)

    def body(self) -> Body:
        """How its body is written."""
        if self.json_ is not None:
            return json_body(self.json_)
        if self.form is not None:
            return form_body(self.form, self.encoding)
        if self.soap is not None:
            return self.soap.written()
        if self.graphql is not None:
            return self.graphql.body()
        if self.text is not None:
            return text_body(self.text)
        if self.multipart is not None:
            return multipart_body(self.multipart)
        return xml_body(self.xml) if self.xml is not None else Body()

    def fault(self, part: str, error: EvaluationError) -> CallError:
        """What could not be written, with its line."""
        written, name = self._raw.get(part), getattr(error, "name", "")  # UnwritableError has one
        if isinstance(written, Map) and name in written:
            return CallError("mapping_failed", f"`{part}.{name}`: {error.message}", place=written.value_span(name))
        return CallError("mapping_failed", f"`{part}`: {error.message}", place=self.place(part))


def _followed(request: Request, link: Any, scope: Scope, base: str) -> str:
    try:
        return followed(as_text(evaluate(link, scope)), f"{base}/")
    except EvaluationError as error:
        raise request.fault("url", error) from None
    except CallError as error:
        error.place = error.place or request.place("url")
        raise


def all_headers(usual: Headers, own: Any) -> Headers:
    """The usual ones and the request's own: a later one of the same name wins."""
    return tuple(({name.lower(): (name, value) for name, value in usual} | header_fields(own)).values())


@dataclass(frozen=True, slots=True)
class Press:
    """Room 3: a scope becomes a Rendered. What is constant is encoded already; the rest are nodes."""

    request: Request
    base: Base
    body: Body
    usual: Headers
    fixed_query: str
    query: Node | None
    fixed_headers: Headers
    headers: Node | None
    idempotent: bool

    def render(self, scope: Scope, address: str = "") -> Rendered:
        """Raises CallError: `mapping_failed` with the place of the YAML, `invalid_input` where only input was asked.

        An `address`, which has been checked, stands in place of path, url and query.
        """
        request, part = self.request, "query"
        try:
            query = self.fixed_query
            if self.query is not None and not address:
                query = request.encoding.query(self.query(scope))
            part = self.body.key
            body = self.body.write(scope)
            if body is not None and len(body) > MAX_BODY:
                raise EvaluationError(f"the body is larger than {MAX_BODY:,} bytes")
            part = "headers"
            headers = self._headers(scope, body)
        except EvaluationError as error:
            raise request.fault(part, error) from None
        url = address or self._url(scope, query)
        return Rendered(request.method, url, headers, body, self.idempotent)

    def _url(self, scope: Scope, query: str) -> str:
        base = self.base.url if self.base.address is None else self.base.address(scope)
        path, link = self.request.path, self.request.url
        url = base + path.render(scope) if path is not None else _followed(self.request, link, scope, base)
        return f"{url}{'&' if '?' in url else '?'}{query}" if query else url

    def _headers(self, scope: Scope, body: bytes | None) -> Headers:
        values = constant(self.request.headers) if self.headers is None else self.headers(scope)
        if self.base.late is not None or self.body.headers is not None:
            base = self.base.headers if self.base.late is None else self.base.late(scope)
            made = self.body.headers(scope, body) if self.body.headers is not None else ()
            return all_headers((*self.usual, *base, *made), values)
        if self.headers is None:
            return self.fixed_headers
        return all_headers(self.fixed_headers, values)


def _varying(node: Node | None) -> Node | None:
    return None if isinstance(node, Const) else node
