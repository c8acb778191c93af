"""`make size`: how many lines the package has, without blanks, comments and docstrings."""

import ast
import io
import tokenize
from pathlib import Path

from tests.house.places import ENGINE, modules

CORE = ("document", "language", "spec", "transport", "store", "runtime")  # house.md: "document to runtime"
CORE_BUDGET = 12_600
PACKAGE_BUDGET = 19_400
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines(source: str) -> int:
    """The lines that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {n for token in tokens if token.type not in SILENT for n in range(token.start[0], token.end[0] + 1)}
    return len(code - _docstring_lines(ast.parse(source)))


def by_room(package: Path = ENGINE) -> dict[str, int]:
    """Lines per folder of the package; its own modules count as "engine"."""
    sizes: dict[str, int] = {}
    for module in modules(package):
        parts = module.relative_to(package).parts
        room = parts[0] if len(parts) > 1 else package.name
        sizes[room] = sizes.get(room, 0) + lines(module.read_text(encoding="utf-8"))
    return sizes


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Lines of strings that stand alone: of modules, classes, functions, and under a name."""
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    words = [node for node in alone if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {n for node in words for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def _report() -> str:
    sizes = by_room()
    core = sum(sizes.get(room, 0) for room in CORE)
    rows = [f"{count:7,}  {room}" for room, count in sorted(sizes.items(), key=lambda row: -row[1])]
    totals = [f"{core:7,}  core, of {CORE_BUDGET:,}", f"{sum(sizes.values()):7,}  package, of {PACKAGE_BUDGET:,}"]
    return "\n".join([*rows, "", *totals])


if __name__ == "__main__":
    print(_report())  # noqa: T201 - the command's result
