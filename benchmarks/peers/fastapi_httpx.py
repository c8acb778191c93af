"""FastAPI and httpx: one client for the life of the application, declared models, a dependency for the key."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
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
    """The shared client."""
    timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    async with httpx.AsyncClient(base_url=UPSTREAM, headers=HEADERS, timeout=timeout) as client:
        application.state.client = client
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
    client: httpx.AsyncClient = request.app.state.client
    try:
        reply = await client.post(**upstream_request(asked.client_key))
        reply.raise_for_status()
        data = read_card(reply.json())
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise HTTPException(502, "the CRM did not answer as it should") from error
    return Envelope(data=data, meta=Meta(took_ms=round((time.perf_counter() - begun) * 1000, 1)))
