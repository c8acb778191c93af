"""Paging: where the next page is, and when there is none."""

import re
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from engine.errors import EvaluationError
from engine.language.expression import Expression
from engine.language.text import as_text
from engine.spec.address import followed
from engine.spec.names import RULE, Names
from engine.spec.reading import Model, about
from engine.spec.strings import ExpressionField
from engine.spec.tree import Scope
from engine.spec.tree.nodes import failure, holds

Position = str | int
PageCount = Annotated[int, Field(ge=1, le=1_000_000)]


class Turned(NamedTuple):
    """A page that was read: its position and the URL it came from, its rows, and those of all pages up to it."""

    position: Position | None
    url: str
    rows: int
    sum: int


class Paged(Model):
    """What every kind has: when to stop, and how much is enough."""

    size: Annotated[int, Field(ge=1, le=100_000)] | None = about("Rows of a page, as `page.size`.", 250)
    total: ExpressionField | None = about("How many rows there are in all; ends once they are here.", "body.total")
    stop_when: ExpressionField | None = about("If it holds, this page is the last.", "!(body.has_more)")
    max_pages: PageCount | None = about("At most so many pages; 100, and 10,000 for `managers`.", 1000)
    max_rows: Annotated[int, Field(ge=1)] | None = about("At most so many rows; 10,000, for `managers` 100,000.", 5000)
    repeats: bool = about("The position may stay the same (a scroll); an empty page ends.", default=False)

    def link(self, names: Names) -> None:
        """Check the names of its rules."""
        names.plus(*RULE).check([value for _, value in self])

    @property
    def first(self) -> Position | None:
        """Where the first page is."""
        return None

    @property
    def addressed(self) -> bool:
        """Whether a position is the whole address of its page."""
        return False

    def following(self, page: Turned, scope: Scope) -> Position | None:
        """Where the next page is; None at the end. `scope` has the names of the page's answer."""
        total = _asked(self.total, scope)
        if holds(_asked(self.stop_when, scope)) or (self.repeats and not page.rows) or _reached(page.sum, total):
            return None
        return self.further(page, scope, total)

    def further(self, page: Turned, scope: Scope, total: Any) -> Position | None:
        """The next position by the rules of its kind."""
        raise AssertionError  # each kind has its own

    def text(self, found: Any) -> str:
        """What `next` says, as text. Raises CallError where it has none."""
        try:
            return as_text(found)
        except EvaluationError as error:
            raise failure(f"`next`: {error.message}", self.place("next")) from None


class Numbered(Paged):
    """Pages by number (`page`), or by the number of rows before them (`offset`)."""

    type: Literal["page", "offset"] = about("How pages are asked for.", default=...)
    start: int | None = about("The first position: 1 for `page`, 0 for `offset`.", 0)
    prefetch: Annotated[int, Field(ge=1, le=16)] | None = about("So many pages are asked for ahead.", 4)

    def link(self, names: Names) -> None:
        super().link(names)
        if self.prefetch is not None and self.size is None:
            self.report("missing-key", "`prefetch` needs `size`", "add `size:`", "prefetch")

    @property
    def first(self) -> Position:
        return self.start if self.start is not None else int(self.type == "page")

    def further(self, page: Turned, scope: Scope, total: Any) -> Position | None:
        if not page.rows or (total is None and self.size is not None and page.rows < self.size):
            return None
        return int(page.position or 0) + (1 if self.type == "page" else page.rows)

    def ahead(self, position: Position, total: Any) -> list[Position]:
        """The positions that can be expected after one, as far as there are so many rows."""
        size, pages = self.size or 1, self.type == "page"
        found = [int(position) + (1 if pages else size) * n for n in range(1, (self.prefetch or 0) + 1)]
        return [p for p in found if not _reached((p - int(self.first)) * (size if pages else 1), total)]

    def total_of(self, scope: Scope) -> Any:
        """How many rows there are in all, as far as the answer says."""
        return _asked(self.total, scope)


class Cursor(Paged):
    """Each answer says what to ask with next."""

    type: Literal["cursor"] = about("How pages are asked for.", default=...)
    start: Position | None = about("The first position, else null.", "*")
    next: ExpressionField = about("The next position; null at the end.", "body.paging.next.after", default=...)

    @property
    def first(self) -> Position | None:
        return self.start

    def further(self, page: Turned, scope: Scope, total: Any) -> Position | None:
        found = _asked(self.next, scope)
        return found if found.__class__ is int else self.text(found) if holds(found) else None


class NextUrl(Paged):
    """Each answer holds the address of the next page."""

    type: Literal["next_url"] = about("How pages are asked for.", default=...)
    next: ExpressionField = about("The next address, whole or relative.", 'body."@odata.nextLink"', default=...)

    @property
    def addressed(self) -> bool:
        return True

    def further(self, page: Turned, scope: Scope, total: Any) -> Position | None:
        found = _asked(self.next, scope)
        return followed(self.text(found), page.url) if holds(found) else None


class LinkHeader(Paged):
    """The next address stands in the header `Link` as `rel="next"` (RFC 8288)."""

    type: Literal["link_header"] = about("How pages are asked for.", default=...)

    @property
    def addressed(self) -> bool:
        return True

    def further(self, page: Turned, scope: Scope, total: Any) -> Position | None:
        for link, said in _LINK.findall((scope["headers"] or {}).get("link", "")):
            if _NEXT.search(said):
                return followed(link, page.url)
        return None


PagingField = Annotated[Numbered | Cursor | NextUrl | LinkHeader, Field(discriminator="type")]

_LINK: Final = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"[^"]*"|[^",;\s]+))?)*)')
_NEXT: Final = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?![\w-]))', re.IGNORECASE)


def _asked(expression: Expression | None, scope: Scope) -> Any:
    """What a rule says; one that cannot be evaluated says nothing."""
    try:
        return expression(scope) if expression is not None else None
    except EvaluationError:
        return None


def _reached(count: int, total: Any) -> bool:
    try:
        return total is not None and count >= int(total)
    except (TypeError, ValueError):
        return False
