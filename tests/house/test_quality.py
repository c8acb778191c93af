"""The tools are set to strict, and every exception from them says why."""

import io
import re
import tokenize
import tomllib
from pathlib import Path

from tests.house.places import ENGINE, ROOT, modules, shown

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
TOOL = tomllib.loads(TEXT)["tool"]
RULES = {"A", "B", "C90", "E", "F", "I", "N", "PT", "RET", "RUF", "S", "SIM", "SLF", "TC", "TID", "UP"}
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:|fmt:|mypy:|ruff:)")
EXPLAINED = re.compile(r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w, -]+\])\W+\w{2,}.*")


def comments(file: Path) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_mypy_is_strict_on_package_and_tests() -> None:
    mypy = TOOL["mypy"]
    assert mypy["strict"] is True
    assert {"engine", "tests"} <= set(mypy["packages"])
    assert all(override.keys() <= {"module", "ignore_missing_imports"} for override in mypy.get("overrides", []))


def test_ruff_asks_for_the_rules_of_the_house() -> None:
    lint = TOOL["ruff"]["lint"]
    assert set(lint["select"]) >= RULES
    assert lint["mccabe"]["max-complexity"] == 8
    assert lint["flake8-tidy-imports"]["ban-relative-imports"] == "all"
    assert not [pattern for pattern in lint["per-file-ignores"] if pattern.startswith(("engine/**", "**", "*"))]


def test_every_ignored_rule_says_why() -> None:
    block = re.search(r"^ignore = \[\n(.*?)^\]", TEXT, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert [line for line in block[1].splitlines() if not re.search(r'"[A-Z]+\d+",\s*#\s*\w', line)] == []


def test_warnings_are_errors() -> None:
    pytest_options = TOOL["pytest"]["ini_options"]
    assert pytest_options["filterwarnings"][0] == "error"
    assert "--strict-markers" in pytest_options["addopts"]


def test_every_exception_in_the_code_says_why() -> None:
    found = [(shown(m), c) for m in modules(ENGINE) for c in comments(m) if EXCEPTION.match(c)]
    assert [row for row in found if not EXPLAINED.fullmatch(row[1])] == [], "write `# noqa: S101 - why`"
