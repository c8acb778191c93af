"""The bank of examples/bank, which here also recognises clients step by step and knows for which companies they act."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from examples.bank import stand_in
from examples.bank.stand_in import CLIENTS, Client, Json, Tell

WORDS: Final = {1001: "ласточка", 1002: "якорь"}
"""Clients who are asked for a code word, and then for the code of an SMS; the others are known at once."""

SMS_CODE: Final = "4711"
TRIES: Final = 3
COMPANIES: Final[dict[str, list[Json]]] = {
    "1012": [
        {"id": "c-1", "title": "Северный маяк", "inn": "0000000112", "kpp": "000001001", "role": "director"},
        {"id": "c-2", "title": "Маяк-Доставка", "inn": "0000000212", "kpp": "000002001", "role": "accountant"},
    ]
}


@dataclass(slots=True)
class Recognition:
    """A client who is being asked: for what, and how often he may still be wrong."""

    client: Client
    wants: str = "WORD"
    left: int = TRIES

    @property
    def right(self) -> str:
        """The answer that is waited for."""
        return WORDS[self.client.number] if self.wants == "WORD" else SMS_CODE

    def asked(self, ticket: str, wrong: bool = False) -> Json:
        """The bank's question."""
        question = "Назовите кодовое слово" if self.wants == "WORD" else "Введите код из SMS"
        ask = f"Ответ не подошёл. {question}" if wrong else question
        return {"ticket": ticket, "wants": self.wants, "ask": ask, "left": self.left}


def bank(tell: Tell) -> web.Application:
    """Everything that the bank of examples/bank has, and `/recognitions` and `/clients/{number}/companies`."""
    begun: dict[str, Recognition] = {}

    async def begin(request: web.Request) -> web.Response:
        asked = await request.json()
        found = [client for client in CLIENTS if client.answers_to(asked["by"], asked["value"])]
        if len(found) != 1 or found[0].number not in WORDS:
            return web.json_response({"clients": [_shown(client) for client in found]})
        ticket = f"ticket-{len(begun) + 1}"
        begun[ticket] = Recognition(found[0])
        return web.json_response(begun[ticket].asked(ticket))

    async def proceed(request: web.Request) -> web.Response:
        ticket, answer = request.match_info["ticket"], (await request.json()).get("answer")
        return _judge(begun, ticket, answer)

    application = stand_in.bank(tell)
    application.router.add_post("/recognitions", begin)
    application.router.add_post("/recognitions/{ticket}", proceed)
    application.router.add_get("/clients/{number}/companies", _show_companies)
    return application


def _judge(begun: dict[str, Recognition], ticket: str, answer: str) -> web.Response:
    one = begun.get(ticket)
    if one is None or one.left == 0:
        return web.json_response({"code": "NO_SUCH_TICKET", "text": "Begin again"}, status=404)
    if answer == one.right and one.wants == "SMS":
        one.left = 0
        return web.json_response({"clients": [_shown(one.client)]})
    right = answer == one.right
    one.wants, one.left = ("SMS", TRIES) if right else (one.wants, one.left - 1)
    if one.left == 0:
        return web.json_response({"code": "BLOCKED", "text": "Too many wrong answers"}, status=423)
    return web.json_response(one.asked(ticket, wrong=not right))


def _shown(client: Client) -> Json:
    return {"number": client.number, "title": client.name, "mobile": client.phone, "mail": client.email or None}


async def _show_companies(request: web.Request) -> web.Response:
    return web.json_response({"companies": COMPANIES.get(request.match_info["number"], [])})
