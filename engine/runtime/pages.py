"""Pages: read one after the other, a few ahead where their positions are known, never in a circle."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from hashlib import sha256
from typing import Any, Final, NamedTuple

from engine.errors import CallError
from engine.language.bounds import MAX_VALUES, measure
from engine.language.codec.json import encode_json
from engine.spec.action import SEVERAL
from engine.spec.paging import Numbered, Paged, Position, Turned
from engine.spec.tree import Scope
from engine.spec.trip import Outcome


class Caps(NamedTuple):
    """How much is read where the connector does not say."""

    pages: int = 100
    rows: int = 10_000


MANAGERS: Final = Caps(10_000, 100_000)
STREAMED: Final = Caps(10_000, 1_000_000_000)
"""Nothing is kept of what is streamed."""

Fetch = Callable[[Scope, str], Awaitable[Outcome]]
"""A scope with its `page`, and the address of the page or "" → what came; the scope gains the names of the answer."""


async def pages_of(paging: Paged, caps: Caps, scope: Scope, fetch: Fetch) -> AsyncGenerator[Outcome]:
    """Page by page; the last one tells whether there was more. Raises CallError, also `paging_loop`."""
    most, rows = paging.max_pages or caps.pages, paging.max_rows or caps.rows
    ahead, watch = _Ahead(paging, most, scope, fetch), _Watch(paging)
    position, number, count = paging.first, 0, 0
    try:
        while True:
            number += 1
            inner, outcome = await ahead.page(position, number)
            if outcome.empty:
                if number == 1:
                    yield outcome
                return
            found = rows_of(outcome.output)
            ahead.count = count = count + len(found)
            watch.answer(outcome, bool(found))
            inner["count"] = count
            following = paging.following(Turned(position, outcome.url, len(found), count), inner)
            cut = count > rows or (following is not None and (count >= rows or number >= most))
            output = _cut(outcome.output, found, len(found) + rows - count) if count > rows else outcome.output
            yield outcome._replace(output=output, truncated=cut)
            if following is None or cut:
                return
            position = watch.position(following)
            ahead.expect(position, number + 1, inner)
    finally:
        await ahead.close()


async def joined(pages: AsyncGenerator[Outcome]) -> Outcome:
    """All pages as one: lists at the same place after each other, everything else from the first page."""
    whole, values = Outcome(None), 0
    async with aclosing(pages) as turning:
        async for page in turning:
            values += measure(page.output)
            if values > SEVERAL * MAX_VALUES:
                raise CallError("mapping_failed", f"the pages together hold more than {SEVERAL * MAX_VALUES:,} values")
            whole = page._replace(output=_extended(whole.output, page.output))
    return whole


def rows_of(output: Any) -> list[Any]:
    """The rows of a page: its output where it is a list, else the first list in it."""
    if isinstance(output, list):
        return output
    if isinstance(output, dict):
        lists = (found for member in output.values() if (found := rows_of(member)) is not _NONE)
        return next(lists, _NONE)
    return _NONE


_NONE: Final[list[Any]] = []


def _extended(first: Any, more: Any) -> Any:
    """Both as one. Containers are made anew once, in `first`: what a page yields may belong to the connector itself."""
    if isinstance(more, list) and (first is None or isinstance(first, list)):
        joined = first if isinstance(first, _Rows) else _Rows(first or ())
        joined.extend(more)
        return joined
    if isinstance(more, dict) and (first is None or isinstance(first, dict)):
        known = first or {}
        new = [name for name, value in more.items() if first is None or isinstance(value, list | dict)]
        return {name: _extended(known.get(name), more.get(name)) for name in {**known, **dict.fromkeys(new)}}
    return more if first is None else first


class _Rows(list[Any]):
    """A list that is ours to extend."""


def _cut(output: Any, rows: list[Any], most: int) -> Any:
    """The output with no more than so many of its rows."""
    if output is rows:
        return rows[:most]
    if isinstance(output, dict):
        return {name: _cut(member, rows, most) for name, member in output.items()}
    return output


async def cancelled(running: Collection[asyncio.Future[Any]]) -> None:
    """End what nobody waits for."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class _Watch:
    """Sees when pages repeat."""

    def __init__(self, paging: Paged) -> None:
        self._paging = paging
        self._positions: set[Position | None] = {paging.first}
        self._pages: set[bytes] = set()

    def position(self, position: Position) -> Position:
        if position in self._positions and not self._paging.repeats:
            raise self._loop("the next page is one that was read before")
        self._positions.add(position)
        return position

    def answer(self, outcome: Outcome, filled: bool) -> None:
        body = outcome.answer.get("body")
        digest = sha256(encode_json(body)).digest() if filled and body is not None else b""
        if digest in self._pages:
            raise self._loop("the same page came twice")
        self._pages |= {digest} if digest else set()
        self._positions |= {outcome.url} if self._paging.addressed else set()

    def _loop(self, detail: str) -> CallError:
        return CallError("paging_loop", detail, place=self._paging.place())


class _Ahead:
    """Fetches pages, those that can be expected before they are asked for."""

    def __init__(self, paging: Paged, most: int, scope: Scope, fetch: Fetch) -> None:
        self._paging, self._most, self._scope, self._fetch = paging, most, scope, fetch
        self.count = 0
        self._stale: list[asyncio.Task[tuple[Scope, Outcome]]] = []
        self._tasks: dict[Position | None, asyncio.Task[tuple[Scope, Outcome]]] = {}

    async def page(self, position: Position | None, number: int) -> tuple[Scope, Outcome]:
        task = self._tasks.pop(position, None)
        return await (task if task is not None else self._read(position, number))

    def expect(self, position: Position, number: int, answered: Scope) -> None:
        """Begin with the pages from this one on."""
        paging = self._paging
        if not isinstance(paging, Numbered) or paging.prefetch is None:
            return
        wanted = [position, *paging.ahead(position, paging.total_of(answered))]
        wanted = wanted[: min(paging.prefetch, self._most - number + 1)]
        for stale in self._tasks.keys() - set(wanted):  # pages came shorter than was expected
            self._tasks[stale].cancel()
            self._stale.append(self._tasks.pop(stale))
        for distance, one in enumerate(wanted):
            if one not in self._tasks:
                self._tasks[one] = asyncio.ensure_future(self._read(one, number + distance))

    async def close(self) -> None:
        await cancelled([*self._stale, *self._tasks.values()])

    async def _read(self, position: Position | None, number: int) -> tuple[Scope, Outcome]:
        page = {"position": position, "number": number, "size": self._paging.size}
        inner = {**self._scope, "page": page, "count": self.count}
        addressed = self._paging.addressed and number > 1
        return inner, await self._fetch(inner, str(position) if addressed else "")
