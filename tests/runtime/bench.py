"""A workbench for runtime tests: a connector and a project of a few lines, served by the real Engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import indent

from engine.runtime.engine import Engine
from engine.runtime.registry import Registry, load
from engine.settings.clock import SystemClock, SystemIds

HEAD = """\
connector: {name}
version: 1.0.0
engine: ">=1.0"
title: A system
settings:
  url: url
  key?: secret
  token?: {{type: secret, in_url: true}}
connection:
  base_url: "{{{{ settings.url }}}}"
"""


def lay(folder: Path, rest: str, url: str, *, project: str = "", settings: str = "", connection: str = "") -> Path:
    """Write `crm` (the connector with `rest` after its head) and a project file that uses it; gives the file."""
    place = folder / "connectors" / "crm" / "connector.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(HEAD.format(name="crm") + indent(connection, "  ") + rest, encoding="utf-8")
    file = folder / "tolmach.yaml"
    text = (
        "projects:\n  p:\n    connections:\n      crm:\n        connector: crm\n"
        f"        settings: {{url: '{url}'{settings}}}\n"
        "        insecure: true\n        network: {allow: [127.0.0.0/8]}\n"
    )
    file.write_text(text + indent(project, "    "), encoding="utf-8")
    return file


def add_broken(file: Path) -> None:
    """Give the project of `lay` a second connection, `old`, whose connector is wrong: it will be out of service."""
    place = file.parent / "connectors" / "old" / "connector.yaml"
    place.parent.mkdir()
    rest = "operations: {user: {request: {method: GET, path: /x}, output: lenght(body)}}\n"
    place.write_text(HEAD.format(name="old") + rest, encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    other = "    connections:\n      old: {connector: old, settings: {url: 'https://old.example'}}\n"
    file.write_text(text.replace("    connections:\n", other), encoding="utf-8")


def registry_of(folder: Path, rest: str, url: str, **more: str) -> Registry:
    """What is loaded from such a folder."""
    return load(lay(folder, rest, url, **more), (), {})


@asynccontextmanager
async def engine_of(folder: Path, rest: str, url: str, **more: str) -> AsyncIterator[Engine]:
    """An Engine over it, closed at the end."""
    engine = Engine(registry_of(folder, rest, url, **more), SystemClock(), SystemIds())
    assert engine.registry.troubles == (), [str(d) for t in engine.registry.troubles for d in t.diagnostics]
    try:
        yield engine
    finally:
        await engine.close()
