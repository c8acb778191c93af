"""`tests.yaml` beside a connector: cases by operation. They are checked here and run by a later version."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from engine.document import Document
from engine.errors import CATALOGUE
from engine.spec.reading import Model, Reading, read_root


class Expected(Model):
    """What the request must be; members left out are not compared."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] | None = None
    path: str | None = Field(default=None, examples=["/api/v4/contacts"])
    query: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    text: str | None = None


class Answered(Model):
    """What the upstream answers."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = Field(default={})
    json_: Any = Field(default=None, alias="json")
    text: str | None = None


class Exchange(Model):
    """One request and its answer."""

    expect: Expected | None = None
    reply: Answered


class ExpectedError(Model):
    """The error that the call must end with."""

    code: Annotated[str, Field(json_schema_extra={"enum": list(CATALOGUE)})]
    message: str | None = None


class Case(Model):
    """One call: its input, the exchanges it makes, what it yields."""

    name: str = Field(examples=["found by phone"])
    input: dict[str, Any] = Field(default={})
    exchanges: list[Exchange] = Field(default=[])
    ordered: bool = False
    output: Any = None
    error: ExpectedError | None = None


class TestsFile(RootModel[dict[str, list[Case]]]):
    """Operation → cases."""


def tests_of(document: Document) -> TestsFile:
    """The cases of a document. Raises ConfigError with every problem found."""
    at = Reading(document)
    return at.settled(read_root(TestsFile, at, "a file of tests", "begin with the name of an operation"))
