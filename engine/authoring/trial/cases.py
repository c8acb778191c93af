"""`tests.yaml` beside a connector: cases by operation, each a call, its requests, their answers, the result."""

from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import RootModel

from engine.authoring.trial.matching import Difference, Known, differences, exact
from engine.document import Document, Map
from engine.errors import CATALOGUE, nearest
from engine.language.codec.json import encode_json
from engine.language.text import as_text
from engine.spec.reading import Model, Reading, about, read_root
from engine.spec.trip import Rendered, Reply

Matched = str | dict[str, Any] | None
"""Text, or a matcher."""


class Expected(Model):
    """What the request must be; members left out are not compared."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] | None = about("The HTTP method.", "GET")
    path: Matched = about("Decoded, without the query and the path of the base URL.", "/api/v4/contacts")
    query: dict[str, Any] | None = about("Of its parameters these; null: not sent.", {"query": "7900"})
    headers: dict[str, Any] | None = about("Of its headers these; null: not sent.", {"Accept": "*/*"})
    json_: Any = about("Its JSON body.", {"id": 5}, alias="json")
    form: dict[str, Any] | None = about("Its form body.", {"id": "5"})
    text: Matched = about("Its body as it is.", "<id>5</id>")

    def differences(self, sent: Rendered, base: str, known: Known, now: float) -> Iterator[Difference]:
        """Where a request is not what is expected; `base`: the path of the base URL, `now`: seconds since the call."""
        url, body = urlsplit(sent.url), (sent.body or b"").decode(errors="replace")
        headers = {name.lower(): value for name, value in sent.headers}
        found: dict[str, Any] = {"method": sent.method, "path": unquote(url.path).removeprefix(base), "text": body}
        found |= {"form": pairs(body), "json_": exact(body)}
        for name in self.model_fields_set & found.keys():
            wanted = getattr(self, name)
            wanted = {key: texts(one) for key, one in wanted.items()} if name == "form" else wanted
            yield from differences(found[name], wanted, known, name.strip("_"))
        yield from self.named("query", pairs(url.query), known)
        yield from self.named("headers", headers, known)

    def named(self, part: str, found: Mapping[str, Any], known: Known) -> Iterator[Difference]:
        """Where the members that are expected differ; the others are not compared."""
        for name, wanted in (getattr(self, part) or {}).items():
            key = str(name).lower() if part == "headers" else str(name)
            value = None if wanted is None else texts(wanted)
            yield from differences(found.get(key), value, known, f"{part}.{name}")


class Answered(Model):
    """What the system answers, or how it does not."""

    status: int = about("The HTTP status.", default=200, ge=100, le=599)
    headers: dict[str, str] = about("Its headers.", {"Retry-After": "5"}, default={})
    json_: Any = about("Its JSON body.", {"id": 5}, alias="json")
    text: str | None = about("Its body as it is.", "<html>")
    base64: str | None = about("Its body in bytes.", "PGlkPjU8L2lkPg==")
    file: str | None = about("Its body, in a file beside the tests.", "large.json")
    after: float = about("Seconds until it comes.", default=0.0)
    broken: Literal["refused", "lost", "silent"] | None = about(
        "No answer: no connection, a connection lost after the request was sent, silence.", "silent"
    )

    def reply(self, folder: Path) -> Reply:
        """The answer as it comes from a wire; files are looked for in `folder`. Raises OSError."""
        written = (self.text or "").encode()
        if "json_" in self.model_fields_set:
            written = encode_json(self.json_)
        elif self.base64 is not None:
            written = b64decode(self.base64)
        elif self.file is not None:
            written = (folder / self.file).read_bytes()
        typed = "json_" in self.model_fields_set or (self.file is not None and self.file.endswith(".json"))
        kind = {"content-type": "application/json" if typed else "text/plain"} if written else {}
        headers = kind | {name.lower(): value for name, value in self.headers.items()}
        cookies = dict(one.partition(";")[0].split("=", 1) for one in headers.get("set-cookie", "").split(", ") if one)
        return Reply(self.status, headers, written, cookies)


class Exchange(Model):
    """One request and its answer."""

    expect: Expected | None = about("What is asked of the system.")
    reply: Answered = about("What the system answers.", default=...)


class ExpectedError(Model):
    """The error that the call must end with."""

    code: Literal[tuple(CATALOGUE)] = about("Of the catalogue.", default=...)  # type: ignore[valid-type]  # of a constant
    message: str | None = about("A part of its text.", "blocked")


class Case(Model):
    """One call: its input, the exchanges it makes, what it yields."""

    name: str = about("What is shown.", "found by phone", default=...)
    input: dict[str, Any] = about("What the caller gives.", {"client_key": "5"}, default={})
    step: dict[str, Any] | None = about("What the challenge before has kept.", {"ticket": "t-1"})
    settings: dict[str, Any] = about("Settings that differ from their examples.", {"tenant": "north"}, default={})
    now: str | None = about("When the call is made; without it 2026-06-01 at noon, UTC.", "2026-01-31T09:00:00+03:00")
    deadline: float = about("Seconds that the caller waits.", default=10.0, gt=0)
    exchanges: list[Exchange] = about("Requests and their answers.", [{"reply": {"status": 204}}], default=[])
    ordered: bool = about("Exchanges come in the order written.", default=False)
    output: Any = about("What the call yields.", {"clients": []})
    error: ExpectedError | None = about("Or what it ends with.")


class TestsFile(RootModel[dict[str, list[Case]]]):
    """Operation → cases."""


def tests_of(document: Document, operations: Collection[str] | None) -> TestsFile:
    """The cases of a document; `operations` are those of its connector, None where they are not known.

    Raises ConfigError with every problem found, also for cases of what is no operation.
    """
    at = Reading(document)
    found = read_root(TestsFile, at, "a file of tests", "begin with the name of an operation")
    root, known = document.root, operations or ()
    for name in root if operations is not None and isinstance(root, Map) else ():
        if name not in known:
            message = f"the connector has no operation `{name}`"
            at.report("unknown-operation", message, nearest(name, known), root.key_span(name))
    return at.settled(found)


def pairs(text: str) -> dict[str, Any]:
    """Names and values of a query or a form; what stands several times is a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def texts(value: Any) -> Any:
    """What is sent in a query, a header or a form: text, or a list of texts; a matcher stays."""
    if isinstance(value, dict):
        return value
    return [as_text(one) for one in value] if isinstance(value, list) else as_text(value)
