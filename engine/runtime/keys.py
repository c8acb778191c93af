"""The client's keys: the project's own, and those that other systems know the client by."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from engine.errors import CallError
from engine.language.text import kind_of
from engine.runtime.cache import Kept
from engine.runtime.merging import merged
from engine.runtime.target import Project, Source
from engine.spec.challenge import UNANSWERED, Asked
from engine.spec.route import KeyOf
from engine.spec.tree.nodes import evaluate, failure, holds
from engine.spec.trip import Outcome

Fetch = Callable[[Source, dict[str, Any]], Awaitable[Kept]]

MOST: Final = 20
"""Clients of another system whose keys are looked for."""


class Keys:
    """Finds keys of one call; nothing is asked twice. Raises CallError as a look-up fails, `not_found` for none."""

    def __init__(self, project: Project, look: Fetch) -> None:
        """`look` asks a source for the sake of a key."""
        self._project = project
        self._look = look
        self._asked: dict[tuple[str, str], asyncio.Future[Kept]] = {}

    def foreign(self, source: Source) -> bool:
        """Whether the source knows clients by other keys than the project."""
        return self._project.owner not in (None, source.bound.name)

    async def asked(self, source: Source, given: dict[str, Any]) -> dict[str, Any]:
        """The input with the key by which the source knows the client."""
        if not self.foreign(source) or "client_key" not in given:
            return given
        if source.operation.capability == "showcase" and "input.client_key" not in source.operation.used:
            return {name: value for name, value in given.items() if name != "client_key"}  # it is another system's
        start = str(self._project.owner)
        return {**given, "client_key": await self._key(source.bound.name, start, given["client_key"])}

    async def answered(self, source: Source, kept: Kept, given: dict[str, Any]) -> Kept:
        """The answer with the project's keys; clients that have none are left out."""
        outcome = kept.outcome
        if not self.foreign(source) or isinstance(outcome, CallError) or outcome.empty:
            return kept
        output, here, owner = outcome.output, source.bound.name, str(self._project.owner)
        if source.operation.capability == "card":
            output = {**output, "key": given["client_key"]}
        elif source.operation.capability == "authorization":
            output = {**output, "key": await self._key(owner, here, output["key"])}
        elif "clients" in (output if source.operation.capability == "identity" else ()):
            clients = output["clients"]
            found = await asyncio.gather(*(self._client(owner, here, client) for client in clients[:MOST]))
            known = [client for client in found if client is not None]
            told, more = outcome.warnings, len(clients) > MOST
            if lost := len(found) - len(known):
                told = (*told, f"{lost} of the clients of `{here}` have no key in `{owner}` and are left out")
            if more:
                told = (*told, f"of the {len(clients)} clients of `{here}` only the first {MOST} are looked up")
            output = {"clients": merged([known])}
            outcome = outcome._replace(empty=not known, warnings=told, truncated=outcome.truncated or more)
        return kept._replace(outcome=outcome._replace(output=output))

    async def _client(self, owner: str, here: str, client: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return {**client, "key": await self._key(owner, here, client["key"])}
        except CallError as error:
            if error.code in ("not_found", "ambiguous"):
                return None
            raise

    async def _key(self, wanted: str, start: str, key: str) -> str:
        """The key in the connection `wanted` of the client who has `key` in the connection `start`."""
        if wanted == start:
            return key
        way = self._project.ways.get(wanted)
        if way is None:  # one of the connections that it needs could not be loaded
            raise CallError("upstream_unavailable", f"`keys_of.{wanted}`: a connection is out of service")
        own = await self._key(way.source.bound.name, start, key)
        said = cast("Outcome", (await self.fetched(way.source, {"client_key": own})).outcome)
        written = way.spec.input({"from": {"output": said.output}}) if way.spec.input is not None else {}
        try:
            found = cast("Outcome", (await self.fetched(way.call, written)).outcome)
        except CallError as error:
            if error.code != "invalid_input":
                raise  # the caller's own input is not to blame for what the first system did not say
            raise CallError("not_found", f"`keys_of.{wanted}`: {error.detail}", place=way.spec.place("input")) from None
        if isinstance(found.output, Asked):
            raise CallError("upstream_rejected", UNANSWERED)
        return _chosen(wanted, way.spec, found.output, way.call.operation.capability == "identity")

    async def fetched(self, source: Source, given: dict[str, Any], fetch: Fetch | None = None) -> Kept:
        """What a source says, asked once for all who want the same; without `fetch` for a key. Raises CallError."""
        name = (source.name, repr(sorted(given.items())))
        if name not in self._asked:
            self._asked[name] = asyncio.ensure_future((fetch or self._look)(source, given))
        return await asyncio.shield(self._asked[name])

    @property
    def running(self) -> list["asyncio.Future[Any]"]:
        """Everything that was begun, for whoever ends it."""
        return [*self._asked.values()]


def _chosen(wanted: str, spec: KeyOf, output: Any, search: bool) -> str:
    """The key in what a look-up has found. Raises CallError, `ambiguous` where a search has found several."""
    place, value = spec.place("key"), evaluate(spec.key, {"output": output})
    alone = [{**output, "clients": [one]} for one in output["clients"]] if search else []
    keys = [key for one in alone if isinstance(key := evaluate(spec.key, {"output": one}), str | int) and holds(key)]
    if len(set(keys)) > 1:
        raise CallError("ambiguous", f"`keys_of.{wanted}` finds several clients", place=place)
    if not holds(value):
        raise CallError("not_found", f"`keys_of.{wanted}` finds no key", place=place)
    if not isinstance(value, str | int):
        raise failure(f"`keys_of.{wanted}.key` is {kind_of(value)}", place)
    return str(value)
