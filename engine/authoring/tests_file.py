"""`tests.yaml` beside a connector: cases by operation. They are checked here and run by a later version."""

from typing import Any, Literal

from pydantic import RootModel

from engine.document import Document
from engine.errors import CATALOGUE
from engine.spec.reading import Model, Reading, about, read_root


class Expected(Model):
    """What the request must be; members left out are not compared."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] | None = about("The HTTP method.", "GET")
    path: str | None = about("Decoded, without the query.", "/api/v4/contacts")
    query: dict[str, Any] | None = about("Its parameters.", {"query": "7900"})
    headers: dict[str, Any] | None = about("Its headers.", {"Accept": "*/*"})
    json_: Any = about("Its JSON body.", {"id": 5}, alias="json")
    form: dict[str, Any] | None = about("Its form body.", {"id": "5"})
    text: str | None = about("Its body as it is.", "<id>5</id>")


class Answered(Model):
    """What the upstream answers."""

    status: int = about("The HTTP status.", default=200, ge=100, le=599)
    headers: dict[str, str] = about("Its headers.", {"Retry-After": "5"}, default={})
    json_: Any = about("Its JSON body.", {"id": 5}, alias="json")
    text: str | None = about("Its body as it is.", "<html>")


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
    exchanges: list[Exchange] = about("Requests and their answers.", [{"reply": {"status": 204}}], default=[])
    ordered: bool = about("Exchanges come in the order written.", default=False)
    output: Any = about("What the call yields.", {"clients": []})
    error: ExpectedError | None = about("Or what it ends with.")


class TestsFile(RootModel[dict[str, list[Case]]]):
    """Operation → cases."""


def tests_of(document: Document) -> TestsFile:
    """The cases of a document. Raises ConfigError with every problem found."""
    at = Reading(document)
    return at.settled(read_root(TestsFile, at, "a file of tests", "begin with the name of an operation"))
