"""Credentials as a connector declares them, through the whole engine, on real sockets."""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization

from engine.errors import CallError
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.recorder import Recorder
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from engine.transport.tls import tls_context
from engine.transport.wires import Kind
from tests.runtime.bench import engine_of, lay
from tests.runtime.portal import GET, ROTATING, Portal, portal
from tests.runtime.test_binding import problems
from tests.transport.conftest import Authority
from tests.transport.hostile import always, response
from tests.transport.hostile import upstream as served
from tests.upstream import Asked, Upstream, upstream

SEED = ", key: r0"


async def call(engine: Engine, operation: str = "get", **given: Any) -> Any:
    return (await engine.call(Call("p", f"crm.{operation}", given))).data


async def failure(engine: Engine, operation: str = "get", **given: Any) -> CallError:
    with pytest.raises(CallError) as raised:
        await call(engine, operation, **given)
    return raised.value


@asynccontextmanager
async def opened(
    folder: Path, system: Portal | Upstream, connection: str = ROTATING, rest: str = GET, project: str = ""
) -> AsyncIterator[Engine]:
    async with engine_of(folder, rest, system.url, connection=connection, settings=SEED, project=project) as engine:
        yield engine


async def test_a_token_is_fetched_sent_and_used_again(tmp_path: Path) -> None:
    async with portal() as system, opened(tmp_path, system) as engine:
        assert [await call(engine) for _ in range(3)] == [{"token": "a1"}] * 3
        assert [said["refresh_token"] for said in system.tokens.asked] == ["r0"]


async def test_steps_that_send_nothing_need_no_token(tmp_path: Path) -> None:
    rest = "operations:\n  get: {steps: {a: {when: '`false`', request: {method: GET, path: /x}}}, output: {ok: true}}\n"
    async with portal() as system, opened(tmp_path, system, rest=rest) as engine:
        assert await call(engine) == {"ok": True}
        assert system.tokens.asked == []


async def test_a_recorder_learns_what_steps_take_from_a_credential(tmp_path: Path) -> None:
    learned: list[Any] = []

    class Listener(Recorder):
        def credential(self, values: Iterable[Any]) -> None:
            learned.extend(values)

    rest = "operations:\n  get: {steps: {a: {output: auth.access_token}}, output: {token: a.output}}\n"
    async with portal() as system, opened(tmp_path, system, rest=rest) as engine:
        answer = await engine.call(Call("p", "crm.get", {}), Listener())
    assert answer.data["token"] in learned


async def test_a_refused_token_is_renewed_once_and_the_request_sent_again(tmp_path: Path) -> None:
    rest = "operations:\n  get: {request: {method: POST, path: /x, json: {a: 1}}, output: {token: body.token}}\n"
    async with portal() as system, opened(tmp_path, system, rest=rest) as engine:
        await call(engine)
        system.good = "none of ours"
        assert await call(engine) == {"token": "a2"}
        assert [asked.json for asked in system.system.asked if asked.target == "/x"] == [{"a": 1}] * 3


PATIENT = ROTATING + "timeout: {connect: 5m, total: 5m}\n"
"""No time of a call ends while a busy machine opens 500 connections; so nothing fails that a breaker would count."""


async def test_500_calls_with_an_expired_token_make_one_token_request(tmp_path: Path) -> None:
    async with portal() as system, opened(tmp_path, system, PATIENT, project="defaults: {deadline: 5m}\n") as engine:
        await call(engine)
        system.good = "none of ours"
        assert await asyncio.gather(*[call(engine) for _ in range(500)]) == [{"token": "a2"}] * 500
        assert [said["refresh_token"] for said in system.tokens.asked] == ["r0", "r1"]


async def test_a_system_that_refuses_every_token_is_asked_twice_and_no_more(tmp_path: Path) -> None:
    async with portal(once=True) as system, opened(tmp_path, system) as engine:
        await call(engine)
        system.system.reply = _refusing(system)
        errors = [await failure(engine) for _ in range(4)]
        assert {error.code for error in errors} == {"upstream_auth"}
        assert (len(system.tokens.asked), system.refused) == (2, 5)
        assert not any(token in str(error) for error in errors for token in ("a1", "a2", "r0", "r1"))


def _refusing(system: Portal) -> Any:
    async def reply(asked: Asked) -> web.StreamResponse:
        found = await system.reply(asked)
        system.good = ""
        return found

    return reply


async def test_a_refused_seed_is_told_once_and_listed(tmp_path: Path) -> None:
    async with portal() as system, opened(tmp_path, system) as engine:
        system.tokens.good.clear()
        errors = [await failure(engine) for _ in range(3)]
        assert {error.code for error in errors} == {"upstream_auth"}
        assert "authorised anew" in errors[0].detail
        assert len(system.tokens.asked) == 1
        assert engine.unauthorised() == [("p", "crm", "")]


async def test_a_token_endpoint_that_is_down_is_no_matter_of_rights(tmp_path: Path) -> None:
    connection = ROTATING.replace("{{ settings.url }}/token", "http://127.0.0.1:9/token")
    async with portal() as system, opened(tmp_path, system, connection) as engine:
        assert (await failure(engine)).code == "upstream_unavailable"
        assert engine.unauthorised() == []
        assert system.system.asked == []


async def test_the_host_of_tokens_may_be_another_one(tmp_path: Path) -> None:
    async with portal() as system, portal() as tokens:
        connection = ROTATING.replace("{{ settings.url }}/token", f"{tokens.url}/token")
        async with opened(tmp_path, system, connection) as engine:
            await failure(engine)
        assert [asked.target for asked in tokens.system.asked] == ["/token", "/token"]
        assert {asked.target for asked in system.system.asked} == {"/x"}


LOGIN = """\
auth:
  type: login
  requests: [{method: POST, path: /login, json: {password: "{{ settings.key }}"}}]
  capture: {uid: body.result}
  refresh_when: body.error == 'session'
  expose: [key]
"""


async def test_a_login_at_status_200_and_its_values_in_the_body(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {reads: true, request: {method: POST, path: '/x/{{ auth.uid }}', "
        "json: {args: ['{{ auth.uid }}', '{{ settings.key }}']}}, output: {who: body.who}}\n"
    )
    sessions: list[int] = []

    async def reply(asked: Asked) -> web.StreamResponse:
        if asked.target == "/login":
            sessions.append(len(sessions) + 7)
            return web.json_response({"result": sessions[-1]})
        if len(system.asked) == 2:
            return web.json_response({"error": "session"})
        return web.json_response({"who": asked.json["args"]})

    async with upstream() as system, opened(tmp_path, system, LOGIN, rest) as engine:
        system.reply = reply
        assert await call(engine) == {"who": [8, "r0"]}
        assert [asked.target for asked in system.asked] == ["/login", "/x/7", "/login", "/x/8"]


@pytest.mark.parametrize(("brought", "code"), [("{url}", None), ("http://localhost.example", "blocked_host")])
async def test_an_address_that_a_token_brings_must_be_among_the_hosts(
    tmp_path: Path, brought: str, code: str | None
) -> None:
    async with upstream() as system:

        async def reply(asked: Asked) -> web.StreamResponse:
            if asked.target == "/token":
                return web.json_response({"access_token": "a1", "base": brought.replace("{url}", system.url)})
            return web.json_response({"at": asked.target, "auth": asked.headers["authorization"]})

        system.reply = reply
        host = system.url.removeprefix("http://")
        rest = "operations:\n  get: {request: {method: GET, path: /x}, output: {at: body.at, auth: body.auth}}\n"
        connection = (
            f"hosts: ['{host}']\nauth: {{type: oauth2, grant: client_credentials, token_url: '{system.url}/token', "
            "client_id: a, capture: {base: body.base}}\n"
        )
        file = lay(tmp_path, rest, system.url, connection=connection)
        connector = tmp_path / "connectors" / "crm" / "connector.yaml"
        text = connector.read_text(encoding="utf-8")
        connector.write_text(text.replace('"{{ settings.url }}"', '"{{ auth.base }}/v1/"'), encoding="utf-8")
        engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
        try:
            if code is None:
                assert await call(engine) == {"at": "/v1/x", "auth": "Bearer a1"}
            else:
                assert (await failure(engine)).code == code
        finally:
            await engine.close()


CLIENTS = """\
auth:
  app: {type: bearer, token: "{{ settings.key }}"}
  client:
    type: oauth2
    grant: authorization_code
    subject: "{{ input.who }}"
    token_url: "{{ settings.url }}/token"
    client_id: app
    rotates: true
"""
OPERATIONS = """\
operations:
  open: {auth: app, request: {method: GET, path: /open}, output: {auth: body.auth}}
  join: {input: {who: string, code: secret}, authorise: {auth: client, code: "{{ input.code }}"}, output: {ok: true}}
  own: {auth: client, input: {who?: string}, request: {method: GET, path: /own}, output: {token: body.token}}
  other:
    auth: client
    input: {a: string}
    subject: "{{ input.a }}"
    request: {method: GET, path: /own}
    output: {token: body.token}
"""


async def test_an_app_and_its_clients(tmp_path: Path) -> None:
    async with portal() as system, opened(tmp_path, system, CLIENTS, OPERATIONS) as engine:
        system.tokens.good |= {"c1", "c2"}
        error = await failure(engine, "own", who="anna")
        assert (error.code, system.system.asked) == ("client_unauthorized", [])
        assert await call(engine, "join", who="anna", code="c1") == {"ok": True}
        assert await call(engine, "own", who="anna") == {"token": "a1"}
        assert await call(engine, "other", a="anna") == {"token": "a1"}
        assert (await failure(engine, "own", who="boris")).code == "client_unauthorized"
        assert (await failure(engine, "own")).code == "client_unauthorized"
        assert (await failure(engine, "join", who="boris", code="wrong")).code == "client_unauthorized"
        assert await call(engine, "join", who="boris", code="c2") == {"ok": True}
        assert await call(engine, "own", who="boris") == {"token": "a3"}
        assert [said["grant_type"] for said in system.tokens.asked] == ["authorization_code"] * 3
        await failure(engine, "open")
        assert system.system.asked[-1].headers["authorization"] == "Bearer r0"
        assert engine.unauthorised() == []


async def test_named_keys_in_paths_have_bases_of_their_own(tmp_path: Path) -> None:
    connection = "auth: {a: {type: api_key, in: path, value: k1}, b: {type: api_key, in: path, value: k2}}\n"
    request = "request: {method: GET, path: /x}"
    rest = f"operations:\n  a: {{auth: a, {request}}}\n  b: {{auth: b, {request}}}\n"
    async with upstream() as system, opened(tmp_path, system, connection, rest) as engine:
        await call(engine, "a")
        await call(engine, "b")
        assert [asked.target for asked in system.asked] == ["/k1/x", "/k2/x"]


async def test_a_token_may_stand_in_the_path(tmp_path: Path) -> None:
    place = "rotates: true\n  place: {in: path, value: '{{ auth.access_token }}'}\n"
    connection = ROTATING.replace("rotates: true\n", place)
    async with portal() as system, opened(tmp_path, system, connection) as engine:
        await failure(engine)
        assert [asked.target for asked in system.system.asked] == ["/token", "/a1/x", "/token", "/a2/x"]


async def test_the_text_of_an_answer_may_say_that_a_token_is_over(tmp_path: Path) -> None:
    connection = ROTATING.replace("rotates: true\n", "rotates: true\n  refresh_when: contains(text, 'over')\n")
    async with portal() as system:

        async def reply(asked: Asked) -> web.StreamResponse:
            if asked.headers.get("authorization") == "Bearer a1":
                return web.Response(text="it is over")
            return await system.reply(asked)

        system.system.reply = reply
        async with opened(tmp_path, system, connection) as engine:
            assert await call(engine) == {"token": "a2"}


async def test_each_attempt_is_signed_anew(tmp_path: Path) -> None:
    connection = (
        'auth: {type: hmac, algorithm: sha256, key: "{{ settings.key }}", '
        'string_to_sign: "{{ nonce }} {{ request.body }}", place: [{in: header, name: X-Nonce, value: "{{ nonce }}"}, '
        '{in: header, name: X-Sum, value: "{{ auth.signature }}"}]}\nretry: {attempts: 2}\n'
    )
    rest = "operations:\n  get: {reads: true, request: {method: POST, path: /x, json: {a: 1}}}\n"
    async with upstream() as system, opened(tmp_path, system, connection, rest) as engine:
        system.says({}, 503)
        await failure(engine)
        nonces = {asked.headers["x-nonce"] for asked in system.asked}
        assert (len(nonces), len(system.asked)) == (2, 2)
        for asked in system.asked:
            text = f"{asked.headers['x-nonce']} ".encode() + asked.body
            assert asked.headers["x-sum"] == hmac.new(b"r0", text, hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("wire", ["aiohttp", "httpx2"])
@pytest.mark.parametrize("form", ["file", "text", "none"])
async def test_a_client_certificate(tmp_path: Path, authority: Authority, wire: Kind, form: str) -> None:
    ours = authority.ca.issue_cert("client.example")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    ours.cert_chain_pems[0].write_to_path(cert)
    ours.private_key_pem.write_to_path(key)
    server = authority.serve()
    server.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(server)
    given = {"file": (str(cert), str(key)), "text": (str(cert), f"${{file:{key}}}"), "none": ("", "")}[form]
    tls = f"ca: '{authority.file}'" + (f", cert: '{given[0]}', key: '{{{{ settings.key }}}}'" if given[0] else "")
    async with served(always(response(b"{}", "Content-Type: application/json")), server) as system:
        file = lay(
            tmp_path,
            GET.replace("body.token", "status"),
            system.url(""),
            connection=f"tls: {{{tls}}}\n",
            settings=f", key: '{given[1] or 'x'}'",
        )
        engine = Engine(load(file, (), {}), SystemClock(), SystemIds(), wire)
        try:
            if form == "none":
                assert (await failure(engine)).code == "upstream_unavailable"
            else:
                assert await call(engine) == {"token": 200}
        finally:
            await engine.close()


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = lay(
        tmp_path,
        GET,
        "https://x.example",
        connection="tls: {cert: /nowhere/c4n4ry.pem, key: '{{ settings.key }}'}\n",
        settings=SEED,
    )
    engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
    with pytest.raises(CallError, match="the certificates of `crm` cannot be read"):
        engine.sender._gate(engine.registry.projects["p"].targets["crm.get"].sources[0].bound)


def test_a_key_with_a_password_asks_nobody_for_it(tmp_path: Path, authority: Authority) -> None:
    ours = authority.ca.issue_cert("client.example")
    private = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = private.private_bytes(*kinds, serialization.BestAvailableEncryption(b"pw")).decode()
    cert = tmp_path / "cert.pem"
    ours.cert_chain_pems[0].write_to_path(cert)
    with pytest.raises(OSError):  # noqa: PT011 - OpenSSL's words for it differ
        tls_context(None, (str(cert), locked))


def test_what_cannot_be_used_is_told_when_it_is_loaded(tmp_path: Path) -> None:
    jwt = (
        "auth: {type: oauth2, grant: jwt_bearer, token_url: 'https://x.example/t', "
        "assertion: {algorithm: RS256, key: '{{ settings.key }}'}}\n"
    )
    (problem,) = problems(lay(tmp_path / "a", GET, "https://x.example", connection=jwt, settings=", key: c4n4ry"))
    assert (problem.code, "`assertion.key`" in problem.message, "c4n4ry" in str(problem)) == (
        "setting-misfit",
        True,
        False,
    )
    url = ROTATING.replace('"{{ settings.url }}/token"', '"{{ settings.key }}"').replace("{refresh_token", "{code")
    url = url.replace('key }}"\n', 'token }}"\n')
    (problem,) = problems(
        lay(tmp_path / "b", GET, "https://x.example", connection=url, settings=", key: k, token: 'no address'")
    )
    assert problem.code == "wrong-url"
