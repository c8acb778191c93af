"""A bot talks to clients, and asks a bank and a CRM through the engine: every line, every call.

    python -m examples.bot.play

Run it from the repository's root. The exit status is 1 if a conversation did not go as it must.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from examples.bot.studio import Bot, Called, load
from examples.iqchannels.stage import Stage, stage

SCENARIO: Final = Path(__file__).resolve().parent / "scenario.yaml"
GREETING: Final = "Здравствуйте! По какому телефону вас знает банк?"
WORD, SMS = "Назовите кодовое слово", "Введите код из SMS"
OWN_WORDS: Final = "Сейчас ответить не получается. Соединяю с оператором."

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What happens, what the client writes, what the bot says; which system is down; what the studio keeps."""

    story: str
    words: Sequence[str]
    lines: Sequence[str]
    down: str = ""
    keeps_errors: bool = True


CONVERSATIONS: Final = (
    Conversation(
        "The balance, and who looks after me",
        ("8 (900) 000-01-01", "ласточка", "4711"),
        (GREETING, WORD, SMS, "На счёте 152340.5 RUB.", "Ваш менеджер — Кира Соболева."),
    ),
    Conversation(
        "A wrong code word",
        ("8 (900) 000-01-02", "сорока", "якорь", "4711"),
        (GREETING, WORD, f"Ответ не подошёл. {WORD}", SMS, "На счёте 152340.5 RUB.", "Ваш менеджер — Роман Ильин."),
    ),
    Conversation(
        "No account, only a card",
        ("+7 900 000 01 04",),
        (GREETING, "Счёта у вас пока нет.", "Ваш менеджер — Emma Novak."),
    ),
    Conversation(
        "The CRM is down: the balance, without the manager",
        ("+7 900 000 01 06",),
        (GREETING, "На счёте 152340.5 RUB."),
        down="crm",
    ),
    Conversation(
        "Two clients share the phone",
        ("8-900-000-01-09",),
        (GREETING, "По этому телефону у нас не один клиент. Соединяю с оператором."),
    ),
    Conversation(
        "Nobody has it",
        ("8-900-000-99-99",),
        (GREETING, "Такого телефона мы не знаем. Соединяю с оператором."),
    ),
    Conversation(
        "That is no phone",
        ('"кот"',),
        (GREETING, "Проверьте, пожалуйста, введённые данные."),
    ),
    Conversation(
        "The bank is down: the engine says what to say",
        ("8-900-000-01-06",),
        (GREETING, "Сервис временно недоступен. Попробуйте, пожалуйста, чуть позже."),
        down="bank",
    ),
    Conversation(
        "The same in a studio that keeps no body of failures",
        ("8-900-000-01-06",),
        (GREETING, OWN_WORDS),
        down="bank",
        keeps_errors=False,
    ),
)


async def play() -> int:
    """All conversations; the exit status."""
    async with stage(lambda _asked: None) as found:
        console.print("[bold]A bot talks to clients, and asks a bank and a CRM through Tolmach[/bold]")
        went = [await _one(number, each, found) for number, each in enumerate(CONVERSATIONS, 1)]
    return int(not all(went))


async def _one(number: int, each: Conversation, found: Stage) -> bool:
    console.print()
    console.rule(Text(f"{number}/{len(CONVERSATIONS)} {each.story}", "bold"), align="left", style="dim")
    calls: list[Called] = []
    systems = {"bank": found.bank, "crm": found.crm}
    bot = Bot(found.session, load(SCENARIO, found.address, found.key), calls.append, each.keeps_errors)
    if each.down:
        await found.put(systems[each.down], down=True)
    try:
        lines = await bot.talk(*each.words)
    finally:
        if each.down:
            await found.put(systems[each.down], down=False)
    for line in lines:
        mine = line.startswith("> ")
        console.print(Text(f"{'  client' if mine else '  bot':<10}{line.removeprefix('> ')}", "" if mine else "green"))
    for call in calls:
        console.print(Text(f"  POST {call.url.partition('/v1/')[2]} {_short(call.sent)} → {call.status}", "dim"))
    said = [line for line in lines if not line.startswith("> ")]
    if said != list(each.lines):
        console.print(Text(f"  expected: {' | '.join(each.lines)}", "bold red"))
    return said == list(each.lines)


def _short(text: str) -> str:
    return text if len(text) < 90 else f"{text[:60]}…{text[-25:]}"


if __name__ == "__main__":
    sys.exit(asyncio.run(play()))
