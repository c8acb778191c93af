"""A connector of a few lines with its cases, in a folder of its own."""

from pathlib import Path
from textwrap import dedent

from engine.authoring.trial.play import Suite, play, read_suite
from tests.runtime.bench import lay

GET = "operations:\n  get: {request: {method: GET, path: /x}, output: {id: body.id}}\n"


def lay_suite(folder: Path, rest: str, cases: str, connection: str = "") -> Path:
    """Write connector (`rest` after its head) and cases; gives their folder."""
    place = lay(folder, dedent(rest), "", connection=dedent(connection)).parent / "connectors" / "crm"
    (place / "tests.yaml").write_text(dedent(cases), encoding="utf-8")
    return place


def suite_of(folder: Path, rest: str, cases: str, connection: str = "") -> Suite:
    """What stands in such a folder."""
    return read_suite(lay_suite(folder, rest, cases, connection))


def wrong_in(suite: Suite) -> dict[str, list[str]]:
    """What each case says."""
    every = [(name, case) for name, cases in suite.tests.root.items() for case in cases]
    return {case.name: play(suite, name, case).wrong for name, case in every}
