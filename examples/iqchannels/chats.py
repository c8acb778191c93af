"""The other side of the platform: its Internal API, with one chat that can be read and written into.

As iQChannels it answers 200 to everything; whether it went well is inside.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from examples.bank.stand_in import Json, Tell

TOKEN: Final = "demo-token"
CHAT: Final[Json] = {"Id": 10, "ChannelId": 1, "ClientId": 8, "Open": True, "AssigneeId": 12}
RELS: Final[Json] = {"Clients": [{"Id": 8, "Type": "integrated", "Name": "Вера", "IntegrationId": "1001"}]}

Method = Callable[[Json], Json]


@dataclass(slots=True)
class Chats:
    """What the platform keeps: the messages of its chat, each under the number that the sender gave it."""

    messages: dict[int, Json] = field(default_factory=dict)

    def get(self, _sent: Json) -> Json:
        """The chat, and its client among what it refers to."""
        return _good(CHAT, RELS)

    def send(self, sent: Json) -> Json:
        """The id of the message; of several with one LocalId the first is kept."""
        kept = self.messages.setdefault(sent["LocalId"], {**sent, "Id": 501 + len(self.messages)})
        return _good(kept["Id"])

    def query(self, _sent: Json) -> Json:
        """The messages."""
        rows = [{**one, "Author": "user", "CreatedAt": 1796083200000} for one in self.messages.values()]
        return _good(rows)


def chats(tell: Tell) -> web.Application:
    """The Internal API as an application."""
    kept = Chats()
    application = web.Application()
    methods = {"chats/get": kept.get, "chats/send": kept.send, "chats/messages/query_by_chat": kept.query}
    for path, method in methods.items():
        application.router.add_post(f"/api/v1/{path}/{{chat}}", _handler(method, tell))
    return application


def _handler(method: Method, tell: Tell) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.text()
        tell({"system": "platform", "method": "POST", "target": request.raw_path, "body": body})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response(_bad("unauthorized", "Для доступа требуется авторизация"))
        if request.match_info["chat"] != str(CHAT["Id"]):
            return web.json_response(_bad("not_found", "Объект не найден"))
        return web.json_response(method(await request.json()))

    return handle


def _good(result: object, rels: Json | None = None) -> Json:
    return {"OK": True, "Error": None, "Result": result, "Rels": rels or {}}


def _bad(code: str, text: str) -> Json:
    return {"OK": False, "Error": {"Code": code, "Text": text}, "Result": None, "Rels": None}
