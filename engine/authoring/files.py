"""Which kind of file a document is, and the check that belongs to it."""

from typing import Literal

from engine.document import Document, Map

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
    """Check a connector or its tests. Raises ConfigError with every problem found."""
    if (kind or kind_of_file(document)) == "tests":
        from engine.authoring.trial.cases import tests_of

        tests_of(document)
    else:
        from engine.spec.connector import connector_of

        connector_of(document)
