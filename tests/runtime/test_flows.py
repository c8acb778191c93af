"""Flows: operations of the project over several connections."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.runtime.registry import load
from tests.runtime.test_keys import KEYS, PHONE, card, client
from tests.runtime.test_routing import refused, told
from tests.runtime.town import BANK, lay, town

PROJECT = f"""\
capabilities: {{card: a, products: b, identity: a}}
{KEYS}\
flows:
  balance:
    title: Balance and the name
    input: {{client_key: string}}
    reject: [{{when: "input.client_key == 'x'", message: {{ru: Нет, en: Nobody}}}}]
    steps:
      money: {{call: products, input: {{client_key: "{{{{ input.client_key }}}}"}}}}
      client: {{call: card, input: {{client_key: "{{{{ input.client_key }}}}"}}, on_error: ignore}}
    output: {{balance?: "money.output.products[0].balance", name?: client.output.name.full}}
  twice:
    input: {{client_key: string}}
    steps:
      inner: {{call: flows.balance, input: {{client_key: "{{{{ input.client_key }}}}"}}}}
      user: {{call: a.user, input: {{id: "{{{{ inner.output.balance }}}}"}}, output: body.name}}
    output: {{user: user.output, balance: inner.output.balance}}
  writing:
    input: {{text: string}}
    steps:
      one: {{call: a.note, input: {{text: "1{{{{ input.text }}}}"}}}}
      two: {{call: b.note, input: {{text: "2"}}}}
    output: {{ok: true}}
"""


async def test_a_flow_asks_several_systems_at_once(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"] = card("a1")
        t.b.pages |= {PHONE: client("b1"), "/products/b1": {"products": [{"id": "x", "balance": "12.50"}]}}
        answer = await t.ask("flows.balance", client_key="a1")
        assert answer.data == {"balance": "12.50", "name": "Ivan"}
        assert sorted(told(answer)) == [("a", "ok", None), ("b", "ok", None)]


async def test_a_part_that_fails_is_left_out_if_the_flow_says_so(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT.replace("products: b", "products: a"), a=BANK, b=BANK) as t:
        t.a.pages |= {"/card/a1": 409, "/products/a1": {"products": [{"id": "x", "balance": "1"}]}}
        answer = await t.ask("flows.balance", client_key="a1")
        assert answer.data == {"balance": "1"}
        assert answer.meta["warnings"] == ["step `client` failed and is left out: conflict"]
        assert ("a", "failed", "conflict") in told(answer)
        t.a.pages["/products/a1"] = 409
        assert (await refused(t.ask("flows.balance", client_key="a1"))).code == "conflict"


async def test_a_flow_may_ask_a_flow_and_map_what_it_answers(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT.replace("products: b", "products: a"), a=BANK, b=BANK) as t:
        t.a.pages |= {"/products/a1": {"products": [{"id": "x", "balance": "7"}]}, "/user/7": {"name": "Anna"}}
        assert (await t.ask("flows.twice", client_key="a1")).data == {"user": "Anna", "balance": "7"}


async def test_a_flow_tells_nothing_whole_that_its_parts_would_mask(tmp_path: Path) -> None:
    said = """\
capabilities: {card: a}
flows:
  call_back:
    input: {client_key: string}
    steps:
      client: {call: card, input: {client_key: "{{ input.client_key }}"}}
      user: {call: a.user, input: {id: "{{ client.output.phones[0] }}"}}
    output:
      say: "join(' ', ['We call', client.output.phones[0]])"
      all: client.output
      name: user.output.name
"""
    async with town(tmp_path, said, a=BANK) as t:
        t.a.pages |= {"/card/a1": card("a1"), "/user/%2B79000000001": {"name": "Anna"}}
        whole, masked = "+79000000001", "+7900•••••01"
        for more, phone in (({}, masked), ({"contacts": True}, whole), ({"reveal": True}, whole)):
            answer = await t.call("flows.call_back", {"client_key": "a1"}, **more)
            assert (answer.data["say"], answer.data["all"]["phones"]) == (f"We call {phone}", [phone])
            assert answer.data["name"] == "Anna", "a step is given the whole"


async def test_what_writes_waits_for_what_stands_above(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.a.pages["/note"] = 409
        assert (await refused(t.ask("flows.writing", text="t"))).code == "conflict"
        assert t.b.asked == []
        t.a.pages["/note"] = t.b.pages["/note"] = {}
        assert (await t.ask("flows.writing", text="t")).data == {"ok": True}
        assert [one.body for one in (*t.a.up.asked, *t.b.up.asked)] == [b"1t", b"1t", b"2"]


async def test_the_input_of_a_flow_is_checked(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        assert (await refused(t.ask("flows.balance"))).code == "invalid_input"
        error = await refused(t.ask("flows.balance", client_key="x"))
        assert (error.code, error.customer_message["ru"]) == ("invalid_input", "Нет")


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        ("{steps: {a: {call: crad}}}", "unknown-operation"),
        ("{steps: {a: {call: c.user}}}", "unknown-operation"),
        ("{steps: {a: {call: flows.none}}}", "unknown-operation"),
        ("{steps: {a: {call: flows.f}}}", "call-cycle"),
        ("{steps: {a: {call: card}}}", "missing-key"),
        ("{steps: {a: {call: card, input: {client_key: x, more: 1}}}}", "unknown-member"),
        ("{steps: {a: {call: card, input: {client_key: '{{ input.key }}'}}}}", "unknown-member"),
        ("{steps: {a: {call: card, input: {client_key: '{{ settings.key }}'}}}}", "unknown-name"),
        ("{steps: {a: {request: {method: GET, path: /x}}}}", "unknown-key"),
        ("{steps: {a: {call: card, input: {client_key: x}, auth: main}}}", "unknown-key"),
        ("{request: {method: GET, path: /x}, steps: {a: {output: input.x}}}", "unknown-key"),
        ("{output: {a: input.b}}", "missing-key"),
        ("{steps: {}}", "wrong-type"),
    ],
)
def test_a_flow_is_checked(tmp_path: Path, flow: str, code: str) -> None:
    urls = dict.fromkeys("ab", "https://x.example")
    file = lay(tmp_path, f"capabilities: {{card: a}}\nflows:\n  f: {flow}\n", urls, a=BANK, b=BANK)
    with pytest.raises(ConfigError) as caught:
        load(file, (), {})
    assert code in {problem.code for problem in caught.value.diagnostics}


def test_a_flow_over_a_connection_that_is_out_of_service_is_not_served(tmp_path: Path) -> None:
    urls = dict.fromkeys("ab", "https://x.example")
    broken = "operations: {user: {request: {method: GTE, path: /x}, output: body}}\n"
    flows = "flows: {f: {steps: {u: {call: b.user}}}, g: {steps: {u: {call: a.user, input: {id: '1'}}}}}\n"
    registry = load(lay(tmp_path, flows, urls, a=BANK, b=broken), (), {})
    targets: Any = registry.projects["p"].targets
    assert ("flows.f" in targets, "flows.g" in targets, [one.connection for one in registry.troubles]) == (
        False,
        True,
        ["b"],
    )
