"""FastAPI and aiohttp's client: one session for the life of the application."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiohttp
from fastapi import Depends, FastAPI, Header, HTTPException, Request

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


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncIterator[None]:
    """The shared session."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_TIMEOUT)
    async with aiohttp.ClientSession(UPSTREAM, headers=HEADERS, timeout=timeout) as session:
        application.state.session = session
        yield


app = FastAPI(lifespan=lifespan)


async def check_key(authorization: Annotated[str | None, Header()] = None) -> None:
    """Refuses a caller without the key."""
    if not key_is_right(authorization):
        raise HTTPException(401, "a valid API key is required")


@app.post("/v1/bench/card", dependencies=[Depends(check_key)])
async def card(asked: CardRequest, request: Request) -> Envelope:
    """The card of a client."""
    begun = time.perf_counter()
    session: aiohttp.ClientSession = request.app.state.session
    try:
        async with session.post(**upstream_request(asked.client_key), raise_for_status=True) as reply:
            data = read_card(await reply.json())
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        raise HTTPException(502, "the CRM did not answer as it should") from error
    return Envelope(data=data, meta=Meta(took_ms=round((time.perf_counter() - begun) * 1000, 1)))
