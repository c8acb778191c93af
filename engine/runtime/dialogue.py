"""Identity as a dialogue: what is known is tried in order, and what a system or a channel asks becomes a challenge."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, NoReturn, cast

from engine.errors import CallError, nearest
from engine.language.locale import Locale
from engine.runtime.cache import Kept
from engine.runtime.desk import fitting
from engine.runtime.inquiry import Inquiry
from engine.runtime.keys import Keys
from engine.runtime.pages import cancelled
from engine.runtime.target import Source, Target
from engine.spec.challenge import Asked
from engine.spec.form import IDENTIFIERS, said
from engine.spec.misfit import stranger
from engine.spec.route import Channel
from engine.spec.trip import Outcome


class Search(NamedTuple):
    """One thing to search by; `any` leaves the kind to the system."""

    kind: str
    value: str


class Dialogue:
    """One turn: a search, or the answer to a challenge."""

    def __init__(self, inquiry: Inquiry, target: Target, given: dict[str, Any]) -> None:
        """Raises CallError `invalid_input`, and `not_found` for a step that is over."""
        project, call = inquiry.project, inquiry.call
        self._inquiry = inquiry
        self._target = target
        self._given = target.operation.accept(given, project.locale)
        self._keys = Keys(project, inquiry.fetched)
        step, seal = self._given.pop("step", None), inquiry.means.seal
        self._sealed = seal.open(project.name, call.caller, step) if step is not None else {}
        self._asked = self._sealed.get("asked") or {name: self._given.get(name) for name in ("value", "type")}
        begun = self._sealed.get("channel")
        if begun is not None and self._given.setdefault("channel", begun) != begun:
            self._refuse("`/channel`: the step was begun in another one")
        self._channel = self._find_channel()

    async def answer(self) -> Outcome:
        """The clients found, or a challenge. Raises CallError."""
        try:
            return await (self._resumed() if self._sealed.get("source") else self._searched())
        finally:
            await cancelled(self._keys.running)

    async def _resumed(self) -> Outcome:
        """The answer to the challenge of one source, given to that source."""
        sealed, given = self._sealed, self._given
        if "value" in given and not self._is_same():
            raise CallError("invalid_input", "`/value`: the step was begun with another one")
        source = next((one for one in self._target.sources if one.name == sealed["source"]), None)
        if source is None:
            raise CallError("not_found", "`/step`: the system that asked is not there")
        known: dict[str, Any] = {name: given[name] for name in ("channel", "secret", "form") if name in given}
        search = Search(sealed["type"], sealed["value"])
        return await self._inquiry.sourced(source, lambda one: self._found(one, [search], known, sealed["keep"]))

    def _is_same(self) -> bool:
        """Whether what is given again is what the step was begun with; its type may be left out."""
        sealed, value, kind = self._sealed, self._given["value"], self._given["type"]
        written = fitting(sealed["type"], value, self._inquiry.project.locale)
        same = value == sealed["asked"]["value"] or written == sealed["value"]
        return same and kind in ("any", sealed["type"], sealed["asked"]["type"])

    async def _searched(self) -> Outcome:
        searches = self._searches()
        if not searches:
            return self._form()
        locale = self._inquiry.project.locale
        suited = {source.name: _suited(source, searches, locale) for source in self._target.sources}
        sources = tuple(source for source in self._target.sources if suited[source.name])
        if not sources:
            kinds = ", ".join(dict.fromkeys(kind for one in self._target.sources for kind in one.operation.accepts))
            unfit = searches[0].kind == "any"
            self._refuse(f"`/value`: fits none of {kinds}" if unfit else f"`/type`: clients are searched by {kinds}")
        known: dict[str, Any] = {name: self._given[name] for name in ("channel", "secret") if name in self._given}
        if self._sealed:  # it was the answer to the form
            known.pop("secret", None)
        outcome = await self._inquiry.routed(
            self._target, sources, lambda source: self._found(source, suited[source.name], known)
        )
        tried = {search.kind for search in searches}
        more = self._channel is not None and not self._sealed and not self._channel.asks_only(tried)
        return self._form() if outcome.empty and more else outcome

    async def _found(
        self, source: Source, searches: list[Search], known: dict[str, Any], keep: dict[str, Any] | None = None
    ) -> Kept:
        """What a source finds by the first search that finds something."""
        kept = None
        for kind, value in searches:
            given = {"type": kind, "value": value}
            kept = await self._inquiry.fetched(source, {**known, **given}, keep)
            outcome = cast("Outcome", kept.outcome)
            if isinstance(outcome.output, Asked):
                state = {**given, "source": source.name, "keep": outcome.output.keep}
                return kept._replace(outcome=self._challenge(outcome.output, state))
            if not outcome.empty:
                break
        assert kept is not None  # noqa: S101 - who has no search is not asked
        return await self._keys.answered(source, kept, {}) if self._target.routed else kept

    def _searches(self) -> list[Search]:
        """What to search by, in order; nothing where a form has to be filled in first. Raises CallError."""
        if self._sealed or "form" in self._given:
            return self._filled()
        if "value" not in self._given:
            formed = self._channel is not None and self._channel.form is not None
            return [] if formed else self._refuse("`/value`: is missing")
        kind, value = self._given["type"], self._given["value"]
        allowed = self._channel.identify_by if self._channel is not None else [kind]
        if kind != "any":
            return [Search(kind, value)] if kind in allowed else self._refuse(f"`/type`: {self._named(allowed)}")
        if self._channel is None:
            return [Search(kind, value)]
        written = {one: fitting(one, value, self._inquiry.project.locale) for one in allowed}
        found = [Search(one, text) for one, text in written.items() if text]
        return found or self._refuse(f"`/value`: {self._named(allowed)}")

    def _filled(self) -> list[Search]:
        """What a form says, in the order of the channel. Raises CallError."""
        form = self._channel.form if self._channel is not None else None
        order: Sequence[str] = self._channel.identify_by if self._channel is not None else IDENTIFIERS
        kinds = {one.name: one.type for one in form.fields} if form is not None else {one: one for one in order}
        given = {name: value for name, value in (self._given.get("form") or {}).items() if value}
        if not given and len(kinds) == 1 and "secret" in self._given:
            given = {next(iter(kinds)): self._given["secret"]}
        for name in given.keys() - kinds.keys():
            self._refuse(f"`/form/{stranger(name)}`: there is no such field; {nearest(name, kinds)}")
        for one in form.fields if form is not None else ():
            if one.required and not given.get(one.name):
                self._refuse(f"`/form/{one.name}`: is missing")
        found = []
        for name, value in given.items():
            text = fitting(kinds[name], value, self._inquiry.project.locale)
            found.append(Search(kinds[name], text) if text else self._refuse(f"`/form/{name}`: is no {kinds[name]}")[0])
        return sorted(found, key=lambda search: order.index(search.kind)) or self._refuse("`/form`: is empty")

    def _form(self) -> Outcome:
        """The form of the channel, as a challenge of nobody's."""
        assert self._channel is not None and self._channel.form is not None  # noqa: S101, PT018 - who calls has asked
        form = self._channel.form
        return self._challenge(Asked("form", form.prompt or {}, tuple(form.fields), {}), {"source": ""})

    def _challenge(self, asked: Asked, state: dict[str, Any]) -> Outcome:
        inquiry, call = self._inquiry, self._inquiry.call
        state |= {"asked": self._asked, **{name: self._given[name] for name in ("channel",) if name in self._given}}
        step = inquiry.means.seal.seal(inquiry.project.name, call.caller, state)
        language = call.language or inquiry.project.locale.language
        fields = [one.shown(language) for one in asked.fields]
        challenge = {"step": step, "kind": asked.kind, "prompt": said(asked.prompt, language), "fields": fields}
        output, _ = self._target.operation.finished({"challenge": challenge}, inquiry.project.locale)
        return Outcome(output)

    def _find_channel(self) -> Channel | None:
        """The channel that was named, now or where the dialogue began. Raises CallError for one that is not there."""
        channels, name = self._inquiry.project.channels, self._given.get("channel")
        if not self._target.routed or not channels or name is None:
            return None
        if name not in channels:
            self._refuse(f"`/channel`: the project has {', '.join(channels)}")
        return channels[name]

    def _named(self, kinds: Collection[str]) -> str:
        return f"clients of this channel are searched by {', '.join(kinds)}"

    def _refuse(self, detail: str) -> NoReturn:
        raise CallError("invalid_input", detail)


def _suited(source: Source, searches: list[Search], locale: Locale) -> list[Search]:
    """What a source can search by; `any` is the first kind it accepts that the value fits."""
    accepts = source.operation.accepts
    found = []
    for kind, value in searches:
        kinds = accepts if kind == "any" and accepts else [kind] if kind in accepts or not accepts else []
        texts = ((one, fitting(one, value, locale) if one != kind else value) for one in kinds)
        found += [Search(*one) for one in texts if one[1]][:1]
    return found
