"""Endpoints without HTTP: who is let in, what a request means, how it is answered."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from engine.errors import CallError, ConfigError
from engine.runtime.call import Answer, Call
from engine.runtime.inbound import Inbox, Mount, Once
from engine.runtime.registry import load
from engine.settings.clock import SystemClock
from engine.spec.trip import Arrival, Returned
from tests.runtime.town import BANK, lay
from tests.turned import HastyClock

OPEN = "inbound: {auth: {type: none}}\n"
SEARCH = """\
endpoints:
  search:
    method: POST
    path: /search
    call: identity
    read: {value: request.body.client, type: {expr: request.body.kind, map: {tel: phone}, default: any}}
    reply:
      - when: error
        status: "{{ error.status }}"
        headers: {X-Code: "{{ error.code }}"}
        body: {said: "{{ error.customer_message }}"}
      - {when: "length(output.clients) == `0`", status: 404}
      - body: {all: {each: output.clients, as: {key: "{{ item.key }}", name: "{{ item.name }}"}}}
"""


OTHERS = f"{OPEN}{SEARCH}".replace(
    'X-Code: "{{ error.code }}"', 'X-Code: "{{ error.code }}", X-Who: "{{ input.value }}"'
)


@dataclass(slots=True)
class Desk:
    """One endpoint; `says` is what the engine answers, `asked` what it was asked."""

    mount: Mount
    says: Any = None
    clock: SystemClock = field(default_factory=SystemClock)
    asked: list[Call] = field(default_factory=list)
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        async def ask(call: Call) -> Answer:
            self.asked.append(call)
            if isinstance(self.says, CallError):
                raise self.says
            return Answer(self.says, {})

        self.inbox = Inbox(ask, self.clock)

    async def post(self, body: Any = None, *, language: str = "", members: Any = None, **more: Any) -> Returned:
        written = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "method": "POST",
            "path": self.mount.path,
            "query": "",
            "headers": {},
            "body": written,
            "peer": "10.0.0.1",
        }
        return await self.inbox.answer(self.mount, Arrival(**(sent | more)), members or {}, None, "trace-1", language)

    async def refused(self, body: Any = None, **more: Any) -> CallError:
        with pytest.raises(CallError) as caught:
            await self.post(body, **more)
        return caught.value


def desk(folder: Path, rest: str, says: Any = None, clock: SystemClock | None = None, project: str = "") -> Desk:
    whole = BANK + rest
    registry = load(
        lay(folder, project or "capabilities: {identity: a}\n", {"a": "https://x.example"}, a=whole), (), {}
    )
    assert registry.troubles == (), [str(d) for t in registry.troubles for d in t.diagnostics]
    return Desk(registry.projects["p"].mounts[0], says, clock or SystemClock())


def clients(*keys: str) -> dict[str, Any]:
    return {"clients": [{"key": key, "phones": [], "emails": []} for key in keys]}


async def test_a_request_is_read_into_a_call_and_its_answer_written(tmp_path: Path) -> None:
    at = desk(tmp_path, OPEN + SEARCH, clients("7", "8"))
    reply = await at.post({"client": "+79000000001", "kind": "tel"})
    assert reply[:3] == (200, (), {"all": [{"key": "7"}, {"key": "8"}]})
    (call,) = at.asked
    assert (call.project, call.target, call.input) == ("p", "identity", {"value": "+79000000001", "type": "phone"})
    assert (call.caller, call.reveal, call.contacts, call.trace_id) == ("in:a", False, True, "trace-1")


async def test_the_first_reply_that_fits_is_the_answer(tmp_path: Path) -> None:
    at = desk(tmp_path, OPEN + SEARCH, clients())
    assert (await at.post({"client": "x"}))[:3] == (404, (), None)


async def test_an_error_is_answered_by_a_reply_that_names_it(tmp_path: Path) -> None:
    at = desk(tmp_path, OPEN + SEARCH, CallError("upstream_unavailable", "down"))
    for language, said in {"": "Сервис", "en": "The service"}.items():
        reply = await at.post({"client": "x"}, language=language)
        assert (reply.status, reply.headers) == (503, (("X-Code", "upstream_unavailable"),))
        assert reply.body["said"].startswith(said)


async def test_an_error_that_no_reply_names_is_nobodys(tmp_path: Path) -> None:
    a, b = SEARCH.index("      - when: error"), SEARCH.index('      - {when: "length')
    at = desk(tmp_path, OPEN + SEARCH[:a] + SEARCH[b:], CallError("conflict", "no"))
    assert (await at.refused({"client": "x"})).code == "conflict"


async def test_an_answer_that_no_reply_takes_is_told(tmp_path: Path) -> None:
    rest = SEARCH[: SEARCH.index("      - body:")]
    error = await desk(tmp_path, OPEN + rest, clients("7")).refused({"client": "x"})
    assert (error.code, error.detail) == ("mapping_failed", "no `reply` takes this answer")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("{status: '{{ output.clients[0].key }}'}", "`status` is 7"),
        ("{status: '{{ output.clients[1].key }}'}", "`status` is null"),
        ("{body: {a: '{{ output.clients[0].key + 1 }}'}}", "`{{ output.clients[0].key + 1 }}`"),
        ("{headers: {\"{{ 'X A' }}\": a}}", "`reply`"),
    ],
)
async def test_a_reply_that_cannot_be_written_names_its_place(tmp_path: Path, reply: str, says: str) -> None:
    rest = SEARCH[: SEARCH.index("    reply:")] + f"    reply: {reply}\n"
    error = await desk(tmp_path, OPEN + rest, clients("7")).refused({"client": "x"})
    assert (error.code, says in error.detail, error.place is not None) == ("mapping_failed", True, True), error.detail


@pytest.mark.parametrize(
    ("who", "sent"),
    [
        ("Ivan Petrov\t~", "Ivan Petrov\t~"),
        ("Zoë", "Zo%C3%AB"),
        ("a\r\nX-B: c\0", "a%0D%0AX-B: c%00"),
        ("\x7f✓", "%7F%E2%9C%93"),
    ],
)
async def test_a_callers_text_in_a_header_is_encoded_where_no_header_can_hold_it(
    tmp_path: Path, who: str, sent: str
) -> None:
    at = desk(tmp_path, OTHERS, CallError("conflict", "no"))
    reply = await at.post({"client": who})
    assert (reply.status, dict(reply.headers)["X-Who"]) == (409, sent)


ECHO = """\
endpoints:
  echo:
    method: POST
    path: /e/{id}
    call: note
    read:
      let: {r: request}
      as: {text: "to_json({body: r.body, raw: r.raw, query: r.query, path: r.path, x: r.headers.x})"}
    reply: {body: {ok: "{{ output.ok }}"}}
"""


async def seen(at: Desk, body: Any, **more: Any) -> Any:
    await at.post(body, **more)
    return json.loads(at.asked[-1].input["text"])


async def test_a_request_is_seen_whole(tmp_path: Path) -> None:
    at = desk(tmp_path, OPEN + ECHO, {"ok": True})
    found = await seen(at, {"A": 1}, query="a=1&A=2&a=3", headers={"x": "y"}, members={"id": "a%2Fb"})
    assert found == {
        "body": {"A": 1},
        "raw": {"A": 1},
        "query": {"a": ["1", "3"], "A": "2"},
        "path": {"id": "a/b"},
        "x": "y",
    }


async def test_names_are_lowered_at_any_depth_if_wanted(tmp_path: Path) -> None:
    rest = "inbound: {accepts: {formats: [json, form], keys: lower}, auth: {type: none}}\n" + ECHO
    at = desk(tmp_path, rest, {"ok": True})
    found = await seen(at, {"Chat": [{"ID": 1, "iD": 2}], "x": None, "X": 3}, query="ClientId=7")
    assert (found["body"], found["query"]) == ({"chat": [{"id": 1}], "x": 3}, {"clientid": "7"})
    assert found["raw"] == {"Chat": [{"ID": 1, "iD": 2}], "x": None, "X": 3}
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert (await seen(at, b"Client=%2B7+9&A=%D0%B0", headers=form))["body"] == {"client": "+7 9", "a": "а"}
    assert (await seen(at, b"", headers=form))["body"] is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", "application/json"), (b"a=1", "application/x-www-form-urlencoded"), (b"\xff", ""), (b'{"a":1,"a":2}', "")],
)
async def test_what_cannot_be_read_is_the_callers_mistake(tmp_path: Path, body: bytes, kind: str) -> None:
    error = await desk(tmp_path, OPEN + ECHO).refused(body, headers={"content-type": kind})
    assert (error.code, error.detail.startswith("the request cannot be read:")) == ("invalid_input", True), error.detail


@pytest.mark.parametrize("segment", ["%ff", "a%C3", "%ED%A0%80"])
async def test_a_path_that_is_not_utf8_is_the_callers_mistake(tmp_path: Path, segment: str) -> None:
    at = desk(tmp_path, OPEN + ECHO)
    error = await at.refused(members={"id": segment})
    assert (error.code, error.detail) == ("invalid_input", "the request cannot be read: its path is not UTF-8")
    assert at.asked == []


async def test_an_expression_that_fails_on_a_request_is_the_callers_mistake(tmp_path: Path) -> None:
    at = desk(tmp_path, OPEN + SEARCH.replace("request.body.client", "int(request.body.client)"), clients("7"))
    reply = await at.post({"client": "many"})
    assert (reply.status, at.asked) == (400, [])
    reply = await at.post([1, 2])
    assert reply.status in (200, 400)


def signed(key: str, text: str, encoding: str = "hex") -> str:
    digest = hmac.new(key.encode(), text.encode(), "sha256")
    return digest.hexdigest() if encoding == "hex" else base64.b64encode(digest.digest()).decode()


SHOWN: list[tuple[str, dict[str, Any]]] = [
    ("{type: api_key, in: header, name: X-Api-Key, value: '{{ settings.key }}'}", {"headers": {"x-api-key": "s3cret"}}),
    ("{type: api_key, in: query, name: key, value: '{{ settings.key }}'}", {"query": "a=1&key=s3cret"}),
    ("{type: api_key, in: cookie, name: key, value: '{{ settings.key }}'}", {"headers": {"cookie": "a=b; key=s3cret"}}),
    ("{type: bearer, token: '{{ settings.key }}'}", {"headers": {"authorization": "bearer s3cret"}}),
    (
        "{type: basic, username: u, password: '{{ settings.key }}'}",
        {"headers": {"authorization": "Basic " + base64.b64encode(b"u:s3cret").decode()}},
    ),
    ("{type: ip, allow: [10.0.0.0/8, 192.168.1.0/24]}", {"peer": "192.168.1.7"}),
    (
        "{type: hmac, algorithm: sha256, key: '{{ settings.key }}', string_to_sign: '{{ request.path }}'}",
        {"headers": {"x-signature": signed("s3cret", "/in/p/a/search")}},
    ),
    (
        "[{type: ip, allow: [10.0.0.0/8]}, {type: bearer, token: '{{ settings.key }}'}]",
        {"peer": "10.1.2.3", "headers": {"authorization": "Bearer s3cret"}},
    ),
]
SPOILT: dict[str, Any] = {"peer": "11.0.0.1", "headers": {}, "query": ""}


def guarded(folder: Path, auth: str, clock: SystemClock | None = None) -> Desk:
    found = lay(
        folder,
        "capabilities: {identity: a}\n",
        {"a": "https://x.example"},
        a=f"{BANK}inbound: {{auth: {auth}}}\n{SEARCH}",
    )
    text = found.read_text(encoding="utf-8").replace("settings: {url:", "settings: {key: '${KEY}', url:")
    found.write_text(text, encoding="utf-8")
    return Desk(load(found, (), {"KEY": "s3cret"}).projects["p"].mounts[0], clients(), clock or SystemClock())


@pytest.mark.parametrize(("auth", "sent"), SHOWN, ids=[auth[:30] for auth, _ in SHOWN])
async def test_who_shows_what_is_asked_is_let_in_and_nobody_else(
    tmp_path: Path, auth: str, sent: dict[str, Any]
) -> None:
    at = guarded(tmp_path, auth)
    assert (await at.post({}, **sent)).status == 404, "it was let in, and nobody found"
    wrong = {name: SPOILT[name] for name in sent}
    forged = json.loads(json.dumps(sent).replace("s3cret", "s3creT").replace("192.168.1", "192.168.2"))
    if "x-signature" in sent.get("headers", {}):
        forged["headers"]["x-signature"] = signed("s3creT", "/in/p/a/search")
    if "Basic" in str(sent):
        forged["headers"]["authorization"] = "Basic " + base64.b64encode(b"u:s3creT").decode()
    if "query" in sent:
        assert (await at.post({}, query="&".join([sent["query"], *["a=1"] * 1000]))).status == 401, "far too many"
    for other in (wrong, forged, *({**sent, name: SPOILT[name]} for name in sent)):
        reply = await at.post({}, **other)
        assert (reply.status, reply.headers) == (401, (("X-Code", "unauthenticated"),))
        assert "s3cret" not in str(reply)
    assert len(at.asked) == 1


async def test_only_the_scheme_of_authorization_may_be_written_otherwise(tmp_path: Path) -> None:
    at = guarded(tmp_path, "{type: api_key, in: header, name: X-Key, value: 'Key {{ settings.key }}'}")
    for key, status in {"Key s3cret": 404, "key s3cret": 401, "KEY s3cret": 401}.items():
        assert (await at.post({}, headers={"x-key": key})).status == status
    at = guarded(tmp_path, "{type: api_key, in: header, name: AUTHORIZATION, value: 'Key {{ settings.key }}'}")
    for key, status in {"Key s3cret": 404, "key s3cret": 404, "Key S3cret": 401, "Keys3cret": 401}.items():
        assert (await at.post({}, headers={"authorization": key})).status == status


async def test_a_signature_that_stands_nowhere_admits_nobody(tmp_path: Path) -> None:
    nowhere = "{type: hmac, algorithm: sha256, key: '{{ settings.key }}', string_to_sign: x, place: []}"
    assert (await guarded(tmp_path, nowhere).post({})).status == 401


STAMPED = (
    "{type: hmac, algorithm: sha256, key: '{{ settings.key }}', encoding: base64, tolerance: 2m, "
    "timestamp: \"{{ request.headers['x-time'] }}\", string_to_sign: '{{ timestamp }}.{{ request.body_hash }}', "
    "place: {in: header, name: X-Sign, value: 'v1={{ auth.signature }}'}}"
)


def stamp(time: str, body: bytes = b"{}") -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {"x-time": time, "x-sign": "v1=" + signed("s3cret", f"{time}.{digest}", "base64")}


async def test_a_signed_request_is_taken_once_and_only_when_it_is_fresh(tmp_path: Path) -> None:
    clock = HastyClock()
    at = guarded(tmp_path, STAMPED, clock)
    now = clock.now()
    times = [
        str(int(now.timestamp())),
        f"{now.timestamp() * 1000:.0f}",
        now.isoformat(),
        str(int(now.timestamp()) - 100),
    ]
    for time in times:
        assert (await at.post({}, headers=stamp(time))).status == 404
        assert (await at.post({}, headers=stamp(time))).status == 401, "it comes a second time"
    stale = [
        int(now.timestamp()) - 125,
        int(now.timestamp()) + 125,
        "soon",
        "",
        "9" * 30,
        "2026-01-01T00:00:00",
        "-1",
        "1e400",
    ]
    for time in map(str, stale):
        assert (await at.post({}, headers=stamp(time))).status == 401, time
    assert (await at.post({"a": 1}, headers=stamp(str(int(now.timestamp()) - 1)))).status == 401, "another body"
    ahead = str(int(clock.now().timestamp()) + 100)
    assert (await at.post({}, headers=stamp(ahead))).status == 404
    clock.ahead += 130
    assert (await at.post({}, headers=stamp(ahead))).status == 401, "fresh until twice the tolerance"
    clock.ahead += 120
    late = str(int(clock.now().timestamp()))
    assert (await at.post({}, headers=stamp(late))).status == 404
    assert (await at.post({}, headers=stamp(times[0]))).status == 401, "forgotten, but no longer fresh"


def test_what_came_is_remembered_as_long_as_it_matters_and_no_longer() -> None:
    clock = HastyClock()
    once = Once(clock, most=3)
    assert [once.first(mark, 10) for mark in ("a", "b", "a")] == [True, True, False]
    assert once.first("c", 20)
    with pytest.raises(CallError) as caught:
        once.first("d", 10)
    assert caught.value.code == "overloaded"
    assert not once.first("a", 10), "what is known is told apart even then"
    clock.ahead += 11
    assert once.first("a", 10)
    assert not once.first("c", 10)


def test_what_no_longer_matters_is_not_told_apart_though_it_is_still_kept() -> None:
    clock = HastyClock()
    once = Once(clock)
    assert once.first("long", 100)
    assert once.first("short", 10)
    clock.ahead += 11
    assert once.first("short", 10)
    assert not once.first("long", 100)


async def test_what_one_project_took_another_has_not(tmp_path: Path) -> None:
    at = guarded(tmp_path, STAMPED)
    time = str(int(at.clock.now().timestamp()))
    assert (await at.post({}, headers=stamp(time))).status == 404
    at.mount = replace(at.mount, bound=replace(at.mount.bound, project="q"))
    assert (await at.post({}, headers=stamp(time))).status == 404
    assert (await at.post({}, headers=stamp(time))).status == 401


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def mouth(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    rest = "inbound: {accepts: {formats: [json, form], keys: lower}, auth: {type: none}}\n" + SEARCH
    return desk(tmp_path_factory.mktemp("mouth"), rest, clients("7"))


@drawn(
    body=st.binary(max_size=40) | VALUES,
    query=st.text(alphabet=st.characters(max_codepoint=255), max_size=20),
    kind=st.sampled_from(["", "application/json", "application/x-www-form-urlencoded", "text/xml", "é"]),
)
async def test_whatever_comes_is_read_or_the_callers_mistake(mouth: Desk, body: Any, query: str, kind: str) -> None:
    reply = await mouth.post(body, query=query, headers={"content-type": kind})
    assert reply.status in (200, 400)


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("request.body.client", "reqest.body.client", "unknown-name"),
        ("request.body.client", "request.form.client", "unknown-member"),
        ("value: request", "valeu: request", "unknown-contract-member"),
        ("call: identity", "call: identiti", "unknown-operation"),
        ("call: identity\n    read: {value", "call: user\n    read: {id: request.body.id, value", "unknown-member"),
        ("path: /search", "path: search", "wrong-type"),
        ("path: /search", "path: '/c/{id}/d/{id}'", "wrong-value"),
        ("path: /search", "path: /s/{a-b}", "wrong-type"),
        ("{{ error.status }}", "{{ eror.status }}", "unknown-name"),
        ("status: 404", "status: 99", "wrong-value"),
        ("status: 404", "status: [1]", "wrong-value"),
        ("method: POST", "method: HEAD", "wrong-value"),
        ("{{ item.name }}", "{{ settings.key }}", "secret-misplaced"),
        ("request.body.kind", "request.path.kind", "unknown-member"),
        ("inbound: {auth: {type: none}}\n", "", "missing-key"),
        ("{type: none}", "{type: api_key, in: path, value: x}", "wrong-value"),
        ("{type: none}", "{type: ip, allow: [10.0.0.1/8]}", "wrong-network"),
        ("{type: none}", "{type: ip, allow: []}", "wrong-type"),
        ("{type: none}", "{type: oauth2, grant: password}", "wrong-value"),
        ("{type: none}", "{type: hmac, algorithm: sha256, key: k, string_to_sign: '{{ nonce }}'}", "unknown-name"),
        ("{type: none}", "{type: hmac, algorithm: sha256, key: k, timestamp: '1', string_to_sign: x}", "wrong-value"),
        (
            "{type: none}",
            "{type: hmac, algorithm: sha256, key: k, timestamp: '1', string_to_sign: '{{ x'}",
            "template-syntax",
        ),
        ("{auth: {type: none}}", "{auth: {type: none}, accepts: {keys: upper}}", "wrong-value"),
        ("X-Code", "X Code", "wrong-value"),
    ],
)
def test_an_endpoint_is_checked(tmp_path: Path, right: str, wrong: str, code: str) -> None:
    text = OPEN + SEARCH
    assert right in text
    file = lay(tmp_path, "", {"a": "https://x.example"}, a=BANK + text.replace(right, wrong, 1))
    (trouble,) = load(file, (), {}).troubles
    assert code in {problem.code for problem in trouble.diagnostics}, trouble.diagnostics


HEADER, QUERY, BODY = (
    "request.headers['x-time']",
    "request.query | capture('t=([0-9]+)')",
    "(request.body | from_json).t",
)


@pytest.mark.parametrize(
    ("time", "text", "fine"),
    [
        (HEADER, "{{ timestamp }}", True),
        (HEADER, "{{ request.headers['x-time'] }}.{{ request.body }}", True),
        (HEADER, "{{ request.headers['x-other'] }}.{{ request.body }}", False),
        (HEADER, "{{ request.method }} {{ request.url }}", False),
        (QUERY, "{{ request.url }}", True),
        (QUERY, "{{ request.query }}", True),
        (QUERY, "{{ request.path }}{{ request.headers['x-time'] }}", False),
        (BODY, "{{ request.body }}", True),
        (BODY, "{{ request.body_hash }}", True),
        (BODY, "{{ request.url }}", False),
        (f"{HEADER} ~ ({QUERY})", "{{ request.url }}", False),
        (f"{HEADER} ~ ({QUERY})", "{{ request.url }}{{ request.headers['x-time'] }}", True),
    ],
)
def test_the_time_must_be_in_what_is_signed(tmp_path: Path, time: str, text: str, fine: bool) -> None:
    proof = {
        "type": "hmac",
        "algorithm": "sha256",
        "key": "k",
        "timestamp": f"{{{{ {time} }}}}",
        "string_to_sign": text,
    }
    whole = f"{BANK}inbound: {{auth: {json.dumps(proof)}}}\n{SEARCH}"
    troubles = load(lay(tmp_path, "", {"a": "https://x.example"}, a=whole), (), {}).troubles
    told = [(problem.code, problem.message) for one in troubles for problem in one.diagnostics]
    assert told == (
        [] if fine else [("wrong-value", "`string_to_sign` leaves the time out, so anybody could change it")]
    )


def test_a_name_that_is_never_there_is_told(tmp_path: Path) -> None:
    text = "inbound: {accepts: {keys: lower}, auth: {type: none}}\n" + SEARCH.replace(
        "request.body.client", "request.body.Client"
    )
    (trouble,) = load(lay(tmp_path, "", {"a": "https://x.example"}, a=BANK + text), (), {}).troubles
    (problem,) = trouble.diagnostics
    assert (problem.code, problem.remedy) == ("unknown-member", "write `client`")


@pytest.mark.parametrize(
    ("project", "path", "clash"),
    [("", "/search", False), ("inbound: {root: true}\n", "/search", True), ("inbound: {root: true}\n", "/v1/x", True)],
)
def test_no_two_endpoints_answer_at_one_path(tmp_path: Path, project: str, path: str, clash: bool) -> None:
    text = BANK + OPEN + SEARCH.replace("/search", path)
    file = lay(tmp_path, project, dict.fromkeys("ab", "https://x.example"), a=text, b=text)
    try:
        load(file, (), {})
        codes = set()
    except ConfigError as error:
        codes = {problem.code for problem in error.diagnostics}
    assert codes == ({"path-clash"} if clash else set())
