"""The cases of tests/conformance: what a file of them may say, and the files that a case stands for."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, PrivateAttr

from engine.authoring.trial import cases
from engine.authoring.trial.matching import ABSENT, Difference, Known, differences
from engine.document import read_file
from engine.language.codec.json import encode_json
from engine.spec.reading import Model, Reading, about, plain, read_root
from engine.spec.trip import Rendered

HERE: Final = Path(__file__).parent


class Expected(cases.Expected):
    """What a request must be, to the byte where a case is about that; of parameters all."""

    url: str | None = about("The whole address as it is sent.")
    body: str | None = about("The body as it is sent; a part of it where it begins and ends with `…`.")
    base64: str | None = about("The body in bytes.")
    at: list[float] | None = about("Seconds since the first call, from and to.", min_length=2, max_length=2)

    def differences(self, sent: Rendered, base: str, known: Known, now: float) -> Iterator[Difference]:
        yield from super().differences(sent, base, known, now)
        found = {"url": sent.url, "base64": b64encode(sent.body or b"").decode()}
        for name in self.model_fields_set & found.keys():
            yield from differences(found[name], getattr(self, name), known, name)
        body = (sent.body or b"").decode(errors="replace")
        if self.body is not None and not _fits(body, self.body):
            yield Difference("body", self.body, body)
        first, last = self.at or (0, now)
        if not first - _MOMENT <= now <= last + _MOMENT:
            yield Difference("at", self.at, now)

    def named(self, part: str, found: Mapping[str, Any], known: Known) -> Iterator[Difference]:
        yield from super().named(part, found, known)
        if part == "query" and part in self.model_fields_set:
            for name in found.keys() - (self.query or {}).keys():
                yield Difference(f"query.{name}", ABSENT, found[name])


def _fits(body: str, wanted: str) -> bool:
    open_ended = wanted.startswith("…") and wanted.endswith("…")
    return wanted.strip("…") in body if open_ended else body == wanted


_MOMENT: Final = 0.001


class Exchange(cases.Exchange):
    """One request and its answer."""

    expect: Expected | None = about("What is asked of the system.")
    reply: cases.Answered = about("What it answers.", default_factory=cases.Answered)


class Failure(Model):
    """How a call ends that fails."""

    code: str = about("Of the catalogue.", default=...)
    says: str = about("A part of the detail.", default="")
    at: str | None = about("The place in the connector that is told.")
    retryable: bool | None = about("Whether trying again may help.")
    retry_after: float | None = about("Seconds to wait.")
    spoken: dict[str, str] | None = about("What a bot may say, by language.")


class Problem(Model):
    """What is wrong in a file."""

    code: str = about("Of the diagnostics.", default=...)
    at: str | None = about("Its place: keys and indexes from the root, `operations.op.request.path`.")
    file: Literal["connector", "project"] = about("In which file.", default="connector")


class Arrived(Model):
    """A request that comes to an endpoint."""

    endpoint: str = about("Of the connector `crm`.", default=...)
    query: str = about("As it is sent.", default="")
    headers: Any = about("Names and values.", default_factory=dict)
    path: Any = about("The members of the path.", default_factory=dict)
    json_: Any = about("The body as JSON.", alias="json")
    text: str | None = about("Or the body as it is.")
    peer: str = about("The caller's address.", default="10.0.0.1")

    @property
    def body(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return encode_json(plain(self.json_)) if "json_" in self.model_fields_set else b""


class Replied(Model):
    """What an endpoint answers."""

    status: int = about("The status.", default=200)
    headers: Any = about("All of them.", default_factory=dict)
    json_: Any = about("The body; without it there is none.", alias="json")


class Result(Model):
    """Exactly one of `output`, `reply`, `error`, `problem`, `problems`."""

    output: Any = about("What the call yields.")
    reply: Replied | None = about("Or what an endpoint answers.")
    error: Failure | None = about("Or how it fails.")
    problem: Problem | None = about("Or the one problem of the files.")
    problems: list[Problem] | None = about("Or all of their problems.")
    warnings: list[str] | None = about("Parts of the warnings, in order.")
    status: Literal["ok", "stale", "failed"] = about("Of the answer's source.", default="ok")
    truncated: bool = about("Whether there was more.", default=False)

    @property
    def refused(self) -> list[Problem] | None:
        return [self.problem] if self.problem else self.problems

    @property
    def works(self) -> bool:
        return self.error is None and self.refused is None


class Asked(Model):
    """One call."""

    operation: str = about("Of the connector, or a capability.", default="op")
    input: Any = about("What the caller gives.", default_factory=dict)
    deadline: float = about("Seconds that the caller waits.", default=10.0)
    after: float = about("Seconds since the call before ended.", default=0.0)
    caller: str = about("Who asks.", default="bot")
    request: Arrived | None = about("In place of an operation: what comes to an endpoint.")
    result: Result | None = about("What it must yield; in `calls`.")


class Project(Model):
    """What the project file says beside settings."""

    defaults: Any = about("Of the project.", default_factory=dict)
    connection: Any = about("Keys beside `connector` and `settings`.", default_factory=dict)
    capabilities: Any = about("Who answers what.", default_factory=dict)
    more: Any = about("Its other keys: `keys_of`, `channels`, `flows`, `inbound`.", default_factory=dict)


class Case(Model):
    """One case."""

    name: str = about("What it shows.", default=...)
    proves: list[str] = about("Entries of the registry.", default=...)
    connector: Any = about("Keys that differ from the base, or the text of the whole file.", default_factory=dict)
    operation: Any = about("Short for `connector: {operations: {op: …}}`.")
    expression: str | None = about("In place of a connector: an expression over `scope`.")
    template: str | None = about("Or a template.")
    scope: Any = about("Its names.", default_factory=dict)
    settings: Any = about("What the deployment fills in.")
    others: Any = about("Further connections: a name, and keys of its connector.", default_factory=dict)
    project: Project = about("What else it says.", default_factory=Project)
    now: str | None = about("When the first call is made.")
    uuid: str | None = about("What every UUID is that is drawn; without it each is another.")
    call: Asked = about("The call.", default_factory=Asked)
    calls: list[Asked] | None = about("Or several, one after another.")
    exchanges: list[Exchange] = about("Requests and answers.", default=[])
    ordered: bool = about("They come in the order written.", default=False)
    result: Result | None = Field(None, description="What the call must yield.")
    _base: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def asked(self) -> list[Asked]:
        return self.calls or [self.call.model_copy(update={"result": self.result})]

    @property
    def works(self) -> bool:
        """Whether it shows what works; that of several calls is what the last one yields."""
        last = self.asked[-1].result
        return last is not None and last.works

    def files(self) -> dict[str, bytes]:
        """The connector and the project file."""
        written = self._connector()
        settings = self._base.get("settings_given", {}) if self.settings is None else self.settings
        use = {"connector": "crm", "settings": settings, **self.project.connection}
        uses = {"crm": use} | {name: {"connector": name} for name in self.others}
        project = {"connections": uses, "capabilities": self.project.capabilities, **self.project.more}
        whole = {"projects": {"p": {**project, "defaults": self.project.defaults}}}
        others = {f"connectors/{name}/connector.yaml": _other(name, keys) for name, keys in self.others.items()}
        return {"connectors/crm/connector.yaml": written, **others, "tolmach.yaml": encode_json(plain(whole))}

    def _connector(self) -> bytes:
        if isinstance(self.connector, str):
            return self.connector.encode()
        own = {**HEAD, **self._base, **self.connector}
        own.pop("settings_given", None)
        parts = [given.get("connection", {}) for given in (HEAD, self._base, self.connector)]
        if all(isinstance(part, dict) for part in parts):
            own["connection"] = {key: value for part in parts for key, value in part.items()}
        if self.operation is not None:
            own["operations"] = {**own.get("operations", {}), "op": self.operation}
        return encode_json(plain({key: value for key, value in own.items() if value is not None}))


def _other(name: str, keys: dict[str, Any]) -> bytes:
    return encode_json(
        plain({**HEAD, "connector": name, "connection": {"base_url": f"https://{name}.example"}, **keys})
    )


HEAD: Final[dict[str, Any]] = {
    "connector": "crm",
    "version": "1.0.0",
    "engine": ">=1.0",
    "title": "A system",
    "connection": {"base_url": "https://crm.example"},
}
"""What a connector has where neither the file nor the case says otherwise."""


class CasesFile(Model):
    """A file of cases."""

    base: Any = about("Keys of every connector in the file.", default_factory=dict)
    cases: list[Case] = about("The cases.", default=...)
    about: str = Field(description="What they are about.")


def read(file: Path) -> list[Case]:
    """The cases of a file. Raises ConfigError with every mistake in it."""
    at = Reading(read_file(file))
    found = at.settled(read_root(CasesFile, at, "a file of cases", "begin with `about:`"))
    for case in found.cases:
        case._base = dict(found.base)
    return found.cases


def every() -> Iterator[tuple[str, Case]]:
    """Every case with its name: `trees/each: nested loops`."""
    for file in sorted(HERE.glob("*/*.yaml")):
        for case in read(file):
            yield f"{file.parent.name}/{file.stem}: {case.name}", case
