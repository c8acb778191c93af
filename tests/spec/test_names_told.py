"""What is said of a name that a place of a connector does not see: its place, the nearest one, the dollar it lacks."""

import pytest

from engine.document import read_text
from engine.errors import ConfigError, Diagnostic
from engine.spec.connector import connector_of

CONNECTOR = """
connector: names
version: 1.0.0
engine: ">=1.0"
title: Names
settings: {{url: url, key: secret}}
connection: {{base_url: "{base}", auth: {{type: bearer, token: "{token}"}}}}
operations:
  a:
    input: {{phone: string}}
    reject: [{{when: "{reject}"}}]
    reads: true
    request:
      {{method: POST, path: "/x/{path}", query: {{q: "{query}"}}, headers: {{X: "{header}"}}, json: {{b: "{json}"}}}}
    response:
      empty_when: "{empty}"
      success_when: "{success}"
      errors: [{{when: "{error}", code: conflict, message: "{message}"}}]
    let: {{first: "{let}", second: "first.{{x: $body.id}}"}}
    output:
      value: "{leaf}"
      text: "{template}"
      rows: {{each: "{each}", where: "{where}", as: {{id: "{element}"}}}}
"""
FILLED = {
    "base": "{{ settings.url }}",
    "token": "{{ settings.key }}",
    **dict.fromkeys(("path", "query", "header", "json", "template"), "{{ input.phone }}"),
    **dict.fromkeys(("reject", "empty", "success", "error", "message", "let", "leaf", "each", "where"), "input.phone"),
    "element": "item.id",
}


def problems(place: str, text: str) -> list[Diagnostic]:
    try:
        connector_of(read_text(CONNECTOR.format(**FILLED | {place: text}), "c.yaml"))
    except ConfigError as error:
        return error.diagnostics
    return []


def written(place: str, path: str) -> str:
    return f"{{{{ {path} }}}}" if "{{" in FILLED[place] else path


def test_the_connector_itself_has_no_problem() -> None:
    assert problems("leaf", FILLED["leaf"]) == []


@pytest.mark.parametrize("place", FILLED)
def test_an_unknown_name_is_told_with_the_nearest_known_one(place: str) -> None:
    known, meant = {"base": ("settings", "url"), "token": ("settings", "key")}.get(place, ("input", "phone"))
    (found,) = problems(place, written(place, f"{known[:-1]}e.{meant}"))
    assert (found.code, found.remedy) == ("unknown-name", f"did you mean `{known}`?")
    assert found.source[found.span.column - 1 :].startswith(f"{known[:-1]}e.{meant}")
    (found,) = problems(place, written(place, f"{known}.{meant[:-1]}"))
    assert (found.code, found.remedy) == ("unknown-member", f"did you mean `{meant}`?")


@pytest.mark.parametrize("place", ["empty", "error", "let", "leaf", "each"])
def test_inside_a_filter_a_name_of_the_scope_has_a_dollar(place: str) -> None:
    assert problems(place, "body.rows[?id == $input.phone] | [0]") == []
    (found,) = problems(place, "body.rows[?id == input.phone] | [0]")
    assert (found.code, found.remedy.partition(";")[0]) == ("unknown-name", "write `$input`")
    (found,) = problems(place, "body.rows[?id == $inptu.phone] | [0]")
    assert (found.code, found.remedy, found.span.length) == ("unknown-name", "did you mean `$input`?", 6)
    (found,) = problems(place, "body.rows[?id == $input.fone] | [0]")
    assert (found.code, found.remedy) == ("unknown-member", "did you mean `phone`?")
