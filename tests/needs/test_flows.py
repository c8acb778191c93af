"""Need 7: calls of several steps, batches whose later requests use earlier answers, no more at once than allowed."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.needs.stand import Said, path_of, stand
from tests.upstream import Asked

NAMES = {5: "Anna", 6: "Boris", 7: "Vera", 8: "Gleb", 9: "Daria"}


class Crowd:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    async def item(self, asked: Asked) -> Said:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.02)
        self.inside -= 1
        found = NAMES.get(asked.json["id"])
        return Said({"result": {"item": {"id": asked.json["id"], "name": found}}}) if found else Said({}, 404)


def found(asked: Asked) -> Said:
    assert asked.json == {"type": "PHONE", "values": ["+79001234567"]}
    return Said({"result": {"CONTACT": [9, 404, 5, 6, 7, 8]}})


async def test_ids_are_found_and_each_is_fetched_a_few_at_once_in_order(tmp_path: Path) -> None:
    crowd = Crowd()
    routes: dict[str, Any] = {"POST /findbycomm": found, "POST /item.get": crowd.item}
    async with stand(tmp_path, "flows", routes) as system:
        answer = await system.answer("ids_then_cards", type="phone", value="+79001234567")
    assert [client["name"] for client in answer.data["clients"]] == ["Daria", "Anna", "Boris", "Vera", "Gleb"]
    assert crowd.most == 2
    assert any("`cards`" in warning for warning in answer.meta["warnings"])


async def test_no_ids_are_nobody_and_nothing_is_fetched(tmp_path: Path) -> None:
    async with stand(tmp_path, "flows", {"POST /findbycomm": Said({"result": []})}) as system:
        assert await system.call("ids_then_cards", type="phone", value="+79001234567") == {"clients": []}
        assert len(system.asked) == 1


def bitrix(asked: Asked) -> Said:
    commands = asked.json["cmd"]
    method, _, query = commands["find"].partition("?")
    assert (method, parse_qs(query)["values[0]"]) == ("crm.duplicate.findbycomm", ["+79001234567"])
    assert commands["first"].endswith("id=$result[find][CONTACT][0]")
    return Said({"result": {"result": {"find": {"CONTACT": [5]}, "first": {"item": {"name": "Anna"}}}}})


def composite(asked: Asked) -> Said:
    account, contact = asked.json["compositeRequest"]
    if contact["body"]["LastName"] == "none":
        told = [{"referenceId": "account", "httpStatusCode": 400, "body": [{"message": "no name"}]}]
        return Said({"compositeResponse": told})
    assert contact["body"]["AccountId"] == "@{account.id}"
    told = [
        {"referenceId": one["referenceId"], "httpStatusCode": 201, "body": {"id": f"id-{n}"}}
        for n, one in enumerate((account, contact))
    ]
    return Said({"compositeResponse": told})


def fineract(asked: Asked) -> Said:
    first, second = asked.json
    assert (second["reference"], second["relativeUrl"]) == (1, "clients/$.resourceId?command=activate")
    assert json.loads(first["body"]) == {"fullname": 'A "B"'}
    told = {"body": '{"resourceId": 27}', "statusCode": 200}
    return Said([told | {"requestId": 1}, told | {"requestId": 2}])


async def test_batches_whose_requests_refer_to_each_other(tmp_path: Path) -> None:
    routes = {"POST /batch": bitrix, "POST /composite": composite, "POST /batches": fineract}
    async with stand(tmp_path, "flows", routes) as system:
        assert await system.call("bitrix_batch", phone="89001234567") == {"name": "Anna"}
        assert await system.call("composite", name="Anna", phone="89001234567") == {"id": "id-1"}
        error = await system.error("composite", name="none", phone="89001234567")
        assert (error.code, error.detail) == ("upstream_rejected", "no name")
        assert await system.call("json_path", name='A "B"') == {"id": 27}


class Slow:
    """A record whose write takes long to begin with."""

    def __init__(self) -> None:
        self.name, self.log = "old", list[str]()

    async def put(self, asked: Asked) -> Said:
        self.log.append("PUT begins")
        await asyncio.sleep(0.05)
        self.name = asked.json["name"]
        self.log.append("PUT ends")
        return Said({"name": self.name})

    def get(self, asked: Asked) -> Said:
        self.log.append("GET")
        return Said({"name": self.name})


async def test_a_put_and_the_gets_around_it_never_race(tmp_path: Path) -> None:
    for number in range(3):
        record = Slow()
        routes: dict[str, Any] = {"GET /records/7": record.get, "PUT /records/7": record.put}
        async with stand(tmp_path / str(number), "flows", routes) as system:
            answer = await system.call("write_then_read", id="7", name="new")
        assert answer == {"before": "old", "after": "new"}
        assert record.log == ["GET", "PUT begins", "PUT ends", "GET"]


async def test_steps_that_do_not_refer_to_each_other_are_under_way_at_once(tmp_path: Path) -> None:
    everybody = asyncio.Barrier(5)

    async def part(asked: Asked) -> Said:
        await everybody.wait()  # answers nobody before all have come
        return Said({"v": path_of(asked)[-1]})

    routes = dict.fromkeys((f"GET /part/{name}" for name in "abcde"), part)
    async with stand(tmp_path, "flows", routes) as system, asyncio.timeout(10):
        assert await system.call("five_at_once") == {"all": "abcde"}
