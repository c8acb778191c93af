"""Nothing in the repository is unfinished or knows the machine it was written on."""

import re

import pytest

from tests.house.places import ROOT, shown, tracked

# Spelled in pieces, so that this file is no exception to its own rules.
HOSTS = (
    *("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com"),
    *("npm" + "mirror.com", "debian" + ".org", "ubuntu" + ".com", "golang" + ".org", "crates" + ".io"),
    *("rubygems" + ".org", "maven" + ".org", "docker" + ".io", "docker" + ".com", "ghcr" + ".io", "quay" + ".io"),
    *("anaconda" + ".org", "js" + "delivr.net", "un" + "pkg.com", "cdn" + "js.com", "aliyun" + ".com"),
)
PATHS = ("work", "tmp", "root", "home", "Users", "opt/py" + "pi", "opt/wheels")
RULES = {
    "a registry's address": "|".join(map(re.escape, HOSTS)),
    "a path of one machine": rf"(?<![\w.~\-}}*])/(?:{'|'.join(PATHS)})(?:/|\b(?![-.\w]))",
    "a tool of one machine": r"\bissues " + r"show\b|\bbefore-" + r"stop\b",
    "something unfinished": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|Not" + r"ImplementedError|xf" + r"ail)\b",
}


@pytest.mark.parametrize("rule", RULES)
def test_no_file_holds(rule: str) -> None:
    pattern = re.compile(RULES[rule].encode())
    found = [
        f"{shown(file)}:{number}: {line.strip()[:120].decode(errors='replace')}"
        for file in tracked()
        for number, line in enumerate(file.read_bytes().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_the_tree_has_the_places_that_the_house_names() -> None:
    given = {"engine", "connectors", "tests", "examples", "docs", "benchmarks", "requirements", ".ci"}
    files = {"pyproject.toml", "schema.json", "README.md", "README.ru.md", "CHANGELOG.md", "CONTRIBUTING.md"}
    files |= {"SECURITY.md", "LICENSE", "Makefile", ".gitignore", ".editorconfig"}
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} == given | files
