"""aiohttp on both sides, no framework above it: one session for the life of the application, uvloop underneath."""

import sys
import time
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web
from pydantic import ValidationError

from benchmarks.peers.card import (
    CONNECT_TIMEOUT,
    HEADERS,
    TIMEOUT,
    UPSTREAM,
    CardRequest,
    Envelope,
    Meta,
    key_is_right,
    read_card,
    upstream_request,
)

SESSION = web.AppKey("session", aiohttp.ClientSession)


async def session(application: web.Application) -> AsyncIterator[None]:
    """The shared session."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_TIMEOUT)
    async with aiohttp.ClientSession(UPSTREAM, headers=HEADERS, timeout=timeout) as client:
        application[SESSION] = client
        yield


async def card(request: web.Request) -> web.Response:
    """The card of a client."""
    begun = time.perf_counter()
    if not key_is_right(request.headers.get("Authorization")):
        raise web.HTTPUnauthorized
    try:
        asked = CardRequest.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPUnprocessableEntity from error
    try:
        async with request.app[SESSION].post(**upstream_request(asked.client_key), raise_for_status=True) as reply:
            data = read_card(await reply.json())
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        raise web.HTTPBadGateway from error
    answer = Envelope(data=data, meta=Meta(took_ms=round((time.perf_counter() - begun) * 1000, 1)))
    return web.Response(body=answer.model_dump_json().encode(), content_type="application/json")


def main() -> None:
    """Serve on the port that is the only argument."""
    application = web.Application()
    application.cleanup_ctx.append(session)
    application.router.add_post("/v1/bench/card", card)
    loop = uvloop.new_event_loop()
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
