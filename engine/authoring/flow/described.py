"""An OpenAPI description beside the connector (3.0, 3.1): what requests and paths have no place in it.

Only what is plain is held against it: constant paths and names, local references, JSON; of alternatives their members
together. A schema without members may hold any.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine.authoring.flow.follow import near
from engine.authoring.flow.trail import Told, Trail
from engine.authoring.view import Finding, Sent, View
from engine.document import read_file
from engine.errors import CallError, ConfigError, EvaluationError, Span
from engine.language.watch import WATCH
from engine.spec.names import ANSWER
from engine.spec.path import Path
from engine.spec.tree.constructs import bound
from engine.spec.tree.nodes import Const, WrittenObject


class Endpoint(NamedTuple):
    """One operation of a description: its method and path, all that is said of it, the whole of the description."""

    name: str
    said: Mapping[str, Any]
    whole: Mapping[str, Any]

    def resolved(self, value: Any) -> Mapping[str, Any]:
        """What is said in a place, references followed; nothing where that leads nowhere."""
        for _ in range(_HOPS):
            if not isinstance(value, dict) or "$ref" not in value:
                break
            value = _looked_up(self.whole, str(value["$ref"]))
        return _map(value)


_HOPS: Final = 20


class Open(dict[str, Any]):
    """An object that may have any member."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> None:
        return None


def described(view: View, heard: Mapping[int, Trail]) -> Iterator[Told]:
    """What does not stand in the description that the connector names; of answers, only what no case shows."""
    name, place = view.connector.openapi, view.connector.place("openapi")
    if name is None or view.folder is None:
        return
    try:
        whole = read_file(view.folder / name).root
    except ConfigError as error:
        yield _unreadable(f"`{name}` cannot be read: {error.diagnostics[0].message}", place)
        return
    if not isinstance(whole, dict) or not str(whole.get("openapi", "")).startswith(("3.0", "3.1")):
        yield _unreadable(f"`{name}` is no description of OpenAPI 3.0 or 3.1", place)
        return
    for sent in view.sent:
        if sent.request.path is not None:
            yield from _compared(view, sent, sent.request.path, whole, heard)


def _unreadable(message: str, place: Span) -> Told:
    return Told("openapi-unreadable", Finding(message, "name a file beside the connector of at most 1 MiB", place))


def _misfit(message: str, remedy: str, place: Span) -> Told:
    return Told("openapi-misfit", Finding(message, remedy, place))


def _compared(
    view: View, sent: Sent, path: Path, whole: Mapping[str, Any], heard: Mapping[int, Trail]
) -> Iterator[Told]:
    method = sent.request.method
    written = "/".join(piece.template.text.strip("/") for piece in path.pieces)
    names = _map(whole.get("paths"))
    found = max(
        (one for one in names if _likeness(written, one)), key=lambda one: _likeness(written, one), default=None
    )
    item = _map(names.get(found or ""))
    if method.lower() not in item:
        yield _misfit(f"the description has no {method} {_plain(written)}", _ASK, sent.request.place("path"))
        return
    own = _map(item[method.lower()])
    shared = {"parameters": [*_list(item.get("parameters")), *_list(own.get("parameters"))]}
    endpoint = Endpoint(f"{method} {found}", {**own, **shared}, whole)
    yield from _asked(sent, endpoint)
    yield from _answered(view, sent, endpoint, heard)


_ASK: Final = "mend it, or bring the description up to date"


def _plain(path: str) -> str:
    return "/" + re.sub(r"\{\{.*?\}\}", "{}", path).strip("/")


def _likeness(written: str, path: str) -> int:
    """How many parts two paths share, from the end; 0 if one does not fit, or the shorter does not begin with a name.

    The address in `base_url` may hold the beginning of the one, the description's servers that of the other.
    """
    ours, theirs = _plain(written).split("/")[1:], str(path).strip("/").split("/")
    pairs = list(zip(reversed(ours), reversed(theirs), strict=False))
    whole = len(ours) == len(theirs)
    fits = all(a == b or b[:1] == "{" for a, b in pairs)
    return 2 * sum(a == b for a, b in pairs) + whole if fits and (whole or pairs[-1][0] == pairs[-1][1]) else 0


def _asked(sent: Sent, endpoint: Endpoint) -> Iterator[Told]:
    """Parameters that it does not know, members of the body that it wants and nobody writes."""
    request, known = sent.request, [endpoint.resolved(one) for one in endpoint.said["parameters"]]
    names = {str(one.get("name")) for one in known if one.get("in") == "query"}
    for name in sorted((_members(request.query) or set()) - {one.partition("[")[0] for one in names} - names):
        place = request.place("query")
        yield _misfit(f"`{name}` is no parameter of {endpoint.name}", _ASK, place)
    content = endpoint.resolved(endpoint.said.get("requestBody")).get("content")
    written, wanted = _members(request.json_), _list(endpoint.resolved(_json(content)).get("required"))
    if request.has("json") and written is not None:
        for name in sorted(set(map(str, wanted)) - written):
            message = f"{endpoint.name} requires `{name}` in its body, which is never written"
            yield _misfit(message, f"add `{name}:`", request.place("json"))


def _members(node: Any) -> set[str] | None:
    """The names that are always or sometimes written; None where they are computed."""
    if node is None:
        return set()
    if isinstance(node, Const):
        return set(node.value) if isinstance(node.value, dict) else None
    keys = [member.key for member in node.members] if isinstance(node, WrittenObject) else [None]
    return {key for key in keys if isinstance(key, str)} if all(isinstance(key, str) for key in keys) else None


def _answered(view: View, sent: Sent, endpoint: Endpoint, heard: Mapping[int, Trail]) -> Iterator[Told]:
    """Paths of the output that the schema of the answer cannot have."""
    answers = _map(endpoint.said.get("responses"))
    good = next((answers[key] for key in ("200", "201", "2XX", "default") if key in answers), None)
    schema = _json(endpoint.resolved(good).get("content"))
    if schema is None or sent.action.output is None:
        return
    trails: dict[int, Trail] = {}

    def hear(compiled: Any, value: Any, scope: Mapping[str, Any]) -> None:
        if id(compiled) not in heard:
            trails.setdefault(id(compiled), Trail(compiled)).hear(value, dict(scope), (endpoint.name, ""))

    scope = {**dict.fromkeys(ANSWER), "body": _shape(endpoint, schema, 0), "status": 200, "headers": Open()}
    scope |= {name: Open() for name in ("input", "settings", "auth", "page", "step", "call", *sent.operation.steps)}
    with suppress(CallError, EvaluationError):  # of made-up values: what was reached is known
        sent.action.output(bound(sent.action.let, {**scope, WATCH: hear}))
    for trail in trails.values():
        text = str(trail.compiled.text)
        for sight in (one for one in trail.sights.values() if not one.found):
            message = f"`{text[sight.begin : sight.end]}` is not in the schema of {endpoint.name}"
            close = near(text, sight)
            place = view.at(trail.compiled.text, sight.start, sight.end - sight.start)
            yield _misfit(message, f"the nearest is `{close}`" if close else _ASK, place)


def _json(content: Any) -> Any:
    """The schema of the JSON among the kinds of content."""
    kinds = _map(content).items()
    return next((_map(one).get("schema") for kind, one in kinds if "json" in str(kind) or kind == "*/*"), None)


def _shape(endpoint: Endpoint, schema: Any, depth: int) -> Any:
    """A value with every member that a schema has."""
    said = endpoint.resolved(schema)
    parts = [part for key in ("allOf", "oneOf", "anyOf") for part in _list(said.get(key))]
    shapes = [_shape(endpoint, part, depth + 1) for part in parts] if depth < _DEEP else []
    if "items" in said or said.get("type") == "array":
        return [_shape(endpoint, said.get("items"), depth + 1)] if depth < _DEEP else []
    members = _map(said.get("properties"))
    own = {str(name): _shape(endpoint, one, depth + 1) for name, one in members.items()} if depth < _DEEP else Open()
    if own or any(isinstance(one, dict) for one in shapes):
        loose = (
            isinstance(own, Open) or any(isinstance(one, Open) for one in shapes) or said.get("additionalProperties")
        )
        whole = {name: one for shape in shapes if isinstance(shape, dict) for name, one in shape.items()} | own
        return Open(whole) if loose else whole
    kind = said.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    return next(iter(shapes), None) if shapes else _SCALARS.get(str(kind)) or Open()


_DEEP: Final = 12
_SCALARS: Final[dict[str, Any]] = {"string": "text", "integer": 1, "number": 1, "boolean": True}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _looked_up(whole: Any, reference: str) -> Any:
    """What a local reference names; None of any other."""
    if not reference.startswith("#/"):
        return None
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole
