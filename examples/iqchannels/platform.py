"""A stand-in of the chat platform: it asks as iQChannels does, and makes of the answers what iQChannels makes.

It speaks Auth API, Search client API, products, showcase and webhooks over real HTTP; with JSON or a form, with one or
another spelling, with and without a slash at the end. It asks again after a 503, and stops at a 401.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout

Json = dict[str, Any]

PATIENCE: Final = 15.0
"""Seconds that the platform waits for an answer."""

ATTEMPTS: Final = 5
PATHS: Final = {
    "auth": "/auth",
    "search": "/rest/chat/client/search/",
    "products": "/products",
    "offers": "/offers",
    "webhook": "/webhook",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How the platform writes a request: a form in place of JSON, the last slash or none, names in another spelling."""

    form: bool = False
    slash: bool | None = None
    spelling: Callable[[str], str] = str

    def path(self, path: str) -> str:
        """The path with the slash, without it, or as it is."""
        return path if self.slash is None else path.rstrip("/") + "/" * self.slash


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the platform and what was answered; the names of the answer in small letters."""

    path: str
    sent: Json
    form: bool
    status: int
    retry_after: float | None
    body: Any

    @property
    def read(self) -> Json:
        """The answer as the platform reads it: without regard to case."""
        found: Json = _lowered(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the platform keeps of an authorised client."""

    id: str
    name: str
    phone: str | None
    email: str | None
    born: str | None
    fields: Mapping[str, str]
    companies: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search led to: clients (key and name), one more step, or a text that refuses."""

    clients: tuple[tuple[str, str], ...] = ()
    step: str | None = None
    prompt: str | None = None
    kind: str | None = None
    refused: str | None = None


@dataclass(slots=True)
class Platform:
    """The platform as one project of it is set up.

    `names`: what this installation calls a member of the answer, where that differs; `sleep` waits between attempts;
    `hear` is told of each exchange; `undelivered` are the events that nobody has taken yet.
    """

    session: ClientSession
    address: str
    key: str
    sleep: Callable[[float], Awaitable[None]]
    hear: Callable[[Exchange], None] = lambda _exchange: None
    paths: Mapping[str, str] = field(default_factory=lambda: PATHS)
    names: Mapping[str, str] = field(default_factory=dict)
    undelivered: list[Json] = field(default_factory=list)

    async def authorise(self, token: str, manner: Manner = Manner()) -> Visitor | None:
        """The client whose token it is; None if he has to sign in again. Raises TimeoutError if nobody can tell."""
        said = await self._ask("auth", {"token": token, "channel": "site"}, manner)
        return self._visitor(said.read) if said.status == 200 else None

    async def search(self, client: str, manner: Manner = Manner(), **more: str) -> Found:
        """Who the client is: `client_id_type`, `channel_id`, `secret_word` and `step_id` may be given."""
        sent = {_camel(name): value for name, value in {"client": client, **more}.items()}
        said = await self._ask("search", sent, manner)
        read = said.read
        if said.status != 200:
            return Found(refused=None if read.get("error") == "not_found" else str(read.get("message")))
        if "stepid" in read:
            return Found(step=read["stepid"], prompt=read["prompt"], kind=read["kind"])
        return Found(tuple((one["crmid"], one["name"]) for one in read.get("clients", [read])))

    async def products(self, crm_id: str, manner: Manner = Manner()) -> list[Json]:
        """What the client has."""
        return list((await self._ask("products", {"crmId": crm_id}, manner)).read["products"])

    async def offers(self, crm_id: str, manner: Manner = Manner()) -> list[Json]:
        """What the chat can show him as offers."""
        return list((await self._ask("offers", {"crmId": crm_id}, manner)).read["offers"])

    async def tell(self, event: Json) -> bool:
        """Whether the event was taken; one that was not is kept, to be told again."""
        said = await self._send("webhook", event, Manner())
        taken = said.status == 200
        if not taken:
            self.undelivered.append(event)
        return taken

    async def _ask(self, what: str, sent: Json, manner: Manner) -> Exchange:
        for _ in range(ATTEMPTS):
            said = await self._send(what, sent, manner)
            if said.status != 503:
                return said
            await self.sleep(said.retry_after or 1.0)
        raise TimeoutError(f"{what}: no answer after {ATTEMPTS} attempts")

    async def _send(self, what: str, sent: Json, manner: Manner) -> Exchange:
        path = manner.path(self.paths[what])
        body = {manner.spelling(name): value for name, value in sent.items()}
        async with self.session.post(
            self.address + path,
            json=None if manner.form else body,
            data=body if manner.form else None,
            headers={"X-Api-Key": self.key},
            timeout=ClientTimeout(total=PATIENCE),
        ) as reply:
            wait = reply.headers.get("Retry-After")
            answer = await reply.json(content_type=None)
            said = Exchange(path, body, manner.form, reply.status, float(wait) if wait else None, answer)
        self.hear(said)
        return said

    def _visitor(self, read: Json) -> Visitor:
        def of(name: str) -> Any:
            return read.get(self.names.get(name, name).lower())

        companies = of("companyList")
        return Visitor(
            id=of("Id"),
            name=" ".join(filter(None, (of("FirstName"), of("MiddleName"), of("LastName")))),
            phone=of("Cellphone"),
            email=of("Email"),
            born=of("BirthDay"),
            fields={one["name"]: one["value"] for one in of("Fields") or ()},
            companies=None if companies is None else tuple(one["name"] for one in companies),
        )


def _camel(name: str) -> str:
    """`client_id_type` as the platform writes it: clientIdType."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.lower(): _lowered(one) for name, one in value.items()}
    return [_lowered(one) for one in value] if isinstance(value, list) else value
