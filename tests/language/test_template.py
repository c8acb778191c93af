"""What templates yield: types kept, data before methods, null and missing told apart, one text for each value."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import EvaluationError
from engine.language.locale import LOCALE, Locale
from engine.language.template import MAX_RESULT, compile_template

BODY: dict[str, Any] = {
    "id": 412,
    "name": "Иван",
    "nul": None,
    "rate": Decimal("0.10"),
    "rows": [{"id": "a"}, {"id": "b"}],
    "items": [1, 2],
    "keys": "k",
    "values": "v",
    "get": "g",
    "copy": "c",
    "count": 3,
    "title": "t",
    "a b": 1,
    "7": "seven",
    "ИНН": "7707083893",
    "empty": {},
}
SCOPE: dict[str, Any] = {
    "input": {
        "phone": "+79161234567",
        "type": "phone",
        "n": 5,
        "zero": 0,
        "flag": False,
        "given": None,
        "kinds": {"phone": "P"},
    },
    "settings": {"subdomain": "mybank"},
    "page": None,
    "body": BODY,
    "company": None,
    "item": "text",
}


def value(text: str, scope: Mapping[str, Any] = SCOPE) -> Any:
    return compile_template(text)(scope)


def failure(text: str, scope: Mapping[str, Any] = SCOPE) -> tuple[str, str]:
    """The message of the error, and the part of the text it points at."""
    template = compile_template(text)
    with pytest.raises(EvaluationError) as caught:
        template(scope)
    error = caught.value
    return error.message, text[error.offset : error.offset + error.length]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ input.phone }}", "+79161234567"),
        ("{{ body.id }}", 412),
        ("{{ body.rows }}", BODY["rows"]),
        ("{{ body.nul }}", None),
        ("{{ input.flag }}", False),
        ("{{ body.rate }}", Decimal("0.10")),
        ("{{ 1.10 }}", Decimal("1.10")),
        ("{{ 1e2 }}", Decimal("1e2")),
        ("{{ 1_000 }}", 1000),
        ("{{ '+79' }}", "+79"),
        ("{{ true }}", True),
        ("{{ none }}", None),
        ("{{ 'a' 'b' }}", "ab"),
        ("{{ [1, 'a', body.id] }}", [1, "a", 412]),
        ("{{ {'a': {'b': body.id}} }}", {"a": {"b": 412}}),
        (" {{ body.id }}", " 412"),
        ("{{ body.id }}\n", "412\n"),
        ("{{ body.id }}{{ body.id }}", "412412"),
        ("{{ '' }}x", "x"),
        ("https://{{ settings.subdomain }}.example/{{ body.id }}", "https://mybank.example/412"),
        ("a\r\n{{ body.id }}\r", "a\r\n412\r"),
        ("", ""),
        ("no tags }} at all", "no tags }} at all"),
        ("${input.phone} #{x} $1", "${input.phone} #{x} $1"),
    ],
)
def test_a_lone_tag_keeps_its_type_and_any_other_template_yields_text(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text", ["0123", "[1,2]", "1_000", "None", "+7999", "true", "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{}"]
)
def test_text_of_data_is_never_read_again(text: str) -> None:
    scope = {"input": {"v": text}}
    assert value("{{ input.v }}", scope) == text
    assert value("<{{ input.v }}>", scope) == f"<{text}>"


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "copy", "count", "title"])
def test_a_field_is_found_before_any_method(name: str) -> None:
    assert value(f"{{{{ body.{name} }}}}") == BODY[name]
    assert value(f"{{{{ body['{name}'] }}}}") == BODY[name]
    assert "missing" in failure(f"{{{{ body.empty.{name} }}}}")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ body.rows[0].id }}", "a"),
        ("{{ body.rows[-1].id }}", "b"),
        ("{{ body.rows.1.id }}", "b"),
        ("{{ body['a b'] }}", 1),
        ("{{ body.7 }}", "seven"),
        ("{{ body.ИНН }}", "7707083893"),
        ("{{ input.kinds[input.type] }}", "P"),
        ("{{ body.items[body.items[0]] }}", 2),
        ("{{ (body.rows)[0]['id'] }}", "a"),
        ("{{ {'a': 1}.a }}", 1),
        ("{{ [4, 5][1] }}", 5),
        ("{{ {'is': {'not': 1}}.is.not }}", 1),
        ("{{ {'is': 1}.is is number }}", True),
        ("{{ {'a': 1}['a'] is not none }}", True),
    ],
)
def test_members_and_elements(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ input.absent }}",
        "{{ input.absent.a.b }}",
        "{{ input.given.a }}",
        "{{ input.absent[0].x }}",
        "{{ input[input.absent] }}",
        "{{ settings.absent }}",
        "{{ page.position }}",
        "{{ step.name.deeper }}",
        "{{ call.deadline }}",
        "{{ input.absent | upper }}",
        "{{ 'a' if input.absent }}",
        "{{ body.id if input.absent }}",
    ],
)
def test_what_we_declare_ourselves_is_null_along_the_whole_chain(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ input.phone.digits }}", "`input.phone` is text, which has no members"),
        ("{{ input.n['a'] or 'x' }}", "`input.n` is a number, which has no members"),
        ("{{ input[input.type].a }}", "`input[input.type]` is text, which has no members"),
    ],
)
def test_a_member_of_text_or_of_a_number_is_a_mistake_in_known_shapes_too(text: str, message: str) -> None:
    assert failure(text)[0] == message


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("{{ body.idd }}", "`body.idd` is missing: `body` has `id`, `name`, `nul`, `rate`", "body.idd"),
        ("{{ body.empty.x }}", "`body.empty.x` is missing: `body.empty` has no members", "body.empty.x"),
        ("{{ body.rows[2].id }}", "`body.rows[2]` is missing: `body.rows` is a list of 2", "body.rows[2].id"),
        ("{{ body.rows['0'] }}", "`body.rows['0']` is missing: `body.rows` is a list of 2", "body.rows['0']"),
        ("{{ body.nul.x }}", "`body.nul.x` is missing: `body.nul` is null", "body.nul.x"),
        ("{{ company.output.name }}", "`company.output` is missing: `company` is null", "company.output.name"),
        ("{{ item.name }}", "`item.name` is missing: `item` is text", "item.name"),
        ("{{ item[0] }}", "`item[0]` is missing: `item` is text", "item[0]"),
        ("{{ contact.output }}", "`contact` is missing: nothing of that name is there", "contact.output"),
        ("{{ body['a b'].x }}", "`body['a b'].x` is missing: `body['a b']` is a number", "body['a b'].x"),
        ("{{ body[input.type].x }}", "`body[input.type]` is missing: `body` has", "body[input.type]"),
        ("{{ body.rows[input.flag] }}", "`body.rows[input.flag]` is missing", "body.rows[input.flag]"),
        (
            "{{ (body.name | upper).x }}",
            "`(body.name | upper).x` is missing: the result of `| upper` is text",
            "(body.name | upper).x",
        ),
        (
            "{{ body.items[body.items[0]].x }}",
            "`body.items[body.items[0]].x` is missing: `body.items[body.items[0]]` is a number",
            "body.items[body.items[0]].x",
        ),
        ("{{ body.items.0.x }}", "`body.items[0].x` is missing: `body.items[0]` is a number", "body.items.0.x"),
        ("x {{ body.idd }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd | upper }}", "`body.idd` is missing", "body.idd"),
        ("{{ 'a' | replace('a', body.idd) }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd == 1 }}", "`body.idd` is missing", "body.idd"),
        ("{{ 1 in body.idd }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd + 1 }}", "`body.idd` is missing", "body.idd"),
        ("{{ 'a' ~ body.idd }}", "`body.idd` is missing", "body.idd"),
        ("{{ [body.idd] }}", "`body.idd` is missing", "body.idd"),
        ("{{ {'a': body.idd} }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd is none }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd and 1 }}", "`body.idd` is missing", "body.idd"),
        ("{{ 1 and body.idd }}", "`body.idd` is missing", "body.idd"),
        ("{{ body.idd or body.zz }}", "`body.zz` is missing", "body.zz"),
        ("{{ body.idd if true }}", "`body.idd` is missing", "body.idd"),
    ],
)
def test_what_an_upstream_did_not_send_is_an_error_where_it_is_used(text: str, message: str, place: str) -> None:
    found, pointed = failure(text)
    assert found.startswith(message)
    assert "| default(" in found
    assert pointed == place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ body.idd or 'x' }}", "x"),
        ("{{ body.idd.deeper[0] or 'x' }}", "x"),
        ("{{ body.nul or 'x' }}", "x"),
        ("{{ 'y' if body.idd else 'x' }}", "x"),
        ("{{ 'y' if not body.idd else 'x' }}", "y"),
        ("{{ body.idd | default('x') }}", "x"),
        ("{{ body.nul | default('x') }}", "x"),
        ("{{ input.absent | default('x') }}", "x"),
        ("{{ contact.output.id | default('x') }}", "x"),
        ("{{ input.zero | default(1) }}", 0),
        ("{{ body.idd is defined }}", False),
        ("{{ body.idd is not defined }}", True),
        ("{{ body.idd is undefined }}", True),
        ("{{ body.nul is defined }}", True),
        ("{{ body.rows[0].id is defined }}", True),
        ("{{ input.absent is defined }}", False),
        ("{{ input.absent.deeper is defined }}", False),
        ("{{ input.given is defined }}", True),
        ("{{ input.given is none }}", True),
        ("{{ contact is defined }}", False),
        ("<{{ body.idd | default('') }}>", "<>"),
        ("<{{ body.idd or input.absent or 'x' }}>", "<x>"),
    ],
)
def test_what_may_be_absent_is_taken_by_name(text: str, expected: Any) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a{{ input.absent }}", "input.absent"),
        ("a{{ body.nul }}", "body.nul"),
        ("{{ 'a' ~ body.nul }}", "body.nul"),
        ("{{ body.id }}{{ page.position }}", "page.position"),
        ("{{ (body.nul | upper) ~ 'a' }}", "upper"),
        ("a{{ 'x' if input.absent }}", "'x'"),
        ("{{ {body.nul: 1} }}", "body.nul"),
    ],
)
def test_null_in_text_is_an_error_that_says_what_to_add(text: str, place: str) -> None:
    message, pointed = failure(text)
    assert "is null" in message
    assert "add `| default('')`" in message
    assert pointed == place


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a", "a"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (2**53 + 1, "9007199254740993"),
        (1e22, "10000000000000000000000"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.5, "1.5"),
        (1e-7, "0.0000001"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-10"), "0.0000000001"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
    ],
)
def test_each_kind_of_value_has_one_text(given: Any, written: str) -> None:
    assert value("<{{ v }}>", {"v": given}) == f"<{written}>"
    assert value("{{ '<' ~ v ~ '>' }}", {"v": given}) == f"<{written}>"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1], "a list has no text"),
        ({"a": 1}, "a mapping has no text"),
        (float("nan"), "not finite"),
        (float("-inf"), "not finite"),
        (Decimal("NaN"), "not finite"),
        (Decimal("sNaN"), "not finite"),
        (Decimal("Infinity"), "not finite"),
        (Decimal("1E+999999999"), "more than 400 digits"),
        (Decimal("1E-999999"), "more than 400 digits"),
        (10**4000, "more than 400 digits"),
        (object(), "something that is not JSON"),
        (b"bytes", "something that is not JSON"),
    ],
)
def test_what_has_no_text_is_refused(given: Any, said: str) -> None:
    message, place = failure("<{{ v }}>", {"v": given})
    assert said in message
    assert place == "v"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 1 + 2 - 5 }}", -2),
        ("{{ 0.1 + 0.2 }}", Decimal("0.3")),
        ("{{ f + 0.2 }}", Decimal("0.3")),
        ("{{ -n }}", -7),
        ("{{ +n }}", 7),
        ("{{ 1 - -n }}", 8),
        ("{{ big + 1 }}", Decimal("1234567890123456789012345678901234567891.5")),
        ("{{ 1 == 1.0 }}", True),
        ("{{ f == 0.1 }}", True),
        ("{{ f < 0.2 <= 1 }}", True),
        ("{{ 3 > 2 > 2 }}", False),
        ("{{ 'a' < 'b' }}", True),
        ("{{ n >= 7 and n != 8 }}", True),
        ("{{ n == none }}", False),
        ("{{ nul == none }}", True),
        ("{{ n == '7' }}", False),
        ("{{ 'b' in 'abc' }}", True),
        ("{{ n in [7, 8] }}", True),
        ("{{ n not in [7, 8] }}", False),
        ("{{ 'a' in {'a': 1} }}", True),
        ("{{ not n }}", False),
        ("{{ n and 'x' }}", "x"),
        ("{{ zero or 'x' }}", "x"),
        ("{{ '' or [] or {} or nul or dec or 'x' }}", "x"),
        ("{{ 'a' if zero else 'b' }}", "b"),
        ("{{ n is number }}", True),
        ("{{ true is number }}", False),
        ("{{ true is boolean }}", True),
        ("{{ f is number }}", True),
        ("{{ 'a' is string }}", True),
        ("{{ [1] is sequence }}", True),
        ("{{ 'a' is sequence }}", False),
        ("{{ {} is mapping }}", True),
        ("{{ nul is none }}", True),
        ("{{ n is not none }}", True),
        ("{{ n is in [7] }}", True),
        ("{{ n is not in [7] }}", False),
        ("{{ 'a,b' | split(',') | join('-') }}", "a-b"),
        ("{{ 'a' ~ (n | text) | upper }}", "a7"),
        ("{{ '\\d\\n\\'\\u0416\\x41\\\\' }}", "\\d\n'ЖA\\"),
        ("{{ '\\ud83d\\ude00' }}", "😀"),
    ],
)
def test_operators_and_tests(text: str, expected: Any) -> None:
    scope = {
        "n": 7,
        "zero": 0,
        "nul": None,
        "f": 0.1,
        "dec": Decimal(0),
        "big": Decimal("1234567890123456789012345678901234567890.5"),
    }
    found = value(text, scope)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("{{ n + s }}", "`+` needs numbers, found text: join text with `~`", "n"),
        ("{{ n - nul }}", "`-` needs numbers, found null: add `| default(0)`", "n"),
        ("{{ n + b }}", "found a boolean", "n"),
        ("{{ -s }}", "found text", "-"),
        ("{{ huge + 1 }}", "to be exact", "huge"),
        ("{{ n < s }}", "a number and text have no order", "s"),
        ("{{ nul < 1 }}", "null and a number have no order", "1"),
        ("{{ l < l }}", "a list and a list have no order", "l"),
        ("{{ b < b }}", "a boolean and a boolean have no order", "b"),
        ("{{ 1 in s }}", "`in` looks for a number in text", "s"),
        ("{{ 'a' in nul }}", "`in` looks for text in null", "nul"),
        ("{{ l | upper }}", "upper", "upper"),
        ("{{ s | replace('a', l) | upper }}", "replace", "replace"),
    ],
)
def test_values_that_do_not_fit_are_named_by_kind_and_place(text: str, said: str, place: str) -> None:
    scope = {"n": 7, "s": "secret", "nul": None, "l": ["secret"], "b": True, "huge": Decimal("1E+2000")}
    message, pointed = failure(text, scope)
    assert said in message
    assert "secret" not in message
    assert pointed == place


def test_one_expression_and_one_template_are_bounded() -> None:
    long = {"v": "a" * 65_536}
    assert len(value("<{{ v }}>", long)) == 65_538
    assert "longer than 65536" in failure("<{{ v }}>", {"v": "a" * 65_537})[0]
    assert "longer than 65536" in failure("{{ 'b' ~ v }}", long)[0]
    assert "longer than 65536" in failure("{{ [v, v] | join('') }}", long)[0]
    sixteen = "{{ v }}" * 16
    assert len(value(sixteen, long)) == MAX_RESULT
    assert f"longer than {MAX_RESULT}" in failure(sixteen + "a", long)[0]


def test_two_filters_cannot_fill_the_memory() -> None:
    message, place = failure("{{ v | replace('a', v) | replace('a', v) }}", {"v": "a" * 1000})
    assert "65" in message
    assert place == "replace"


def test_what_a_template_says_of_itself() -> None:
    template = compile_template("{{ input.phone }}")
    assert (template.lone, template.constant, template.literal, template.text) == (
        True,
        False,
        False,
        "{{ input.phone }}",
    )
    constant = compile_template("plain")
    assert (constant.lone, constant.constant, constant.references, constant.parts) == (False, True, (), ("plain",))
    mixed = compile_template("a{{ input.phone | soql }}b")
    assert (mixed.lone, mixed.literal) == (False, True)
    before, part, after = mixed.parts
    assert (before, after) == ("a", "b")
    assert callable(part)
    assert part(SCOPE) == "'+79161234567'"


def test_the_text_keeps_its_own_type_and_the_result_does_not() -> None:
    class Placed(str):
        __slots__ = ("place",)

    for text in ("plain", "a{{ 'b' }}", "{{ 'b' }}"):
        template = compile_template(Placed(text))
        assert type(template.text) is Placed
        assert type(template({})) is str


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ input.phone }}", [(("input", "phone"), "input.phone")]),
        ("a {{ b }} {{ c.d['e f'][0].g }}", [(("b",), "b"), (("c", "d", "e f"), "c.d['e f']")]),
        ("{{ a[b.c].d }}", [(("a",), "a"), (("b", "c"), "b.c")]),
        ("{{ a[0][b[c]] }}", [(("a",), "a"), (("b",), "b"), (("c",), "c")]),
        ("{{ (a . b) | replace(c, 'd') }}", [(("a", "b"), "a . b"), (("c",), "c")]),
        ("{{ a if b else c }}", [(("b",), "b"), (("a",), "a"), (("c",), "c")]),
        ("{{ {a: [b, c ~ d]} }}", [(("a",), "a"), (("b",), "b"), (("c",), "c"), (("d",), "d")]),
        ("{{ a is defined and b in c }}", [(("a",), "a"), (("b",), "b"), (("c",), "c")]),
        ("{{ ([a])[0].b }}", [(("a",), "a")]),
        ("{{ имя.поле }}", [(("имя", "поле"), "имя.поле")]),
        ("{{ 'a.b' }}", []),
        ("{{\n  a.b\n}}", [(("a", "b"), "a.b")]),
    ],
)
def test_references_are_named_with_their_place(text: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    found = compile_template(text).references
    assert [(r.path, text[r.offset : r.offset + r.length]) for r in found] == expected
    assert not any(r.dollar for r in found)


def test_the_locale_of_the_scope_reaches_the_filters() -> None:
    assert value("{{ v | phone }}", {"v": "8 916 123-45-67"}) == "+79161234567"
    assert value("{{ v | phone }}", {"v": "020 7946 0018", LOCALE: Locale(region="GB")}) == "+442079460018"
