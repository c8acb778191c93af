"""The chat platform against a bank and a CRM, through the engine: every scenario, every request and answer.

    python -m examples.iqchannels.play [--stay]

Run it from the repository's root. `--stay` keeps everything running until Ctrl-C, so that you can ask it yourself. The
exit status is 1 if something did not end as it must.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from examples.iqchannels.platform import Exchange, Found, Json, Manner, Platform
from examples.iqchannels.stage import INBOUND_KEY, Stage, stage

VERA: Final = "8 900 000-01-01"
WORD, SMS_CODE = "ласточка", "4711"
EVENT: Final[Json] = {
    "ChatEvent": {"Id": 3614, "Type": "chat_opened", "ChatId": 10, "Actor": "client", "CreatedAt": 1796083200000},
    "Rels": {"Chats": [{"Id": 10, "TicketId": 5, "ClientId": 8}], "Clients": [{"ID": 8, "IntegrationId": "1001"}]},
}

console = Console(highlight=False)


async def authorised(platform: Platform, _stage: Stage) -> str:
    """A client of the bank's site."""
    visitor = await platform.authorise("session-of-1001")
    assert visitor is not None
    return f"{visitor.name} ({visitor.id}), {visitor.phone}, {visitor.born}, companies: {visitor.companies}"


async def recognised(platform: Platform, _stage: Stage) -> str:
    """A stranger in a messenger: code word, then SMS."""
    first = await platform.search(VERA, Manner(form=True), client_id_type="phone", channel_id="telegram")
    second = await platform.search(VERA, step_id=first.step or "", secret_word=WORD)
    third = await platform.search(VERA, step_id=second.step or "", secret_word=SMS_CODE)
    return f"{first.prompt}; {second.prompt}; {_told(third)}"


async def mistaken(platform: Platform, _stage: Stage) -> str:
    """A wrong code word: asked again, and refused after the third."""
    found = await platform.search(VERA, channel_id="telegram")
    told = []
    for word in ("сорока", "ворона", "галка"):
        found = await platform.search(VERA, step_id=found.step or "", secret_word=word, channel_id="telegram")
        told.append(_told(found))
    return "; ".join(told)


async def company(platform: Platform, _stage: Stage) -> str:
    """A client who acts for companies."""
    visitor = await platform.authorise("session-of-1012", Manner(slash=True, spelling=str.upper))
    assert visitor is not None
    return f"companies: {', '.join(visitor.companies or ())}"


async def rejected(platform: Platform, _stage: Stage) -> str:
    """A token that the bank refuses: the platform stops."""
    visitor = await platform.authorise("session-of-yesterday")
    return "has to sign in again" if visitor is None else f"{visitor.name} is in"


async def down(platform: Platform, stage: Stage) -> str:
    """A bank that is down: the platform asks again."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await stage.put(stage.bank, down=False)

    await stage.put(stage.bank, down=True)
    visitor = await replace(platform, sleep=sleep).authorise("session-of-1002")
    assert visitor is not None
    return f"waited {waited[0]:.0f} s, {len(waited)} time; then {visitor.name} is in"


async def two(platform: Platform, _stage: Stage) -> str:
    """A phone that two clients share: the operator chooses."""
    return _told(await platform.search("+7 900 000-01-09", Manner(slash=False), channel_id="site"))


async def nobody(platform: Platform, _stage: Stage) -> str:
    """A phone that neither system knows."""
    return _told(await platform.search("+7 900 000-99-99", Manner(form=True, slash=False), client_id_type="phone"))


async def products(platform: Platform, _stage: Stage) -> str:
    """What the client has."""
    found = await platform.products("1001", Manner(spelling=str.upper))
    return "; ".join(f"{one['name']} {one['number']} {one['balance']} {one['currency']}" for one in found)


async def offers(platform: Platform, _stage: Stage) -> str:
    """What the client may be offered."""
    found = await platform.offers("1001") + await platform.offers("1006", Manner(form=True))
    return "; ".join(map(_offer, found))


async def event(platform: Platform, _stage: Stage) -> str:
    """An event that nobody takes yet: the platform keeps it."""
    taken = await platform.tell(EVENT)
    return f"taken: {taken}, to be told again: {len(platform.undelivered)}"


async def written(_platform: Platform, stage: Stage) -> str:
    """A bot writes into a chat, and repeats itself: the platform keeps one message."""
    first, again = [await _bot(stage, "send", chat_id=10, text="Добрый день!", local_id=7) for _ in range(2)]
    kept, chat = await _bot(stage, "messages", chat_id=10), await _bot(stage, "chat", chat_id=10)
    nowhere = await _bot(stage, "send", chat_id=11, text="Добрый день!")
    same = first["message_id"] == again["message_id"]
    return f"the same: {same}, kept: {len(kept['messages'])}, of {chat['client_key']}; elsewhere: {nowhere['code']}"


async def _bot(stage: Stage, operation: str, **given: Any) -> Json:
    headers = {"Authorization": f"Bearer {stage.key}"}
    url = f"{stage.address}/v1/retail/chat/{operation}?flat=1"
    async with stage.session.post(url, json=given, headers=headers) as reply:
        found: Json = await reply.json(content_type=None)
    return found


async def stranger(platform: Platform, _stage: Stage) -> str:
    """Somebody without the key."""
    return _told(await replace(platform, key="a guess").search(VERA))


def _told(found: Found) -> str:
    if found.refused:
        return f"refused: {found.refused}"
    if found.step:
        return f"{found.kind}: {found.prompt}"
    return ", ".join(f"{name} ({key})" for key, name in found.clients) or "nobody"


def _offer(one: Json) -> str:
    price = " ".join(filter(None, (one.get("periodicpaymentprice"), one.get("periodicpaymenttype"))))
    return f"{one['type']} {one['name']}: {one['periodicpayment']} {price}".rstrip()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, who plays it, and how it must end."""

    story: str
    play: Callable[[Platform, Stage], Awaitable[str]]
    outcome: str


SCENARIOS: Final = (
    Scenario(
        "A client of the bank's site opens the chat",
        authorised,
        "Вера Андреевна Морозова (1001), +79000000101, 1984-03-14, companies: None",
    ),
    Scenario(
        "Somebody writes in a messenger: who is it?",
        recognised,
        "Назовите кодовое слово; Введите код из SMS; Морозова Вера Андреевна (1001)",
    ),
    Scenario(
        "A wrong code word",
        mistaken,
        "code_word: Ответ не подошёл. Назовите кодовое слово; code_word: Ответ не подошёл. Назовите кодовое слово; "
        "refused: Слишком много неверных ответов, позвоните нам",
    ),
    Scenario("A company's client", company, "companies: Северный маяк, Маяк-Доставка"),
    Scenario("The bank refuses the token: the platform stops", rejected, "has to sign in again"),
    Scenario("The bank is down: the platform asks again", down, "waited 5 s, 1 time; then Павел Ильич Лесков is in"),
    Scenario("Two clients share a phone", two, "Озёрова Дарья Львовна (1009), Озёров Никита Львович (1010)"),
    Scenario("Nobody is found, neither in the bank nor in the CRM", nobody, "nobody"),
    Scenario(
        "What do I have with you?",
        products,
        "Текущий счёт ••••••••••••••••0001 152340.5 RUB; Карта с кэшбэком ••••••••••••••••0002 18200 RUB; "
        "Ипотека ••••••••••••••••0003 3214876.33 RUB",
    ),
    Scenario(
        "What else is there for me?",
        offers,
        "product Золотая карта: paid 299 month; service Уведомления: paid 69 month; "
        "service Уведомления: paid 69 month; product Накопительный счёт: free",
    ),
    Scenario("An event that nobody takes yet is not lost", event, "taken: False, to be told again: 1"),
    Scenario(
        "A bot writes into a chat of the platform, and repeats itself",
        written,
        "the same: True, kept: 1, of 412; elsewhere: not_found",
    ),
    Scenario("Somebody without the platform's key", stranger, "refused: Нет доступа."),
)


async def play(stay: bool) -> int:
    """All scenarios; the exit status."""
    asked: list[Json] = []
    async with stage(asked.append) as found:
        console.print("[bold]A chat platform asks a bank and a CRM through Tolmach[/bold]\n")
        for name, where in {"the bank": found.bank, "the CRM": found.crm, "tolmach serve": found.address}.items():
            console.print(f"  {name:<16}[bold]{where}[/bold]")
        told = Told(asked)
        platform = Platform(found.session, found.address, INBOUND_KEY, asyncio.sleep, told.exchange)
        ended = [await _one(number, each, platform, found, told) for number, each in enumerate(SCENARIOS, 1)]
        if stay:
            await _stay(found)
    return int(not all(ended))


async def _one(number: int, scenario: Scenario, platform: Platform, found: Stage, told: "Told") -> bool:
    console.print()
    console.rule(Text(f"{number}/{len(SCENARIOS)} {scenario.story}", "bold"), align="left", style="dim")
    outcome = await scenario.play(platform, found)
    told.systems()
    right = outcome == scenario.outcome
    console.print(Text.assemble(("  ✓ " if right else "  ✗ ", "bold green" if right else "bold red"), outcome))
    if not right:
        console.print(Text(f"    expected: {scenario.outcome}", "bold red"))
    return right


@dataclass(slots=True)
class Told:
    """Shows each exchange of the platform, and what the systems were asked for it."""

    asked: list[Json]

    def exchange(self, said: Exchange) -> None:
        """One request, what it led to, its answer."""
        kind = "form" if said.form else "JSON"
        _line("platform → tolmach", f"POST {said.path} ({kind})", said.sent)
        self.systems()
        later = f", Retry-After: {said.retry_after:.0f}" if said.retry_after else ""
        _line("platform ← tolmach", f"{said.status}{later}", said.body)

    def systems(self) -> None:
        """What the systems were asked since the last time."""
        for one in self.asked:
            _line(f"tolmach → {one['system']}", f"{one['method']} {one['target']}", json.loads(one["body"] or "null"))
        self.asked.clear()


_LONG: Final = re.compile(r"([\w-]{24})[\w-]{60,}")
"""A sealed step: nobody reads it."""


def _line(who: str, what: str, body: Any) -> None:
    text = Text.assemble((f"  {who:<19}", "cyan"), (f"{what} ", "bold"))
    if body is not None:
        text += JSONHighlighter()(Text(_LONG.sub(r"\1…", json.dumps(body, ensure_ascii=False))))
    console.print(text)


async def _stay(found: Stage) -> None:
    console.print(f"\nThe bot's key: [bold]{found.key}[/bold]; the API page: [bold]{found.address}/docs[/bold]")
    console.print(f"curl {found.address}/rest/chat/client/search -H 'X-Api-Key: {INBOUND_KEY}' -d client=89000000109")
    console.print("[bold]Ctrl-C ends everything.[/bold]")
    await asyncio.Event().wait()


def main() -> int:
    """Run the script and give its exit status."""
    options = argparse.ArgumentParser(description="A chat platform against a bank and a CRM, through the engine.")
    options.add_argument("--stay", action="store_true", help="keep everything running until Ctrl-C")
    try:
        return asyncio.run(play(options.parse_args().stay))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
