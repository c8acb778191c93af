"""The pages beside the calls: health, metrics, the API description and its reader, and 404 as a problem."""

import hmac
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import orjson
from openapi_ui_bundles import swagger_ui
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.errors import CallError
from engine.runtime.registry import Registry
from engine.service.access import Access
from engine.service.openapi import describe
from engine.service.problem import LANGUAGES, HttpError, place_of, refusal, spoken
from engine.service.visit import Caller
from engine.settings.clock import Clock
from engine.settings.environment import Environment
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import CONTENT_TYPE, Metrics

_ASSETS: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tolmach API</title><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="page"></div><script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
});
"""


def pages(
    engine: Caller, environment: Environment, access: Access, mask: Mask, metrics: Metrics, stopping: Callable[[], bool]
) -> Starlette:
    """The Starlette application behind the Door."""
    registry = engine.registry

    async def refused(request: Request, error: Exception) -> Response:
        found = _problem(error)
        language = spoken(request.headers.get("accept-language", ""), LANGUAGES[0])
        answer = refusal(found, engine.ids.uuid(), mask, language)
        return Response(answer.body, answer.status, {k.decode(): v.decode() for k, v in answer.headers})

    async def live(_request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(_request: Request) -> Response:
        status, document = readiness(registry, stopping(), engine.unauthorised())
        return _json(document, status)

    async def measured(request: Request) -> Response:
        key = environment.metrics_key
        shown = request.headers.get("authorization", "").encode("latin-1")
        if key is not None and not hmac.compare_digest(shown, b"Bearer " + key.get_secret_value().encode()):
            raise HttpError("unauthenticated", "the metrics need their own key")
        _note_keys(access, metrics, engine.clock)
        return Response(metrics.render(), headers={"content-type": CONTENT_TYPE})

    routes = [Route("/livez", live), Route("/readyz", ready), Route("/metrics", measured)]
    handlers: dict[Any, Any] = {HTTPException: refused, CallError: refused, Exception: refused}
    app = Starlette(routes=routes + (_documents(registry) if environment.docs else []), exception_handlers=handlers)
    app.router.redirect_slashes = False  # it would send callers to whatever host they named
    return app


def readiness(
    registry: Registry, stopping: bool, unauthorised: Sequence[tuple[str, str, str]] = ()
) -> tuple[int, dict[str, Any]]:
    """HTTP status and document of `/readyz`.

    `ready` and `degraded` (some connections could not be loaded, or have to be authorised anew; they are named) are
    200: the rest can be called. `stopping` and `empty` (nothing can be called) are 503.
    """
    troubles = [
        {
            "project": trouble.project,
            "connection": trouble.connection,
            "problems": [{"code": one.code, "place": place_of(one.span)} for one in trouble.diagnostics],
        }
        for trouble in registry.troubles
    ]
    callable_ = any(project.targets for project in registry.projects.values())
    anew = [dict(zip(("project", "connection", "credential"), one, strict=True)) for one in unauthorised]
    status = "stopping" if stopping else "empty" if not callable_ else "degraded" if troubles or anew else "ready"
    code = 200 if status in ("ready", "degraded") else 503
    return code, {"status": status, "unusable": troubles, "reauthorise": anew}


def _note_keys(access: Access, metrics: Metrics, clock: Clock) -> None:
    """The Door keeps monotonic times; people want the time of day."""
    offset = clock.now().timestamp() - clock.monotonic()
    for grant in access:
        if grant.used_at is not None:
            metrics.key_used(grant.project.name, grant.key.name, offset + grant.used_at)


def _documents(registry: Registry) -> list[Route]:
    """The API description, and a page that shows it with scripts of our own only."""

    @cache
    def description() -> bytes:
        return orjson.dumps(describe(registry))

    @cache
    def asset(name: str) -> bytes:
        return _START.encode() if name == "start.js" else (swagger_ui.static_path / name).read_bytes()

    async def described(_request: Request) -> Response:
        return Response(description(), media_type="application/json", headers={"cache-control": "no-store"})

    async def page(_request: Request) -> Response:
        return Response(_PAGE, media_type="text/html", headers={"content-security-policy": _POLICY})

    async def served(request: Request) -> Response:
        name = request.path_params["name"]
        kind = {**_ASSETS, "start.js": "text/javascript"}.get(name)
        if kind is None:
            raise HTTPException(404)
        return Response(asset(name), media_type=kind, headers={"x-content-type-options": "nosniff"})

    return [Route("/openapi.json", described), Route("/docs", page), Route("/docs/{name}", served)]


def _problem(error: Exception) -> CallError:
    if isinstance(error, CallError):
        return error
    if isinstance(error, HTTPException):
        headers = tuple((k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items())
        text = {404: "there is no such page", 405: "this method is not possible here"}.get(error.status_code, "")
        return HttpError("unknown_operation", text, error.status_code, headers)
    return CallError("internal", "an error in the engine; its log tells more")


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, {"cache-control": "no-store"}, "application/json")
