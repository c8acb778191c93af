"""Coverage: what no case reaches is told with its line and what is missing."""

from pathlib import Path
from typing import Final

import pytest

from engine.authoring.trial.coverage import Coverage, Ground, Item
from engine.authoring.trial.play import play
from engine.errors import Span
from tests.authoring.trial.small import GET, suite_of

YES: Final = "{reply: {json: {a: 1, b: 1, rows: [{n: 1}]}}}"
NO: Final = "{reply: {json: {rows: []}}}"
REPLIES: Final = {"yes": YES, "no": NO, "403": "{reply: {status: 403}}", "500": "{reply: {status: 500}}"}
IF: Final = "{x?: {when: body.a, as: body.b}}"
LOOP: Final = "{x: {each: body.rows, as: item.n}}"
WHERE: Final = "{x: {each: body.rows, where: item.n, as: item.n}}"
HAVING: Final = "{x: {each: body.rows, where: row.n, as: {n: item.n}}}"
MAPPED: Final = "{x: {expr: body.a, map: {'%s': one}, default: other}}"
TEMPLATE: Final = '{x: {expr: body.a, default: "{{ now }}"}}'
LET: Final = "{let: {v: body.a}, as: {x?: v}}"
UNTAKEN: Final = "body.a its default was never taken"
TREES: Final[list[tuple[str, str, list[str]]]] = [
    (IF, "", ["no case", "body.a never false", "body.a never true", "body.b never evaluated"]),
    (IF, "yes", ["body.a never false"]),
    (IF, "no", ["body.a never true", "body.b never evaluated"]),
    (IF, "yes no", []),
    (LOOP, "no", ["item.n never evaluated"]),
    (LOOP, "yes", []),
    (WHERE, "yes", ["item.n never false"]),
    (WHERE, "no", ["item.n never evaluated", "item.n never false", "item.n never true"]),
    (HAVING, "yes", ["row.n never false"]),
    ("{x: {expr: body.a, default: 5}}", "yes", [UNTAKEN]),
    ("{x: {expr: body.a, default: 5}}", "no", []),
    (MAPPED % 1, "yes", [UNTAKEN]),
    (MAPPED % 2, "yes", []),
    (TEMPLATE, "yes", [UNTAKEN, "{{ now }} never evaluated"]),
    (TEMPLATE, "no", []),
    (LET, "", ["no case", "body.a never evaluated", "v never evaluated"]),
    (LET, "yes", []),
]


def missed(folder: Path, connector: str, replies: str) -> list[str]:
    """What cases with these replies leave, as `text lack`."""
    many = [f"  - {{name: '{one}', exchanges: [{REPLIES[one]}]}}\n" for one in replies.split()]
    suite = suite_of(folder, connector, "op:\n" + "".join(many) if many else "op: []\n")
    ground = Ground(suite.connector)
    reached = [item for one in suite.tests.root["op"] for item in ground.reached(play(suite, "op", one))]
    lacks = [item.lack for item in ground.coverage(reached).missed]
    return sorted(lack.replace("`op`: ", "").replace("`: ", " ").removeprefix("`") for lack in lacks)


@pytest.mark.parametrize(("tree", "replies", "lacks"), TREES)
def test_what_no_case_reaches_of_a_tree(tree: str, replies: str, lacks: list[str], tmp_path: Path) -> None:
    request = "request: {method: GET, path: /x}"
    assert missed(tmp_path, f"operations:\n  op: {{{request}, output: {tree}}}\n", replies) == sorted(lacks)


RULES: Final = """\
response:
  empty_when: "status == `204`"
  errors:
    - {when: "status == `403`", code: upstream_auth}
    - {code: upstream_error}
operations:
  op: {request: {method: GET, path: /x}, output: {x?: body.a}}
"""
UNTRIED: Final = ["status == `204` never false", "status == `204` never true"]


def test_rules_must_match_and_not_match(tmp_path: Path) -> None:
    catch = "the rule for `upstream_error` never matched"
    rules = [*UNTRIED, catch, "body.a never evaluated"]
    assert missed(tmp_path / "a", RULES, "403") == sorted(["status == `403` never false", *rules])
    rules = [*UNTRIED, "status == `403` the rule never matched", "body.a never evaluated"]
    assert missed(tmp_path / "b", RULES, "500") == sorted(rules)


def test_messages_steps_and_refusals_count(tmp_path: Path) -> None:
    connector = """\
response: {errors: [{when: "status == `403`", code: upstream_auth, message: body.why}]}
operations:
  op:
    input: {who?: string}
    reject: [{when: input.who == 'x'}]
    steps:
      one: {request: {method: GET, path: /x, query: {who: "{{ input.who }}"}}, output: body.a}
      two: {when: one.output, request: {method: GET, path: "/y/{{ one.output }}"}}
    output: {x?: one.output}
"""
    told = [
        "body.why never evaluated",
        "input.who == 'x' never true",
        "one.output never true",
        "status == `403` the rule never matched",
        "/y/{{ one.output }} never evaluated",
    ]
    assert missed(tmp_path, connector, "no") == sorted(told)


def test_an_expression_that_fails_is_not_reached(tmp_path: Path) -> None:
    connector = "operations:\n  op: {request: {method: GET, path: /x}, output: {x?: \"join('', body.a)\"}}\n"
    assert missed(tmp_path, connector, "yes") == ["join('', body.a) never evaluated"]


def test_an_item_names_its_line_and_stands_in_the_order_of_the_file(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, RULES, "op: []\n")
    found = Ground(suite.connector).coverage([])
    lines = (suite.folder / "connector.yaml").read_text(encoding="utf-8").splitlines()
    assert [item.place.line for item in found.missed] == sorted(item.place.line for item in found.missed)
    place = next(item for item in found.missed if "403" in item.lack).place
    assert lines[place.line - 1][place.column - 1 :].startswith("status == `403`")
    assert found.percent == 0
    assert found.total == len(found.missed)


def test_the_percent_is_never_rounded_up() -> None:
    item = Item(Span("connector.yaml", 1, 1), "never true")
    assert Coverage(1000, [item]).percent == 99.9
    assert Coverage(3000, [item]).percent == 99.9
    assert Coverage(3, [item]).percent == 66.6
    assert Coverage(0, []).percent == 100


def test_strings_of_the_connection_are_left_out(tmp_path: Path) -> None:
    headers = 'headers: {X-One: "{{ settings.key }}"}\n'
    without, with_them = (
        suite_of(tmp_path / name, GET, "get: []\n", more) for name, more in (("a", ""), ("b", headers))
    )
    assert len(Ground(without.connector).items) == len(Ground(with_them.connector).items)
