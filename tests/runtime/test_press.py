"""Room 3 through the engine: what is null, what is missing, and that a call compiles nothing."""

import builtins
from pathlib import Path
from typing import Any

import jinja2.parser
import jmespath.parser
import pytest

from engine.errors import CallError
from engine.language.template import Template
from engine.runtime.call import Call
from tests.runtime.bench import engine_of
from tests.upstream import Asked, Upstream, upstream

NULLS = """
operations:
  query:
    input: {"n?": string, "z": {type: string, nullable: true}}
    request: {method: GET, path: /x, query: {a: "{{ input.n }}", b: "{{ input.z }}", c: null, d: "{{ input.n.deep }}"}}
  headers:
    input: {"n?": string, "z": {type: string, nullable: true}}
    request: {method: GET, path: /x, headers: {X-A: "{{ input.n }}", X-B: "{{ input.z }}", X-C: null, X-D: "4"}}
  form:
    input: {"n?": string, "z": {type: string, nullable: true}}
    reads: true
    request: {method: POST, path: /x, form: {a: "{{ input.n }}", b: "{{ input.z }}", c: null, d: 4}}
  json:
    input: {"n?": string, "z": {type: string, nullable: true}}
    reads: true
    request:
      method: POST
      path: /x
      json: {a: "{{ input.n }}", b: "{{ input.z }}", c: null, d: ["{{ input.n }}", {e: "{{ input.n }}"}], f: {}}
  path: {input: {"n?": string}, request: {method: GET, path: "/x/{{ input.n }}"}}
  mixed: {input: {"n?": string}, request: {method: GET, path: /x, query: {q: "no. {{ input.n }}"}}}
  tilde: {input: {"n?": string}, request: {method: GET, path: /x, headers: {X-Q: "{{ 'no. ' ~ input.n }}"}}}
  taken:
    input: {"n?": string}
    request: {method: GET, path: "/x{{ input.n | default('0') }}", query: {q: "<{{ input.n or '' }}>"}}
  sent: {request: {method: GET, path: /x}, output: {url: "https://h.example/{{ body.idd }}"}}
  lone: {request: {method: GET, path: /x}, output: {id: "{{ body.client.idd }}"}}
"""


async def asked(folder: Path, operation: str, given: dict[str, Any], reply: Any = None) -> Asked:
    async with upstream() as system:
        await called(folder, system, operation, given, reply)
        return system.asked[-1]


async def called(folder: Path, system: Upstream, operation: str, given: dict[str, Any], reply: Any = None) -> None:
    system.says(reply or {})
    async with engine_of(folder, NULLS, system.url) as engine:
        await engine.call(Call("p", f"crm.{operation}", given))


def pointed(error: CallError) -> tuple[str, str]:
    """The line of the file that the error names, before and from its column."""
    assert error.place is not None
    line = Path(error.place.file).read_text(encoding="utf-8").splitlines()[error.place.line - 1]
    return line[: error.place.column - 1], line[error.place.column - 1 :]


@pytest.mark.parametrize("given", [{"z": None}, {"z": None, "n": None}])
async def test_a_null_drops_its_key_in_queries_headers_and_forms(tmp_path: Path, given: dict[str, Any]) -> None:
    assert (await asked(tmp_path, "query", given)).target == "/x"
    assert {n for n in (await asked(tmp_path, "headers", given)).headers if n.startswith("x-")} == {"x-d"}
    assert (await asked(tmp_path, "form", given)).body == b"d=4"


async def test_in_json_a_given_null_is_sent_and_an_absent_one_drops_its_key(tmp_path: Path) -> None:
    found = await asked(tmp_path, "json", {"z": None})
    assert found.body == b'{"b":null,"c":null,"d":[null,{}],"f":{}}'
    found = await asked(tmp_path, "json", {"z": "1", "n": "2"})
    assert found.body == b'{"a":"2","b":"1","c":null,"d":["2",{"e":"2"}],"f":{}}'


@pytest.mark.parametrize(
    ("operation", "code"), [("path", "invalid_input"), ("mixed", "mapping_failed"), ("tilde", "mapping_failed")]
)
async def test_null_in_a_path_or_in_text_is_an_error_that_says_what_to_add(
    tmp_path: Path, operation: str, code: str
) -> None:
    async with upstream() as system:
        with pytest.raises(CallError) as raised:
            await called(tmp_path, system, operation, {})
        assert system.asked == []
    assert raised.value.code == code
    assert "add `| default('')`" in str(raised.value)
    before, after = pointed(raised.value)
    assert before.strip().startswith(f"{operation}:")
    assert after.startswith("/x/{{ input.n" if operation == "path" else "input.n")


async def test_a_null_that_is_taken_by_default_or_or_is_written(tmp_path: Path) -> None:
    assert (await asked(tmp_path, "taken", {})).target == "/x0?q=%3C%3E"


@pytest.mark.parametrize(
    ("operation", "said"),
    [("sent", "`body.idd` is missing: `body` has `id`"), ("lone", "`body.client` is missing: `body` has `id`")],
)
async def test_what_an_upstream_did_not_send_is_an_error_where_it_would_be_written(
    tmp_path: Path, operation: str, said: str
) -> None:
    async with upstream() as system:
        with pytest.raises(CallError) as raised:
            await called(tmp_path, system, operation, {}, {"id": 1})
    assert raised.value.code == "mapping_failed"
    assert said in str(raised.value)
    assert pointed(raised.value)[1].startswith("body.")


COMPILED = """
response: {errors: [{when: "body.never_seen_error", code: conflict}]}
operations:
  get:
    input: {q: string}
    request: {method: GET, path: "/never-seen/{{ input.q }}", query: {q: "never seen {{ input.q | upper }}", n: 5}}
    let: {row: "body.rows[?never_seen == $input.q] | [0]"}
    output: {id: row.never_seen_id, url: "https://never-seen.example/{{ row.never_seen_id }}"}
"""


async def test_a_call_compiles_nothing_and_renders_its_connection_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a call compiled something")

    run, written = Template.__call__, list[str]()

    def count(template: Template, scope: Any) -> Any:
        written.append(template.text)
        return run(template, scope)

    connection = "headers: {X-Base: 'never seen {{ settings.url }}'}\n"
    async with upstream() as system:
        system.says({"rows": [{"never_seen": "a", "never_seen_id": 7}]})
        async with engine_of(tmp_path, COMPILED.replace("row", "hit"), system.url, connection=connection) as engine:
            system.says({"hits": [{"never_seen": "a", "never_seen_id": 7}]})
            with monkeypatch.context() as patched:
                patched.setattr(jinja2.parser.Parser, "__init__", refuse)
                patched.setattr(jmespath.parser.Parser, "__init__", refuse)
                patched.setattr(builtins, "exec", refuse)
                patched.setattr(Template, "__call__", count)
                answer = await engine.call(Call("p", "crm.get", {"q": "a"}))
    assert answer.data == {"id": 7, "url": "https://never-seen.example/7"}
    assert system.asked[-1].target == "/never-seen/a?q=never%20seen%20A&n=5"
    assert system.asked[-1].headers["x-base"] == f"never seen {system.url}"
    assert [text for text in written if "input" not in text] == ["https://never-seen.example/{{ hit.never_seen_id }}"]
