"""Bodies of requests: of each kind its content type and its encoding."""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import ValidationInfo

from engine.errors import EvaluationError
from engine.language.bounds import measure
from engine.language.codec.charset import CHARSETS
from engine.language.codec.json import encode_json
from engine.language.codec.multipart import Part, encode_multipart
from engine.language.codec.places import header_value
from engine.language.codec.xml import encode_xml
from engine.language.template import Template
from engine.language.text import as_text, kind_of
from engine.spec.fields import Encoding, Headers, UnwritableError, WrittenPairs, WrittenTree, given, made
from engine.spec.reading import Model, about, one_of, reads, wrong
from engine.spec.strings import TemplateField
from engine.spec.tree import ABSENT, Node, Scope
from engine.spec.tree.nodes import evaluate

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes that a request may carry."""


@dataclass(frozen=True, slots=True)
class Body:
    """How a body is written: `key` of the request, its Content-Type, the format that is expected of the answer.

    `headers` are those that change from call to call, made of the scope and the body.
    """

    key: str = ""
    write: Callable[[Scope], bytes | None] = lambda _: None
    content_type: str = ""
    answer: str = "json"
    headers: Callable[[Scope, bytes | None], Headers] | None = None


def json_body(node: Node) -> Body:
    """JSON; null is sent."""

    def write(scope: Scope) -> bytes | None:
        value = node(scope)
        measure(value)
        return None if value is ABSENT else encode_json(value)

    return Body("json", write, "application/json")


def form_body(node: Node, encoding: Encoding) -> Body:
    """A form."""
    return Body("form", lambda scope: encoding.form(node(scope)), "application/x-www-form-urlencoded")


def xml_body(node: Node) -> Body:
    """A document of one root."""

    def write(scope: Scope) -> bytes | None:
        value = made(node, scope)
        return None if value is None else encode_xml(value)

    return Body("xml", write, "application/xml", "xml")


def text_body(template: Template) -> Body:
    """Plain text; null is no body."""

    def write(scope: Scope) -> bytes | None:
        value = evaluate(template, scope)
        try:
            return None if value is None else as_text(value).encode()
        except UnicodeEncodeError:
            raise EvaluationError("text with half of a surrogate pair cannot be sent") from None

    return Body("text", write, "text/plain; charset=utf-8")


def multipart_body(node: Node) -> Body:
    """Names with texts, lists of them, and files."""

    def headers(_: Scope, body: bytes | None) -> Headers:
        boundary = (body or b"").partition(b"\r\n")[0].decode().removeprefix("--").removesuffix("--")
        return (("Content-Type", f"multipart/form-data; boundary={boundary}"),)

    return Body("multipart", lambda scope: encode_multipart(_parts(made(node, scope))), headers=headers)


def _parts(values: Any) -> Iterator[Part]:
    for name, value in given(values):
        for one in value if isinstance(value, list) else (value,):
            try:
                if one is not None:
                    yield _file(name, one) if isinstance(one, dict) else Part(name, as_text(one).encode())
            except UnicodeEncodeError:
                raise UnwritableError(name, "text with half of a surrogate pair cannot be sent") from None
            except EvaluationError as error:
                raise UnwritableError(name, error.message) from None


_KINDS: Final = {"text": "text/plain; charset=utf-8", "base64": "application/octet-stream", "json": "application/json"}


def _file(name: str, file: dict[str, Any]) -> Part:
    (key, *more), odd = [key for key in _KINDS if key in file] or [""], file.keys() - _KINDS - {"filename", "type"}
    if not key or more or odd:
        raise EvaluationError("a part is `{filename, type}` with one of `text`, `base64`, `json`")
    held = file[key]
    try:
        content = encode_json(held) if key == "json" else as_text(held).encode()
        content = base64.b64decode(content, validate=True) if key == "base64" else content
    except binascii.Error:
        raise EvaluationError("what stands under `base64` is not base64") from None
    filename, kind = file.get("filename"), file.get("type")
    kind = header_value(as_text(kind)) if kind is not None else _KINDS[key]
    return Part(name, content, None if filename is None else as_text(filename), kind)


def _query(value: Any, _: ValidationInfo) -> str:
    if isinstance(value, str) and "{{" in value:
        raise wrong("constant-expected", "a GraphQL query is a constant", "declare `$name` in it and use `variables`")
    if not isinstance(value, str):
        raise wrong("wrong-type", f"expected a query, found {kind_of(value)}", "write the query as text")
    return str(value)


class GraphQL(Model):
    """A GraphQL request; what a client gives goes into the variables."""

    query: Annotated[str, reads(_query, {"type": "string"})] = about(
        "The query or mutation, without templates.", "query ($id: ID!) { user(id: $id) { name } }", default=...
    )
    variables: WrittenTree = about("Its variables.", {"id": "{{ input.id }}"})

    def body(self) -> Body:
        """The query and its variables as JSON."""

        def write(scope: Scope) -> bytes:
            values = made(self.variables, scope)
            more = {} if values is None else {"variables": values}
            return encode_json({"query": self.query, **more})

        return Body("graphql", write, "application/json")


class Soap(Model):
    """A SOAP envelope."""

    version: Literal["1.1", "1.2"] = about("The version of SOAP.", "1.2", default="1.1")
    action: TemplateField | None = about("What is asked, for the header that says so.", "urn:bank#FindClient")
    header: WrittenTree = about("What stands in the envelope's header.", {"b:Token": "{{ settings.token }}"})
    body: WrittenTree = about("What stands in its body.", {"b:Find": {"b:Phone": "{{ input.phone }}"}}, default=...)
    namespaces: WrittenPairs = about("Prefixes and their namespaces.", {"b": "urn:bank"})
    charset: Annotated[str, one_of("wrong-value", "charset", CHARSETS.split(", "))] = about(
        "The charset of what is sent.", "windows-1251", default="utf-8"
    )

    def written(self) -> Body:
        """The envelope, and the action where the version wants it."""
        media = "text/xml" if self.version == "1.1" else "application/soap+xml"
        return Body("soap", self._write, f"{media}; charset={self.charset}", f"soap {self.version}", self._headers)

    def _write(self, scope: Scope) -> bytes:
        spaces = {f"@xmlns:{name}" if name else "@xmlns": uri for name, uri in given(made(self.namespaces, scope))}
        envelope = spaces | {"@xmlns:soap": _SOAP_1_1 if self.version == "1.1" else _SOAP_1_2}
        for key, node in (("Header", self.header), ("Body", self.body)):
            content = made(node, scope)
            if content is not None and not isinstance(content, dict):
                raise UnwritableError(key.lower(), f"`{key.lower()}` holds elements, found {kind_of(content)}")
            if content is not None or key == "Body":
                envelope[f"soap:{key}"] = content
        if "@xmlns:soap" in spaces:
            raise UnwritableError("namespaces", "the prefix `soap` is the envelope's own")
        return encode_xml({"soap:Envelope": envelope}, self.charset)

    def _headers(self, scope: Scope, _: bytes | None) -> Headers:
        action = evaluate(self.action, scope) if self.action is not None else None
        text = header_value(as_text("" if action is None else action))
        if '"' in text or "\\" in text:
            raise UnwritableError("action", "an action holds a quote or a backslash")
        if self.version == "1.1":
            return (("SOAPAction", f'"{text}"'),)
        media = f"application/soap+xml; charset={self.charset}"
        return (("Content-Type", f'{media}; action="{text}"'),) if text else ()


_SOAP_1_1, _SOAP_1_2 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
