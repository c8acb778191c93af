"""One client, several systems, each with a key of its own."""

from asyncio import Event
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.runtime.asking import ask
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.recorder import SILENT
from engine.runtime.registry import load
from engine.settings.clock import SystemClock, SystemIds
from tests.runtime.test_routing import refused, told
from tests.runtime.town import BANK, System, lay, town
from tests.upstream import upstream

WAY = """\
  {0}:
    from: {1}.card
    call: {0}.find_client
    input: {{type: phone, value: "{{{{ from.output.phones[0] }}}}"}}
    key: output.clients[0].key
"""
KEYS = "keys_of:\n" + "".join(WAY.format(*of) for of in ("ab", "ba"))
PROJECT = "capabilities: {card: a, identity: b, authorization: b, products: b}\n" + KEYS
PHONE = "/find?by=phone&value=%2B79000000001"


def card(key: str) -> dict[str, Any]:
    return {"key": key, "name": "Ivan", "phones": ["89000000001"]}


def client(key: str) -> dict[str, Any]:
    return {"found": [{"key": key, "name": "Ivan"}]}


async def test_another_system_is_asked_with_its_own_key(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"] = card("a1")
        t.b.pages |= {PHONE: client("b1"), "/products/b1": {"products": [{"id": "x", "balance": "1"}]}}
        answer = await t.ask("products", client_key="a1")
        assert [one["id"] for one in answer.data["products"]] == ["x"]
        assert told(answer) == [("b", "ok", None), ("a", "ok", None)]
        assert all(one["took_ms"] > 0 for one in answer.meta["sources"])


async def test_what_is_streamed_is_asked_with_its_own_key_too(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"] = card("a1")
        t.b.pages |= {PHONE: client("b1"), "/products/b1": {"products": [{"id": "x", "balance": "1"}]}}
        answers = [answer async for answer in t.engine.stream(Call("p", "products", {"client_key": "a1"}))]
        assert [one["id"] for answer in answers for one in answer.data["products"]] == ["x"]
        assert t.b.asked[-1] == "/products/b1"


async def test_clients_of_another_system_get_the_projects_key(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages |= {
            "/find?by=crm_id&value=7": {"found": [{"key": "b1", "name": "Ivan"}, {"key": "b2", "name": "Olga"}]}
        }
        t.b.pages |= {"/card/b1": card("b1"), "/card/b2": card("b2") | {"phones": ["89000000002"]}}
        t.a.pages |= {PHONE: client("a1"), PHONE.replace("1", "2"): {"found": []}}
        answer = await t.ask("identity", type="crm_id", value="7")
        assert [(one["key"], one["name"]) for one in answer.data["clients"]] == [("a1", "Ivan")]
        assert answer.meta["warnings"] == ["1 of the clients of `b` have no key in `a` and are left out"]


async def test_a_card_by_token_has_the_projects_key(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages |= {"/me": {"key": "b1", "name": "Ivan"}, "/card/b1": card("b1")}
        t.a.pages[PHONE] = client("a1")
        assert (await t.ask("authorization", token="t")).data["key"] == "a1"
        t.a.pages[PHONE] = {"found": []}
        assert (await refused(t.ask("authorization", token="t"))).code == "not_found"


async def test_a_merged_card_keeps_the_key_it_was_asked_by(tmp_path: Path) -> None:
    project = "capabilities: {card: {merge: [a, b]}}\n" + KEYS
    async with town(tmp_path, project, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"] = card("a1")
        t.b.pages |= {PHONE: client("b1"), "/card/b1": {**card("b1"), "segment": "vip"}}
        data = (await t.ask("card", client_key="a1")).data
        assert (data["key"], data["segment"]) == ("a1", "vip")


async def test_that_key_is_the_projects_also_if_its_own_system_fails(tmp_path: Path) -> None:
    project = "capabilities: {card: {merge: [a, b]}}\n" + KEYS.replace("from: a.card", "from: a.user_card")
    own = BANK + "  user_card: {input: {client_key: string}, request: {method: GET, path: /u}}\n"
    async with town(tmp_path, project, a=own, b=BANK) as t:
        t.a.pages |= {"/card/a1": 409, "/u": {"phones": ["+79000000001"]}}
        t.b.pages |= {PHONE: client("b1"), "/card/b1": card("b1")}
        answer = await t.ask("card", client_key="a1")
        assert (answer.data["key"], told(answer)) == ("a1", [("a", "failed", "conflict"), ("b", "ok", None)])


async def test_without_a_card_keys_are_nobodys(tmp_path: Path) -> None:
    async with town(tmp_path, "capabilities: {products: b}\n" + KEYS, a=BANK, b=BANK) as t:
        t.b.pages["/products/7"] = {"products": []}
        await t.ask("products", client_key="7")
        assert (t.a.asked, t.b.asked) == ([], ["/products/7"])


async def test_clients_whose_keys_are_not_found_are_nobody(tmp_path: Path) -> None:
    project = "capabilities: {card: a, identity: {first_of: [b, a]}}\n" + KEYS
    async with town(tmp_path, project, a=BANK, b=BANK) as t:
        t.b.pages |= {"/find": client("b1"), "/card/b1": card("b1") | {"phones": ["89000000003"]}}
        t.a.pages |= {"/find?by=phone&value=%2B79000000003": {"found": []}, "/find?by=crm_id&value=7": client("a7")}
        answer = await t.ask("identity", type="crm_id", value="7")
        assert [one["key"] for one in answer.data["clients"]] == ["a7"]
        assert [one[0] for one in told(answer)] == ["b", "a", "a"], "asked for a key, and then itself"


async def test_the_keys_of_so_many_clients_are_looked_for(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages["/find"] = {"found": [{"key": f"b{n}", "name": "Ivan"} for n in range(25)]}
        for n in range(25):
            t.b.pages[f"/card/b{n}"] = card(f"b{n}") | {"phones": [f"890000000{n:02}"]}
            t.a.pages[f"/find?by=phone&value=%2B790000000{n:02}"] = client(f"a{n}") if n else {"found": []}
        answer = await t.ask("identity", type="crm_id", value="7")
        assert [one["key"] for one in answer.data["clients"]] == [f"a{n}" for n in range(1, 20)]
        assert answer.meta["warnings"] == [
            "1 of the clients of `b` have no key in `a` and are left out",
            "of the 25 clients of `b` only the first 20 are looked up",
        ]
        assert answer.meta["truncated"] is True
        assert told(answer) == [("b", "ok", None), ("a", "ok", None)], "each is told once"


async def test_clients_that_are_one_are_put_together(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages["/find"] = {"found": [{"key": "b1"}, {"key": "b2", "name": "Olga"}, {"key": "b3", "name": "Ivan"}]}
        t.b.pages |= {"/card/b1": card("b1"), "/card/b2": {"phones": ["89000000002"]} | {"key": "b2"}}
        t.b.pages["/card/b3"] = card("b3")
        t.a.pages |= {PHONE: client("a1"), PHONE[:-1] + "2": client("a2")}
        answer = await t.ask("identity", type="crm_id", value="7")
        assert [(one["key"], one["name"]) for one in answer.data["clients"]] == [("a1", "Ivan"), ("a2", "Olga")]
        assert answer.meta.keys() == {"sources"}
        assert len(t.a.asked) == 2, "the same look-up is done once"


async def test_one_look_up_that_fails_is_told_though_others_do_not(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages |= {"/find": {"found": [{"key": "b1"}, {"key": "b2"}]}, "/card/b1": card("b1")}
        failed = Event()

        async def fail() -> dict[str, Any]:
            failed.set()
            return {}

        async def later() -> dict[str, Any]:
            await failed.wait()
            return card("b2") | {"phones": ["89000000002"]}

        t.b.pages["/card/b2"] = (200, later)
        t.a.pages |= {PHONE: (404, fail), PHONE[:-1] + "2": client("a2")}
        heard = t.engine._inquiry(Call("p", "identity", {}), SILENT)
        await ask(heard, SILENT, "identity", {"type": "crm_id", "value": "7"})
        assert [(one["connection"], one["status"]) for one in heard.heard] == [("b", "ok"), ("a", "failed")]


@pytest.mark.parametrize(("status", "code"), [(409, "conflict"), (404, "not_found")])
async def test_a_system_that_fails_a_look_up_is_told(tmp_path: Path, status: int, code: str) -> None:
    project = "capabilities: {card: a, products: {merge: [b, c]}}\n" + KEYS + WAY.format("c", "a")
    async with town(tmp_path, project, a=BANK, b=BANK, c=BANK) as t:
        t.a.pages["/card/a1"] = status
        heard = t.engine._inquiry(Call("p", "products", {"client_key": "a1"}), SILENT)
        assert (await refused(ask(heard, SILENT, "products", {"client_key": "a1"}))).code == code
        notes = [(one["connection"], one["status"], one["code"]) for one in heard.heard]
        assert notes == [("b", "failed", code), ("c", "failed", code), ("a", "failed", code)]


async def test_an_operation_of_a_connection_takes_its_own_keys(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages |= {"/products/b1": {"products": []}, "/find?by=crm_id&value=7": client("b1")}
        await t.ask("b.products", client_key="b1")
        assert (await t.ask("b.find_client", type="crm_id", value="7")).data["clients"][0]["key"] == "b1"
        assert (t.a.asked, len(t.b.asked)) == ([], 2)


async def test_without_a_key_the_client_is_not_found_there(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"], t.b.pages[PHONE] = card("a1"), {"found": [{"key": ""}]}
        assert (await refused(t.ask("products", client_key="a1"))).code == "contract_violated"
        t.b.pages[PHONE] = {"found": []}
        error = await refused(t.ask("products", client_key="a1"))
        assert (error.code, error.detail) == ("not_found", "`keys_of.b` finds no key")
        assert error.place is not None
        assert (Path(error.place.file).name, error.place.line) == ("tolmach.yaml", 17)
        t.a.pages["/card/a1"] = {"key": "a1"}
        error = await refused(t.ask("products", client_key="a1"))
        assert (error.code, error.detail) == ("not_found", "`keys_of.b`: `/value`: is missing")


ALONE = "length(output.clients) == `1` && output.clients[0].key"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("output.clients[0].key", "ambiguous"),
        (ALONE, "ambiguous"),
        ("output.clients[?key != 'b1'] | [0].key", ""),
        ("output.clients[0].phones", "not_found"),
        ("output", "mapping_failed"),
    ],
)
async def test_a_key_must_be_one_clients(tmp_path: Path, key: str, code: str) -> None:
    project = PROJECT.replace("key: output.clients[0].key", f'key: "{key}"')
    async with town(tmp_path, project, a=BANK, b=BANK) as t:
        t.a.pages["/card/a1"], t.b.pages[PHONE] = card("a1"), {"found": [{"key": "b1"}, {"key": "b2"}]}
        t.b.pages["/products/b2"] = {"products": []}
        asking = t.ask("products", client_key="a1")
        assert (code or (await asking).data) == ((await refused(asking)).code if code else {"products": []})
        t.b.pages |= {PHONE: {"found": [{"key": "b1"}, {"key": "b1"}]}, "/products/b1": {"products": []}}
        if key == "output.clients[0].key":
            assert (await t.ask("products", client_key="a1")).data == {"products": []}, "one client, told twice"


async def test_a_client_of_another_system_who_may_be_several_is_left_out(tmp_path: Path) -> None:
    async with town(tmp_path, PROJECT, a=BANK, b=BANK) as t:
        t.b.pages |= {"/find": client("b1"), "/card/b1": card("b1")}
        t.a.pages[PHONE] = {"found": [{"key": "a1"}, {"key": "a2"}]}
        answer = await t.ask("identity", type="crm_id", value="7")
        assert answer.data == {"clients": []}
        assert answer.meta["warnings"] == ["1 of the clients of `b` have no key in `a` and are left out"]
        t.b.pages["/me"] = {"key": "b1", "name": "Ivan"}
        assert (await refused(t.ask("authorization", token="t"))).code == "ambiguous"


async def test_a_key_is_looked_up_through_a_third_system(tmp_path: Path) -> None:
    project = "capabilities: {card: a, products: c}\n" + KEYS + WAY.format("c", "b")
    async with town(tmp_path, project, a=BANK, b=BANK, c=BANK) as t:
        t.a.pages["/card/a1"] = card("a1")
        t.b.pages |= {PHONE: client("b1"), "/card/b1": card("b1")}
        t.c.pages |= {PHONE: client("c1"), "/products/c1": {"products": []}}
        await t.ask("products", client_key="a1")
        assert (t.a.asked, t.b.asked, t.c.asked[-1]) == (["/card/a1"], [PHONE, "/card/b1"], "/products/c1")


FIND = "call: {0}.find_client, input: {{value: x}}, key: output.k}}"
A, B = "a: {from: b.card, " + FIND.format("a"), "b: {from: a.card, " + FIND.format("b")


@pytest.mark.parametrize(
    ("capabilities", "keys", "codes"),
    [
        ("card: a, products: b", B, ""),
        ("card: a, products: b", A, "client-key-mismatch"),
        ("card: a, identity: b", B, "client-key-mismatch"),
        ("card: a, identity: b", A, ""),
        ("card: {merge: [a, b]}", "d: {from: a.card, " + FIND.format("b"), "client-key-mismatch unknown-connection"),
        ("card: a", "b: {from: d.card, " + FIND.format("b"), "unknown-connection"),
        ("card: a", "b: {from: a.crad, call: b.find, key: output.k}", "unknown-operation unknown-operation"),
        ("card: a", "b: {from: a.user, " + FIND.format("b"), "unknown-member"),
        ("card: a", "b: {from: a.card, call: b.user, input: {ID: x}, key: output.k}", "missing-key unknown-member"),
        ("card: a", B.replace("x}, key: output", "'{{ form.output.key }}'}, key: outptu"), "unknown-name unknown-name"),
        ("card: a, products: b", "b: {from: b.card, " + FIND.format("b"), "client-key-mismatch"),
        ("card: c, products: b", A + "\n  " + B, "client-key-mismatch"),
        ("card: c, identity: b", A + "\n  " + B + "\n  c: {from: a.card, " + FIND.format("c"), ""),
        ("card: c, products: c", A + "\n  " + B, ""),
    ],
)
def test_how_keys_are_found_is_checked(tmp_path: Path, capabilities: str, keys: str, codes: str) -> None:
    urls = dict.fromkeys("abc", "https://x.example")
    file = lay(tmp_path, f"capabilities: {{{capabilities}}}\nkeys_of:\n  {keys}\n", urls, a=BANK, b=BANK, c=BANK)
    try:
        load(file, (), {})
        found = []
    except ConfigError as error:
        found = sorted(problem.code for problem in error.diagnostics)
    assert found == codes.split()


async def test_a_key_is_never_sent_to_another_system_though_a_connector_is_broken(tmp_path: Path) -> None:
    async with upstream() as up:
        system = System(up, {"/products/412": {"products": [{"id": "of somebody else"}]}, "/find": client("b1")})
        up.reply = system.reply
        urls = {"a": "https://a.example", "b": up.url}
        broken = "operations: {card: {request: {method: GTE, path: /x}, output: body}}\n"
        registry = load(lay(tmp_path, PROJECT, urls, a=broken, b=BANK), (), {})
        engine = Engine(registry, SystemClock(), SystemIds())
        for target, given in {"products": {"client_key": "412"}, "identity": {"type": "crm_id", "value": "7"}}.items():
            error = await refused(engine.call(Call("p", target, given)))
            assert error.code == "upstream_unavailable"
        await engine.close()
        assert [path for path in system.asked if path.startswith("/products")] == []


async def test_offers_that_ask_for_no_key_are_given_none(tmp_path: Path) -> None:
    shop = BANK + "  shop: {capability: showcase, request: {method: GET, path: /shop}, output: {offers: body}}\n"
    async with town(tmp_path, "capabilities: {card: a, showcase: c}\n" + KEYS, a=BANK, b=BANK, c=shop) as t:
        t.c.pages["/shop"] = []
        assert (await t.ask("showcase", client_key="a1")).data == {"offers": []}
        assert (t.a.asked, t.c.asked) == ([], ["/shop"])
