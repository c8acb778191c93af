"""What a fake says: credentials, pages, logins, repeats, what is told next, and what no case has."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from engine.authoring.fake.server import Heard, Standing, standing
from engine.authoring.fake.table import record
from engine.authoring.trial.play import Suite
from tests.authoring.fake.fakes import KEY, Hurried, asked, chosen, get, one_fake, suite_of

CLIENTS = f"""
connection:
  base_url: https://bank.example/api
  {KEY}
operations:
  find:
    input: {{phone: string}}
    request: {{method: GET, path: /clients, query: {{phone: "{{{{ input.phone }}}}"}}}}
    output: {{name: body.name}}
  write:
    input: {{text: string}}
    request:
      method: POST
      path: /notes
      json: {{text: "{{{{ input.text }}}}", at: "{{{{ now | datetime('epoch_ms') }}}}"}}
    output: {{id: body.id}}
"""
CASES = """
find:
  - name: busy
    input: {phone: "1"}
    exchanges: [{reply: {status: 429}}, {reply: {status: 429}}, {reply: {status: 429}}]
    error: {code: rate_limited}
  - {name: later, input: {phone: "1"}, exchanges: [{reply: {status: 503}}, {reply: {json: {name: Vera, no: 2}}}]}
  - {name: vera, input: {phone: "1"}, exchanges: [{reply: {headers: {X-A: b}, json: {name: Vera}}}]}
  - {name: again, input: {phone: "2"}, exchanges: [{reply: {status: 503}}, {reply: {json: {name: Olga}}}]}
  - name: refused
    input: {phone: "1"}
    settings: {key: a guess}
    exchanges: [{reply: {status: 401, json: {who: are you}}}]
    error: {code: upstream_auth}
  - name: lost
    input: {phone: "3"}
    exchanges: [{reply: {broken: lost}}, {reply: {broken: lost}}, {reply: {broken: lost}}]
    error: {code: upstream_unavailable}
  - {name: slow, input: {phone: "4"}, exchanges: [{reply: {after: 2, json: {name: Slow}}}]}
write:
  - name: any text
    input: {text: hello}
    exchanges: [{expect: {json: {text: {any: text}, at: {any: true}}}, reply: {json: {id: 7}}}]
  - {name: one text, input: {text: good}, exchanges: [{reply: {json: {id: 8}}}]}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suite_of(tmp_path, CLIENTS, CASES)


async def told(one: Standing, method: str = "POST", **what: Any) -> tuple[int, Any]:
    async with ClientSession() as session, session.request(method, f"{one.address}/-/next", json=what or None) as reply:
        return reply.status, await reply.json(content_type=None)


async def test_a_request_is_answered_by_the_case_that_answers_at_once(suite: Suite) -> None:
    async with one_fake(suite) as one, ClientSession() as session:
        head = {"X-Key": "invented-key"}
        async with session.get(f"{one.address}/api/clients?phone=1", headers=head) as reply:
            assert (reply.status, reply.headers["x-tolmach-fake"], reply.headers["X-A"]) == (200, "find/vera", "b")


async def test_the_same_request_of_one_case_is_answered_in_its_order(suite: Suite) -> None:
    async with one_fake(suite) as one:
        assert [(await get(one, "/api/clients?phone=2"))[0] for _ in range(4)] == [503, 200, 503, 200]


async def test_what_no_case_has_is_said_and_what_it_is_near_to(suite: Suite) -> None:
    async with one_fake(suite) as one, ClientSession() as session:
        head = {"X-Key": "invented-key"}
        async with session.get(f"{one.address}/api/clients?phone=9", headers=head) as reply:
            said = await reply.json()
            assert (reply.status, reply.headers["x-tolmach-fake"]) == (404, "no case")
        assert said["error"] == f"no case of tests.yaml has this request: GET {one.address}/api/clients?phone=9"
        assert said["nearest"]["case"].startswith("find/")
        assert "query.phone" in said["nearest"]["differences"][0]
        assert (await get(one, "/api/clients?phone=1&more=1"))[0] == 404
        assert (await get(one, "/api/clients?phone=1", "POST"))[0] == 404


async def test_wrong_and_missing_credentials_get_the_case_for_them(suite: Suite) -> None:
    async with one_fake(suite) as one, ClientSession() as session:
        assert await get(one, "/api/clients?phone=1", headers={"X-Key": "nonsense"}) == (401, {"who": "are you"})
        assert await get(one, "/api/clients?phone=1", headers={"X-Key": "a guess"}) == (401, {"who": "are you"})
        assert (await get(one, "/api/nowhere", headers={"X-Key": "nonsense"}))[0] == 401
        async with session.get(f"{one.address}/api/clients?phone=1") as reply:
            assert reply.status == 401


async def test_good_credentials_get_an_answer_of_a_case_with_other_ones(tmp_path: Path) -> None:
    connector = f"""
connection:
  base_url: https://bank.example
  {KEY}
response: {{errors: [{{when: status == `403`, code: upstream_auth}}]}}
operations:
  it: {{request: {{method: GET, path: /it}}, output: {{a: body.a}}}}
  other: {{request: {{method: GET, path: /other}}, output: {{a: body.a}}}}
"""
    cases = """
it:
  - {name: no right, exchanges: [{reply: {status: 403}}], error: {code: upstream_auth}}
  - {name: wrong key, exchanges: [{reply: {status: 401}}], error: {code: upstream_auth}}
  - {name: with a key of its own, settings: {key: another-key}, exchanges: [{reply: {json: {a: 1}}}]}
other: [{name: fine, exchanges: [{reply: {json: {a: 2}}}]}]
"""
    async with one_fake(suite_of(tmp_path, connector, cases)) as one:
        assert await get(one, "/it") == (200, {"a": 1})
        assert (await get(one, "/it", headers={"X-Key": "nonsense"}))[0] == 401


async def test_without_a_case_for_wrong_credentials_it_is_401(tmp_path: Path) -> None:
    before, _, rest = CASES.partition("  - name: refused")
    cases = f"{before}  - name: lost{rest.partition('  - name: lost')[2]}"
    async with one_fake(suite_of(tmp_path, CLIENTS, cases)) as one:
        status, body = await get(one, "/api/clients?phone=1", headers={"X-Key": "nonsense"})
        assert (status, body) == (401, {"error": "the credentials are not those of tests.yaml"})


async def test_times_and_what_matchers_stand_for_may_be_anything(suite: Suite) -> None:
    async with one_fake(suite) as one:
        assert await get(one, "/api/notes", "POST", json={"text": "whatever", "at": 5}) == (200, {"id": 7})
        assert (await get(one, "/api/notes", "POST", json={"text": 5, "at": 5}))[0] == 404
        assert (await get(one, "/api/notes", "POST", data="text"))[0] == 404


def test_what_differs_when_a_case_is_played_again_is_free(suite: Suite) -> None:
    table = record(suite, "http://127.0.0.1:1")
    assert {row.case: set(row.free) for row in table.rows if row.case.startswith("write")} == {
        "write/any text": {"json.at"},
        "write/one text": {"json.at"},
    }


async def test_a_case_is_played_when_it_is_told(suite: Suite) -> None:
    async with one_fake(suite) as one:
        assert await told(one, case="find/busy") == (204, None)
        assert [(await get(one, "/api/clients?phone=1"))[0] for _ in range(4)] == [429, 429, 429, 200]
        assert await told(one, case="find/again", times=2) == (204, None)
        statuses = [(await get(one, "/api/clients?phone=1"))[0] for _ in range(5)]  # whoever is asked about
        assert statuses == [503, 200, 503, 200, 200]
        assert await told(one, case="find/again", times=0) == (204, None)
        assert (await get(one, "/api/notes", "POST", json={"text": "good", "at": 5}))[0] == 200
        assert [(await get(one, "/api/clients?phone=1"))[0] for _ in range(3)] == [503, 200, 503]
        assert await told(one, "DELETE") == (204, None)
        assert (await get(one, "/api/clients?phone=1"))[0] == 200


async def test_any_answer_is_given_when_it_is_told(suite: Suite) -> None:
    async with one_fake(suite) as one:
        assert await told(one, reply={"status": 503, "json": {"sorry": True}}, times=2) == (204, None)
        assert await get(one, "/api/clients?phone=1") == (503, {"sorry": True})
        assert await get(one, "/nowhere", headers={"X-Key": "nonsense"}) == (503, {"sorry": True})
        assert (await get(one, "/api/clients?phone=1"))[0] == 200


async def test_answers_are_late_when_it_is_told(suite: Suite) -> None:
    slept: list[float] = []

    class Noting(Hurried):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    async with standing([suite], latency=0.5, clock=Noting()) as (one,):
        await get(one, "/api/clients?phone=1")
        await get(one, "/api/clients?phone=4")
        await told(one, latency="3s")
        await get(one, "/api/clients?phone=1")
        await get(one, "/api/clients?phone=1")
        await told(one, case="find/vera", latency="1s")
        await get(one, "/api/clients?phone=1")
    assert slept == [0.5, 2.5, 3.5, 0.5, 1.5]


async def test_what_cannot_be_told_is_said(suite: Suite) -> None:
    async with one_fake(suite) as one:
        status, said = await told(one, case="find/bussy")
        assert (status, said["error"], said["cases"][0]) == (
            400,
            "no case `find/bussy` makes a request: did you mean `find/busy`?",
            "find/busy",
        )
        status, said = await told(one, reply={"sttus": 503})
        assert (status, said["error"]) == (400, ["`sttus` is no key of this place: did you mean `status`?"])
        async with ClientSession() as session, session.get(f"{one.address}/-/cases") as reply:
            assert (await reply.json())["cases"][:2] == ["find/busy", "find/later"]


async def test_a_connection_is_lost_as_the_case_has_it(suite: Suite) -> None:
    async with one_fake(suite) as one:
        with pytest.raises(ClientError):
            await get(one, "/api/clients?phone=3")


async def test_silence_lasts_until_the_caller_goes(suite: Suite) -> None:
    class Patient(Hurried):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    async with standing([suite], clock=Patient()) as (one,):
        await told(one, reply={"broken": "silent"})
        with pytest.raises(TimeoutError):
            await get(one, "/api/clients?phone=1", timeout=ClientTimeout(total=0.2))


async def test_every_request_is_heard_without_secrets(suite: Suite) -> None:
    heard: list[Heard] = []
    async with one_fake(suite, heard.append) as one:
        await get(one, "/api/clients?phone=1&k=invented-key")
        await get(one, "/api/notes", "POST", data="my invented-key")
        with pytest.raises(ClientError):
            await get(one, "/api/clients?phone=3")
    assert heard[:3] == [
        Heard("bank", "GET", "/api/clients?phone=1&k=•••••", "", "", 404),
        Heard("bank", "POST", "/api/notes", "my •••••", "", 404),
        Heard("bank", "GET", "/api/clients?phone=3", "", "find/lost", None),
    ]


LOGIN = """
connection:
  base_url: https://bank.example
  auth:
    type: login
    requests: [{method: POST, path: /login, json: {key: "{{ settings.key }}"}}]
    capture: {token: body.token}
    place: {in: header, name: X-Token, value: "{{ auth.token }}"}
    refresh_when: status == `401`
operations:
  one: {request: {method: GET, path: /one}, output: {a: body.a}}
  two: {request: {method: GET, path: /two}, output: {a: body.a}}
"""
LOGIN_CASES = """
one:
  - name: the token is over
    exchanges:
      - {expect: {path: /login}, reply: {json: {token: first-token-of-all}}}
      - {expect: {path: /one, headers: {x-token: first-token-of-all}}, reply: {status: 401}}
      - {expect: {path: /login}, reply: {json: {token: second-token-of-all}}}
      - {expect: {path: /one, headers: {x-token: second-token-of-all}}, reply: {json: {a: 1}}}
    output: {a: 1}
two:
  - name: with another token
    exchanges:
      - {expect: {path: /login}, reply: {json: {token: token-number-two}}}
      - {expect: {path: /two}, reply: {json: {a: 2}}}
    output: {a: 2}
"""


async def test_logins_and_tokens_work_across_cases(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, LOGIN, LOGIN_CASES)
    (over,), (other,) = suite.tests.root.values()
    async with one_fake(suite) as one:
        assert await chosen(one, "one", over) == []
        assert await chosen(one, "two", other) == []
        assert (await asked(one, "two", other)).data == {"a": 2}
        assert (await asked(one, "one", over)).data == {"a": 1}
        assert (await get(one, "/two", headers={"X-Token": "no token"}))[0] == 401
        assert (await get(one, "/two", headers={"X-Token": "second-token-of-all"}))[0] == 200


PAGED = f"""
connection:
  base_url: https://bank.example/api
  {KEY}
operations:
  it:
    request: {{method: GET, path: /rows}}
    paging: {{type: next_url, next: body.next}}
    output: {{rows: {{each: body.rows, as: {{id: item.id}}}}}}
"""
PAGED_CASES = """
it:
  - name: two pages
    exchanges:
      - {expect: {path: /rows}, reply: {json: {rows: [{id: 1}], next: "https://bank.example/api/rows?after=1"}}}
      - expect: {path: /rows, query: {after: "1"}}
        reply:
          text: '{"rows": [{"id": 2}], "next": null, "self": "https:\\/\\/bank.example\\/api"}'
          headers: {Content-Type: application/json, Link: "<https://bank.example/x>"}
    output: {rows: [{id: 1}, {id: 2}]}
"""


async def test_links_of_answers_lead_to_the_fake(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, PAGED, PAGED_CASES)
    ((case,),) = suite.tests.root.values()
    async with one_fake(suite) as one, ClientSession(headers={"X-Key": "invented-key"}) as session:
        assert await chosen(one, "it", case) == []
        assert (await get(one, "/api/rows"))[1]["next"] == f"{one.address}/api/rows?after=1"
        async with session.get(f"{one.address}/api/rows?after=1") as reply:
            assert (await reply.json())["self"] == f"{one.address}/api"
            assert reply.headers["Link"] == f"<{one.address}/x>"


SIGNED = """
connection:
  base_url: "{{ settings.address }}/v1"
  auth:
    type: hmac
    algorithm: sha256
    key: "{{ settings.key }}"
    string_to_sign: "{{ timestamp }}{{ nonce }}"
    place: {in: header, name: X-Sign, value: "{{ auth.signature }}"}
operations: {it: {request: {method: GET, path: /it}, output: {a: body.a}}}
"""


async def test_a_signature_of_the_moment_has_only_to_be_there(tmp_path: Path) -> None:
    head = """
connector: bank
version: 1.0.0
engine: ">=1.0"
title: Bank
settings: {key: {type: secret, title: Key}, address: {type: url, title: Address, example: "https://a.example/x"}}
"""
    cases = "it: [{name: fine, exchanges: [{expect: {path: /it}, reply: {json: {a: 1}}}], output: {a: 1}}]"
    suite = suite_of(tmp_path, SIGNED, cases, head)
    ((case,),) = suite.tests.root.values()
    async with one_fake(suite) as one:
        assert one.use["settings"]["address"] == f"{one.address}/x"
        assert "base_url" not in one.use
        assert (await asked(one, "it", case)).data == {"a": 1}
        assert (await get(one, "/x/v1/it", headers={"X-Sign": "anything"}))[0] == 200
        assert (await get(one, "/x/v1/it"))[0] == 401


def test_an_address_that_no_setting_moves_is_named(tmp_path: Path) -> None:
    connector = """
connection:
  base_url: https://bank.example
  auth:
    type: oauth2
    grant: client_credentials
    token_url: https://login.example/token
    client_id: engine
    client_secret: "{{ settings.key }}"
operations: {it: {request: {method: GET, path: /it}, output: {a: body.a}}}
"""
    cases = """
it:
  - name: fine
    exchanges:
      - {expect: {method: POST, path: /token}, reply: {json: {access_token: a-token-of-today, expires_in: 60}}}
      - {expect: {path: /it}, reply: {json: {a: 1}}}
"""
    table = record(suite_of(tmp_path, connector, cases), "http://127.0.0.1:1")
    assert table.elsewhere == {"https://login.example"}
    assert [row.request["path"] for row in table.rows] == ["/it"]
    assert table.use["base_url"] == "http://127.0.0.1:1"
    assert "a-token-of-today" in table.secrets


async def test_a_port_that_is_taken_is_told(suite: Suite) -> None:
    async with one_fake(suite) as one:
        taken = int(one.address.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with standing([suite], port=taken):
                pytest.fail("the port is taken")
