"""What a connection adds to every request when it asks for more than settings: made anew for every call."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import CallError
from engine.runtime.call import Call
from tests.runtime.bench import engine_of, lay
from tests.runtime.test_binding import problems
from tests.upstream import Asked, upstream

OP = (
    "operations:\n  get: {input: {'a?': string, 'n?': string}, "
    "request: {method: GET, path: /x, headers: {X-Own: '1', X-N: '{{ input.n }}'}}, output: body}\n"
)


async def calls(folder: Path, connection: str, *given: dict[str, Any], rest: str = OP) -> list[Asked]:
    async with upstream() as system:
        system.says({})
        async with engine_of(folder, rest, system.url, connection=connection, settings=", key: s3cret") as engine:
            for one in given:
                await engine.call(Call("p", "crm.get", one))
        return system.asked


async def test_headers_that_name_the_call_are_new_for_every_call(tmp_path: Path) -> None:
    connection = (
        'headers: {X-Id: "{{ call.request_id }}", X-Now: "{{ now }}", X-Try: "{{ attempt.id }}", '
        'X-A: "{{ input.a }}", X-Key: "{{ settings.key }}", Accept: text/plain, X-Own: "2", '
        'X-Page: "{{ page.size }}"}\n'
    )
    first, second = await calls(tmp_path, connection, {"a": "b", "n": "c"}, {})
    assert len({asked.headers[name] for asked in (first, second) for name in ("x-id", "x-try")}) == 4
    assert first.headers["x-now"] <= second.headers["x-now"]
    assert (first.headers["x-a"], first.headers["x-n"], first.headers["x-key"]) == ("b", "c", "s3cret")
    assert (first.headers["accept"], first.headers["x-own"]) == ("text/plain", "1")
    assert not {"x-a", "x-n", "x-page"} & second.headers.keys()


async def test_a_request_has_ids_of_its_own_too(tmp_path: Path) -> None:
    rest = (
        "operations:\n  get: {request: {method: GET, path: /x, headers: {X-Id: '{{ call.request_id }}', "
        "X-Try: '{{ attempt.id }}'}}, output: body}\n"
    )
    first, second = await calls(tmp_path, "", {}, {}, rest=rest)
    assert len({asked.headers[name] for asked in (first, second) for name in ("x-id", "x-try")}) == 4


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("{type: bearer, token: '{{ input.a }}'}", "authorization", "Bearer t1"),
        (
            "{type: basic, username: '{{ input.a }}', password: '{{ settings.key }}'}",
            "authorization",
            "Basic dDE6czNjcmV0",
        ),
        ("{type: api_key, in: header, name: X-Key, value: '{{ settings.key }}-{{ input.a }}'}", "x-key", "s3cret-t1"),
    ],
)
async def test_a_signature_may_come_from_the_call(tmp_path: Path, auth: str, header: str, value: str) -> None:
    asked, _ = await calls(tmp_path, f"auth: {auth}\n", {"a": "t1"}, {"a": "t2"})
    assert asked.headers[header] == value


@pytest.mark.parametrize(
    "connection", ["auth: {type: bearer, token: '{{ input.a }}'}\n", "headers: {X: '{{ input.a }}'}\n"]
)
async def test_a_value_that_cannot_be_sent_names_its_line_and_not_itself(tmp_path: Path, connection: str) -> None:
    with pytest.raises(CallError) as raised:
        await calls(tmp_path, connection, {"a": "c4n4ry\nX: y"})
    error = raised.value
    assert (error.code, "c4n4ry" in error.detail) == ("mapping_failed", False)
    assert error.place is not None
    assert (Path(error.place.file).name, error.place.line) == ("connector.yaml", 11)


async def test_a_signature_without_its_value_is_an_error_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="has no value"):
        await calls(tmp_path, "auth: {type: bearer, token: '{{ input.a }}'}\n", {})


def test_headers_of_settings_alone_are_made_once_and_their_mistakes_told_when_loaded(tmp_path: Path) -> None:
    (problem,) = problems(lay(tmp_path, OP, "https://x.example", connection="headers: {X: 'a {{ settings.key }}'}\n"))
    assert problem.code == "setting-misfit"
    assert "`settings.key` is null" in problem.message
