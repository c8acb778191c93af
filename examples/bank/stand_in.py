"""A small CRM and a small bank over real HTTP, with a dozen invented clients.

    python examples/bank/stand_in.py [--crm-port 0] [--bank-port 0] [--tell]

One JSON line on stdout says where they are, with `--tell` one more says each request; SIGTERM or Ctrl-C ends both.
The bank asks for Basic auth (BANK_LOGIN), the CRM for the header X-Api-Key (CRM_KEY). `PUT /stand-in {"mode": "down"}`
on either makes it fail in one of the MODES.
"""

import argparse
import asyncio
import base64
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiohttp import web

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Tell = Callable[[Json], None]

BANK_LOGIN: Final = ("chat", "demo-password")
CRM_KEY: Final = "demo-crm-key"
MODES: Final = ("up", "down", "busy", "slow", "closed")
"""Answers; 503 to everything; 429 with Retry-After; three seconds late; closes the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client as both systems know him, the phone as somebody typed it. A company has no first name."""

    number: int
    last: str
    first: str
    middle: str
    phone: str
    email: str
    born: str
    segment: str
    manager: int
    products: tuple[str, ...]

    @property
    def name(self) -> str:
        """The whole name."""
        return " ".join(filter(None, (self.last, self.first, self.middle)))

    def answers_to(self, by: str, value: str) -> bool:
        """Whether a search for this phone, e-mail or number finds him; phones are compared by their last ten digits."""
        wanted = {"phone": _digits(self.phone), "email": self.email, "number": str(self.number)}[by]
        return bool(value) and wanted == (_digits(value) if by == "phone" else value.lower())


def _digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))[-10:]


def _read(table: str) -> Iterable[Client]:
    for row in table.strip().splitlines():
        number, last, first, middle, phone, email, born, segment, manager, products = map(str.strip, row.split(";"))
        who = (last, first, middle, phone, email, born, segment)
        yield Client(int(number), *who, int(manager), tuple(products.split()))


# Everything about these people is invented, and the numbers are nobody's. 1009 and 1010 share a phone.
CLIENTS: Final = tuple(
    _read("""
    1001; Морозова;  Вера;   Андреевна; 8 (900) 000-01-01;  vera@example.com;  1984-03-14; premium; 1; current card loan
    1002; Лесков;    Павел;  Ильич;     +7 900 000-01-02;   pavel@example.com; 1990-11-02; mass;    2; current card
    1003; Зимина;    Ольга;  Петровна;  9000000103;         olga@example.com;  1978-07-30; mass;    2; current loan
    1004; Ветров;    Тимур;  ;          +79000000104;       timur@example.com; 2001-01-19; student; 3; card
    1005; Полянская; Нина;   Юрьевна;   8-900-000-01-05;    nina@example.com;  1969-05-08; premium; 1; current deposit
    1006; Громов;    Артём;  Олегович;  8 900 0000106;      artem@example.com; 1995-09-23; mass;    3; current
    1007; Lindqvist; Anna;   ;          +7 (900) 000-01-07; anna@example.com;  1988-12-05; premium; 1; current deposit
    1008; Bellini;   Marco;  ;          +7 (900) 000-01-08; marco@example.com; 1981-02-11; mass;    2; card
    1009; Озёрова;   Дарья;  Львовна;   +7 900 000-01-09;   daria@example.com; 1992-04-17; mass;    3; current
    1010; Озёров;    Никита; Львович;   +7 900 000-01-09;   nikita@example.com; 1996-08-29; student; 3; card
    1011; Тихонов;   Глеб;   Маркович;  +7 900 000-01-11;   ;                  1959-10-10; mass;    2;
    1012; Северный маяк; ;   ;          +7 900 000-01-12;   office@example.com; ;          business; 1; current
    """)
)
MANAGERS: Final[dict[int, Json]] = {
    1: {"id": 1, "name": "Кира Соболева", "mail": "soboleva@example.com", "phone": "+79000000901"},
    2: {"id": 2, "name": "Роман Ильин", "mail": "ilin@example.com", "phone": "+79000000902"},
    3: {"id": 3, "name": "Emma Novak", "mail": "novak@example.com", "phone": None},
}
PRODUCTS: Final[dict[str, Json]] = {
    "current": {"kind": "CURRENT", "title": "Текущий счёт", "currency": "RUB", "sum": 152340.5, "opened": "2019-05-20"},
    "card": {"kind": "CARD", "title": "Карта с кэшбэком", "currency": "RUB", "sum": 18200, "closes": "2027-02-28"},
    "deposit": {"kind": "DEPOSIT", "title": "Вклад «Зимний»", "currency": "CNY", "sum": 50000, "rate": 4.25},
    "loan": {
        "kind": "LOAN",
        "title": "Ипотека",
        "currency": "RUB",
        "sum": 3214876.33,
        "rate": 9.8,
        "opened": "2021-08-09",
        "next": {"date": "2026-12-09", "sum": 41250.17},
    },
}
OFFERS: Final[tuple[Json, ...]] = (
    {"code": "gold", "what": "PRODUCT", "title": "Золотая карта", "fee": 299, "per": "MONTH", "for": ["premium"]},
    {"code": "sms", "what": "SERVICE", "title": "Уведомления", "fee": 69, "per": "MONTH", "for": ["premium", "mass"]},
    {"code": "save", "what": "PRODUCT", "title": "Накопительный счёт", "fee": None, "for": ["mass", "business"]},
)


def _silent(request: Json) -> None:
    """Tells nobody."""


def bank(tell: Tell = _silent) -> web.Application:
    """The core of the bank: clients, sessions, products, offers. `tell` hears of each request, without its headers."""
    expected = "Basic " + base64.b64encode(":".join(BANK_LOGIN).encode()).decode()
    return _application(
        "bank",
        tell,
        lambda request: request.headers.get("Authorization") == expected,
        web.get("/clients", _search_clients),
        web.get("/clients/{number}", _show_client),
        web.get("/clients/{number}/products", _show_products),
        web.post("/sessions/check", _check_session),
        web.get("/offers", _show_offers),
    )


def crm(tell: Tell = _silent) -> web.Application:
    """The CRM: contacts, and who looks after them."""
    return _application(
        "crm",
        tell,
        lambda request: request.headers.get("X-Api-Key") == CRM_KEY,
        web.get("/api/contacts", _search_contacts),
        web.get("/api/contacts/{number}", _show_contact),
        web.get("/api/contacts/{number}/owner", _show_owner),
    )


@asynccontextmanager
async def running(application: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve on a loopback port, 0 for a free one; gives the address."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _application(
    name: str, tell: Tell, may: Callable[[web.Request], bool], *routes: web.AbstractRouteDef
) -> web.Application:
    mode = {"mode": "up"}

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/stand-in":
            body = await request.text()
            tell({"system": name, "method": request.method, "target": request.raw_path, "body": body})
        if mode["mode"] == "closed" and request.transport is not None and request.path != "/stand-in":
            request.transport.close()
        return await _judge(mode["mode"], may, request) or await handler(request)

    async def switch(request: web.Request) -> web.StreamResponse:
        wanted = (await request.json())["mode"]
        if wanted not in MODES:
            return _say({"code": "NO_SUCH_MODE", "text": f"It is one of {', '.join(MODES)}"}, 422)
        mode["mode"] = wanted
        return _say(mode)

    application = web.Application(middlewares=[door])
    application.add_routes([web.put("/stand-in", switch), *routes])
    return application


async def _judge(mode: str, may: Callable[[web.Request], bool], request: web.Request) -> web.Response | None:
    """The answer of a server that is not well, or does not know the caller."""
    if request.path == "/stand-in":
        return None
    if mode == "down":
        return _say({"code": "MAINTENANCE", "text": "Back soon"}, 503)
    if mode == "busy":
        return _say({"code": "TOO_MANY", "text": "Slow down"}, 429, {"Retry-After": "1"})
    if mode == "slow":
        await asyncio.sleep(3)
    if not may(request):
        return _say({"code": "NO_ACCESS", "text": "Who are you?"}, 401, {"WWW-Authenticate": 'Basic realm="stand-in"'})
    return None


def _say(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers, dumps=partial(json.dumps, ensure_ascii=False))


def _nobody() -> web.Response:
    return _say({"code": "UNKNOWN", "text": "No such client"}, 404)


def _found(by: str, value: str) -> list[Client]:
    return [client for client in CLIENTS if client.answers_to(by, value)]


def _of_the_bank(client: Client) -> Json:
    return {
        "number": client.number,
        "person": bool(client.first),
        "title": client.name,
        "segment": client.segment,
        "last": client.last,
        "first": client.first or None,
        "middle": client.middle or None,
        "mobile": client.phone,
        "mail": client.email or None,
        "born": client.born or None,
        "adviser": MANAGERS[client.manager],
    }


async def _search_clients(request: web.Request) -> web.Response:
    by = next((by for by in ("phone", "email", "number") if by in request.query), None)
    if by is None:
        return _say({"code": "NO_FILTER", "text": "Ask by phone, email or number"}, 400)
    found = _found(by, request.query[by])
    return _say({"clients": [_of_the_bank(client) for client in found]}) if found else web.Response(status=204)


async def _show_client(request: web.Request) -> web.Response:
    found = _found("number", request.match_info["number"])
    return _say(_of_the_bank(found[0])) if found else _nobody()


async def _show_products(request: web.Request) -> web.Response:
    found = _found("number", request.match_info["number"])
    if not found:
        return _nobody()
    rows = enumerate(found[0].products, 1)
    account = f"408178100000{found[0].number}"
    return _say([{"id": f"{found[0].number}-{n}", "number": f"{account}{n:04}", **PRODUCTS[kind]} for n, kind in rows])


async def _check_session(request: web.Request) -> web.Response:
    token = (await request.json()).get("session", "")
    found = _found("number", token.removeprefix("session-of-"))
    if not found or not token.startswith("session-of-"):
        return _say({"code": "SESSION_OVER", "text": "The session is over"}, 422)
    return _say({"client": _of_the_bank(found[0]), "valid_till": "2030-01-01T00:00:00+03:00"})


async def _show_offers(request: web.Request) -> web.Response:
    found = _found("number", request.query.get("client", ""))
    segment = found[0].segment if found else request.query.get("segment", "mass")
    return _say({"offers": [{**offer, "own": bool(found)} for offer in OFFERS if segment in offer["for"]]})


def _of_the_crm(client: Client) -> Json:
    channels = [{"type": "PHONE", "value": client.phone}, {"type": "EMAIL", "value": client.email}]
    return {
        "id": 70_000 + client.number,
        "fullName": client.name,
        "bankNumber": str(client.number),
        "channels": [row for row in channels if row["value"]],
        "ownerId": client.manager,
    }


async def _search_contacts(request: web.Request) -> web.Response:
    wanted = request.query.get("search", "")
    found = _found("email", wanted) if "@" in wanted else _found("phone", wanted)
    return _say({"items": [_of_the_crm(client) for client in found]}) if found else web.Response(status=204)


def _contact(request: web.Request) -> Client | None:
    return next((c for c in CLIENTS if str(70_000 + c.number) == request.match_info["number"]), None)


async def _show_contact(request: web.Request) -> web.Response:
    client = _contact(request)
    return _say(_of_the_crm(client)) if client else _nobody()


async def _show_owner(request: web.Request) -> web.Response:
    client = _contact(request)
    return _say(MANAGERS[client.manager]) if client else _nobody()


def _print(row: Json) -> None:
    print(json.dumps(row, ensure_ascii=False), flush=True)


async def _main() -> None:
    options = argparse.ArgumentParser(description="A small CRM and a small bank, with a dozen invented clients.")
    options.add_argument("--crm-port", type=int, default=0)
    options.add_argument("--bank-port", type=int, default=0)
    options.add_argument("--tell", action="store_true", help="a line on stdout for each request")
    given = options.parse_args()
    tell = _print if given.tell else _silent
    over = asyncio.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, over.set)
    async with running(crm(tell), given.crm_port) as crm_url, running(bank(tell), given.bank_port) as bank_url:
        _print({"crm": crm_url, "bank": bank_url})
        await over.wait()


if __name__ == "__main__":
    asyncio.run(_main())
