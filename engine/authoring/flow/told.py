"""What the answers of the cases, and a description of OpenAPI, say of a connector: asked by rules, found once."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from engine.authoring.flow.trail import Told
from engine.authoring.view import Finding, View
from engine.document import read_file
from engine.errors import ConfigError
from engine.spec.connector import Loaded


def told(view: View, code: str) -> Iterator[Finding]:
    """What is said under one code; nothing without cases that can be read, or a description."""
    if view.folder is not None and (view.tests or view.connector.openapi):
        yield from (one.finding for one in _found(view) if one.code == code)


@lru_cache(maxsize=1)
def _found(view: View) -> list[Told]:
    from engine.authoring.flow.described import described
    from engine.authoring.flow.follow import follow, trails
    from engine.authoring.trial.cases import tests_of
    from engine.authoring.trial.play import Suite

    heard = {}
    with suppress(ConfigError):  # the check of tests.yaml tells it
        if view.folder is not None and view.tests:
            tests = tests_of(read_file(view.folder / "tests.yaml"), None)
            heard = trails(Suite(Loaded(view.connector, ""), tests, view.folder))
    return [*follow(view.connector, heard), *described(view, heard)]
