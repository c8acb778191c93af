"""Whatever comes to an endpoint is answered as what it is: never by 5xx, never unlike HTTP, counted by its name."""

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.service.server import Service
from engine.settings.environment import Environment
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
from tests.runtime.town import BANK, town
from tests.service.test_endpoints import SENT, street

KEYED = "{type: api_key, in: header, name: X-Key, value: k3y}"
IN_QUERY = "{type: api_key, in: query, name: key, value: k3y}"
SAYS = "{when: error, status: 200, body: {at: %s, id: '{{ input.id }}'}}"
OF_REQUEST = """\
inbound: {auth: {type: none}}
endpoints:
  whole: {method: POST, path: /whole, call: user, read: request.body, reply: {body: {ok: true}}}
  named: {method: POST, path: /named, call: identity, read: request.body, reply: {body: {ok: true}}}
  maybe:
    method: POST
    path: /maybe
    call: user
    read: {when: request.body.id, as: {id: request.body.id}}
    reply: {body: {ok: true}}
  first: {method: GET, path: /one, call: user, read: {id: {const: "1"}}, reply: [{when: error, status: 418}, {}]}
  second: {method: PUT, path: /one, call: user, read: {id: {const: "1"}}, reply: {}}
  status:
    method: POST
    path: /status
    call: user
    read: {id: {const: "1"}}
    reply: {when: error, status: "{{ 204 }}", body: {a: 1}}
  framed:
    method: POST
    path: /framed
    call: user
    read: {id: {const: "1"}}
    reply: {when: error, headers: {"{{ 'Transfer-' ~ 'Encoding' }}": chunked}, body: {a: 1}}
  bare: {method: POST, path: /bare, call: user, read: {id: {const: "1"}}, reply: {when: error, status: 204}}
"""


OVERLAPPING = OF_REQUEST[: OF_REQUEST.index("  whole:")] + "".join(
    f"  {name}: {{method: {method}, path: '{path}', call: user, {more}read: {{id: {read}}}, reply: {SAYS % name}}}\n"
    for name, method, path, read, more in (
        ("get", "GET", "/c/{id}", "request.path.id", ""),
        ("post", "POST", "/c/{key}", "request.path.key", ""),
        ("me", "GET", "/c/me", "{const: I}", ""),
        ("put", "PUT", "/c/{id}/", "request.path.id", "accepts: {trailing_slash: exact}, "),
        ("any", "DELETE", "/c/{one}", "request.path.one", "accepts: {trailing_slash: any}, "),
        ("two", "GET", "/c/{one}/{other}", "request.path.other", ""),
        ("half", "GET", "/c/me/{other}", "request.path.other", ""),
        ("deep", "GET", "/c/{one}/x/y", "request.path.one", ""),
    )
)


@asynccontextmanager
async def serving(folder: Path, endpoints: str = OF_REQUEST) -> AsyncIterator[tuple[str, ClientSession, Metrics]]:
    """Endpoints of which each reads or answers in a way of its own; `user` is not known to the system."""
    async with town(folder, "capabilities: {identity: a}\n", a=BANK + endpoints) as found, ClientSession() as http:
        metrics = Metrics("test")
        service = Service(found.engine, Environment(port=0, drain=0, grace=5), Mask(), metrics)
        try:
            yield await service.start() + "/in/p/a", http, metrics
        finally:
            hurry = asyncio.Event()
            hurry.set()
            await service.stop(hurry)


async def exchanged(address: str, data: bytes) -> bytes:
    """What comes back for these bytes until the service hangs up."""
    host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def posted(
    path: str, body: bytes = b"{}", *lines: bytes, kind: bytes = b"application/json", close: bool = True
) -> bytes:
    more = [*lines, b"Content-Type: " + kind, b"Content-Length: %d" % len(body)]
    head = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: x", *more, *([b"Connection: close"] if close else [])]
    return b"\r\n".join([*head, b"", body])


@pytest.mark.parametrize("path", ["whole", "named", "maybe"])
@pytest.mark.parametrize("body", [[1], [["id", "1"]], "x", 5, True, None, {}, {"id": [1]}, {"value": {}}])
async def test_what_is_no_input_is_a_mistake_of_the_caller(tmp_path: Path, path: str, body: Any) -> None:
    async with serving(tmp_path) as (address, http, _), http.post(f"{address}/{path}", json=body) as reply:
        assert (reply.status, (await reply.json())["code"]) == (400, "invalid_input")


async def test_a_read_that_yields_nothing_is_an_empty_input(tmp_path: Path) -> None:
    async with serving(tmp_path) as (address, http, _), http.post(f"{address}/maybe", json={}) as reply:
        assert (await reply.json())["detail"] == "`/id`: is missing"


@pytest.mark.parametrize("auth", [KEYED, IN_QUERY])
async def test_a_thousand_parameters_are_a_wrong_key_or_a_wrong_input(tmp_path: Path, auth: str) -> None:
    query = "&".join(["a=1"] * 1001)
    async with street(tmp_path, auth=auth) as at:
        async with at.ask("POST", f"/in/p/a/search?{query}", json=SENT) as reply:
            assert reply.status == 401
        async with at.ask("POST", f"/in/p/a/search?{query}&key=k3y", json=SENT, headers={"X-Key": "k3y"}) as reply:
            assert reply.status == (400 if auth is KEYED else 401)


@pytest.mark.parametrize("place", ["header, name: X-Key", "query, name: key", "cookie, name: key"])
async def test_who_shows_nothing_has_no_empty_key(tmp_path: Path, place: str) -> None:
    async with street(tmp_path, auth=f"{{type: api_key, in: {place}, value: ''}}") as at:
        for more in ({}, {"headers": {"X-Key": "", "Cookie": "key="}, "params": {"key": ""}}):
            async with at.ask("POST", "/in/p/a/search", json=SENT, **more) as reply:
                assert reply.status == 401


@pytest.mark.parametrize("stamp", ["9" * 20, "9" * 15, "1e5", "nan", "2026-12-01T00:00:00", "-5", ".", "1." + "0" * 18])
async def test_a_time_that_is_none_is_refused(tmp_path: Path, stamp: str) -> None:
    async with street(tmp_path, auth=signed("header, name: X-Signature")) as at:
        headers = {"X-Time": stamp, "X-Signature": "a"}
        async with at.ask("POST", "/in/p/a/search", json=SENT, headers=headers) as reply:
            assert reply.status == 401


def signed(place: str) -> str:
    time_ = "timestamp: \"{{ request.headers['x-time'] }}\""
    where = f"place: {{in: {place}, value: '{{{{ auth.signature }}}}'}}"
    text = "string_to_sign: '{{ timestamp }}.{{ request.body }}'"
    return f"{{type: hmac, algorithm: sha256, key: k, {text}, {time_}, {where}}}"


async def test_signatures_in_a_cookie_are_told_apart(tmp_path: Path) -> None:
    stamp = str(int(time.time()))
    async with street(tmp_path, auth=signed("cookie, name: s")) as at:
        for number, status in ((1, 200), (2, 200), (1, 401)):
            body = json.dumps({**SENT, "n": number})
            digest = hmac.new(b"k", f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
            headers = {"X-Time": stamp, "Cookie": f"s={digest}", "Content-Type": "application/json"}
            async with at.ask("POST", "/in/p/a/search", data=body, headers=headers) as reply:
                assert reply.status == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((b"10.1.1.1",), b"200"),
        ((b"10.1.1.1", b"127.0.0.1"), b"200"),
        ((b"10.1.1.1", b"8.8.8.8"), b"401"),
        ((b"8.8.8.8", b"127.0.0.9"), b"401"),
        ((b"8.8.8.8", b"10.1.1.1, 127.0.0.9"), b"200"),
        ((b"\xff\xfe",), b"401"),
    ],
)
async def test_repeated_headers_are_one(tmp_path: Path, lines: tuple[bytes, ...], status: bytes) -> None:
    async with street(tmp_path, auth="{type: ip, allow: [10.1.0.0/16]}", proxies="127.0.0.0/8") as at:
        forwarded = [b"X-Forwarded-For: " + line for line in lines]
        said = await exchanged(at.address, posted("/in/p/a/search", json.dumps(SENT).encode(), *forwarded))
        assert said.split(b" ", 2)[1] == status


async def test_a_repeated_key_is_none(tmp_path: Path) -> None:
    async with street(tmp_path, auth=KEYED) as at:
        for keys, status in (((b"X-Key: k3y",), b"200"), ((b"X-Key: k3y", b"X-Key: k3y"), b"401")):
            said = await exchanged(at.address, posted("/in/p/a/search", json.dumps(SENT).encode(), *keys))
            assert said.split(b" ", 2)[1] == status


@pytest.mark.parametrize(
    ("method", "path", "at", "id_"),
    [
        ("GET", "/c/7", "get", "7"),
        ("POST", "/c/7", "post", "7"),
        ("GET", "/c/me", "me", "I"),
        ("POST", "/c/me", "post", "me"),
        ("DELETE", "/c/me", "any", "me"),
        ("PUT", "/c/7/", "put", "7"),
        ("DELETE", "/c/7/", "any", "7"),
        ("GET", "/c/7/8", "two", "8"),
        ("GET", "/c/me/8", "half", "8"),
        ("GET", "/c/me/x/y", "deep", "me"),
        ("GET", "/c/{id}", "get", "{id}"),
    ],
)
async def test_paths_that_overlap_do_not_hide_each_other(
    tmp_path: Path, method: str, path: str, at: str, id_: str
) -> None:
    async with serving(tmp_path, OVERLAPPING) as (address, http, _), http.request(method, address + path) as reply:
        assert (reply.status, await reply.json()) == (200, {"at": at, "id": id_})


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/c/7", "GET, POST, DELETE"),
        ("/c/me", "GET, POST, DELETE"),
        ("/c/7/", "PUT, DELETE"),
        ("/c/", ""),
        ("/c//8", ""),
    ],
)
async def test_every_endpoint_of_a_path_says_what_is_possible(tmp_path: Path, path: str, allow: str) -> None:
    async with serving(tmp_path, OVERLAPPING) as (address, http, _), http.patch(address + path) as reply:
        assert (reply.status, reply.headers.get("Allow", "")) == (405 if allow else 404, allow)


@pytest.mark.parametrize("auth", [KEYED, "{type: basic, username: u, password: p}", "{type: ip, allow: [10.1.0.0/16]}"])
async def test_who_may_not_call_is_told_so_before_the_body_is_read(tmp_path: Path, auth: str) -> None:
    head = posted("/in/p/a/search", b"").replace(b"Content-Length: 0", b"Content-Length: 100")
    async with street(tmp_path, auth=auth) as at:
        assert (await exchanged(at.address, head)).split(b" ", 2)[1] == b"401"


async def test_a_signed_request_is_read_once_the_rest_is_shown(tmp_path: Path) -> None:
    stamp, body = str(int(time.time())), json.dumps(SENT)
    async with street(tmp_path, auth=f"[{signed('header, name: X-Signature')}, {KEYED}]") as at:
        digest = hmac.new(b"k", f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
        kind = {"X-Time": stamp, "Content-Type": "application/json"}
        for key, signature, status in (("k4y", digest, 401), ("k3y", digest[::-1], 401), ("k3y", digest, 200)):
            headers = {**kind, "X-Key": key, "X-Signature": signature}
            async with at.ask("POST", "/in/p/a/search", data=body, headers=headers) as reply:
                assert reply.status == status
        head = posted("/in/p/a/search", b"", b"X-Key: k4y").replace(b"Content-Length: 0", b"Content-Length: 100")
        assert (await exchanged(at.address, head)).split(b" ", 2)[1] == b"401"


@pytest.mark.parametrize("path", ["status", "framed"])
async def test_a_computed_reply_that_http_cannot_carry_is_told(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as (address, http, _), http.post(f"{address}/{path}") as reply:
        assert (reply.status, (await reply.json())["code"]) == (502, "mapping_failed")


async def test_an_answer_without_a_body_ends_with_its_headers(tmp_path: Path) -> None:
    async with serving(tmp_path) as (address, _, _):
        said = await exchanged(address, posted("/in/p/a/bare", close=False) + posted("/in/p/a/none"))
    first, _, second = said.partition(b"\r\n\r\n")
    assert (first.split(b" ", 2)[1], b"content-length" in first.lower()) == (b"204", False)
    assert second.startswith(b"HTTP/1.1 404")


async def test_each_endpoint_of_a_path_is_counted_by_its_own_name(tmp_path: Path, log: io.StringIO) -> None:
    async with serving(tmp_path) as (address, http, metrics):
        async with http.put(f"{address}/one"):
            pass
        lines = [line for line in metrics.render().decode().splitlines() if line.startswith("tolmach_calls_total")]
    assert any('target="a.second"' in line for line in lines)
    assert not any('target="a.first"' in line for line in lines)
    assert '"target":"a.second"' in log.getvalue().replace(" ", "")


CANARIES = ("Zaytsev", "79161112233", "k3y-canary")


@pytest.mark.parametrize("auth", ["none", "hmac"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_comes_is_our_fault(tmp_path: Path, log: io.StringIO, auth: str, data: st.DataObject) -> None:
    bodies = st.one_of(st.binary(max_size=60), _values.map(lambda value: json.dumps(value).encode()))
    requests = data.draw(st.lists(st.tuples(_PATHS, _QUERIES, _KINDS, bodies, _HEADERS), min_size=1, max_size=20))
    shows = signed("header, name: X-Signature") if auth == "hmac" else "{type: none}"

    async def asked() -> list[bytes]:
        async with street(tmp_path, auth=shows) as at:
            return [
                await exchanged(at.address, posted(path + query, body, *headers, kind=kind))
                for path, query, kind, body, headers in requests
            ]

    for said in asyncio.run(asked()):
        assert said.split(b" ", 2)[1][:1] in (b"2", b"4") if auth == "none" else said.split(b" ", 2)[1] == b"401", said
        assert not any(canary in said.decode("utf-8", "replace") for canary in CANARIES), said
    assert not any(canary in log.getvalue() for canary in CANARIES)


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(CANARIES))
_names = st.sampled_from(["Client", "client", "kind", "id", "x", ""])
_values = st.recursive(
    _scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=3))
)
_PATHS = st.sampled_from(["/in/p/a/search", "/in/p/a/hook", "/in/p/a/search/"])
_QUERIES = st.sampled_from(["", "?", "?a=%ff", "?%zz", "?a=1;b", "?" + "&a" * 1001, "?client=Zaytsev", "?k=k3y-canary"])
_KINDS = st.sampled_from([b"application/json", b"application/x-www-form-urlencoded", b"text/xml", b"", b";;=", b"\xff"])
_HEADERS = st.lists(
    st.sampled_from(
        [
            *(b"X-Time: " + stamp for stamp in (b"99999999999999999999", b"0", b"\xff", b"2026-12-01")),
            *(b"X-Signature: " + value for value in (b"", b"k3y-canary", b"\xff", b"a" * 4000)),
            *(b"X-Forwarded-For: " + value for value in (b"", b",", b"\xff", b"::1%x")),
            *(b"Cookie: " + value for value in (b";;=", b's="\\999"', b"\xff")),
            *(b"Accept-Language: " + value for value in (b"\xff", b"en;q=x")),
            *(b"X-Deadline-Ms: " + value for value in (b"5000", b"9000")),
        ]
    ),
    max_size=4,
    unique=True,
)
