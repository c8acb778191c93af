"""Calls through the rooms, against a real socket."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CallError
from engine.runtime.call import Answer, Call
from engine.runtime.engine import Engine
from engine.runtime.recorder import Recorder
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from engine.spec.action import Action
from engine.spec.trip import Outcome, Rendered, Reply
from tests.runtime.bench import engine_of, lay
from tests.upstream import Asked, upstream

GET = "operations:\n  get: {input: {id: string}, request: {method: GET, path: '/r/{{ input.id }}'}, output: body}\n"


async def ask(
    folder: Path, rest: str, reply: Any = None, *, target: str = "crm.get", given: Any = None, **more: Any
) -> tuple[Answer, Asked]:
    """Call once; gives the answer and the request as the system saw it."""
    words = {k: more.pop(k) for k in ("status", "headers") if k in more}
    call = {k: more.pop(k) for k in ("reveal", "deadline") if k in more}
    async with upstream() as system:
        system.says(reply, **words)
        async with engine_of(folder, rest, system.url, **more) as engine:
            answer = await engine.call(Call("p", target, given or {}, **call))
        return answer, system.asked[-1]


async def refused(*arguments: Any, **more: Any) -> CallError:
    with pytest.raises(CallError) as raised:
        await ask(*arguments, **more)
    return raised.value


async def test_a_request_goes_out_as_written(tmp_path: Path) -> None:
    rest = """
operations:
  get:
    input: {q: string, tags: {type: list, items: string}, "none?": string}
    reads: true
    request:
      method: POST
      path: /поиск/{{ input.q }}/x
      query: {q: "{{ input.q }}", tag: "{{ input.tags }}", gone: "{{ input.none }}", $top: 5}
      headers: {X-Q: "{{ input.q }}", Accept: application/hal+json}
      json: {q: "{{ input.q }}", n: 1.50}
    output: {ok: body.ok}
"""
    given = {"q": "a+b&c=ж", "tags": ["1", "2"]}
    answer, asked = await ask(tmp_path, rest, {"ok": True}, given={**given, "q": "a+b&c=z"})
    assert answer.data == {"ok": True}
    assert asked.method == "POST"
    assert asked.target == "/%D0%BF%D0%BE%D0%B8%D1%81%D0%BA/a%2Bb%26c%3Dz/x?q=a%2Bb%26c%3Dz&tag=1&tag=2&$top=5"
    assert asked.body == b'{"q":"a+b&c=z","n":1.50}'
    assert asked.headers["x-q"] == "a+b&c=z"
    assert asked.headers["accept"] == "application/hal+json"
    assert asked.headers["content-type"] == "application/json"


async def test_a_form_is_encoded(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {reads: true, input: {v: string}, request: {method: POST, path: /f, "
        "form: {a: '{{ input.v }}', b: x y}}, output: body}\n"
    )
    _, asked = await ask(tmp_path, rest, {}, given={"v": "1&b=2"})
    assert asked.body == b"a=1%26b%3D2&b=x%20y"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("{type: none}", "authorization", None),
        ("{type: bearer, token: '{{ settings.key }}'}", "authorization", "Bearer s3cret"),
        ("{type: basic, username: ян, password: '{{ settings.key }}'}", "authorization", "Basic 0Y/QvTpzM2NyZXQ="),
        ("{type: api_key, in: header, name: X-Key, value: '{{ settings.key }}'}", "x-key", "s3cret"),
        ("{type: api_key, in: cookie, name: sid, value: '{{ settings.key }}'}", "cookie", "sid=s3cret"),
    ],
)
async def test_auth_kinds_sign_headers(tmp_path: Path, auth: str, header: str, value: str | None) -> None:
    _, asked = await ask(tmp_path, GET, {}, given={"id": "1"}, connection=f"auth: {auth}\n", settings=", key: s3cret")
    assert asked.headers.get(header) == value


@pytest.mark.parametrize(("place", "target"), [("query", "/r/1?k=s3%26cret"), ("path", "/s3%26cret/r/1")])
async def test_auth_in_the_address(tmp_path: Path, place: str, target: str) -> None:
    connection = f"auth: {{type: api_key, in: {place}, name: k, value: '{{{{ settings.key }}}}'}}\n"
    _, asked = await ask(tmp_path, GET, {}, given={"id": "1"}, connection=connection, settings=", key: s3&cret")
    assert asked.target == target


async def test_a_secret_goes_into_a_body_only_where_exposed(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {reads: true, request: {method: POST, path: /x, "
        "json: {k: '{{ settings.key }}'}}, output: body}\n"
    )
    connection = "auth: {type: none, expose: [key]}\n"
    _, asked = await ask(tmp_path, rest, {}, connection=connection, settings=", key: s3cret")
    assert asked.json == {"k": "s3cret"}


async def test_a_secret_declared_for_the_address_goes_there(tmp_path: Path) -> None:
    rest = "operations:\n  get: {request: {method: GET, path: '/{{ settings.token }}/x'}, output: body}\n"
    _, asked = await ask(tmp_path, rest, {}, settings=", token: s3cret")
    assert asked.target == "/s3cret/x"


@pytest.mark.parametrize("value", ["..", ".", "", "a/b", "a\\b"])
async def test_a_path_value_stays_one_segment(tmp_path: Path, value: str) -> None:
    error = await refused(tmp_path, GET, {}, given={"id": value})
    assert error.code == "invalid_input"
    assert error.place is not None
    assert error.place.file.endswith("connector.yaml")


async def test_two_values_cannot_make_a_dot_segment(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {input: {a: string, b: string}, request: {method: GET, "
        "path: '/r/{{ input.a }}{{ input.b }}.'}, output: body}\n"
    )
    async with upstream() as system, engine_of(tmp_path, rest, system.url) as engine:
        with pytest.raises(CallError, match="path"):
            await engine.call(Call("p", "crm.get", {"a": ".", "b": "."}))
        assert system.asked == []


async def test_an_unknown_project_or_target_is_an_unknown_operation(tmp_path: Path) -> None:
    assert (await refused(tmp_path, GET, target="crm.nope")).code == "unknown_operation"
    assert (await refused(tmp_path, GET, target="card")).code == "unknown_operation"


async def test_input_is_checked_before_anything_is_sent(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {input: {n: {type: integer, max: 9}, 'p?': phone}, "
        "request: {method: GET, path: /x}, output: body}\n"
    )
    error = await refused(tmp_path, rest, given={"n": "ten", "p": "secret-name", "q": 1})
    assert error.code == "invalid_input"
    assert all(pointer in error.detail for pointer in ("/n", "/p", "/q"))
    assert "secret-name" not in error.detail


async def test_reject_is_tried_before_anything_is_sent(tmp_path: Path) -> None:
    rest = """
operations:
  get:
    input: {"a?": string}
    reject: [{when: "!(input.a)", message: {ru: "Нужно a", en: "a is needed"}}]
    request: {method: GET, path: /x}
    output: body
"""
    error = await refused(tmp_path, rest)
    assert (error.code, error.detail) == ("invalid_input", "a is needed")
    assert error.customer_message == {"ru": "Нужно a", "en": "a is needed"}


IDENTITY = """
operations:
  find:
    capability: identity
    accepts: [email, inn, phone]
    request: {method: GET, path: "/{{ input.type }}", query: {v: "{{ input.value }}"}}
    output: {clients: {each: body.rows, as: {key: item.id, phones: [item.phone]}}}
"""


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({"value": " Ann@Example.com "}, "/email?v=ann@example.com"),
        ({"value": "8 (900) 123-45-67"}, "/phone?v=%2B79001234567"),
        ({"value": "7707083893", "type": "inn"}, "/inn?v=7707083893"),
        ({"value": "7707083893"}, "/inn?v=7707083893"),
        ({"value": "+7 900 123 45 67", "type": "phone"}, "/phone?v=%2B79001234567"),
    ],
)
async def test_identity_resolves_what_the_value_is(tmp_path: Path, given: Any, target: str) -> None:
    routes = "capabilities: {identity: crm}\n"
    answer, asked = await ask(
        tmp_path,
        IDENTITY,
        {"rows": [{"id": 7, "phone": "89001234567"}]},
        target="identity",
        given=given,
        project=routes,
    )
    assert asked.target.replace("%40", "@") == target
    assert answer.data == {"clients": [{"key": "7", "phones": ["+7900•••••67"], "emails": []}]}


@pytest.mark.parametrize("given", [{"value": "ivan", "type": "social"}, {"value": "ivan"}])
async def test_identity_refuses_what_the_system_cannot_search_by(tmp_path: Path, given: Any) -> None:
    error = await refused(tmp_path, IDENTITY, target="identity", given=given, project="capabilities: {identity: crm}\n")
    assert error.code == "invalid_input"
    assert "email, inn, phone" in error.detail


@pytest.mark.parametrize(
    ("capability", "output", "answer"),
    [
        ("identity", "clients: {each: body.rows, as: {key: item.id}}", {"clients": []}),
        ("products", "products: {each: body.rows, as: {id: item.id, kind: item.kind}}", {"products": []}),
        ("showcase", "offers: {each: body.rows, as: {id: item.id, kind: item.kind, name: item.name}}", {"offers": []}),
        ("card", "key: body.id", "not_found"),
        ("authorization", "key: body.id", "client_unauthorized"),
    ],
)
async def test_an_empty_answer_means_what_the_contract_says(
    tmp_path: Path, capability: str, output: str, answer: Any
) -> None:
    rest = (
        "response: {empty_when: status == `204`}\n"
        f"operations:\n  op:\n    capability: {capability}\n    request: {{method: GET, path: /x}}\n"
        f"    output:\n      {output}\n"
    )
    given = {"identity": {"value": "x"}, "authorization": {"token": "t"}, "showcase": {}}.get(
        capability, {"client_key": "1"}
    )
    words: Any = {
        "target": capability,
        "given": given,
        "status": 204,
        "project": f"capabilities: {{{capability}: crm}}\n",
    }
    if isinstance(answer, str):
        assert (await refused(tmp_path, rest, **words)).code == answer
    else:
        assert (await ask(tmp_path, rest, **words))[0].data == answer


async def test_an_empty_answer_of_a_free_operation_is_all_null(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {request: {method: GET, path: /x}, "
        "response: {empty_when: '!(body.id)'}, output: {id: body.id, 'rows?': {each: body.rows, "
        "as: item}}}\n"
    )
    assert (await ask(tmp_path, rest, {}))[0].data == {"id": None, "rows": []}
    named = rest.replace("output: {id: body.id, ", "output: {let: {a: body}, as: {id: a.id, ").replace(
        "item}}}", "item}}}}"
    )
    assert (await ask(tmp_path, named, {}))[0].data == {"id": None, "rows": []}


async def test_what_a_required_member_lacks_is_named_with_its_line(tmp_path: Path) -> None:
    rest = "operations:\n  get:\n    request: {method: GET, path: /x}\n    output:\n      id: body.data.id\n"
    error = await refused(tmp_path, rest, {"data": {"ID": 5, "name": "Ivan"}})
    assert error.code == "mapping_failed"
    assert error.upstream is not None
    assert (error.upstream.connection, error.upstream.status) == ("crm", 200)
    assert error.place is not None
    assert (error.place.line, error.place.column) == (15, 11)
    assert "`ID`" in error.detail
    assert "Ivan" not in error.detail


async def test_an_answer_that_breaks_the_contract_names_the_member_not_the_value(tmp_path: Path) -> None:
    rest = (
        "operations:\n  op:\n    capability: card\n    request: {method: GET, path: /x}\n"
        "    output: {key: body.id, birth_date: body.born}\n"
    )
    error = await refused(tmp_path, rest, {"id": 1, "born": "Ivan"}, target="crm.op", given={"client_key": "1"})
    assert error.code == "contract_violated"
    assert "birth_date" in error.detail
    assert "Ivan" not in error.detail


async def test_numbers_of_products_are_masked_unless_revealed(tmp_path: Path) -> None:
    rest = (
        "operations:\n  op:\n    capability: products\n    request: {method: GET, path: /x}\n"
        "    output: {products: {each: body, as: {id: item.id, kind: {const: card}, "
        "number: item.n}}}\n"
    )
    reply = [{"id": 1, "n": "4000123412341234"}]
    hidden, _ = await ask(tmp_path, rest, reply, target="crm.op", given={"client_key": "1"})
    shown, _ = await ask(tmp_path, rest, reply, target="crm.op", given={"client_key": "1"}, reveal=True)
    assert hidden.data["products"][0]["number"].endswith("1234")
    assert "4000" not in hidden.data["products"][0]["number"]
    assert shown.data["products"][0]["number"] == "4000123412341234"


async def test_exact_numbers_and_large_identifiers_arrive_unharmed(tmp_path: Path) -> None:
    answer, _ = await ask(tmp_path, GET, b'{"a": 0.10, "b": 12345678901234567890, "c": 1e2}', given={"id": "1"})
    assert (str(answer.data["a"]), answer.data["b"], answer.data["c"]) == ("0.10", "12345678901234567890", 100)


async def test_this_systems_nulls_are_null(tmp_path: Path) -> None:
    rest = (
        "response: {nulls: [false, '']}\noperations:\n  get: {request: {method: GET, path: /x}, "
        "output: {n: body.n, 'a?': body.a, 'b?': body.b}}\n"
    )
    assert (await ask(tmp_path, rest, {"n": 0, "a": False, "b": ""}))[0].data == {"n": 0}


async def cut_off(folder: Path, rest: str, given: Any) -> CallError:
    async with upstream() as system, engine_of(folder, rest, system.url) as engine:
        system.never_answers()
        with pytest.raises(CallError) as raised:
            await engine.call(Call("p", "crm.get", given, deadline=engine.clock.monotonic() + 0.1))
    return raised.value


async def test_the_callers_deadline_cuts_a_slow_system(tmp_path: Path) -> None:
    error = await cut_off(tmp_path, GET, {"id": "1"})
    assert (error.code, error.retryable) == ("upstream_timeout", True)


async def test_a_lost_answer_to_a_write_is_an_unknown_outcome(tmp_path: Path) -> None:
    rest = "operations:\n  get: {request: {method: POST, path: /x, json: {}}, output: body}\n"
    error = await cut_off(tmp_path, rest, {})
    assert (error.code, error.retryable) == ("outcome_unknown", False)


@pytest.mark.parametrize("mark", ["reads: true", "idempotent: true"])
async def test_a_post_that_may_be_repeated_only_timed_out(tmp_path: Path, mark: str) -> None:
    rest = f"operations:\n  get: {{{mark}, request: {{method: POST, path: /x, json: {{}}}}, output: body}}\n"
    assert (await cut_off(tmp_path, rest, {})).code == "upstream_timeout"


async def test_the_connections_own_time_cuts_too(tmp_path: Path) -> None:
    connection = "timeout: {total: 100ms}\n"
    async with upstream() as system, engine_of(tmp_path, GET, system.url, connection=connection) as engine:
        system.never_answers()
        began = engine.clock.monotonic()
        with pytest.raises(CallError, match="upstream_timeout"):
            await engine.call(Call("p", "crm.get", {"id": "1"}))
        assert engine.clock.monotonic() - began < 5  # the project would wait for 10 s


async def test_projects_never_share_a_connection(tmp_path: Path) -> None:
    async with upstream() as system:
        file = lay(tmp_path, GET, system.url)
        text = file.read_text(encoding="utf-8")
        file.write_text(text + text.replace("projects:\n", "").replace("  p:", "  q:"), encoding="utf-8")
        engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
        for project in ("p", "q", "p", "q"):
            await engine.call(Call(project, "crm.get", {"id": "1"}))
        await engine.close()
    assert len({asked.peer for asked in system.asked}) == 2
    assert system.asked[0].peer == system.asked[2].peer


class Heard(Recorder):
    def __init__(self) -> None:
        self.rooms: list[str] = []

    def input(self, target: str, given: dict[str, Any]) -> None:
        self.rooms.append(f"desk {target}")

    def credential(self, values: Iterable[Any]) -> None:
        self.rooms.append("a credential")

    def rendered(self, request: Rendered, action: Action) -> None:
        self.rooms.append(f"press {request.method}")

    def reply(self, reply: Reply) -> None:
        self.rooms.append(f"gate {reply.status}")

    def outcome(self, target: str, outcome: Outcome) -> None:
        self.rooms.append(f"reader {outcome.empty}")


async def test_a_recorder_hears_every_room(tmp_path: Path) -> None:
    heard = Heard()
    async with upstream() as system, engine_of(tmp_path, GET, system.url) as engine:
        await engine.call(Call("p", "crm.get", {"id": "1"}), heard)
    assert heard.rooms == ["desk crm.get", "press GET", "gate 200", "reader False"]


MOVING = """\
headers: {X-Request-Id: "{{ call.request_id }}", X-Key: "{{ settings.key }}", X-Day: "{{ now }}", X-Plain: a}
"""


async def test_headers_of_a_connection_may_differ_from_call_to_call(tmp_path: Path) -> None:
    rest = (
        "operations:\n"
        "  get: {request: {method: GET, path: /x}, output: {id: body.id}}\n"
        "  own: {request: {method: GET, path: /x, headers: {X-Plain: b, x-day: never}}, output: {id: body.id}}\n"
    )
    async with (
        upstream() as system,
        engine_of(tmp_path, rest, system.url, connection=MOVING, settings=", key: s3cret") as engine,
    ):
        system.says({"id": "1"})
        for target in ("crm.get", "crm.get", "crm.own"):
            await engine.call(Call("p", target, {}))
    first, second, own = (asked.headers for asked in system.asked)
    assert first["x-request-id"] != second["x-request-id"]
    assert first["x-day"].startswith("20")
    assert (first["x-key"], first["x-plain"]) == ("s3cret", "a")
    assert (own["x-key"], own["x-plain"], own["x-day"]) == ("s3cret", "b", "never")


async def test_one_expression_of_an_object_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get:\n    request: {method: GET, path: /x}\n    output:\n"
        "      id: body.id\n      sum: abs(body.name)\n      name: body.name\n"
    )
    async with upstream() as system, engine_of(tmp_path, rest, system.url) as engine:
        system.says({"id": 1, "name": "Anna"})
        with pytest.raises(CallError) as failed:
            await engine.call(Call("p", "crm.get", {}))
    assert (failed.value.code, failed.value.place and failed.value.place.line) == ("mapping_failed", 16)
    assert "`abs(body.name)`" in failed.value.detail
    assert "Anna" not in failed.value.detail


async def test_the_systems_log_and_ours_share_the_id_of_a_call(tmp_path: Path) -> None:
    request = '{method: GET, path: /x, headers: {X-Call: "{{ call.id }}"}}'
    rest = f"operations: {{get: {{request: {request}, output: {{id: body.id}}}}}}\n"
    async with upstream() as system, engine_of(tmp_path, rest, system.url) as engine:
        system.says({"id": "1"})
        for trace_id in ("t-1", "", ""):
            await engine.call(Call("p", "crm.get", {}, trace_id=trace_id))
    first, second, third = (asked.headers["x-call"] for asked in system.asked)
    assert first == "t-1"
    assert len({second, third, ""}) == 3
