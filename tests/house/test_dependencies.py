"""What the product stands on: few packages, with floors, locked by hash and by nothing else."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.places import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DIRECT = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
EXTRAS = [Requirement(line) for lines in PYPROJECT["project"]["optional-dependencies"].values() for line in lines]
DEV = [Requirement(line) for line in PYPROJECT["dependency-groups"]["dev"]]
BUILD = [Requirement(line) for line in PYPROJECT["build-system"]["requires"]]
LOCKS = {name: (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in ("run", "dev")}


def locked(name: str) -> dict[str, Version]:
    entries = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", LOCKS[name], re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in entries}


def test_the_project_is_what_the_house_says() -> None:
    project = PYPROJECT["project"]
    assert (project["name"], project["requires-python"]) == ("tolmach", ">=3.11")
    assert project["scripts"] == {"tolmach": "engine.cli:main"}
    assert project["optional-dependencies"].keys() <= {"postgres", "otel", "lsp", "mcp", "http2"}
    assert "http2" in project["optional-dependencies"]
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py311"


def test_the_licence_is_apache_2() -> None:
    assert (PYPROJECT["project"]["license"], PYPROJECT["project"]["license-files"]) == ("Apache-2.0", ["LICENSE"])
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_run_time_stands_on_few_packages() -> None:
    assert len(DIRECT) <= 25
    assert len(locked("run")) <= 60


def test_every_direct_dependency_has_a_floor() -> None:
    floors = [r for r in (*DIRECT, *EXTRAS, *BUILD) if any(s.operator in {">=", "=="} for s in r.specifier)]
    assert floors == [*DIRECT, *EXTRAS, *BUILD]


@pytest.mark.parametrize(("name", "wanted"), [("run", DIRECT), ("dev", [*DIRECT, *EXTRAS, *DEV, *BUILD])])
def test_the_lock_fits_the_project(name: str, wanted: list[Requirement]) -> None:
    versions = locked(name)
    found = {r: versions.get(canonicalize_name(r.name)) for r in wanted}
    assert [str(r) for r, version in found.items() if version is None or version not in r.specifier] == []


def test_the_locks_agree() -> None:
    assert locked("run").items() <= locked("dev").items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", LOCKS[name].strip())
    assert [b.split()[0] for b in blocks if not b.startswith("#") and "--hash=sha256:" not in b] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_address(name: str) -> None:
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|^-\w|@ ", LOCKS[name], re.MULTILINE) == []
