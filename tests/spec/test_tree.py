"""Trees, by language-neutral cases: what they yield and how they fail."""

from pathlib import Path
from typing import Any

import pytest

from engine.document import Map, Seq, read_file, read_text
from engine.errors import CallError, ConfigError
from engine.spec.reading import Reading
from engine.spec.tree import read_tree, write_tree

CASES = Path(__file__).parents[1] / "cases" / "trees"


def cases(name: str) -> list[Any]:
    root = read_file(CASES / name).root
    assert isinstance(root, Seq)
    return [pytest.param(case, id=str(case["name"])) for case in root]


def run(case: Map, writes: bool) -> Any:
    at = Reading(read_text("{}", "tree.yaml"))
    tree = write_tree(case["tree"], at) if writes else read_tree(case["tree"], at)
    at.finish()
    return tree(plain(case["scope"]))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, str) else value


def expect(case: Map, writes: bool) -> None:
    if "error" not in case:
        found = run(case, writes)
        assert found == plain(case["yields"])
        assert [type(v) for v in leaves(found)] == [type(v) for v in leaves(plain(case["yields"]))]
        return
    with pytest.raises(CallError) as raised:
        run(case, writes)
    assert raised.value.code == case["error"]
    assert case["says"] in raised.value.detail
    assert raised.value.place is not None
    assert raised.value.place.file.endswith(".yaml")


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("case", cases("reading.yaml"))
def test_reading(case: Map) -> None:
    expect(case, writes=False)


@pytest.mark.parametrize("case", cases("writing.yaml"))
def test_writing(case: Map) -> None:
    expect(case, writes=True)


def test_every_problem_of_a_tree_is_reported_at_once() -> None:
    document = read_text(
        "a: body[\nb: {each: body.x}\nc: {expr: body.y, mapp: {}}\nd: '{{ body.z | nope }}'\n", "t.yaml"
    )
    at = Reading(document)
    read_tree(document.root, at)
    with pytest.raises(ConfigError) as raised:
        at.finish()
    found = [(d.code, d.span.line) for d in raised.value.diagnostics]
    assert found == [
        ("expression-syntax", 1),
        ("unknown-construct", 2),
        ("unknown-construct", 3),
        ("unknown-filter", 4),
    ]
