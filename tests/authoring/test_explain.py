"""Explain: every field of every operation of the shipped connectors names its line, every null what was missing."""

import asyncio
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from engine.authoring.explain.curl import curl
from engine.authoring.trial.cases import Case
from engine.authoring.trial.play import Suite
from engine.spec.reading import plain
from tests.authoring.told import explained, lines_of
from tests.connectors.test_cases import SUITES, every_case


def places(entry: dict[str, Any]) -> Iterator[tuple[int, int]]:
    for origin in entry.get("from", ()):
        line, column = origin["place"].rsplit(":", 2)[1:]
        yield int(line), int(column)


@pytest.mark.parametrize(("suite", "operation", "case"), list(every_case()))
def test_every_field_names_its_lines(suite: Suite, operation: str, case: Case) -> None:
    _, found, rows = explained(suite, operation, case)
    name = f"{suite.connector.connector}.{operation}"
    fields = [one for one in found["fields"] if one["operation"] == name]
    if not found["asked"]:
        assert found["error"]["code"] == "invalid_input"
        return
    expected = lines_of(suite.folder, operation)
    mapped = {one["path"]: set(places(one)) for one in fields if "from" in one}
    assert mapped == {path: {(line, column) for line, column, _ in lines} for path, lines in expected.items()}
    for row in rows:
        for origin in row.origins:
            if origin.compiled is not None:
                texts = {text for _, _, text in expected[row.path]}
                assert str(origin.compiled.text) in texts
    assert all(str(suite.folder) in origin["place"] for one in fields for origin in one.get("from", ()))
    contract = suite.connector.operations[operation].contract
    left = {one["path"] for one in fields if one.get("mapped") is False}
    assert left == (_left(contract, expected) if contract is not None else set())


def _left(contract: Any, mapped: dict[str, Any]) -> set[str]:
    """Members that the JSON Schema of the contract has and the connector does not map."""
    schema = contract.schema()

    def members(one: dict[str, Any], before: str) -> Iterator[str]:
        if "$ref" in one:
            one = schema["$defs"][one["$ref"].rpartition("/")[2]]
        if one.get("type") == "array" and ("$ref" in one["items"]):
            yield from members(one["items"], before)
        elif "properties" in one:
            for name, inner in one["properties"].items():
                yield from members(inner, f"{before}.{name}" if before else name)
        else:
            yield before

    bare = {path.replace("[]", "") for path in mapped}
    lists = {path.removesuffix("[]") for path in mapped if path.endswith("[]")}
    return {one for one in members(schema, "") if one not in bare | lists}


CAPABILITIES = [one for one in every_case() if one.values[0].connector.operations[one.values[1]].capability]


@pytest.mark.parametrize(("suite", "operation", "case"), CAPABILITIES)
def test_values_stand_beside_their_lines(suite: Suite, operation: str, case: Case) -> None:
    played, found, _ = explained(suite, operation, case)
    if played.error is not None:
        assert found["error"]["code"] == played.error.code
        return
    (entry,) = [one for one in found["asked"] if one["target"] == found["target"]]
    assert json.loads(json.dumps(entry["answer"])) == json.loads(json.dumps(plain(played.data), default=str))
    for one in found["fields"]:
        if one["operation"] == found["target"] and "value" in one:
            assert one["value"] == _at(played.data, one["path"]), one["path"]


def _at(value: Any, path: str) -> Any:
    """The value at a path, by hand."""
    first, _, rest = path.partition("[]")
    for name in filter(None, first.split(".")):
        value = value.get(name) if isinstance(value, dict) else None
    if "[]" not in path:
        return value
    found = [_at(one, rest.removeprefix(".")) for one in value or ()]
    return [one for several in found for one in several] if "[]" in rest else found


def members(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every member of every object in a value: its path, its object, its name."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield f"{path}.{name}", value, name
            yield from members(one, f"{path}.{name}")
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from members(one, f"{path}[{at}]")


def less(case: Case) -> Iterator[tuple[str, Case]]:
    """The case with one member of one reply taken out, for every member."""
    for at, exchange in enumerate(case.exchanges):
        whole = plain(exchange.reply.json_)
        for number, (path, _, _) in enumerate(members(whole)):
            body = deepcopy(whole)
            _, holder, name = list(members(body))[number]
            del holder[name]
            reply = exchange.reply.model_copy(update={"json_": body})
            changed = [*case.exchanges]
            changed[at] = exchange.model_copy(update={"reply": reply})
            yield f"body{path}", case.model_copy(update={"exchanges": changed})


SIMPLE = re.compile(r"(?:body|item)(?:\.\w+|\[\d+\])*")
SEGMENT = re.compile(r"\.(\w+)|\[(\d+)\]")


@pytest.mark.parametrize("name", ["amocrm", "fineract"])
def test_a_null_names_the_first_segment_that_is_missing(name: str) -> None:
    checked = 0
    for suite, operation, case in (one.values for one in CAPABILITIES):
        for removed, changed in less(case) if suite.connector.connector == name else ():
            _, found, _ = explained(suite, operation, changed)
            elements = list(_elements(plain(changed.exchanges[-1].reply.json_)))
            for one in (origin for entry in found["fields"] for origin in entry.get("from", ())):
                if "missing" in one and SIMPLE.fullmatch(one["expression"]):
                    checked += 1
                    roots = elements if one["expression"].startswith("item") else elements[:1]
                    assert one["missing"] in {_first(one["expression"], root) for root in roots}, removed
    assert checked > 40


def _elements(value: Any) -> Iterator[Any]:
    """The body, and every element of every list in it."""
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _elements(one) if isinstance(one, dict | list) else ()


def _first(expression: str, root: Any) -> str:
    """The first segment of a chain that is not there, by hand."""
    value, path = root, expression[:4]
    for hit in SEGMENT.finditer(expression):
        name, at = hit[1], hit[2]
        if name is not None:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(at)] if isinstance(value, list) and len(value) > int(at) else None
        path += hit[0]
        if value is None:
            break
    return path


def test_a_required_member_that_is_missing_is_named_though_the_call_fails() -> None:
    suite = SUITES["amocrm"]
    case = suite.tests.root["card"][0]
    (changed,) = [one for path, one in less(case) if path == "body.id"]
    played, found, _ = explained(suite, "card", changed)
    assert played.error is not None
    assert found["error"]["code"] == "mapping_failed"
    (key,) = [one for one in found["fields"] if one["path"] == "key"]
    assert (key["from"][0]["missing"], key["from"][0]["values"]) == ("body.id", [None])
    assert key["from"][0]["why"].startswith("`body` has no `id`; it has ")


def test_a_phone_that_the_contract_rewrites_is_shown_before_and_after() -> None:
    suite = SUITES["amocrm"]
    _, found, _ = explained(suite, "card", suite.tests.root["card"][0])
    (phones,) = [one for one in found["fields"] if one["path"] == "phones"]
    (before,) = phones["from"][0]["values"]
    assert phones["changed"]
    assert before != phones["value"]
    (key,) = [one for one in found["fields"] if one["path"] == "key"]
    assert not key["changed"]


def test_every_request_can_be_sent_by_a_shell(tmp_path: Any) -> None:
    for suite, operation, case in (one.values for one in every_case()):
        _, found, _ = explained(suite, operation, case)
        for request in found["requests"]:
            words = asyncio.run(_words(curl(request)))
            assert words[:3] == ["-X", request["method"], _filled(request["url"])]
            headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
            assert headers == [_filled(f"{name}: {value}") for name, value in request["headers"].items()]
            assert not request["body"] or words[-1] == _filled(request["body"])


def _filled(text: str) -> str:
    return re.sub(r"[\w+@.-]*•+[\w+@.-]*", "", text)


async def _words(command: str) -> list[str]:
    """The words that a shell makes of the command, its variables empty."""
    asked = f'curl() {{ for word in "$@"; do printf \'%s\\0\' "$word"; done; }}; {command}'
    shell = await asyncio.create_subprocess_exec("sh", "-c", asked, stdout=asyncio.subprocess.PIPE, env={})
    said, _ = await shell.communicate()
    return said.decode().split("\0")[:-1]
