"""Identity as a dialogue: what is tried, what is asked, and what a step is good for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from engine.errors import ConfigError
from engine.runtime.registry import load
from engine.runtime.sealing import StepSeal
from tests.runtime.bench import HEAD
from tests.runtime.test_keys import KEYS
from tests.runtime.test_routing import refused, told
from tests.runtime.town import BANK, Town, lay, town
from tests.turned import HastyClock

ASKING = """\
operations:
  find_client:
    capability: identity
    accepts: [phone, social]
    request:
      method: POST
      path: /search
      json:
        value: "{{ input.value }}"
        session: "{{ step.session }}"
        secret: "{{ input.secret }}"
        form: "{{ input.form.code }}"
        by: "{{ input.type }}"
    response: {errors: [{when: body.wrong, code: invalid_input, message: {ru: Неверное слово, en: Wrong word}}]}
    challenge:
      when: body.ask
      kind: code_word
      prompt: {ru: Кодовое слово?, en: The code word?}
      keep: {session: body.session}
    output: {clients: {each: body.found, as: {key: item}}}
"""
ONE = "capabilities: {identity: a}\n"
TELEGRAM = """\
channels:
  telegram:
    identify_by: [social, phone]
    form: {prompt: {ru: Кто вы?, en: Who are you?}, fields: [{name: tel, title: Phone, type: phone}]}
  site:
    identify_by: [inn, phone]
    form: {fields: [{name: inn, type: inn, required: false}, {name: phone, type: phone}]}
  mail: {identify_by: [email]}
"""
PHONE = "+79000000001"


def searches(town: Town, name: str = "a") -> list[Any]:
    return [json.loads(one.body) for one in town.systems[name].up.asked]


async def asked(town: Town, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await town.call("identity", given, **more)).data
    return found


async def test_a_challenge_is_answered_in_a_second_step(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1"}
        found = await asked(t, {"value": PHONE, "type": "phone", "channel": "site"})
        challenge = found["challenge"]
        assert (list(found), challenge["kind"], challenge["prompt"]) == (["challenge"], "code_word", "Кодовое слово?")
        assert PHONE not in challenge["step"]
        assert re.fullmatch(r"[\w-]+", challenge["step"], re.ASCII), "no studio escapes these"
        t.a.pages["/search"] = {"found": ["7"]}
        assert await asked(t, {"step": challenge["step"], "secret": "rose"}) == {
            "clients": [{"key": "7", "phones": [], "emails": []}]
        }
        assert searches(t)[1] == {"value": PHONE, "by": "phone", "session": "s-1", "secret": "rose"}


async def test_what_a_challenge_keeps_is_bounded(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "x" * 4082}
        step = (await asked(t, {"value": PHONE, "type": "phone"}))["challenge"]["step"]
        assert len(step) < 6000
        t.a.pages["/search"] = {"ask": True, "session": "x" * 4083}
        error = await refused(t.call("identity", {"value": PHONE, "type": "phone"}))
        assert (error.code, error.detail) == (
            "mapping_failed",
            "`keep` yields 4097 bytes, more than the 4096 that a step holds",
        )
        assert error.place is not None
        line = (HEAD + ASKING).splitlines()[error.place.line - 1]
        assert line.strip().startswith("keep:")


async def test_a_wrong_code_word_is_the_clients_mistake(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1"}
        step = (await asked(t, {"value": PHONE}))["challenge"]["step"]
        t.a.pages["/search"] = {"wrong": True}
        error = await refused(asked(t, {"step": step, "secret": "tulip"}))
        assert (error.code, error.customer_message["ru"]) == ("invalid_input", "Неверное слово")
        t.a.pages["/search"] = {"ask": True, "session": "s-2"}
        again = (await asked(t, {"step": step, "secret": "tulip"}))["challenge"]["step"]
        t.a.pages["/search"] = {"found": []}
        assert await asked(t, {"step": again, "secret": "x", "value": "89000000001"}) == {"clients": []}
        assert [one.get("session") for one in searches(t)] == [None, "s-1", "s-1", "s-2"]


async def test_a_prompt_is_in_the_callers_language(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1"}
        assert (await asked(t, {"value": PHONE}, language="en"))["challenge"]["prompt"] == "The code word?"


async def test_what_a_system_says_may_be_the_prompt(tmp_path: Path) -> None:
    saying = ASKING.replace("{ru: Кодовое слово?, en: The code word?}", "\"join(' ', ['Sent to', body.to])\"")
    saying = saying.replace("kind: code_word", "kind: form").replace(
        "keep:", "fields: [{name: code, title: Code}]\n      keep:"
    )
    async with town(tmp_path, ONE, a=saying) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1", "to": "•••01"}
        challenge = (await asked(t, {"value": PHONE}))["challenge"]
        fields = [{"name": "code", "title": "Code", "type": "string", "required": True}]
        assert (challenge["prompt"], challenge["fields"]) == ("Sent to •••01", fields)
        await asked(t, {"step": challenge["step"], "form": {"code": "4711"}})
        assert searches(t)[1]["form"] == "4711"


def spoilt(name: str, step: str, seal: StepSeal, keys: str) -> str:
    """The step of `p` and `bot`, not as it was sealed."""
    known = seal.open("p", "bot", step)
    return {
        "of another project": seal.seal("q", "bot", known),
        "of another caller": seal.seal("p", "other", known),
        "damaged": step[:-6] + "AAAA==",
        "sealed with a key of the store": Fernet(keys).encrypt(b'["p", "bot", {"source": "a.find_client"}]').decode(),
        "no step": "кто там?",
        "of a form": seal.seal("p", "bot", {}),
    }.get(name, step)


SPOILT = [
    "of another project",
    "of another caller",
    "damaged",
    "sealed with a key of the store",
    "no step",
    "of a form",
]


@pytest.mark.parametrize("name", [*SPOILT, "late"])
async def test_a_step_is_good_for_its_caller_and_not_for_long(tmp_path: Path, name: str) -> None:
    clock, keys = HastyClock(), Fernet.generate_key().decode()
    async with town(tmp_path, ONE, clock=clock, seal_keys=keys, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1"}
        step = (await asked(t, {"value": PHONE}, caller="bot"))["challenge"]["step"]
        step = spoilt(name, step, t.engine._means.seal, keys)
        clock.ahead += 601 if name == "late" else 0
        error = await refused(asked(t, {"step": step, "secret": "x"}, caller="bot"))
        assert (error.code, error.detail) == ("not_found", "`/step`: there is no such step, or it is over")
        assert error.customer_message["en"].endswith("start again.")
        assert len(t.a.asked) == 1, "nothing more was sent"


async def test_a_step_of_a_system_that_is_gone_is_over(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        seal = t.engine._means.seal
        step = seal.seal("p", "", {"source": "b.find_client", "asked": {}, "type": "phone", "value": PHONE, "keep": {}})
        assert (await refused(asked(t, {"step": step, "secret": "x"}))).code == "not_found"


async def test_a_step_lives_through_a_restart_where_there_are_keys(tmp_path: Path) -> None:
    keys = Fernet.generate_key().decode()
    steps = {}
    for name, given in {"kept": keys, "lost": ""}.items():
        async with town(tmp_path / name, ONE, seal_keys=given, a=ASKING) as t:
            t.a.pages["/search"] = {"ask": True, "session": "s-1"}
            steps[name] = (await asked(t, {"value": PHONE}))["challenge"]["step"]
    newer = f"{Fernet.generate_key().decode()},{keys}"
    async with town(tmp_path / "after", ONE, seal_keys=newer, a=ASKING) as t:
        t.a.pages["/search"] = {"found": ["7"]}
        assert len((await asked(t, {"step": steps["kept"], "secret": "x"}))["clients"]) == 1
        assert (await refused(asked(t, {"step": steps["lost"], "secret": "x"}))).code == "not_found"


async def test_a_step_cannot_be_turned_to_another_client(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s-1"}
        step = (await asked(t, {"value": PHONE}))["challenge"]["step"]
        for given in ({"value": "+79000000002"}, {"value": PHONE, "type": "social"}):
            error = await refused(asked(t, {"step": step, "secret": "x", **given}))
            assert (error.code, error.detail) == ("invalid_input", "`/value`: the step was begun with another one")
        t.a.pages["/search"] = {"found": ["7"]}
        assert (await asked(t, {"step": step, "secret": "x", "value": PHONE, "type": "any"}))["clients"]
        assert len(t.a.asked) == 2


async def test_the_channels_order_decides_what_is_tried(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM.replace("    form: {prompt", "    # {"), a=ASKING) as t:
        t.a.pages["/search"] = {"found": []}
        assert await asked(t, {"value": PHONE, "channel": "telegram"}) == {"clients": []}
        assert [one["by"] for one in searches(t)] == ["social", "phone"]
        await asked(t, {"value": "@ivan", "channel": "telegram"})
        assert [one["by"] for one in searches(t)[2:]] == ["social"]
        t.a.pages["/search"] = {"found": ["7", "8"]}
        found = await asked(t, {"value": PHONE, "channel": "telegram"})
        assert ([one["key"] for one in found["clients"]], len(searches(t))) == (["7", "8"], 4)


async def test_a_channel_searches_by_nothing_else(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        by = "clients of this channel are searched by email"
        fields = "there is no such field; write one of `crm_id`, `email`, `inn`, `phone`, `social`"
        cases: list[tuple[dict[str, Any], str]] = [
            ({"channel": "mail", "value": PHONE, "type": "phone"}, f"`/type`: {by}"),
            ({"channel": "mail", "value": PHONE}, f"`/value`: {by}"),
            ({"channel": "mail", "value": "a@b.example"}, "`/type`: clients are searched by phone, social"),
            ({"channel": "mail"}, "`/value`: is missing"),
            ({"channel": "fax", "value": PHONE}, "`/channel`: the project has telegram, site, mail"),
            ({}, "`/value`: is missing"),
            ({"form": {"fax": "1"}}, f"`/form/fax`: {fields}"),
            ({"form": {"phone": "abc"}}, "`/form/phone`: is no phone"),
            ({"form": {}}, "`/form`: is empty"),
            ({"channel": "site", "form": {"inn": "500100732259"}}, "`/form/phone`: is missing"),
        ]
        for given, detail in cases:
            error = await refused(asked(t, given))
            assert (error.code, error.detail) == ("invalid_input", detail)
        assert t.a.asked == []


async def test_a_form_is_asked_where_nothing_is_known_or_nobody_found(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        t.a.pages["/search"] = {"found": []}
        known = [{"channel": "telegram"}, {"channel": "telegram", "value": "@ivan", "type": "social"}]
        for given in known:
            challenge = (await asked(t, given, language="en"))["challenge"]
            fields = [{"name": "tel", "title": "Phone", "type": "phone", "required": True}]
            assert (challenge["kind"], challenge["prompt"], challenge["fields"]) == ("form", "Who are you?", fields)
            for answer in ({"secret": "8 900 000-00-01"}, {"form": {"tel": PHONE}}):
                assert await asked(t, {"step": challenge["step"], **answer}) == {"clients": []}
                assert searches(t)[-1] == {"value": PHONE, "by": "phone"}
        assert await asked(t, {"channel": "telegram", "value": PHONE}) == {"clients": []}, "the phone was tried"


async def test_a_form_is_asked_once(tmp_path: Path) -> None:
    merged = "capabilities: {identity: {merge: [a, b]}}\n" + TELEGRAM
    async with town(tmp_path, merged, a=ASKING, b=BANK) as t:
        t.a.pages["/search"] = t.b.pages["/find"] = {"found": []}
        challenge = (await asked(t, {"channel": "site", "value": "500100732259", "type": "inn"}))["challenge"]
        answer = {"step": challenge["step"], "form": {"inn": "500100732259", "phone": PHONE}}
        assert await asked(t, answer) == {"clients": []}
        assert await asked(t, answer | {"form": {"phone": PHONE}}) == {"clients": []}


async def test_a_system_that_does_not_say_what_it_accepts_is_asked(tmp_path: Path) -> None:
    async with town(tmp_path, ONE, a=BANK.replace("    accepts: [phone, inn, crm_id]\n", "")) as t:
        t.a.pages["/find"] = {"found": []}
        await asked(t, {"value": "x", "type": "social"})
        await asked(t, {"value": "y"})
        assert t.a.asked == ["/find?by=social&value=x", "/find?by=any&value=y"]


async def test_a_form_may_be_filled_in_before_it_is_asked(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        t.a.pages["/search"] = {"found": ["7"]}
        assert "clients" in await asked(t, {"channel": "telegram", "value": "@ivan"}), "who is found is asked nothing"
        t.a.up.asked.clear()
        await asked(t, {"channel": "site", "form": {"phone": PHONE}})
        t.a.up.asked.clear()
        await asked(t, {"channel": "site", "form": {"phone": PHONE, "inn": "500100732259"}})
        await asked(t, {"form": {"social": "@ivan", "phone": PHONE}})
        assert [one["by"] for one in searches(t)] == ["phone", "phone"], "the system knows no INN"


async def test_a_system_is_asked_only_for_what_it_accepts(tmp_path: Path) -> None:
    project = "capabilities: {identity: {first_of: [a, b]}}\n"
    async with town(tmp_path, project, a=ASKING, b=BANK) as t:
        t.b.pages["/find"] = {"found": [{"key": "9", "name": "Ivan"}]}
        answer = await t.call("identity", {"value": "500100732259", "type": "inn"})
        assert (answer.data["clients"][0]["key"], told(answer)) == ("9", [("b", "ok", None)])
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        step = (await asked(t, {"value": PHONE, "type": "phone"}))["challenge"]["step"]
        t.a.pages["/search"] = {"found": ["7"]}
        answer = await t.call("identity", {"step": step, "secret": "x"})
        assert (answer.data["clients"][0]["key"], told(answer)) == ("7", [("a", "ok", None)])


async def test_a_system_that_the_value_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    inn = BANK.replace("accepts: [phone, inn, crm_id]", "accepts: [inn]")
    async with town(tmp_path, "capabilities: {identity: {first_of: [a, b]}}\n", a=ASKING, b=inn) as t:
        t.a.pages["/search"] = {"found": []}
        answer = await t.call("identity", {"value": PHONE})
        assert (answer.data, told(answer)) == ({"clients": []}, [("a", "ok", None)])
    async with town(tmp_path / "two", "capabilities: {identity: {merge: [a, b]}}\n", a=inn, b=inn) as t:
        error = await refused(asked(t, {"value": "x"}))
        assert (error.code, error.detail) == ("invalid_input", "`/value`: fits none of inn")


async def test_a_form_may_lead_to_a_challenge(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        known = {"channel": "telegram", "value": "@ivan", "type": "social"}
        t.a.pages["/search"] = {"found": []}
        form = (await asked(t, known))["challenge"]["step"]
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        word = (await asked(t, {"value": "@ivan", "step": form, "secret": PHONE}))["challenge"]
        assert word["kind"] == "code_word"
        t.a.pages["/search"] = {"found": ["7"]}
        assert (await asked(t, {"value": "@ivan", "step": word["step"], "secret": "rose"}))["clients"][0]["key"] == "7"
        assert [one["value"] for one in searches(t)] == ["@ivan", PHONE, PHONE]


async def test_a_challenge_of_one_of_several_is_the_answer(tmp_path: Path) -> None:
    project = "capabilities: {identity: {merge: [b, a]}}\n"
    async with town(tmp_path, project, a=ASKING, b=BANK) as t:
        t.b.pages["/find"], t.a.pages["/search"] = {"found": [{"key": "9"}]}, {"ask": True, "session": "s"}
        assert (await asked(t, {"value": PHONE})).keys() == {"challenge"}
        t.a.pages["/search"] = {"found": ["7", "9"]}
        found = await asked(t, {"value": PHONE})
        assert [one["key"] for one in found["clients"]] == ["9", "7"]


async def test_an_operation_asks_and_is_answered_like_the_capability(tmp_path: Path) -> None:
    async with town(tmp_path, "", a=ASKING) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        challenge = (await t.ask("a.find_client", value=PHONE)).data["challenge"]
        t.a.pages["/search"] = {"found": ["7"]}
        assert (await t.ask("a.find_client", step=challenge["step"], secret="x")).data["clients"][0]["key"] == "7"


async def test_a_challenge_ends_a_look_up_of_keys(tmp_path: Path) -> None:
    asking = ASKING + BANK.replace("operations:\n", "").replace("find_client:\n", "find_other:\n")
    async with town(tmp_path, "capabilities: {card: a, products: b}\n" + KEYS, a=BANK, b=asking) as t:
        t.a.pages["/card/1"] = {"key": "1", "phones": [PHONE]}
        t.b.pages["/search"] = {"ask": True, "session": "s"}
        error = await refused(t.ask("products", client_key="1"))
        assert (error.code, error.detail) == (
            "upstream_rejected",
            "the system asks the client for more, and there is nobody to ask",
        )


async def test_what_asks_the_client_is_not_kept(tmp_path: Path) -> None:
    project = "capabilities: {identity: {from: a, cache: 10m}}\n"
    async with town(tmp_path, project, a=ASKING) as t:
        t.a.pages["/search"] = {"found": ["7"]}
        for _ in range(2):
            await asked(t, {"value": PHONE})
        assert len(t.a.asked) == 2


async def test_one_question_may_follow_another(tmp_path: Path) -> None:
    a, b = ASKING.index("    challenge:"), ASKING.index("    output: {clients")
    first = "{when: body.word, kind: code_word, keep: {session: body.session}}"
    second = "{when: body.sms, kind: sms, keep: {id: body.id}}"
    two = f"[{first}, {second}]"
    asking = ASKING[:a].replace("{{ input.secret }}", "{{ step.id }}") + f"    challenge: {two}\n" + ASKING[b:]
    async with town(tmp_path, ONE, a=asking) as t:
        t.a.pages["/search"] = {"word": True, "session": "s-1"}
        word = (await asked(t, {"value": PHONE}))["challenge"]
        t.a.pages["/search"] = {"sms": True, "id": "i-1"}
        sms = (await asked(t, {"step": word["step"], "secret": "x"}))["challenge"]
        await asked(t, {"step": sms["step"], "secret": "x"})
        assert [word["kind"], sms["kind"]] == ["code_word", "sms"]
        assert [(one.get("session"), one.get("secret")) for one in searches(t)] == [
            (None, None),
            ("s-1", None),
            (None, "i-1"),
        ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("challenge: {when: body.ask, kind: sms, keep: {a: bdy.x}}", "unknown-name"),
        ("challenge: {when: body.ask, kind: form}", "missing-key"),
        ("challenge: {when: body.ask, kind: sms, fields: [{name: x}]}", "missing-key"),
        ("challenge: {when: body.ask, kind: fax}", "wrong-value"),
        ("challenge: {kind: sms}", "missing-key"),
        ("challenge: {when: body.ask, kind: sms, prompt: bdy.text}", "unknown-name"),
        ("challenge: {when: body.ask, kind: sms, prompt: [a]}", "wrong-type"),
    ],
)
def test_a_challenge_is_checked(tmp_path: Path, text: str, code: str) -> None:
    file = lay(tmp_path, "", {"a": "https://x.example"}, a=ASKING)
    place = tmp_path / "connectors" / "a" / "connector.yaml"
    whole = place.read_text(encoding="utf-8")
    a, b = whole.index("    challenge:"), whole.index("    output: {clients")
    place.write_text(whole[:a].replace("step.session", "input.value") + f"    {text}\n" + whole[b:], encoding="utf-8")
    (trouble,) = load(file, (), {}).troubles
    assert code in {problem.code for problem in trouble.diagnostics}
    place.write_text(
        whole.replace("capability: identity\n    accepts: [phone, social]", "capability: card"), encoding="utf-8"
    )
    (trouble,) = load(file, (), {}).troubles
    assert "one-of" in {problem.code for problem in trouble.diagnostics}


@pytest.mark.parametrize(
    ("channels", "code"),
    [
        ("{x: {identify_by: [phone], form: {fields: [{name: a, type: email}]}}}", "wrong-value"),
        ("{x: {identify_by: [fon]}}", "unknown-accepts"),
        ("{x: {identify_by: []}}", "wrong-type"),
        ("{x: {identify_by: [phone], form: {fields: [{name: a, type: fon}]}}}", "unknown-accepts"),
        ("{x: {identify_by: [phone], form: {fields: [{name: a, title: [b], type: phone}]}}}", "wrong-type"),
        ("{x: {form: {fields: []}}}", "missing-key"),
    ],
)
def test_a_channel_is_checked(tmp_path: Path, channels: str, code: str) -> None:
    file = lay(tmp_path, f"{ONE}channels: {channels}\n", {"a": "https://x.example"}, a=ASKING)
    with pytest.raises(ConfigError) as caught:
        load(file, (), {})
    assert code in {problem.code for problem in caught.value.diagnostics}


async def test_what_a_form_leaves_blank_is_not_there(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        t.a.pages["/search"] = {"found": []}
        error = await refused(asked(t, {"form": {"inn": " "}}))
        assert (error.code, error.detail) == ("invalid_input", "`/form`: is empty")
        await asked(t, {"channel": "site", "form": {"phone": PHONE, "inn": ""}})
        assert [one["by"] for one in searches(t)] == ["phone"]
        error = await refused(asked(t, {"channel": "mail", "form": {"phone": PHONE}}))
        assert (error.code, "`/form/phone`" in error.detail) == ("invalid_input", True)


async def test_a_step_stays_in_its_channel(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        step = (await asked(t, {"channel": "telegram"}))["challenge"]["step"]
        error = await refused(asked(t, {"channel": "site", "step": step, "secret": PHONE}))
        assert (error.code, error.detail) == ("invalid_input", "`/channel`: the step was begun in another one")


async def test_one_that_must_answer_is_not_passed_over(tmp_path: Path) -> None:
    project = "capabilities: {identity: {merge: [a, b], require: [b]}}\n"
    async with town(tmp_path, project, a=ASKING, b=BANK) as t:
        error = await refused(asked(t, {"value": "@ivan", "type": "social"}))
        assert (error.code, t.a.asked) == ("invalid_input", [])


async def test_what_answers_a_secret_is_not_kept(tmp_path: Path) -> None:
    async with town(tmp_path, "capabilities: {identity: {from: b, cache: 10m}}\n", b=BANK) as t:
        t.b.pages["/find"] = {"found": [{"key": "9"}]}
        for _ in range(2):
            await asked(t, {"value": PHONE, "secret": "4711"})
        assert len(t.b.asked) == 2


BOTH = "capabilities: {identity: {first_of: [a, b]}}\n"
TOGETHER = "capabilities: {identity: {merge: [a, b, c]}}\n"
NOT_FOUND = ASKING.replace("errors: [", "errors: [{when: body.none, code: not_found}, ")


async def step_of(town: Town, given: dict[str, Any]) -> str:
    step: str = (await asked(town, given))["challenge"]["step"]
    return step


def keys_in(found: dict[str, Any]) -> list[str]:
    return [one["key"] for one in found["clients"]]


@pytest.mark.parametrize("mode", ["first_of", "merge"])
@pytest.mark.parametrize("nobody", [{"found": []}, {"none": True}])
async def test_an_answer_that_finds_nobody_gives_way_to_the_next_system(tmp_path: Path, nobody: Any, mode: str) -> None:
    async with town(tmp_path, BOTH.replace("first_of", mode), a=NOT_FOUND, b=BANK) as t:
        t.a.pages["/search"], t.b.pages["/find"] = {"ask": True, "session": "s"}, {"found": [{"key": "9"}]}
        step = await step_of(t, {"value": PHONE, "type": "phone", "secret": "early"})
        t.a.pages["/search"] = nobody
        answer = await t.call("identity", {"step": step, "secret": "rose"})
        assert (keys_in(answer.data), [one[0] for one in told(answer)]) == (["9"], ["a", "b"])
        assert [one.get("secret") for one in searches(t)] == ["early", "rose"]


async def test_an_answer_that_is_refused_is_the_answer(tmp_path: Path) -> None:
    for name, project in {"first": BOTH, "merge": BOTH.replace("first_of", "merge")}.items():
        async with town(tmp_path / name, project, a=ASKING, b=BANK) as t:
            t.a.pages["/search"], t.b.pages["/find"] = {"ask": True, "session": "s"}, {"found": [{"key": "9"}]}
            step = await step_of(t, {"value": PHONE, "type": "phone"})
            t.a.pages["/search"] = {"wrong": True}
            error = await refused(asked(t, {"step": step, "secret": "tulip"}))
            assert (error.code, error.customer_message["ru"]) == ("invalid_input", "Неверное слово")


async def test_a_system_that_failed_before_the_question_is_tried_after_the_answer(tmp_path: Path) -> None:
    async with town(tmp_path, BOTH.replace("[a, b]", "[b, a]"), a=ASKING, b=BANK) as t:
        t.a.pages["/search"], t.b.pages["/find"] = {"ask": True, "session": "s"}, 409
        step = await step_of(t, {"value": PHONE, "type": "phone"})
        t.a.pages["/search"] = {"found": []}
        assert (await refused(asked(t, {"step": step, "secret": "x"}))).code == "conflict"
        t.b.pages["/find"] = {"found": [{"key": "9"}]}
        answer = await t.call("identity", {"step": step, "secret": "x"})
        assert (keys_in(answer.data), [one[0] for one in told(answer)]) == (["9"], ["a", "b"])


@pytest.mark.parametrize("nobody", [{"found": []}, {"none": True}])
async def test_two_systems_may_ask_one_after_the_other(tmp_path: Path, nobody: Any) -> None:
    for name, project in {"first": BOTH, "merge": BOTH.replace("first_of", "merge")}.items():
        async with town(tmp_path / name, project, a=NOT_FOUND, b=ASKING) as t:
            t.a.pages["/search"], t.b.pages["/search"] = {"ask": True, "session": "a"}, {"ask": True, "session": "b"}
            first = await step_of(t, {"value": PHONE, "type": "phone"})
            t.a.pages["/search"] = nobody
            second = await step_of(t, {"step": first, "secret": "rose"})
            t.a.up.asked.clear()
            t.b.pages["/search"] = {"found": []}
            assert await asked(t, {"step": second, "secret": "tulip"}) == {"clients": []}
            last = searches(t, "b")[-1]
            assert (t.a.asked, last["session"], last["secret"]) == ([], "b", "tulip")
            assert [one.get("secret") for one in searches(t, "b")][:-1] == [None] * (len(t.b.asked) - 1)


async def test_what_the_others_know_is_merged_with_the_answer(tmp_path: Path) -> None:
    async with town(tmp_path, TOGETHER, a=BANK, b=ASKING, c=ASKING) as t:
        t.a.pages["/find"] = {"found": [{"key": "9", "name": "Ivan"}]}
        t.b.pages["/search"], t.c.pages["/search"] = {"ask": True, "session": "b"}, {"found": []}
        step = await step_of(t, {"value": PHONE, "type": "phone"})
        t.b.pages["/search"] = {"found": ["7", "9"]}
        found = await asked(t, {"step": step, "secret": "x"})
        assert ([one.get("name") for one in found["clients"]], keys_in(found)) == (["Ivan", None], ["9", "7"])
        assert len(t.c.asked) == 1, "who knows nobody is not asked again"


async def test_who_is_found_is_not_kept_back_for_the_question_of_another(tmp_path: Path) -> None:
    async with town(tmp_path, TOGETHER, a=BANK, b=ASKING, c=ASKING) as t:
        t.a.pages["/find"] = {"found": [{"key": "9"}]}
        t.b.pages["/search"], t.c.pages["/search"] = {"ask": True, "session": "b"}, {"ask": True, "session": "c"}
        step = await step_of(t, {"value": PHONE, "type": "phone"})
        t.b.pages["/search"] = {"found": ["7"]}
        answer = await t.call("identity", {"step": step, "secret": "x"})
        assert keys_in(answer.data) == ["9", "7"]
        assert answer.meta["warnings"] == ["`c` asks the client for more and is left out"]
        t.b.pages["/search"] = {"found": []}
        last = await step_of(t, {"step": step, "secret": "x"})
        t.c.pages["/search"] = {"found": ["8"]}
        assert keys_in(await asked(t, {"step": last, "secret": "y"})) == ["9", "8"]
        t.b.pages["/search"] = {"ask": True, "session": "again"}
        t.c.pages["/search"] = {"ask": True, "session": "c"}
        await step_of(t, {"step": step, "secret": "x"})
        assert searches(t, "b")[-1]["session"] == "b"


async def test_one_that_must_answer_has_answered_with_nobody(tmp_path: Path) -> None:
    project = "capabilities: {identity: {merge: [a, b], require: [a]}}\n"
    async with town(tmp_path, project, a=BANK, b=ASKING) as t:
        t.a.pages["/find"], t.b.pages["/search"] = {"found": []}, {"ask": True, "session": "b"}
        step = await step_of(t, {"value": PHONE, "type": "phone"})
        t.b.pages["/search"] = {"found": ["7"]}
        for at in range(2):
            assert keys_in(await asked(t, {"step": step, "secret": "x"})) == ["7"]
            assert len(t.a.asked) <= at + 2


@pytest.mark.parametrize("nobody", [{"found": []}, {"none": True}])
async def test_after_the_answer_the_rest_of_the_channel_is_tried(tmp_path: Path, nobody: Any) -> None:
    fields = "type: phone}, {name: mail, type: email, required: false}]}"
    channel = TELEGRAM.replace("type: phone}]}", fields, 1).replace("[social, phone]", "[social, phone, email]")
    async with town(tmp_path, ONE + channel, a=NOT_FOUND) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        step = await step_of(t, {"value": PHONE, "channel": "telegram"})
        t.a.pages["/search"] = nobody
        challenge = (await asked(t, {"step": step, "secret": "rose"}))["challenge"]
        assert [(one["by"], one.get("secret")) for one in searches(t)] == [
            ("social", None),
            ("social", "rose"),
            ("phone", None),
        ]
        assert challenge["kind"] == "form"
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        step = await step_of(t, {"step": challenge["step"], "form": {"tel": PHONE}})
        t.a.pages["/search"] = {"found": []}
        assert await asked(t, {"step": step, "secret": "rose"}) == {"clients": []}, "the form is not asked twice"


async def test_a_search_that_finds_nothing_is_not_the_last(tmp_path: Path) -> None:
    finding = BANK.replace(
        "output: {clients", "response: {errors: [{when: body.none, code: not_found}]}\n    output: {clients", 1
    )
    project = ONE + "channels: {site: {identify_by: [inn, phone]}}\n"
    form = {"channel": "site", "form": {"inn": "500100732259", "phone": PHONE}}
    async with town(tmp_path, project, a=finding) as t:
        inn, phone = "/find?by=inn&value=500100732259", "/find?by=phone&value=%2B79000000001"
        t.a.pages |= {inn: {"none": True}, phone: {"found": [{"key": "7"}]}}
        assert keys_in(await asked(t, form)) == ["7"]
        t.a.pages[phone] = {"none": True}
        assert (await refused(asked(t, form))).code == "not_found"
        t.a.pages[inn] = {"found": []}
        assert await asked(t, form) == {"clients": []}
        t.a.pages |= {inn: 409, phone: {"found": [{"key": "7"}]}}
        assert (await refused(asked(t, form))).code == "conflict"


async def test_a_value_and_a_form_do_not_go_together(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        error = await refused(asked(t, {"channel": "telegram", "value": "@ivan", "form": {"tel": PHONE}}))
        assert (error.code, error.detail) == ("invalid_input", "`/value`: give either `value` or `form`")
        assert t.a.asked == []


async def test_the_first_secret_is_told_to_all_and_an_answer_to_one(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        t.a.pages["/search"] = {"found": []}
        step = await step_of(t, {"channel": "telegram", "value": "@ivan", "type": "social", "secret": "rose"})
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        step = await step_of(t, {"step": step, "secret": PHONE})
        await step_of(t, {"step": step, "secret": "4711"})
        assert [one["secret"] for one in searches(t)] == ["rose", "rose", "4711"]


async def test_a_system_that_is_no_longer_searched_so_says_it(tmp_path: Path) -> None:
    keys = Fernet.generate_key().decode()
    async with town(tmp_path / "before", BOTH, seal_keys=keys, a=ASKING, b=BANK) as t:
        t.a.pages["/search"] = {"ask": True, "session": "s"}
        step = await step_of(t, {"value": PHONE, "type": "phone"})
    async with town(tmp_path / "after", BOTH, seal_keys=keys, a=ASKING.replace("[phone, ", "["), b=BANK) as t:
        error = await refused(asked(t, {"step": step, "secret": "x"}))
        assert (error.code, error.detail) == ("invalid_input", "`/type`: this system is searched by social")


async def test_the_answer_goes_on_from_where_it_was_asked(tmp_path: Path) -> None:
    says = iter([{"found": []}, {"ask": True, "session": "s"}, {"found": []}])

    async def body() -> Any:
        return next(says)

    channel = "channels: {telegram: {identify_by: [social, phone]}}\n"
    async with town(tmp_path, ONE + channel, a=ASKING) as t:
        t.a.pages["/search"] = (200, body)
        step = await step_of(t, {"channel": "telegram", "value": PHONE})
        assert await asked(t, {"step": step, "secret": "x"}) == {"clients": []}
        assert [(one["by"], one.get("session")) for one in searches(t)] == [
            ("social", None),
            ("phone", None),
            ("phone", "s"),
        ]


async def test_a_form_is_not_asked_where_a_system_is_in_trouble(tmp_path: Path) -> None:
    async with town(tmp_path, ONE + TELEGRAM, a=ASKING) as t:
        t.a.pages["/search"] = 409
        error = await refused(asked(t, {"channel": "telegram", "value": "@ivan", "type": "social"}))
        assert error.code == "conflict"
