"""A merged card over HTTP: within the caller's deadline, with what came in time, and honest about it."""

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from engine.service.server import Service
from engine.settings.clock import SystemIds
from engine.settings.environment import Environment
from engine.spec.key import new_key
from engine.telemetry.mask import Mask
from engine.telemetry.metrics import Metrics
from tests.runtime.test_routing import KEY, MERGED, found
from tests.runtime.town import BANK, town


async def test_one_that_is_slow_is_left_out_within_the_callers_deadline(tmp_path: Path) -> None:
    key, line = new_key(SystemIds())
    keys = f"keys: [{{name: bot, hash: '{line}', allow: [card], rights: [reveal]}}]\n"
    async with town(tmp_path, MERGED + keys, a=BANK, b=BANK) as t, ClientSession() as http:
        t.a.pages["/card/1"] = {"key": "1", "name": "Ivan", "phones": ["+79000000001"]}
        t.b.pages |= {KEY: found("9"), "/card/9": (200, asyncio.Event().wait)}
        service = Service(t.engine, Environment(port=0, drain=0, grace=1), Mask(), Metrics("test"))
        address = await service.start()
        headers = {"X-Api-Key": key, "X-Deadline-Ms": "800"}
        began = asyncio.get_running_loop().time()
        async with http.post(f"{address}/v1/p/card?reveal=1", json={"client_key": "1"}, headers=headers) as reply:
            said = await reply.json()
        took = asyncio.get_running_loop().time() - began
        hurry = asyncio.Event()
        hurry.set()
        await service.stop(hurry)
    assert reply.status == 200
    assert took <= 0.85
    assert (said["data"]["name"], said["data"]["phones"]) == ({"full": "Ivan"}, ["+79000000001"])
    first, second = said["meta"]["sources"]
    assert (first["connection"], first["status"], first["age_s"]) == ("a", "ok", 0)
    assert (second["connection"], second["status"], second["code"]) == ("b", "timeout", "deadline_exceeded")
