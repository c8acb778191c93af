"""Literal filters bring their own quotes, and nothing bare stands beside them."""

import pytest

from engine.errors import LanguageError
from engine.language.template import compile_template

SCOPE = {"input": {"v": "O'Brien", "n": 5, "kind": "exact"}, "body": {"v": "x"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ input.v | soql }}", "'O\\'Brien'"),
        ("SELECT Id FROM Contact WHERE Name = {{ input.v | soql }}", "SELECT Id FROM Contact WHERE Name = 'O\\'Brien'"),
        ("a = {{ input.v | soql }} AND b = {{ input.n | soql }}", "a = 'O\\'Brien' AND b = 5"),
        ("contains(Name,{{ input.v | odata }})", "contains(Name,'O''Brien')"),
        ("a = 'x' AND b = {{ input.v | soql }} AND c = 'y'", "a = 'x' AND b = 'O\\'Brien' AND c = 'y'"),
        ("a = 'it\\'s' AND b = {{ input.n | soql }}", "a = 'it\\'s' AND b = 5"),
        ("a = {{ input.v | soql }}{{ ' DESC' }}", "a = 'O\\'Brien' DESC"),
        ("a = {{ input.v | soql }} {{ 'ASC' if input.n else 'DESC' }}", "a = 'O\\'Brien' ASC"),
        ("a = {{ input.v | soql if input.n else 'null' }}", "a = 'O\\'Brien'"),
        ("a = {{ input.v | soql if input.n else input.n | soql }}", "a = 'O\\'Brien'"),
        ("a = {{ input.absent | soql | default('null') }}", "a = null"),
        ("a = {{ (input.v | soql) ~ ' AND b = ' ~ (input.n | soql) }}", "a = 'O\\'Brien' AND b = 5"),
        ("{{ 'a = ' ~ (input.v | soql) }}", "a = 'O\\'Brien'"),
        ("a = {{ input.v | upper | soql }}", "a = 'O\\'BRIEN'"),
        ("LIMIT {{ 5 }} {{ input.v | soql }}", "LIMIT 5 'O\\'Brien'"),
        (
            "/Contacts?$filter=Name%20eq%20{{ input.v | odata | url }}",
            "/Contacts?$filter=Name%20eq%20%27O%27%27Brien%27",
        ),
        ("Name LIKE {{ input.v | like('starts') }}", "Name LIKE 'O\\'Brien%'"),
        ("'{{ input.v }}' without a literal", "'O'Brien' without a literal"),
    ],
)
def test_literals_are_whole(text: str, expected: str) -> None:
    template = compile_template(text)
    assert template(SCOPE) == expected
    assert template.literal is ("|" in text)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a = '{{ input.v | soql }}'", "literal-quotes", "input.v |"),
        ('a = "{{ input.v | jql }}"', "literal-quotes", "input.v |"),
        ("a LIKE '%{{ input.v | like }}%'", "literal-quotes", "input.v |"),
        ("a = '{{ input.v | soql }} '", "literal-quotes", "input.v |"),
        ("a = {{ input.v | soql }}'", "literal-quotes", "input.v |"),
        ("a = '{{ input.v | soql if input.n else 'null' }}'", "literal-quotes", "input.v |"),
        ("a = 'x\\'{{ input.v | soql }}'", "literal-quotes", "input.v |"),
        ('a = {{ "\'" }}{{ input.v | soql }}{{ "\'" }}', "literal-quotes", "input.v |"),
        ('{{ "a = \'" ~ (input.v | soql) ~ "\'" }}', "literal-quotes", "input.v |"),
        ("a = {{ input.n | soql }} AND b = '{{ input.v | soql }}'", "literal-quotes", "input.v |"),
        ("a = {{ input.v | soql }} LIMIT {{ input.n }}", "literal-missing", "input.n }}"),
        ("{{ input.n }} {{ input.v | soql }}", "literal-missing", "input.n }}"),
        ("a = {{ input.v | soql | upper }}", "literal-missing", "input.v |"),
        ("a = {{ input.v | soql }} {{ input.n | url }}", "literal-missing", "input.n |"),
        ("a = {{ input.v | soql }} AND b = '{{ input.n }}'", "literal-missing", "input.n }}"),
        ("a = {{ input.v | soql if input.n else input.v }}", "literal-missing", "input.v |"),
        ("a = {{ input.v | soql }} {{ 'ASC' if input.n else input.v }}", "literal-missing", "'ASC' if"),
        ("a = {{ input.v | soql }} {{ input.v or 'x' }}", "literal-missing", "input.v or"),
        ("a = {{ input.v | soql | default(input.n) }}", "literal-missing", "input.v |"),
        ("{{ 'a = ' ~ input.v ~ ' AND b = ' ~ (input.n | soql) }}", "literal-missing", "input.v ~"),
        ("a = {{ input.v | soql ~ input.n }}", "literal-missing", "input.n }}"),
        ("a = {{ [input.v | soql] | join(',') }}", "literal-missing", "[input.v"),
        ("a = {{ input.v | soql }} {{ input.kind | replace('a', 'b') }}", "literal-missing", "input.kind |"),
    ],
)
def test_quotes_around_and_bare_values_beside_are_refused(text: str, code: str, place: str) -> None:
    with pytest.raises(LanguageError) as caught:
        compile_template(text)
    assert caught.value.code == code
    assert text[caught.value.offset :].startswith(place)
    assert caught.value.remedy
