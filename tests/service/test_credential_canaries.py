"""Secrets of every credential, and a person's phone, through all that fails: none of them is read outside."""

import asyncio
import base64
import gc
import io
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.errors import CallError
from engine.settings.clock import SystemIds
from engine.spec.key import new_key
from engine.store.seal import new_seal_key
from tests.service.granting_bank import CALL_TROUBLE, PHONE, TOKEN_TROUBLE, GrantingBank
from tests.service.stage import Stage
from tests.service.test_setting_canaries import PAGES, Play
from tests.upstream import upstream

OAUTH2: Final = 'type: oauth2, token_url: "{{ settings.url }}/token", client_id: app, grant:'
SECRET: Final = 'client_secret: "{{ settings.first }}"'
SEED: Final = "seed: {refresh_token: '{{ settings.second }}'}"
CODE: Final = f"{{{OAUTH2} authorization_code, {SECRET}, subject: '{{{{ input.phone }}}}'}}"
LOGIN: Final = (
    '{type: login, requests: [{method: POST, path: /login, json: {password: "{{ settings.first }}"}}], '
    "capture: {sid: cookies.sid, number: body.number}, "
    'also: {type: basic, username: u, password: "{{ settings.second }}"},'
    ' place: [{in: cookie, name: sid, value: "{{ auth.sid }}"}, {in: query, name: n, value: "{{ auth.number }}"}], '
    "expose: [first]}"
)
ASSERTION: Final = 'assertion: {algorithm: RS256, key: "{{ settings.pem }}", claims: {sub: "{{ settings.phone }}"}}'
OAUTH1: Final = (
    '{type: oauth1, consumer_key: ck, consumer_secret: "{{ settings.first }}", token: t, '
    'token_secret: "{{ settings.second }}", signature: '
)
HMAC: Final = (
    '{type: hmac, algorithm: sha256, key: "{{ settings.first }}", encoding: base64, '
    'string_to_sign: "{{ request.method }} {{ nonce }}", place: [{in: query, name: signature, value: '
    "'{{ auth.signature }}'}, {in: header, name: X-Sig, value: \"{{ ('app:' ~ auth.signature) | base64 }}\"}]}"
)
FETCHED: Final = {
    "client": f"{{{OAUTH2} client_credentials, client_auth: basic, {SECRET}}}",
    "refresh": f"{{{OAUTH2} refresh_token, {SECRET}, {SEED}, rotates: true}}",
    "jwt": f"{{{OAUTH2} jwt_bearer, {ASSERTION}}}",
    "login": LOGIN,
    "code": f"{{person: {CODE}}}",
}
SIGNED: Final = {
    "hmac": HMAC,
    "sha1": OAUTH1 + "HMAC-SHA1}",
    "plaintext": OAUTH1 + "PLAINTEXT}",
    "signature": '{type: http_signature, key: "{{ settings.pem }}", key_id: k}',
    "basic": '{type: basic, username: "{{ settings.second }}", password: "{{ settings.first }}"}',
    "named": f"{{app: {{type: bearer, token: '{{{{ settings.first }}}}'}}, person: {CODE}}}",
}
CONNECTOR: Final = """\
connector: {kind}
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {{url: url, first: secret, second: secret, pem: secret, phone: string}}
connection:
  base_url: "{{{{ settings.url }}}}"
  auth: {auth}
  timeout: {{total: 1s}}
  breaker: {{failures: {failures}}}
  limits: {{concurrency: {concurrency}}}
  retry: {{attempts: 2}}
  verify: ping
response:
  errors: [{{when: body.failed, message: body.failed, code: upstream_error}}, {{message: "body.error || text"}}]
operations:
  ping: {{{ping}request: {{method: GET, path: /x}}, output: {{name: body.name}}}}
  get:
    {own}input: {{phone: phone, mode: string}}
    request: {{method: GET, path: /x, query: {{mode: "{{{{ input.mode }}}}", phone: "{{{{ input.phone }}}}"}}}}
    output: {{name: lower(body.name)}}
  put:
    {own}input: {{phone: phone, mode: string}}
    request:
      {{method: POST, path: /x, query: {{mode: "{{{{ input.mode }}}}"}}, json: {{phone: "{{{{ input.phone }}}}"}}}}
    output: {{name: body.name}}
"""
JOIN: Final = (
    "  join: {input: {phone: phone, code: secret}, "
    "authorise: {auth: person, code: '{{ input.code }}'}, output: {ok: true}}\n"
    "  mine: {auth: person, input: {phone: phone, mode: string}, "
    "request: {method: GET, path: /x, query: {mode: '{{ input.mode }}'}}, output: {name: body.name}}\n"
)
KINDS: Final = FETCHED | SIGNED | {"kept": FETCHED["client"], "busy": HMAC, "broken": HMAC}
PEM: Final = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Bank(Play):
    """A project with a connection for every kind of auth, and one for every way in which tokens are not given."""

    form: str = "json"
    store: str = ""
    store_key: str = field(default_factory=new_seal_key)

    def lay(self, url: str) -> None:
        uses = ""
        for kind in KINDS:
            place = self.folder / "connectors" / kind / "connector.yaml"
            place.parent.mkdir(parents=True)
            place.write_text(_connector(kind), encoding="utf-8")
            for name in ("first", "second"):
                self.canaries[f"{kind}_{name}"] = f"cAn4ry/{kind}&{name}<+=>"
            for trouble in ("good", *(TOKEN_TROUBLE if kind in FETCHED else ())):
                uses += (
                    f"      {kind}-{trouble}:\n        connector: {kind}\n        insecure: true\n"
                    "        network: {allow: [127.0.0.0/8]}\n        settings:\n"
                    f"          url: {url}/{kind}/{trouble}\n          phone: '{PHONE}'\n"
                    f'          first: "${{{kind}_first}}"\n          second: "${{{kind}_second}}"\n'
                    f'          pem: "${{file:{self.folder}/key.pem}}"\n'
                )
        (self.folder / "key.pem").write_bytes(PEM)
        self.key, digest = new_key(SystemIds())
        keys = f'    keys: [{{name: bot, hash: "{digest}", allow: ["*"], rights: [explain, reveal]}}]\n'
        text = "projects:\n  p:\n    defaults: {deadline: 2s, region: RU}\n    connections:\n" + uses + keys
        (self.folder / "tolmach.yaml").write_text(text, encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        loud = {"PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "always"}
        return (
            super().environ
            | loud
            | {"TOLMACH_STORE_KEYS": self.store_key, "TOLMACH_LOG_FORMAT": self.form}
            | ({"TOLMACH_STORE": self.store} if self.store else {})
        )

    async def ended(self, *words: str) -> int | None:
        """How `tolmach …` ended; all that it said is read."""
        process = await self.run(*words)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        self.read += [out.decode(), err.decode()]
        return process.returncode


def _connector(kind: str) -> str:
    name = {"code": "person", "named": "app"}.get(kind, "")
    own = f"auth: {name}\n    " if name else ""
    whose = "subject: '{{ settings.phone }}', " if kind == "code" else ""
    ping = f"auth: {name}, {whose}" if name else ""
    failures, concurrency = 2 if kind == "broken" else 1000, 1 if kind == "busy" else 64
    text = CONNECTOR.format(kind=kind, auth=KINDS[kind], ping=ping, own=own, failures=failures, concurrency=concurrency)
    if kind == "kept":
        text = text.replace("  verify: ", "  cache: {ttl: 1ms, stale_if_error: 1h}\n  verify: ")
    return text + (JOIN if name else "")


@dataclass
class Caller:
    """Calls the service; keeps what it hears of failures."""

    play: Play
    address: str
    http: ClientSession
    codes: set[str] = field(default_factory=set)

    async def call(self, target: str, **given: str) -> None:
        """What a success says is the caller's own."""
        path = f"{self.address}/v1/p/{target.replace('.', '/')}"
        headers = {"X-Api-Key": self.play.key, "X-Deadline-Ms": "1000"}
        async with self.http.post(path, json={"phone": PHONE} | given, headers=headers) as answer:
            text = await answer.text()
            if answer.status != 200:
                self.play.read += [text, str(answer.headers)]
            self.codes.add(json.loads(text).get("code", "ok"))


async def _all_that_fails(caller: Caller) -> None:
    for target in ("code-good", "named-good"):
        await caller.call(f"{target}.mine", mode="ok")  # nobody authorised it yet
        await caller.call(f"{target}.join", code="cAn4ry-code")
    for trouble in TOKEN_TROUBLE:
        await asyncio.gather(
            *(caller.call(f"{kind}-{trouble}.get", mode="ok") for kind in FETCHED for _ in range(2)),
            caller.call(f"code-{trouble}.join", code="cAn4ry-code"),
        )
    kinds = [kind for kind in KINDS if kind not in ("kept", "busy", "broken")]
    for mode in CALL_TROUBLE:
        gets = (caller.call(f"{kind}-good.get", mode=mode) for kind in kinds)
        puts = (caller.call(f"{kind}-good.put", mode=mode) for kind in kinds)
        mine = (caller.call(f"{kind}-good.mine", mode=mode) for kind in ("code", "named"))
        await asyncio.gather(*gets, *puts, *mine)
    await caller.call("kept-good.get", mode="once")
    await asyncio.gather(*(caller.call("kept-good.get", mode=mode) for mode in ("once", "500", "404") for _ in "ab"))
    await asyncio.gather(*(caller.call("busy-good.get", mode="silent") for _ in range(3)))
    for _ in range(4):
        await caller.call("broken-good.get", mode="500")


def _told(play: Play, bank: GrantingBank) -> set[str]:
    """Which secrets can be read somewhere, in any spelling."""
    text, found = "\n".join(play.read), set()
    lines = [line for line in PEM.decode().splitlines() if "KEY" not in line]
    for secret in {*bank.said, *play.canaries.values(), *lines, "cAn4ry-code", "8675309", "867-53-09"}:
        raw = secret.encode()
        coded = quote(secret, safe="")
        whole = base64.b64encode(raw)[: len(raw) // 3 * 4].decode()
        forms = {secret, quote(secret), coded, quote(coded, safe=""), json.dumps(secret)[1:-1], whole, raw.hex()}
        if any(len(form) >= 6 and form in text for form in forms):
            found.add(secret)
    return found


def _kept(folder: Path) -> str:
    """Every byte of the files of the store."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("*tolmach.db*"))).decode("latin-1")


@pytest.mark.parametrize("form", ["json", "console"])
async def test_no_secret_of_a_credential_leaves_the_service(tmp_path: Path, form: str) -> None:
    play, bank = Bank(tmp_path, form=form), GrantingBank()
    async with upstream() as system:
        system.reply = bank.reply
        play.lay(system.url)
        async with play.serving() as address, ClientSession() as http:
            caller = Caller(play, address, http)
            await _all_that_fails(caller)
            for page in PAGES:
                async with http.get(address + page, headers={"Authorization": "Bearer cAn4ry-metrics"}) as answer:
                    play.read.append(await answer.text())
            play.read.append(await asyncio.to_thread(_kept, tmp_path))
    assert len(bank.said) > 100
    assert _told(play, bank) == set()
    assert not re.search("never retrieved|never awaited|Unclosed|Traceback", "\n".join(play.read))
    assert caller.codes >= {
        *("upstream_auth", "client_unauthorized", "upstream_rejected", "not_found", "upstream_unavailable"),
        *("upstream_timeout", "upstream_error", "response_unreadable", "mapping_failed", "outcome_unknown"),
        *("rate_limited", "overloaded", "circuit_open", "ok"),
    }


@pytest.mark.timeout(300)  # it starts the command some thirty times
async def test_no_secret_of_a_credential_is_read_at_the_terminal(tmp_path: Path) -> None:
    play, bank = Bank(tmp_path), GrantingBank()
    async with upstream() as system:
        system.reply = bank.reply
        play.lay(system.url)
        assert await play.ended("verify", "--output", "json") == 3
        kinds = [kind for kind in KINDS if kind not in ("kept", "busy", "broken", "code")]
        for kind in kinds:
            words = ("call", f"{kind}-good.get", "--trace", f"phone={PHONE}", "mode=401")
            assert await play.ended(*words) == 3
        for trouble in ("g400", "garbage"):
            words = ("call", f"refresh-{trouble}.get", "--trace", f"phone={PHONE}", "mode=ok")
            assert await play.ended(*words) == 3
        joining = ("call", "code-g400.join", "--trace", f"phone={PHONE}", "code=cAn4ry-code")
        assert await play.ended(*joining) == 3
    assert len(bank.said) > 50
    assert "← 401" in "\n".join(play.read)
    assert _told(play, bank) == set()
    assert not re.search("never retrieved|never awaited|Unclosed|Traceback", "\n".join(play.read))


async def test_a_store_that_cannot_be_opened_tells_no_password(tmp_path: Path) -> None:
    play = Bank(tmp_path, canaries={"store": "cAn4ry%2Fpw", "words": "cAn4ry-pw"})
    play.lay("http://127.0.0.1:9")
    addresses = (
        "postgresql://u:cAn4ry%2Fpw@127.0.0.1:9/d",
        *("postgresql://u:cAn4ry-pw%zz@127.0.0.1/d", "postgresql://u@127.0.0.1:9/d?password=cAn4ry-pw&cAn4ry-pw=1"),
        *("PostgreSQL://u:cAn4ry-pw@h/d", "postgres:/u:cAn4ry-pw@h/d"),
        "host=h password=cAn4ry-pw dbname=d",
    )
    for address in addresses:
        play.store = address
        assert await play.ended("call", "basic-good.ping") == 4
    assert [await play.ended(verb) for verb in ("serve", "verify")] == [4, 4]
    assert len(play.read) == 2 * (len(addresses) + 2)
    assert _told(play, GrantingBank()) == set()
    assert "TOLMACH_STORE: " in play.read[1]
    assert not await asyncio.to_thread(lambda: [*tmp_path.glob("*pw*")])


async def test_a_copied_store_and_wrong_keys_tell_no_secret(tmp_path: Path) -> None:
    play, bank = Bank(tmp_path), GrantingBank()
    async with upstream() as system:
        system.reply = bank.reply
        play.lay(system.url)
        call = ("call", "refresh-good.get", "--trace", f"phone={PHONE}", "mode=ok")
        assert await play.ended("call", "code-good.join", f"phone={PHONE}", "code=cAn4ry-code") == 0
        assert await play.ended(*call) == 0
        play.read.append(await asyncio.to_thread(_kept, tmp_path))
        owner, play.store_key = play.store_key, new_seal_key()
        assert await play.ended(*call) == 3
        await asyncio.to_thread(_swap_rows, tmp_path / "tolmach.db")
        play.store_key = owner
        assert await play.ended(*call) == 3
        play.store_key = f"{owner[:-1]}cAn4ry"
        assert await play.ended(*call) == 4
    said = "\n".join(play.read)
    assert ("lacks" in said, "foreign row" in said, "is not 32 bytes" in said) == (True, True, True)
    assert not any(key in said for key in (owner, owner[:-1], play.store_key))
    assert _told(play, bank) == set()


def _swap_rows(file: Path) -> None:
    """Every row gets the value of another one."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT key, value FROM tolmach_entries").fetchall()
        assert len(rows) == 2
        pairs = [(value, key) for (key, _), (_, value) in zip(rows, reversed(rows), strict=True)]
        database.executemany("UPDATE tolmach_entries SET value = ? WHERE key = ?", pairs)
        database.commit()


async def test_an_error_that_nobody_fetched_is_logged_without_its_words(
    door: Stage, log: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    """Asyncio prints the repr of an exception, which holds the code alone."""
    error = CallError("upstream_auth", "token cAn4ry-token")
    assert "cAn4ry" not in f"{error!r} {error.args}"
    error.detail = "hidden by now"
    assert str(error) == "upstream_auth: hidden by now"

    async def failing() -> None:
        raise KeyError(f"{PHONE} cAn4ry-token")

    task = asyncio.ensure_future(failing())
    await asyncio.wait({task})
    del task
    gc.collect()
    await asyncio.sleep(0)
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [event["error"] for event in events if event.get("library") == "asyncio" and "error" in event] == [
        "KeyError"
    ]
    assert not re.search("8675309|cAn4ry", log.getvalue())
