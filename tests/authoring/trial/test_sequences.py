"""What several requests of one call are: pages, attempts, tokens, steps; how an answer fails to come."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.authoring.trial.small import GET, suite_of, wrong_in

FITTING = yaml.safe_load(Path(__file__).with_name("sequences.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FITTING)
def test_a_case_holds_a_whole_sequence(name: str, tmp_path: Path) -> None:
    one = FITTING[name]
    found = wrong_in(suite_of(tmp_path, one["connector"], one["cases"], one.get("connection", "")))
    assert found == {name: [] for name in found}


WRONG = {
    "a request that fits no exchange shows the nearest one of its place": (
        FITTING["writes"]["connector"],
        """
        add:
          - name: one
            input: {text: a}
            exchanges:
              - {expect: {method: GET, path: /notes}, reply: {json: {id: 1}}}
              - {expect: {path: /notes, json: {text: b, id: 5}}, reply: {json: {id: 1}}}
            output: {id: 1}
        """,
        [
            """POST /notes: fits no exchange
  exchanges[1].expect.json.text
    - "b"
    + "a"
  exchanges[1].expect.json.id
    - 5
    + "00000000-0000-4000-8000-000000000002\"""",
            "exchanges[0], exchanges[1]: no request came for them",
            "the call failed: upstream_unavailable: the case has no such request",
        ],
    ),
    "one request too many": (
        FITTING["pages"]["connector"],
        """
        rows:
          - name: one
            exchanges: [{reply: {json: {rows: [], next: c2}}}]
            output: {ids: []}
        """,
        [
            "GET /rows: no exchange is left for it",
            "the call failed: upstream_unavailable: the case has no such request",
        ],
    ),
    "one request too few": (
        GET,
        """
        get: [{name: one, exchanges: [{reply: {json: {id: 1}}}, {reply: {json: {id: 1}}}], output: {id: 1}}]
        """,
        ["exchanges[1]: no request came for it"],
    ),
    "a result that differs": (
        GET,
        """
        get: [{name: one, exchanges: [{reply: {json: {id: 1}}}], output: {id: 2, name: Anna}}]
        """,
        ["output.id\n    - 2\n    + 1", 'output.name\n    - "Anna"\n    + (nothing)'],
    ),
    "another error": (
        GET,
        """
        get: [{name: one, exchanges: [{reply: {status: 404}}], error: {code: conflict}}]
        """,
        ["error.code\n    - conflict\n    + not_found (no rule for this status (404))"],
    ),
    "an answer in place of an error": (
        GET,
        """
        get: [{name: one, exchanges: [{reply: {json: {id: 1}}}], error: {code: conflict}}]
        """,
        ["error.code\n    - conflict\n    + (the call answered)"],
    ),
    "another text of the error": (
        GET,
        """
        get: [{name: one, exchanges: [{reply: {status: 404}}], error: {code: not_found, message: nobody}}]
        """,
        ["error.message\n    - nobody\n    + no rule for this status (404)"],
    ),
}


@pytest.mark.parametrize(("rest", "cases", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_by_its_path(rest: str, cases: str, told: list[str], tmp_path: Path) -> None:
    assert wrong_in(suite_of(tmp_path, rest, cases)) == {"one": told}


def test_a_failure_of_the_call_names_the_line(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, GET, "get: [{name: one, exchanges: [{reply: {json: {}}}], output: {id: 1}}]\n")
    (told,) = wrong_in(suite)["one"]
    assert told.startswith("the call failed: mapping_failed: `id` is required and came out null")
    assert f"\n    at {suite.folder / 'connector.yaml'}:" in told


def test_large_bodies_stand_in_files(tmp_path: Path) -> None:
    cases = """
    get:
      - {name: one, exchanges: [{reply: {file: large.json}}], output: {id: 5}}
      - {name: bytes, exchanges: [{reply: {base64: eyJpZCI6IDZ9}}], output: {id: 6}}
    """
    suite = suite_of(tmp_path, GET, cases)
    (suite.folder / "large.json").write_text('{"id": 5}', encoding="utf-8")
    assert wrong_in(suite) == {"one": [], "bytes": []}


@pytest.fixture
def tokyo() -> Iterator[None]:
    """The machine's own zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize("now", ["2026-01-31T09:00:00+03:00", "2026-01-31T06:00:00", "2026-01-31T06:00:00Z"])
def test_a_case_has_its_time(now: str, tmp_path: Path) -> None:
    rest = 'operations:\n  get: {request: {method: GET, path: /x, query: {on: "{{ now }}"}}, output: {id: body.id}}\n'
    seen = '{expect: {query: {on: "2026-01-31T06:00:00.000+00:00"}}, reply: {json: {id: 1}}}'
    cases = f'get: [{{name: one, now: "{now}", exchanges: [{seen}], output: {{id: 1}}}}]\n'
    assert wrong_in(suite_of(tmp_path, rest, cases)) == {"one": []}
