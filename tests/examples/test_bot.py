"""The bot of examples/bot: its conversations, as a person runs them, and its way of calling."""

import asyncio
import re
import subprocess
import sys
from typing import Any

import pytest

from examples.bot import play, studio
from examples.iqchannels.stage import stage
from tests.house.places import ROOT

COMMAND = (sys.executable, "-m", "examples.bot.play")


def test_every_conversation_goes_as_told() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("expected:") == 0
    assert [int(number) for number in re.findall(r"^(\d+)/9 ", done.stdout, re.MULTILINE)] == list(range(1, 10))


def test_a_conversation_that_goes_otherwise_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    other = play.Conversation("otherwise", ("8-900-000-99-99",), (play.GREETING, "Нашли!"))
    monkeypatch.setattr(play, "CONVERSATIONS", (other,))
    assert asyncio.run(play.play()) == 1


async def test_its_calls_have_constant_addresses_and_flat_bodies() -> None:
    calls: list[studio.Called] = []
    async with stage(lambda _asked: None) as found:
        scenario = studio.load(play.SCENARIO, found.address, found.key)
        bot = studio.Bot(found.session, scenario, calls.append)
        await bot.talk("8 900 000-01-01", "ласточка", "4711")
    identity, flow = (f"{found.address}/v1/retail/{path}?flat=1" for path in ("identity", "flows/balance_and_manager"))
    assert [call.url for call in calls] == [identity, identity, identity, flow]
    assert [call.status for call in calls] == [200, 200, 200, 200]
    assert [set(call.body) for call in calls] == [{"challenge"}, {"challenge"}, {"clients"}, set(calls[3].body)]
    assert calls[3].body == {"balance": "152340.5", "currency": "RUB", "manager": "Кира Соболева"}
    assert calls[3].sent == '{"client_key": "1001"}'
    nodes = [node["call"] for node in scenario["nodes"].values() if "call" in node]
    assert [one for one in nodes if "{{" in one["url"]] == []


async def test_a_step_survives_what_the_studio_does_to_values() -> None:
    async with stage(lambda _asked: None) as found:
        bot = studio.Bot(found.session, studio.load(play.SCENARIO, found.address, found.key))
        with pytest.raises(IndexError):
            await bot.talk("8 900 000-01-01")
        step = bot.memory["temp"]["response"]["body"]["challenge"]["step"]
    assert studio.render("{{temp.response.body.challenge.step}}", bot.memory) == step


@pytest.mark.parametrize(
    ("memory", "written"),
    [
        ({"a": "x"}, "<x>"),
        ({"a": {"0": 1}}, "<[object Object]>"),
        ({}, "<>"),
        ({"a": "a=b/c & \"d\" 'e' `f`"}, "<a&#x3D;b&#x2F;c &amp; &quot;d&quot; &#39;e&#39; &#x60;f&#x60;>"),
        ({"a": 12.5}, "<12.5>"),
    ],
)
def test_values_are_written_as_the_studio_does(memory: dict[str, Any], written: str) -> None:
    assert studio.render("<{{ a }}>", memory) == written


def test_paths_go_into_lists() -> None:
    memory = {"clients": [{"key": "1"}]}
    assert studio.value_at("clients.0.key", memory) == "1"
    assert studio.value_at("clients.1.key", memory) is None
    assert studio.value_at("clients.key", memory) is None


def test_the_page_names_every_file_of_the_example() -> None:
    folder = ROOT / "examples" / "bot"
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in folder.iterdir() if file.is_file() and f"({file.name})" not in page] == ["README.md"]
