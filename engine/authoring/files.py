"""Which kind of file a document is, and the check that belongs to it."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from engine.document import Document, Map
from engine.errors import ConfigError

Kind = Literal["connector", "project", "tests"]


def kind_of_file(document: Document) -> Kind:
    """Told by the keys: `connector:`, `projects:`, else the tests of a connector."""
    root = document.root
    if isinstance(root, Map) and "projects" in root:
        return "project"
    if isinstance(root, Map) and "connector" not in root and document.file.endswith("tests.yaml"):
        return "tests"
    return "connector"


def check_document(document: Document, kind: Kind | None = None) -> None:
    """Check a connector, or tests with the connector beside them. Raises ConfigError with every problem found."""
    if (kind or kind_of_file(document)) == "tests":
        from engine.authoring.trial.cases import tests_of

        tests_of(document, _operations_beside(document))
    else:
        from engine.spec.connector import connector_of

        connector_of(document)


def _operations_beside(tests: Document) -> Collection[str] | None:
    """Those of the connector beside the tests; None where there is none that can be read."""
    from engine.spec.connector import load_connector

    file = Path(tests.file).with_name("connector.yaml")
    if not tests.file.endswith("tests.yaml") or not file.is_file():
        return None
    try:
        return load_connector(file).connector.operations
    except ConfigError:
        return None
