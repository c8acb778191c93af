"""The payloads of users and systems through the whole engine: the request that leaves keeps the shape of its YAML."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

import pytest

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.settings.clock import SystemClock, SystemIds
from engine.transport.wires import Kind
from tests.language.test_injection import PAYLOADS, PHONES, odata_read, quoted
from tests.runtime.bench import registry_of

REST = """
operations:
  path: {input: {v: string}, request: {method: GET, path: "/users/{{ input.v }}/calls", query: {a: 1}}}
  part: {input: {v: string}, request: {method: GET, path: "/users/id-{{ input.v }}.json"}}
  query: {input: {v: string}, request: {method: GET, path: /q, query: {a: 1, q: "{{ input.v }}", b: "<{{ input.v }}>"}}}
  name: {input: {v: string}, request: {method: GET, path: /q, query: {a: 1, "n-{{ input.v }}": 2}}}
  header: {input: {v: string}, request: {method: GET, path: /h, headers: {X-One: "1", X-Value: "{{ input.v }}"}}}
  json:
    input: {v: string}
    reads: true
    request:
      {method: POST, path: /j, json: {p: "{{ input.v }}", "k-{{ input.v }}": [{q: "<{{ input.v }}>"}], type: x}}
  form:
    input: {v: string}
    reads: true
    request: {method: POST, path: /f, form: {a: 1, "k-{{ input.v }}": "<{{ input.v }}>", v: "{{ input.v }}"}}
  brackets:
    input: {v: string}
    reads: true
    request:
      method: POST
      path: /f
      encoding: {space: plus, lists: brackets}
      query: {a: [1, {b: "{{ input.v }}"}]}
      form: {a: 1, "k-{{ input.v }}": ["{{ input.v }}"], v: "{{ input.v }}"}
  multipart:
    input: {v: string}
    reads: true
    request:
      method: POST
      path: /m
      multipart: {a: 1, "k-{{ input.v }}": "{{ input.v }}", f: {filename: "{{ input.v }}", text: "{{ input.v }}"}}
  xml:
    input: {v: string}
    reads: true
    request: {method: POST, path: /x, xml: {a: {"@b": "{{ input.v }}", c: "{{ input.v }}", d: ["<{{ input.v }}>", 1]}}}
  soap:
    input: {v: string}
    reads: true
    request:
      method: POST
      path: /x
      soap:
        charset: windows-1251
        header: {h: "{{ input.v }}"}
        body: {b: {"@k": "{{ input.v }}", "#text": "{{ input.v }}"}}
  action:
    input: {v: string}
    reads: true
    request: {method: POST, path: /x, soap: {action: "{{ input.v }}", body: {}}}
  graphql:
    input: {v: string}
    reads: true
    request: {method: POST, path: /g, graphql: {query: "query ($v: ID) { a(v: $v) }", variables: {v: "{{ input.v }}"}}}
  text: {input: {v: string}, reads: true, request: {method: POST, path: /t, text: "{{ input.v }}"}}
  listed: {input: {v: string}, request: {method: GET, path: [users, "{{ input.v }}", calls], query: {a: 1}}}
  soql: {input: {v: string}, request: {method: GET, path: /q, query: {q: "A = {{ input.v | soql }} AND B = 1"}}}
  odata: {input: {v: string}, request: {method: GET, path: /q, query: {$filter: "A eq {{ input.v | odata }} and B"}}}
  jql: {input: {v: string}, request: {method: GET, path: /q, query: {jql: "a ~ {{ input.v | jql }} ORDER BY b"}}}
  key: {input: {v: string}, request: {method: GET, path: "/A({{ input.v | odata }})/B"}}
  phone: {input: {v: phone}, request: {method: GET, path: /q, query: {q: "{{ input.v }}"}}}
  sort: {input: {v: {type: string, enum: [name, id]}}, request: {method: GET, path: /q, query: {sort: "{{ input.v }}"}}}
"""


SLASH = re.compile(r"[/\\]")
KINDS: tuple[Kind, ...] = ("aiohttp", "httpx2")


@dataclass(slots=True)
class Wiretap:
    """A system that keeps the very bytes of each request, and answers an empty object."""

    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    open: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", head)
                self.heard.append(head + await reader.readexactly(int(length[1]) if length else 0))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request read back from its bytes by the plainest means."""

    line: list[str]
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def path(self) -> str:
        return self.line[1].partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        return pairs(self.line[1].partition("?")[2])


def sent(raw: bytes) -> Sent:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert first.isascii()
    named = [line.partition(": ") for line in lines]
    return Sent(first.split(" "), [(name.lower(), value) for name, _, value in named], body)


def pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []


def path(found: Sent) -> str:
    before, users, value, calls = found.path.split("/")
    assert (before, users, calls, found.query) == ("", "users", "calls", [("a", "1")])
    assert value not in (".", "..")
    return unquote(value, errors="strict")


def part(found: Sent) -> str:
    before, users, value = found.path.split("/")
    assert (before, users, found.query) == ("", "users", [])
    return unquote(value, errors="strict").removeprefix("id-").removesuffix(".json")


def query(found: Sent) -> str:
    (a, q, b) = found.query
    assert (a, q[0], b) == (("a", "1"), "q", ("b", f"<{q[1]}>"))
    return q[1]


def name(found: Sent) -> str:
    (a, (key, two)) = found.query
    assert (a, key[:2], two) == (("a", "1"), "n-", "2")
    return key[2:]


def header(found: Sent) -> str:
    own = [(key, value) for key, value in found.headers if key.startswith("x-")]
    assert [key for key, _ in own] == ["x-one", "x-value"]
    return own[1][1]


def in_json(found: Sent) -> str:
    body = json.loads(found.body)
    value = body["p"]
    assert body == {"p": value, f"k-{value}": [{"q": f"<{value}>"}], "type": "x"}
    return str(value)


def form(found: Sent) -> str:
    a, k, v = pairs(found.body.decode("ascii"))
    assert (a, k, v[0]) == (("a", "1"), (f"k-{v[1]}", f"<{v[1]}>"), "v")
    return v[1]


def brackets(found: Sent) -> str:
    (a, b), (c, k, v) = found.query, pairs(found.body.decode("ascii"))
    assert (a, b[0], c, v[0]) == (("a[0]", "1"), "a[1][b]", ("a", "1"), "v")
    assert k == (f"k-{v[1]}[0]", v[1])
    assert b[1] == v[1]
    return v[1]


def multipart(found: Sent) -> str:
    kind = dict(found.headers)["content-type"]
    boundary = kind.partition("boundary=")[2].encode()
    first, a, k, f, last = (b"\r\n" + found.body).split(b"\r\n--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    assert a == b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'
    assert k.partition(b"\r\n\r\n")[0].count(b"\r\n") == 1
    (head, _, value), start = f.partition(b"\r\n\r\n"), b'\r\nContent-Disposition: form-data; name="f"; filename="'
    assert head.startswith(start)
    assert head.removeprefix(start).endswith(b'"\r\nContent-Type: text/plain; charset=utf-8')
    assert head.count(b'"') == 4
    return value.decode()


def xml(found: Sent) -> str:
    root = ET.fromstring(found.body)
    (b,), (c, d, one) = root.attrib.values(), root
    assert (root.tag, c.tag, d.tag, one.tag, one.text) == ("a", "c", "d", "d", "1")
    assert b == (c.text or "")
    assert d.text == f"<{b}>"
    return b


def soap(found: Sent) -> str:
    head, body = ET.fromstring(found.body)
    ((h,), (b,)) = head, body
    assert (h.tag, b.tag, b.attrib, b.text) == ("h", "b", {"k": h.text or ""}, h.text)
    return h.text or ""


def action(found: Sent) -> str:
    value = dict(found.headers)["soapaction"]
    assert (value[0], value[-1], value.count('"')) == ('"', '"', 2)
    return value[1:-1]


def graphql(found: Sent) -> str:
    body = json.loads(found.body)
    assert body == {"query": "query ($v: ID) { a(v: $v) }", "variables": body["variables"]}
    assert body["variables"].keys() == {"v"}
    return str(body["variables"]["v"])


def literal(key: str, before: str, after: str, read: Callable[[str, str], str]) -> Callable[[Sent], str]:
    def value(found: Sent) -> str:
        ((own, text),) = found.query
        assert own == key
        assert text.startswith(before)
        return read(text.removeprefix(before), after)

    return value


def odata_key(found: Sent) -> str:
    before, key, last = found.path.split("/")
    assert (before, last) == ("", "B")
    return odata_read(unquote(key, errors="strict").removeprefix("A("), ")")


def one(key: str) -> Callable[[Sent], str]:
    def value(found: Sent) -> str:
        ((own, text),) = found.query
        assert own == key
        return text

    return value


READERS: dict[str, Callable[[Sent], str]] = {
    "path": path,
    "part": part,
    "query": query,
    "name": name,
    "header": header,
    "json": in_json,
    "form": form,
    "brackets": brackets,
    "multipart": multipart,
    "xml": xml,
    "soap": soap,
    "action": action,
    "graphql": graphql,
    "text": lambda found: found.body.decode(),
    "listed": path,
    "soql": literal("q", "A = ", " AND B = 1", lambda text, rest: quoted(text, "'", rest)),
    "odata": literal("$filter", "A eq ", " and B", odata_read),
    "jql": literal("jql", "a ~ ", " ORDER BY b", lambda text, rest: quoted(text, '"', rest)),
    "key": odata_key,
}


@asynccontextmanager
async def tapped(folder: Path, wire: Kind = "aiohttp") -> AsyncIterator[tuple[Engine, Wiretap]]:
    tap = Wiretap()
    server = await asyncio.start_server(tap.accept, "127.0.0.1", 0, limit=1 << 20)
    async with server:
        tap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        engine = Engine(registry_of(folder, REST, tap.url), SystemClock(), SystemIds(), wire)
        try:
            yield engine, tap
        finally:
            await engine.close()
            await asyncio.gather(*tap.open)


async def heard(engine: Engine, tap: Wiretap, operation: str, value: Any) -> Sent | CallError:
    """The one request that a call sends, or why it sends none; that error does not quote the value."""
    tap.heard.clear()
    try:
        await engine.call(Call("p", f"crm.{operation}", {"v": value}))
    except CallError as error:
        refused = error
    else:
        (raw,) = tap.heard
        return sent(raw)
    assert tap.heard == []
    assert refused.code in ("invalid_input", "mapping_failed")
    assert len(value) < 5 or value not in str(refused)
    return refused


@pytest.mark.parametrize("wire", KINDS)
@pytest.mark.parametrize("operation", READERS)
async def test_a_payload_arrives_as_it_is_or_nothing_is_sent(tmp_path: Path, operation: str, wire: Kind) -> None:
    refused = 0
    async with tapped(tmp_path, wire) as (engine, tap):
        plain = await heard(engine, tap, operation, "plain")
        assert isinstance(plain, Sent)
        for value in PAYLOADS:
            found = await heard(engine, tap, operation, value)
            if isinstance(found, Sent):
                assert not (operation in ("path", "key") and SLASH.search(value))
                assert READERS[operation](found) == (value.strip(" \t") if operation in ("header", "action") else value)
                assert found.line[0] == plain.line[0]
                assert len(found.line) == 3
                assert [key for key, _ in found.headers] == [key for key, _ in plain.headers]
            else:
                refused += 1
    assert refused < len(PAYLOADS) / 3


async def test_a_phone_is_sent_as_a_number_or_not_at_all(tmp_path: Path) -> None:
    async with tapped(tmp_path) as (engine, tap):
        for value in PHONES:
            found = await heard(engine, tap, "phone", value)
            if isinstance(found, Sent):
                assert re.fullmatch(r"\+[1-9]\d{6,14}", one("q")(found))


async def test_a_name_that_the_caller_chooses_is_one_of_the_list(tmp_path: Path) -> None:
    async with tapped(tmp_path) as (engine, tap):
        for value in PAYLOADS:
            assert isinstance(await heard(engine, tap, "sort", value), CallError)
        found = await heard(engine, tap, "sort", "name")
        assert isinstance(found, Sent)
        assert one("sort")(found) == "name"
