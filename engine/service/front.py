"""The Door: calls are dispatched by their raw path before Starlette sees them; everything else goes to the pages."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final, Protocol

import structlog

from engine.authoring.explain.explanation import explain
from engine.authoring.explain.recording import Explaining
from engine.errors import CallError
from engine.runtime.call import Answer, Call
from engine.runtime.target import Project, Target
from engine.service.access import Access, Grant, shown_key
from engine.service.calls import (
    Options,
    answer_headers,
    encode,
    input_of,
    options_of,
    refuse_cards,
    require_json,
    seconds_of,
    trace_of,
)
from engine.service.endpoints import Entrance, Found
from engine.service.failures import Failures, shown
from engine.service.problem import LANGUAGES, Header, HttpError, Refusal, place_of, refusal, spoken
from engine.service.visit import Caller, Route, Scope, Visit
from engine.settings.environment import Environment
from engine.telemetry.logs import failure
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answering = Callable[[Visit, Receive], Awaitable[tuple[int, list[Header], bytes]]]

ROOT: Final = b"/v1/"


class Line(Protocol):
    """The connection under a request (engine.service.protocol); `task` is cancelled when the caller hangs up."""

    task: asyncio.Task[Any] | None
    lost: bool


class HungUpError(Exception):
    """The caller went away before the request was complete."""


class Front:
    """The ASGI application. `stopping` makes it ask callers to hang up after their answer."""

    def __init__(
        self, engine: Caller, environment: Environment, access: Access, mask: Mask, metrics: Metrics, pages: App
    ) -> None:
        self.stopping = False
        self._access = access
        self._engine = engine
        self._clock = engine.clock
        self._max_body = environment.max_body
        self._max_deadline = environment.max_deadline
        self._mask = mask
        self._pages = pages
        self._log = structlog.get_logger()
        self._debug = environment.log_level == "debug"
        self._routes = {
            path_of(project.name, name).encode(): _route(project, target, metrics)
            for project in engine.registry.projects.values()
            for name, target in project.targets.items()
        }
        self._failures = Failures(environment.failures, engine.clock)
        self._reports = {
            path_of(name, "failures").encode(): Route(name, "failures", metrics.calls(name, "failures"))
            for name in engine.registry.projects
        }
        self._nowhere = metrics.calls("", "")
        self._entrance = Entrance(engine, environment, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: bytes = scope["raw_path"]
        route = self._routes.get(path)
        answer: Answering = self._answer
        if path in self._reports:
            route, answer = self._reports[path], self._failed
        elif route is None and path.startswith(ROOT):
            project, _, rest = path[len(ROOT) :].decode("ascii").partition("/")
            route = Route(project, rest.replace("/", "."), self._nowhere, known=False)
        elif route is None:
            found = self._entrance.find(path, scope["method"])
            if found is None:
                await self._pages(scope, receive, send)
                return
            route, answer = found.route, partial(self._enter, found)
        headers = dict(scope["headers"])
        trace_id = trace_of(headers) or self._engine.ids.uuid()
        visit = Visit(scope, headers, route, trace_id, self._clock.monotonic())
        await self._serve(visit, receive, send, answer)

    async def _serve(self, visit: Visit, receive: Receive, send: Send, answering: Answering) -> None:
        line: Line | None = visit.scope.get("extensions", {}).get("line")
        visit.route.series.begin()
        if line is not None:
            line.task = asyncio.current_task()
        try:
            status, headers, body = await answering(visit, receive)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, HungUpError) or (line is not None and line.lost):
                visit.result = "hung_up"
                return
            refused = self._refuse(visit, error)
            visit.result, status, headers, body = refused.code, refused.status, refused.headers, refused.body
        finally:
            if line is not None:
                line.task = None
            visit.route.series.end(visit.result, self._clock.monotonic() - visit.began)
        if self.stopping or visit.linger:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": visit.linger})
        if visit.linger:
            await _linger(receive, send)

    async def _answer(self, visit: Visit, receive: Receive) -> tuple[int, list[Header], bytes]:
        scope, headers, target = visit.scope, visit.headers, visit.route.target
        query: bytes = scope["query_string"]
        visit.grant = grant = self._access.admit(visit.route.project, shown_key(scope["headers"], headers, query))
        if grant.project.name != visit.route.project:
            visit.route = visit.route.unknown(self._nowhere)
        if target not in grant.targets or not visit.route.known:
            raise _denied(visit.route, grant)
        self._access.spend(grant, visit.began)
        require_json(scope["method"], headers)
        options = visit.options = options_of(query, visit.route.members)
        for right in ("reveal", "explain"):
            if getattr(options, right) and not getattr(grant, right):
                raise CallError("forbidden", f"the key has not the right `{right}`")
        seconds = seconds_of(headers, self._max_deadline)
        body = await self._body(visit, receive)
        given = input_of(body)
        if not grant.reveal:
            refuse_cards(body, given, visit.route.guarded)
        deadline = None if seconds is None else visit.began + seconds
        accepted = headers.get(b"accept-language", b"").decode("latin-1")
        language = spoken(accepted, grant.project.locale.language) if accepted else ""
        call = Call(
            visit.route.project, target, given, deadline, visit.trace_id, options.reveal, grant.key.id, language
        )
        if not options.explain and not self._failures.most:
            return self._answered(visit, await self._engine.call(call), options)
        heard = visit.heard = Explaining(grant.project, target, options.explain)
        answer = await self._engine.call(call, heard)
        if options.explain:
            shown = explain(heard, None, options.reveal, place_of)
            answer = answer._replace(meta={**answer.meta, "explain": shown})
        return self._answered(visit, answer, options)

    async def _failed(self, visit: Visit, receive: Receive) -> tuple[int, list[Header], bytes]:
        """The last failed calls of a project."""
        scope, project = visit.scope, visit.route.project
        query: bytes = scope["query_string"]
        visit.grant = grant = self._access.admit(project, shown_key(scope["headers"], visit.headers, query))
        if grant.project.name != project:
            visit.route = visit.route.unknown(self._nowhere)
            raise _denied(visit.route, grant)
        self._access.spend(grant, visit.began)
        if scope["method"] != "GET":
            raise HttpError("unknown_operation", "failures are read by GET", 405, ((b"allow", b"GET"),))
        if query not in (b"", b"reveal=0", b"reveal=1"):
            raise CallError("invalid_input", "the query may hold `reveal=1`, nothing else")
        reveal = query == b"reveal=1"
        if not grant.explain or (reveal and not grant.reveal):
            raise CallError("forbidden", f"the key has not the right `{'reveal' if grant.explain else 'explain'}`")
        found = self._failures.of(project, grant.targets)
        document = await asyncio.to_thread(shown, found, reveal)
        return 200, answer_headers(document, visit.trace_id), document

    async def _enter(self, found: Found, visit: Visit, receive: Receive) -> tuple[int, list[Header], bytes]:
        """The answer of an endpoint."""
        visit.language = found.mount.language
        seconds = seconds_of(visit.headers, self._max_deadline)
        until = None if seconds is None else visit.began + seconds
        sent = await self._entrance.answer(found, visit, partial(self._body, visit, receive), until)
        if sent.failed is not None:
            visit.result = sent.failed.code
            self._note(visit, sent.failed, sent.failed)
        return sent[:3]

    def _answered(self, visit: Visit, answer: Answer, options: Options) -> tuple[int, list[Header], bytes]:
        took = self._clock.monotonic() - visit.began
        headers, body = encode(answer, options, visit.trace_id, took)
        if self._debug:
            self._log.debug("call answered", took_ms=round(took * 1000, 1), **_named(visit))
        return 200, headers, body

    async def _body(self, visit: Visit, receive: Receive) -> bytes:
        """The whole body, refused at the limit before it is held."""
        limit, size = self._max_body, 0
        parts: list[bytes] = []
        declared = int(visit.headers.get(b"content-length", b"0"))
        while declared <= limit and size <= limit:
            message = await receive()
            if message["type"] != "http.request":
                raise HungUpError
            parts.append(message["body"])
            size += len(parts[-1])
            if size <= limit and not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)
        visit.linger = True
        raise CallError("too_large", f"the body is larger than {limit} bytes")

    def _refuse(self, visit: Visit, error: BaseException) -> Refusal:
        """Log a failure and make its problem document."""
        found = _call_error(error)
        self._note(visit, found, error)
        default = visit.grant.project.locale.language if visit.grant else visit.language or LANGUAGES[0]
        language = spoken(visit.headers.get(b"accept-language", b"").decode("latin-1"), default)
        may, told = visit.grant is not None and visit.grant.explain, None
        if visit.heard is not None:
            self._failures.keep(visit, found)
            told = explain(visit.heard, found, visit.options.reveal, place_of) if visit.options.explain else None
        return refusal(found, visit.trace_id, self._mask, language, explain=may, told=told)

    def _note(self, visit: Visit, found: CallError, error: BaseException) -> None:
        took = round((self._clock.monotonic() - visit.began) * 1000, 1)
        fields: dict[str, Any] = _named(visit) | {"took_ms": took, "code": found.code, "detail": found.detail}
        if found.upstream:
            fields |= {"connection": found.upstream.connection, "upstream_status": found.upstream.status}
        if found.place:
            fields["place"] = str(found.place)
        if found is not error:
            fields |= failure(error)
        log = self._log.error if found.code == "internal" else self._log.info
        log("call failed", **fields)


def path_of(project: str, target: str) -> str:
    """The path under which a target is called."""
    return f"{ROOT.decode()}{project}/{target.replace('.', '/')}"


def _route(project: Project, target: Target, metrics: Metrics) -> Route:
    contract = target.operation.contract
    members = tuple(contract.output.model_fields) if contract is not None else ()
    series = metrics.calls(project.name, target.name)
    return Route(project.name, target.name, series, guarded=target.operation.guarded, members=members)


def _call_error(error: BaseException) -> CallError:
    """The error as one of the catalogue; a stranger's text never leaves."""
    if isinstance(error, CallError):
        return error
    if isinstance(error, asyncio.CancelledError):
        return CallError("overloaded", "the service stopped before the call was finished", retryable=False)
    return CallError("internal", "an error in the engine; its log tells more under this trace_id")


def _named(visit: Visit) -> dict[str, Any]:
    """Who asked for what; an unknown path is the caller's own text and stays out of the log."""
    key = visit.grant.key.name if visit.grant else None
    route = visit.route if visit.route.known else None
    named = {"project": route and route.project, "target": route and route.target}
    return {"trace_id": visit.trace_id, **named, "key": key}


def _denied(route: Route, grant: Grant) -> CallError:
    """Not allowed, or not there: then with the nearest name that this key may call."""
    if route.known:
        return CallError("forbidden", "the key does not allow this operation")
    near = difflib.get_close_matches(route.target[:100], grant.targets, 1)
    hint = f"; did you mean POST {path_of(grant.project.name, near[0])}?" if near else ""
    return CallError("unknown_operation", f"no operation answers at this path{hint}")


async def _linger(receive: Receive, send: Send) -> None:
    """Read on until the caller has sent everything, so that closing does not destroy the answer on its way."""
    message = await receive()
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
    await send({"type": "http.response.body", "body": b""})
