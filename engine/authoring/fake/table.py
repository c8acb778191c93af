"""What a fake answers: each request of each case, as it was sent when the case was played, and its answer."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.authoring.trial.cases import Case, Expected, pairs, texts
from engine.authoring.trial.matching import Difference, differences, exact
from engine.authoring.trial.play import Played, Suite, run, use_of
from engine.authoring.trial.script import Script
from engine.authoring.trial.turned import NOON, Chance
from engine.runtime.engine import Engine
from engine.settings.clock import Clock, SystemClock, SystemIds
from engine.spec.reading import plain
from engine.spec.trip import Rendered, Reply
from engine.transport.wires import open_wire


class Row(NamedTuple):
    """One request of a case and its answer.

    `request`: its method, path, query and body, with matchers where the case has them; `free`: places that hold a time
    or chance; `signs`: headers and parameters that credentials put there, None for a value of the moment; `code`: what
    the case ends in, "" where it answers; `turn`: how often the case has sent the same before.
    """

    case: str
    request: Mapping[str, Any]
    free: frozenset[str]
    signs: Mapping[str, str | None]
    code: str
    turn: int
    reply: Reply
    after: float
    broken: str | None

    def wrong(self, asked: Rendered) -> list[Difference]:
        """Where a request is another one, whoever sends it."""
        found = differences(picture(asked, self.signs), self.request, {})
        return [one for one in found if not self._is_free(one.path)]

    def _is_free(self, path: str) -> bool:
        return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in self.free)

    def signed(self, asked: Rendered) -> bool:
        """Whether the request bears what this one does."""
        heads = {name.lower(): value for name, value in asked.headers} | _query(asked)
        return all(name in heads and value in (None, heads[name]) for name, value in self.signs.items())

    def at(self, asked: Rendered) -> bool:
        """Whether the request asks the same place."""
        return bool(self.request["method"] == asked.method and self.request["path"] == path_of(asked))


class Table(NamedTuple):
    """Everything that a fake of a connector knows. `use`: what a connection needs so that it asks the fake.

    `elsewhere`: other addresses that cases ask, which no setting moves here. `secrets` are never to be shown.
    """

    rows: tuple[Row, ...]
    use: Mapping[str, Any]
    elsewhere: frozenset[str]
    secrets: frozenset[str]

    def admits(self, asked: Rendered) -> bool:
        """Whether the request bears credentials that are good, or all that its place asks for."""
        return self.trusts(asked) or any(row.signed(asked) and row.at(asked) for row in self.rows)

    def trusts(self, asked: Rendered) -> bool:
        """Whether it bears the credentials of a case that answers, or of any case where none does."""
        signing = [row for row in self.rows if row.signs]
        return not signing or any(row.signed(asked) for row in [one for one in signing if not one.code] or signing)

    def fitting(self, asked: Rendered) -> list[Row]:
        """The rows that fit: of the first case among them, in its order; cases that answer, and at once, come first."""
        trusted = self.trusts(asked)
        rows = [row for row in self.rows if (row.signed(asked) or (trusted and not row.code)) and not row.wrong(asked)]
        turns = {row.case: sum(one.case == row.case for one in rows) for row in rows}
        rows.sort(key=lambda row: (row.code != "", not row.signed(asked), turns[row.case], row.turn))
        return [row for row in rows if row.case == rows[0].case]

    def refusing(self) -> Row | None:
        """What a case says to wrong credentials."""
        refusals = [row for row in self.rows if row.code == "upstream_auth" and row.broken is None]
        return min(refusals, key=lambda row: row.reply.status != 401, default=None)

    def nearest(self, asked: Rendered) -> tuple[Row, list[Difference]] | None:
        """The row that a request is most like, and where it differs."""
        found = [(row, row.wrong(asked)) for row in self.rows]
        return min(found, key=lambda one: (not one[0].at(asked), len(one[1])), default=None)


def record(suite: Suite, address: str) -> Table:
    """Play every case as if its system were at `address`, and keep what was sent. Not in a running loop.

    Raises ConfigError where the settings of a case do not fit.
    """
    rows: list[tuple[str, Row]] = []
    secrets: set[str] = set()
    for operation, cases in suite.tests.root.items():
        for case in cases:
            use, moved = pointed(suite, plain(case.settings), address)
            secrets |= {str(v) for n, v in use["settings"].items() if suite.connector.settings[n].type == "secret"}
            rows += _rows(suite, operation, case, use, moved)
    secrets |= {word for _, row in rows for value in row.signs.values() for word in (value or "").split()[-1:]}
    ours = tuple(row for origin, row in rows if origin == address)
    others = frozenset(origin for origin, _ in rows if origin != address)
    return Table(ours, pointed(suite, {}, address)[0], others, frozenset(secrets))


def pointed(suite: Suite, given: Mapping[str, Any], address: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Keys of a connection whose requests go to `address`, and which origins that replaces. Raises ConfigError."""
    use = use_of(suite.connector, given)
    base, moved = _base(suite, use), {}
    for name, value in use["settings"].items():
        if suite.connector.settings[name].type == "url" and "://" in str(value):
            moved[_origin(value)] = address
            use["settings"][name] = address + str(value).removeprefix(_origin(value))
    if not _base(suite, use).startswith(address):
        moved[_origin(base)] = address
        use["base_url"] = address + base.removeprefix(_origin(base))
    return use | {"network": {"allow": ["127.0.0.0/8"]}}, moved


def _base(suite: Suite, use: Mapping[str, Any]) -> str:
    """The base URL of such a connection; "" where a login brings it."""
    engine = Engine.rehearsing(suite.loaded, use, SystemClock(), SystemIds(), partial(open_wire, "aiohttp"))
    return next((one.url for one in engine.registry.connections), "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _rows(
    suite: Suite, operation: str, case: Case, use: Mapping[str, Any], moved: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """What a case sends, with the origin that it is sent to. It is played twice, to tell times and chance."""

    def scripted(one: Case, clock: Clock, folder: Path, base: str) -> Script:
        return _Moved(moved, one.exchanges, one.ordered, clock, folder, base)

    began = datetime.fromisoformat(case.now) if case.now else NOON
    later = case.model_copy(update={"now": (began + timedelta(days=1, seconds=61)).isoformat()})
    first = run(suite, operation, case, scripted, use)
    second = run(suite, operation, later, scripted, use, _Otherwise())
    others = {one.exchange: _pictured(second, one.request) for one in second.sent}
    seen: list[Mapping[str, Any]] = []
    for request, at in first.sent:
        if at < 0:
            continue
        signs, whole = _pictured(first, request)
        other_signs, other = others.get(at, (signs, whole))
        free = frozenset(one.path for one in differences(other, whole, {}))
        said, expect = case.exchanges[at].reply, case.exchanges[at].expect
        row = Row(
            f"{operation}/{case.name}",
            whole | _written(expect, whole),
            free,
            {name: value if other_signs.get(name) == value else None for name, value in signs.items()},
            case.error.code if case.error is not None else "",
            seen.count(whole),
            rewritten(said.reply(suite.folder), moved),
            said.after,
            said.broken,
        )
        seen.append(whole)
        yield _origin(request.url), row


class _Otherwise(Chance):
    """Another chance than a case has when it is tested."""

    def __init__(self) -> None:
        super().__init__(0.25)
        self.drawn = 5000


class _Moved(Script):
    """A script whose answers name the fake where they name the system."""

    def __init__(self, moved: Mapping[str, str], *given: Any) -> None:
        super().__init__(*given)
        self._moves = moved

    async def answer(self, at: int, departed: Callable[[], None]) -> Reply:
        """The answer of one exchange. Raises WireError."""
        return rewritten(await super().answer(at, departed), self._moves)


def rewritten(reply: Reply, moved: Mapping[str, str]) -> Reply:
    """The reply with the addresses of the fake in place of the system's own."""
    headers, body = dict(reply.headers), reply.body
    for old, new in moved.items():
        if old:
            headers = {name: value.replace(old, new) for name, value in headers.items()}
            body = body.replace(old.encode(), new.encode())
            body = body.replace(old.replace("/", "\\/").encode(), new.replace("/", "\\/").encode())
    return reply._replace(headers=headers, body=body)


def _pictured(played: Played, request: Rendered) -> tuple[dict[str, str], dict[str, Any]]:
    """What credentials put into a request, and the rest of it."""
    signs: dict[str, str] = {}
    same = [one for one in played.rendered if (one.method, path_of(one)) == (request.method, path_of(request))]
    if same:
        known = {pair for one in same for pair in one.headers}
        signs = {name.lower(): value for name, value in request.headers if (name, value) not in known}
        asked = {name for one in same for name in _query(one)}
        signs |= {name: value for name, value in _query(request).items() if name not in asked}
    return signs, picture(request, signs)


def picture(request: Rendered, signs: Mapping[str, Any]) -> dict[str, Any]:
    """A request as it is compared, without what credentials put there."""
    url, body = urlsplit(request.url), request.body or b""
    query = {name: value for name, value in pairs(url.query).items() if name not in signs}
    found: dict[str, Any] = {"method": request.method, "path": path_of(request), "query": query}
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    value = exact(body)
    if value is not None:
        return found | {"json": value}
    if "form-urlencoded" in kind:
        return found | {"form": pairs(body.decode(errors="replace"))}
    return found | ({"text": body.decode(errors="replace")} if body else {})


def _written(expect: Expected | None, whole: Mapping[str, Any]) -> dict[str, Any]:
    """What the case says of its request: matchers stand there."""
    if expect is None:
        return {}
    said = {name: getattr(expect, f"{name}_" if name == "json" else name) for name in ("json", "form", "text")}
    found = {name: value for name, value in said.items() if value is not None and name in whole}
    if "form" in found:
        found["form"] = {name: texts(value) for name, value in found["form"].items()}
    query = {str(name): texts(value) for name, value in (expect.query or {}).items() if value is not None}
    return found | {"query": whole["query"] | {name: one for name, one in query.items() if name in whole["query"]}}


def path_of(request: Rendered) -> str:
    """The path of its URL, decoded."""
    return unquote(urlsplit(request.url).path)


def _query(request: Rendered) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
