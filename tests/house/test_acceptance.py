"""docs/acceptance.md: every sentence of an issue has its tests, or says that it is open."""

import ast

from tests.house.places import ROOT
from tests.house.promises import named_tests, rows

PAGE = ROOT / "docs" / "acceptance.md"


def functions(file: str) -> set[str]:
    """Test functions of a file, those of classes as `Class::test`."""
    path = ROOT / file
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    classes = [(f"{node.name}::", node.body) for node in body if isinstance(node, ast.ClassDef)]
    return {
        prefix + node.name
        for prefix, nodes in [("", body), *classes]
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_row_names_tests_or_is_open() -> None:
    assert named_tests(PAGE)
    assert [row[0] for row in rows(PAGE) if "`tests/" not in row[-1] and "open" not in row[-1].lower()] == []


def test_every_named_test_exists() -> None:
    named = {tuple(test.split("::", 1)) for test in named_tests(PAGE)}
    assert sorted("::".join(test) for test in named if test[1] not in functions(test[0])) == []


def test_every_test_path_in_the_page_is_read_as_one() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("`tests/") == sum(row[-1].count("`tests/") for row in rows(PAGE))
    assert {part for row in rows(PAGE) for part in row[-1].split("`") if part.startswith("tests/")} == named_tests(PAGE)
