"""`tolmach check`: what is wrong in a file, by reading it and by the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.authoring.comments import heed
from engine.authoring.files import Kind, check_document, kind_of_file
from engine.authoring.markdown import blocks
from engine.authoring.pages import Page, found_by_rules, pages
from engine.authoring.view import View
from engine.document import Document, Map, read_file, read_text
from engine.errors import ConfigError, Diagnostic
from engine.spec.connector import Loaded, connector_of
from engine.spec.project import read_project

Deploy = Callable[[Document, Path, Mapping[str, Loaded]], list[Diagnostic]]
"""(a project file, its folder, connectors that stand in the same page) → its problems. Raises ConfigError."""


@dataclass(frozen=True)
class Checker:
    """Checks files one by one; project files by `deploy`."""

    deploy: Deploy

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every code, read once."""
        return pages()

    def problems(self, path: Path, text: str | None = None) -> list[Diagnostic]:
        """Every problem of a file, in its order; of `text` in its place."""
        page = text if path.suffix != ".md" or text is not None else _page(path)
        found = self._of_file(path, text) if path.suffix != ".md" or page is None else self._of_page(path, page)
        return sorted({(p.span, p.code): p for p in reversed(found)}.values(), key=lambda p: (p.span, p.code))

    def _of_file(self, path: Path, text: str | None) -> list[Diagnostic]:
        try:
            document = _read(path) if text is None else read_text(text, str(path))
        except ConfigError as error:
            named = {problem.span.line for problem in error.diagnostics}
            more = [] if error.document is None else self._beside(error.document, path.parent)
            return [*error.diagnostics, *(one for one in more if one.span.line not in named)]
        return self._of(document, kind_of_file(document), path.parent, {})

    def _beside(self, document: Document, folder: Path) -> list[Diagnostic]:
        """What else is wrong in a connector or its tests whose YAML is, as far as that refuses it."""
        kind = kind_of_file(document)
        found = [] if kind == "project" else self._of(document, kind, folder, {})
        return [one for one in found if one.severity == "error"]

    def _of_page(self, path: Path, text: str) -> list[Diagnostic]:
        found, known = list[Diagnostic](), dict[str, Loaded]()
        for block, kind in sorted(blocks(text), key=lambda one: one[1] == "project"):
            try:
                document = read_text(block, str(path))
                if kind == "connector" and (loaded := _loaded(document)) is not None:
                    known[loaded.connector.connector] = loaded
                told = self._of(document, kind, None if kind != "project" else path.parent, known)
                found += [one for one in told if one.code != "unknown-connector"]  # it may lie elsewhere
            except ConfigError as error:
                found += error.diagnostics
        return found

    def _of(self, document: Document, kind: Kind, folder: Path | None, known: Mapping[str, Loaded]) -> list[Diagnostic]:
        refused, found = list[Diagnostic](), list[Diagnostic]()
        try:
            if kind == "project":
                refused = self.deploy(document, folder or Path(), known)
            elif kind == "tests":
                check_document(document, kind)
            else:
                view = View(document, connector_of(document).connector, _tests(folder), folder)
                found = found_by_rules(view, self.pages)
        except ConfigError as error:
            refused = error.diagnostics
        return [*refused, *heed(document, found, self.pages, whole=not refused)]


def _read(path: Path) -> Document:
    return read_file(path) if path.name in ("connector.yaml", "tests.yaml") else read_project(path)


def _page(path: Path) -> str | None:
    """The text of a page; None where it cannot be read, which reading it as a file tells."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _loaded(document: Document) -> Loaded | None:
    try:
        return connector_of(document)
    except ConfigError:
        return None


def _tests(folder: Path | None) -> Mapping[str, Any] | None:
    """The cases beside a connector by operation, as they are written; None where that is not known."""
    file = folder / "tests.yaml" if folder is not None else None
    if file is None or not file.is_file():
        return None if file is None else {}
    try:
        root = read_file(file).root
    except ConfigError:
        return None
    found = root.items() if isinstance(root, Map) else ()
    return {str(name): cases for name, cases in found if isinstance(cases, list)}
