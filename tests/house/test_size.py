"""Nothing grows past what a reader can hold."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.house import size
from tests.house.places import ENGINE, modules, shown

MODULE_LINES, FUNCTION_LINES = 350, 40
FUNCTION_MEDIAN, FUNCTION_90TH = 8, 30
NO_MODULE = {"base", "common", "helper", "helpers", "misc", "shared", "stuff", "tools", "util", "utils"}
NO_ENDING = ("manager", "helper", "helpers", "util", "utils")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(module: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def function_sizes() -> list[tuple[int, str]]:
    return [
        ((node.end_lineno or 0) - node.lineno + 1, f"{shown(module)}:{node.lineno} {node.name}")
        for module in modules()
        for node in definitions(module)
        if isinstance(node, Function)
    ]


def test_modules_fit_on_a_few_screens() -> None:
    counts = {shown(m): len(m.read_text(encoding="utf-8").splitlines()) for m in modules()}
    assert {name: count for name, count in counts.items() if count > MODULE_LINES} == {}


def test_functions_fit_on_one_screen() -> None:
    assert [row for row in function_sizes() if row[0] > FUNCTION_LINES] == []


def test_most_functions_are_short() -> None:
    counts = [count for count, _ in function_sizes()]
    assert statistics.median(counts) <= FUNCTION_MEDIAN
    assert statistics.quantiles(counts, n=10)[-1] <= FUNCTION_90TH


def test_every_module_says_what_it_is() -> None:
    first = {shown(m): (ast.get_docstring(ast.parse(m.read_text("utf-8"))) or "").partition("\n")[0] for m in modules()}
    assert [name for name, line in first.items() if not line.endswith((".", ":"))] == []


def test_modules_are_named_for_what_they_hold() -> None:
    bad = [m for m in modules() if m.stem in NO_MODULE or m.stem.endswith(tuple("_" + end for end in NO_ENDING))]
    assert [shown(m) for m in bad] == []


def test_classes_are_named_for_what_they_are() -> None:
    named = [(m, n.name) for m in modules() for n in definitions(m) if isinstance(n, ast.ClassDef)]
    people = {"Manager", "PersonalManager"}
    assert [f"{shown(m)} {name}" for m, name in named if name.lower().endswith(NO_ENDING) and name not in people] == []


def test_the_core_keeps_to_its_budget() -> None:
    sizes = size.by_room()
    assert sum(sizes.get(room, 0) for room in size.CORE) <= size.CORE_BUDGET


def test_the_package_keeps_to_its_budget() -> None:
    assert sum(size.by_room().values()) <= size.PACKAGE_BUDGET


def test_every_room_has_code() -> None:
    rooms = {folder.name for folder in ENGINE.iterdir() if (folder / "__init__.py").is_file()}
    assert rooms <= size.by_room().keys()


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("", 0),
        ('"""What it is.\n\nMore of it.\n"""\n\n# why\nx = 1  # so\n', 1),
        ('def f() -> None:\n    """Says."""\n    g(\n        1,\n\n    )\n', 4),
        ('x = """a\n\nb"""\n"""What x is,\nand why."""\n', 3),
        ('class A:\n    """One."""\n\n    async def b(self) -> None:\n        """Two."""\n', 2),
    ],
)
def test_lines_leave_out_blanks_comments_and_docstrings(source: str, count: int) -> None:
    assert size.lines(source) == count
