"""Identity as a dialogue: what is known is tried in order, and what a system or a channel asks becomes a challenge."""

from collections.abc import Collection, Sequence
from itertools import dropwhile
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
        self._keys = Keys(project, inquiry.looked_up)
        step, seal = self._given.pop("step", None), inquiry.means.seal
        self._sealed = seal.open(project.name, call.caller, step) if step is not None else {}
        self._asked = self._sealed.get("asked") or {name: self._given.get(name) for name in ("value", "type")}
        self._over = set[str](self._sealed.get("over", ()))
        begun = self._sealed.get("channel")
        if begun is not None and self._given.setdefault("channel", begun) != begun:
            self._refuse("`/channel`: the step was begun in another one")
        self._channel = self._find_channel()
        self._known = self._sealed.get("known", self._told("channel", "secret"))

    async def answer(self) -> Outcome:
        """The clients found, or a challenge. Raises CallError."""
        try:
            return await self._searched()
        finally:
            await cancelled(self._keys.running)

    def _told(self, *names: str) -> dict[str, Any]:
        return {name: self._given[name] for name in names if name in self._given}

    def _is_same(self) -> bool:
        """Whether what is given again is what the step was begun with; its type may be left out."""
        sealed, value, kind = self._sealed, self._given["value"], self._given["type"]
        written = fitting(sealed["type"], value, self._inquiry.project.locale)
        same = value == sealed["asked"]["value"] or written == sealed["value"]
        return same and kind in ("any", sealed["type"], sealed["asked"]["type"])

    async def _searched(self) -> Outcome:
        searches, answered = self._searches(), self._sealed.get("source", "").partition(".")[0]
        if not searches:
            return self._form()
        suited = self._suited(searches)
        sources = tuple(source for source in self._target.sources if source.name in suited)
        formed, tried = self._sealed.get("formed", False), {search.kind for search in searches}
        more = not (formed or self._channel is None or self._channel.asks_only(tried))
        try:
            outcome = await self._inquiry.routed(
                self._target, sources, lambda source: self._found(source, suited[source.name]), answered
            )
        except CallError as error:
            if error.code != "not_found" or not more:
                raise
            return self._form()
        if isinstance(outcome.output, Asked):
            return self._challenge(outcome.output, searches=[[*search] for search in searches], formed=formed)
        return self._form() if outcome.empty and more else outcome

    def _suited(self, searches: list[Search]) -> dict[str, list[Search]]:
        """What to search each source by that has not said that it knows nobody. Raises CallError."""
        locale, sources = self._inquiry.project.locale, self._target.sources
        suited = {one.name: found for one in sources if (found := _suited(one, searches, locale))}
        if not suited:
            kinds = ", ".join(dict.fromkeys(kind for one in sources for kind in one.operation.accepts))
            unfit = searches[0].kind == "any"
            self._refuse(f"`/value`: fits none of {kinds}" if unfit else f"`/type`: clients are searched by {kinds}")
        lacking = self._target.require - {one.bound.name for one in sources if one.name in suited}
        if lacking:
            self._refuse(f"`/type`: `{min(lacking)}`, which must answer, is not searched by it")
        if "source" in self._sealed:
            name, *asked = (self._sealed[name] for name in ("source", "type", "value"))
            suited[name] = [*dropwhile(lambda one: [*one] != asked, suited.get(name, ()))] or [Search(*asked)]
        return {name: found for name, found in suited.items() if name not in self._over}

    async def _found(self, source: Source, searches: list[Search]) -> Kept:
        """What a source finds, with the project's keys. Raises CallError."""
        kept = await self._tried(source, searches)
        if self._target.routed:
            kept = await self._keys.answered(source, kept, {})
        outcome = kept.outcome
        if isinstance(outcome, CallError) or outcome.empty:
            self._over.add(source.name)
        if isinstance(outcome, CallError):
            raise outcome
        return kept

    async def _tried(self, source: Source, searches: list[Search]) -> Kept:
        """What the first search yields that finds something, or is asked more; else nothing, perhaps as `not_found`."""
        nothing, sealed = None, self._sealed
        for kind, value in searches:
            given = {"source": source.name, "type": kind, "value": value}
            own = given.items() <= sealed.items()
            known, keep = (self._told("channel", "secret", "form"), sealed["keep"]) if own else (self._known, None)
            try:
                kept = await self._inquiry.fetched(source, {**known, "type": kind, "value": value}, keep)
            except CallError as error:
                if error.code != "not_found":
                    raise
                nothing = nothing or Kept(error)
                continue
            outcome = cast("Outcome", kept.outcome)
            if isinstance(outcome.output, Asked):
                asked = outcome.output._replace(keep={**given, "keep": outcome.output.keep})
                return kept._replace(outcome=outcome._replace(output=asked))
            if not outcome.empty:
                return kept
            nothing = kept
        assert nothing is not None  # noqa: S101 - who has no search is not asked
        return nothing

    def _searches(self) -> list[Search]:
        """What to search by, in order; nothing where a form has to be filled in first. Raises CallError."""
        if "source" in self._sealed:
            return self._begun()
        if "form" in self._given and "value" in self._given and not self._sealed:
            self._refuse("`/value`: give either `value` or `form`")
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

    def _begun(self) -> list[Search]:
        """What the dialogue was begun with. Raises CallError."""
        if "value" in self._given and not self._is_same():
            self._refuse("`/value`: the step was begun with another one")
        if self._sealed["source"] not in {source.name for source in self._target.sources}:
            raise CallError("not_found", "`/step`: the system that asked is not there")
        return [Search(*one) for one in self._sealed["searches"]]

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
        return self._challenge(Asked("form", form.prompt or {}, tuple(form.fields), {}), over=[], formed=True)

    def _challenge(self, asked: Asked, **state: Any) -> Outcome:
        inquiry, call = self._inquiry, self._inquiry.call
        same = {"asked": self._asked, "known": self._known, "over": sorted(self._over), **self._told("channel")}
        step = inquiry.means.seal.seal(inquiry.project.name, call.caller, same | asked.keep | state)
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
