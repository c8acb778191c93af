"""One expression followed: whichever name of a path is taken out of the sample, that one is told."""

from typing import Any

import pytest

from engine.authoring.flow.trail import Trail
from engine.language.expression import compile_expression
from engine.language.template import compile_template

BODY = {
    "id": 5,
    "client": {
        "id": 5,
        "name": {"full": "A"},
        "phones": [{"kind": "HOME", "value": "1"}, {"kind": "WORK", "value": "2"}],
    },
    "groups": [{"rows": [{"at": 1, "who": "B"}]}],
    "by": {"x": {"who": "C"}, "y": {"who": "D"}},
}


def missing(text: str, *bodies: Any, **names: Any) -> list[str]:
    """The names that are told, each with its path so far."""
    trail = Trail(compile_template(text) if "{{" in text else compile_expression(text))
    for body in bodies:
        trail.hear(None, {"body": body, "input": {}, **names}, ("user", "ok"))
    return [text[one.begin : one.end] for one in trail.sights.values() if not one.found]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("body.client.nmae.full", "body.client.nmae"),
        ("body.client.phones[0].valeu", "body.client.phones[0].valeu"),
        ("body.client.phones.value", "body.client.phones.value"),
        ("body.client.phones[].valeu", "body.client.phones[].valeu"),
        ("body.client.phones[*].valeu | [0]", "body.client.phones[*].valeu"),
        ("body.client.phones[:1].valeu", "body.client.phones[:1].valeu"),
        ("body.client.phones[?knid=='HOME'].value", "knid"),
        ("body.client.phones[?kind=='HOME'].valeu", "body.client.phones[?kind=='HOME'].valeu"),
        ("body.groups[].rows[].whom", "body.groups[].rows[].whom"),
        ("body.by.*.whom", "body.by.*.whom"),
        ("body.client.name.{a: ful}", "ful"),
        ("body.client.phones[].[valeu, kind]", "valeu"),
        ("[body.client.iid, body.id]", "body.client.iid"),
        ("body.nick || body.id", "body.nick"),
        ("body.id && body.nick", "body.nick"),
        ("!(body.nick)", "body.nick"),
        ("body.nick == `5`", "body.nick"),
        ("join('', [body.nick])", "body.nick"),
        ("sort_by(body.client.phones, &valeu)[0].kind", "valeu"),
        ("map(&valeu, body.client.phones)", "valeu"),
        ("find(body.client.phones, {knid: 'HOME'}).value", "knid"),
        ("text(body.client.iid)", "body.client.iid"),
        ("$body.nick", "$body.nick"),
        ("{{ body.client.nick }}", "body.client.nick"),
        ("a {{ body.client.nick or '' }}", "body.client.nick"),
    ],
)
def test_the_first_name_that_is_missing_is_told(text: str, told: str) -> None:
    assert missing(text, BODY) == [told]


@pytest.mark.parametrize(
    "text",
    [
        "body.client.name.full",
        "body.client.phones[?kind=='HOME'].value | [0]",
        "body.client.phones[9].value",
        "body.nothing.below.that && body.x",
        "input.absent.below",
        "find(body.client.phones, {kind: 'WORK'}).value",
        "body.by.*.who",
        "body.client.phones[-1].{v: value}",
        "body.client.phones[?value==$body.id].kind",
    ],
)
def test_what_is_there_once_is_not_told(text: str) -> None:
    whole = {**BODY, "nothing": None, "x": 1}
    assert missing(text, {}, whole, {"client": None}) == []


def test_where_the_base_never_was_nothing_is_known() -> None:
    assert missing("body.client.name.full", {"client": {"name": None}}) == []
    assert missing("body.client[0].name", {"client": []}) == []
    assert missing("body.client[?a=='b'].name", {"client": [{"a": "c"}]}) == []


def test_a_filter_is_idle_if_it_keeps_nothing_of_something() -> None:
    def idle(text: str) -> list[bool]:
        trail = Trail(compile_expression(text))
        trail.hear(None, {"body": BODY}, ("user", "ok"))
        return [sieve.idle for sieve in trail.sieves.values()]

    assert idle("body.client.phones[?kind=='FAX'].value") == [True]
    assert idle("body.client.phones[?kind=='HOME'].value") == [False]
    assert idle("body.nothing[?kind=='FAX'].value") == []
    assert idle("body.client.phones[?kind==$body.id].value") == [False]
    assert idle("body.client.phones[?kind=='FAX'] || body.id") == [False]
    assert idle("body.groups[].rows[?who=='E'].at") == [True]


def test_only_so_much_is_looked_at() -> None:
    trail = Trail(compile_expression("body[].nick"))
    for _ in range(300):
        trail.hear(None, {"body": [{"a": 1}] * 1000}, ("user", "ok"))
    (sight,) = trail.sights.values()
    assert (len(trail.scopes), len(sight.bases), len(trail.values)) == (100, 100, 300)
