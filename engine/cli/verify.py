"""`tolmach verify`: whether every connection of a project works."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.options import DONE, UPSTREAM, USAGE, File, Folders, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runtime.registry import Registry
    from engine.runtime.verify import Finding
    from engine.telemetry.mask import Mask


def verify(
    project: str | None = None,
    /,
    *,
    file: File = Path("tolmach.yaml"),
    connectors: Folders = (),
    output: Output = "text",
) -> int:
    """Run the `verify` operation of every connection, and tell what works.

    Parameters
    ----------
    project:
        Which project; without it all of the file.
    """
    import os

    from engine.cli.talk import say
    from engine.cli.tracing import mask_of
    from engine.errors import nearest
    from engine.runtime.registry import load

    registry = load(file, connectors, os.environ)
    if project is not None and project not in registry.projects:
        say(f"tolmach verify: there is no project `{project}`: {nearest(project, registry.projects)}")
        return USAGE
    names = list(registry.projects) if project is None else [project]
    findings = _found(registry, file.parent, names)
    broken = [trouble for trouble in registry.troubles if trouble.project in names]
    _print(findings, mask_of(registry), output)
    for trouble in broken:
        say(f"{trouble.project}.{trouble.connection} is out of service: `tolmach check {file}` says why")
    return DONE if not broken and all(finding.fine for finding in findings) else UPSTREAM


def _found(registry: "Registry", folder: Path, projects: list[str]) -> "Sequence[Finding]":
    import asyncio

    from engine.runtime.engine import Engine
    from engine.runtime.shelf import opened_shelf
    from engine.runtime.verify import verify
    from engine.settings.clock import SystemClock, SystemIds
    from engine.settings.environment import load_environment

    environment, clock, ids = load_environment(), SystemClock(), SystemIds()

    async def all_of_them() -> "Sequence[Finding]":
        async with opened_shelf(registry, environment, folder, clock, ids) as shelf:
            engine = Engine(registry, clock, ids, environment.wire, shelf=shelf)
            try:
                return [finding for project in projects for finding in await verify(engine, project)]
            finally:
                await engine.close()

    return asyncio.run(all_of_them())


def _print(findings: "Sequence[Finding]", mask: "Mask", output: Output) -> None:
    from engine.cli.talk import print_json

    rows = [_row(finding, mask) for finding in findings]
    if output == "json":
        print_json(rows)
        return
    heads = ("connection", "reachable", "credentials", "rights", "latency", "clock skew", "TLS ends in", "")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _row(finding: "Finding", mask: "Mask") -> dict[str, Any]:
    from dataclasses import fields

    error = finding.error
    said = error and {"code": error.code, "title": error.fault.title, "detail": mask.brief(error.detail)}
    return {field.name: getattr(finding, field.name) for field in fields(finding)} | {"error": said}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    words = {True: "yes", False: "NO", None: "–"}
    told = [words[row[name]] for name in ("reachable", "credentials", "rights")]
    units = (("latency_ms", "ms"), ("skew_s", "s"), ("tls_days", "days"))
    measured = ["–" if row[name] is None else f"{row[name]} {unit}" for name, unit in units]
    error = row["error"]
    note = "" if row["operation"] else "the connector names no `verify` operation"
    if error:
        note = f"{error['code']}: {error['detail'] or error['title']}"
    return (f"{row['project']}.{row['connection']}", *told, *measured, note)
