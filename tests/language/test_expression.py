"""Compiled expressions: names, what is refused and where, budgets, and what is said about a null."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import EvaluationError, LanguageError
from engine.language.expression import compile_expression, fuse
from engine.language.reference import Reference
from tests.language.standard import compile_standard

SCOPE: dict[str, Any] = {
    "input": {"phone": "89161234567", "id": 7},
    "body": {
        "id": 412,
        "amount": Decimal("0.10"),
        "ИНН": "7707083893",
        "rows": [{"id": 7, "tags": ["a", "b"]}, {"id": 8, "tags": []}, None],
        "$x": "field",
        "input": {"id": 8},
    },
    "headers": {"items-total": "12"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("body.id", 412),
        ("body.missing.deeper", None),
        ("nothing", None),
        ("body.ИНН", "7707083893"),
        ('headers."items-total"', "12"),
        ("body.rows[0].id", 7),
        ("body.rows[-1]", None),
        ("body.rows[9]", None),
        ("body.rows[-9]", None),
        ("body.rows[].tags[]", ["a", "b"]),
        ("body.rows[*].tags[].length(@)", [1, 1]),
        ("body.rows[*].id[]", [7, 8]),
        ("body.rows[*].tags[].type(@)", ["string", "string"]),
        ("body.rows[*].none[].type(@)", []),
        ("body.rows[?id == `7`].tags[].{t: @}", [{"t": "a"}, {"t": "b"}]),
        ("body.id[*].tags[].x", None),
        ("body.rows[?id == $input.id].tags | [0]", ["a", "b"]),
        ("body.rows[?id == `8`] | [0].id", 8),
        ("body | [id, $input.id]", [412, 7]),
        ("{key: body.id, phone: input.phone}", {"key": 412, "phone": "89161234567"}),
        ("[body.id, body.none]", [412, None]),
        ('body."$x"', "field"),
        ("$body.id", 412),
        ("body.rows[*].{id: id, asked: $input.id}", [{"id": 7, "asked": 7}, {"id": 8, "asked": 7}]),
        ("map(&length($body.rows), body.rows[?id])", [3, 3]),
        ("sort_by(body.rows[?id], &id)[-1].id", 8),
        ("body.amount == `0.1`", True),
        ("body.amount < `0.2` && body.amount >= `0.1`", True),
        ("!(body.none) && body.id", 412),
        ("`0` || 'empty'", 0),
        ("phone(input.phone)", "+79161234567"),
        ("body.rows[?id == `7`].{p: phone($input.phone)} | [0].p", "+79161234567"),
    ],
)
def test_value_in_a_scope(text: str, value: Any) -> None:
    assert compile_expression(text)(SCOPE) == value


def test_a_decimal_literal_is_exact() -> None:
    value = compile_expression("`1.10`")({})
    assert (type(value), str(value)) == (Decimal, "1.10")


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("body.a.b[0].c", [Reference(("body", "a", "b"), 0, 8)]),
        ("a.b || input.phone", [Reference(("a", "b"), 0, 3), Reference(("input", "phone"), 7, 11)]),
        ("body[?id == $input.id].name", [Reference(("body",), 0, 4), Reference(("input", "id"), 12, 9, dollar=True)]),
        ("length(body.items)", [Reference(("body", "items"), 7, 10)]),
        ("{a: body.x, b: [now]}", [Reference(("body", "x"), 4, 6), Reference(("now",), 16, 3)]),
        ("body | id", [Reference(("body",), 0, 4)]),
        ("sort_by(body.l, &name)", [Reference(("body", "l"), 8, 6)]),
        ('"a b".c', [Reference(("a b", "c"), 0, 7)]),
        ("`1`", []),
    ],
)
def test_references(text: str, references: list[Reference]) -> None:
    assert sorted(compile_expression(text).references, key=lambda r: r.offset) == references


@pytest.mark.parametrize(
    ("text", "code", "offset", "remedy"),
    [
        ("@", "implicit-root", 0, "body[0]"),
        ("[0].id", "implicit-root", 0, "start at a name"),
        ("body.a || *", "implicit-root", 10, "start at a name"),
        ("body.a == @.b", "implicit-root", 10, "start at a name"),
        ("length([?a])", "implicit-root", 7, "start at a name"),
        ("[]", "implicit-root", 0, "start at a name"),
        ("!body.id", "not-precedence", 0, "write `!(body.id)`"),
        ("input.x && !a.b.c", "not-precedence", 11, "write `!(a.b.c)`"),
        ("!body[?a]", "not-precedence", 0, "write `!(body[?a])`"),
        ("!body[]", "not-precedence", 0, "write `!(body[])`"),
        ("!body.*", "not-precedence", 0, "write `!(body.*)`"),
        ("!body.rows[?x == ')]'][0].y || z", "not-precedence", 0, "write `!(body.rows[?x == ')]'][0].y)`"),
        ("{a: !body.[x], b: z}", "not-precedence", 4, "write `!(body.[x])`"),
        ("not_null(z, !body.x ) == z", "not-precedence", 12, "write `!(body.x)`"),
        ("{{ body.id }}", "expression-template", 0, "leave out"),
        ("lenght(body)", "unknown-function", 0, "did you mean `length`?"),
        ("body.x | fnord(@)", "unknown-function", 9, "reference"),
        ("default(body.x, '')", "unknown-function", 0, "coalesce"),
        ("length()", "wrong-arguments", 0, "length(list_object_or_text)"),
        ("body.x && phone(body.y, 'e164', `1`)", "wrong-arguments", 10, "phone(value, format?)"),
        ("phone(body.x, 'xyz')", "wrong-arguments", 0, "phone(value, format?)"),
        ("capture(body.x, '(')", "wrong-arguments", 0, "capture(text, pattern)"),
        ("capture(body.x, body.y)", "wrong-arguments", 0, "capture(text, pattern)"),
        ("hash(body.x, 'crc')", "wrong-arguments", 0, "hash(value, algorithm, encoding?)"),
        ("sort_by(body.x, id)", "wrong-arguments", 16, "put `&`"),
        ("length(&body)", "wrong-arguments", 7, "remove the `&`"),
        ("&body", "wrong-arguments", 0, "remove the `&`"),
        ("[&body]", "wrong-arguments", 1, "remove the `&`"),
        ("body.rows[?id == input.id]", "unknown-name", 17, "write `$input`"),
        ("body.rows[*].{q: settings.x}", "unknown-name", 17, "write `$settings`"),
        ('body[?code == "PHONE"]', "expression-syntax", 14, "single quotes"),
        ("body.a == null", "expression-syntax", 10, "`` `null` ``"),
        ("body.a = 'x'", "expression-syntax", 7, "=="),
        ("body.items-total", "expression-syntax", 10, "double quotes"),
        ("body.a + 1", "expression-syntax", 7, "arithmetic"),
        ("body.", "expression-syntax", 5, "close"),
        ("body.'x'", "expression-syntax", 5, ""),
        ("body[?a == 'x]", "expression-syntax", 11, "close the quotation mark"),
        ("body.x[::0]", "expression-syntax", 0, "[::1]"),
        ("body.$input", "expression-syntax", 5, ""),
        ("$", "expression-syntax", 0, "name"),
        ("a b", "expression-syntax", 2, ""),
        ("body.x == `NaN`", "expression-syntax", 10, "JSON"),
        ("body.x == `1e999`", "expression-syntax", 10, "JSON"),
        ("", "expression-syntax", 0, "body.id"),
        ("'" + "x" * 5000 + "'", "expression-too-large", 0, "let"),
    ],
)
def test_refused_with_place_and_remedy(text: str, code: str, offset: int, remedy: str) -> None:
    with pytest.raises(LanguageError) as raised:
        compile_expression(text)
    assert (raised.value.code, raised.value.offset) == (code, offset)
    assert remedy in raised.value.remedy
    assert raised.value.message


@pytest.mark.parametrize("text", ["body[?input == 'x']", 'body[?"input".id]', "body[*].input.id", "body[?a.input.id]"])
def test_input_as_a_field_of_data(text: str) -> None:
    if text == "body[?input == 'x']":
        with pytest.raises(LanguageError):
            compile_expression(text)
    else:
        assert compile_expression(text).references == (Reference(("body",), 0, 4),)


BOMBS = {
    "brackets": "(" * 3000,
    "negations": "!" * 3000 + "a",
    "negations beyond the cap": "!" * 5000 + "a",
    "references": "& " * 2000 + "a",
    "lists": "[" * 3000,
    "filters": "a" + "[?a" * 1000,
    "nested JSON": "`" + "[" * 4000 + "`",
    "nested JSON beyond the cap": "`" + "[" * 100_000,
    "projections": "a" + "[*]" * 1300,
    "members": "a.b" + ".*.b" * 1000,
    "calls": "not_null(" * 400 + "a" + ")" * 400,
    "objects": "{a:" * 1000,
    "alternatives": "a" + "||a" * 1300,
    "pipes": "a" + "|a" * 2000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_too_large_at_once(name: str) -> None:
    took = []
    for _ in range(3):  # others use the machine too, and Python collects its garbage when it likes
        began = time.process_time()
        with pytest.raises(LanguageError) as raised:
            compile_expression(BOMBS[name])
        took.append(time.process_time() - began)
        assert raised.value.code == "expression-too-large"
    assert min(took) < 0.1


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (lambda n: "(" * n + "body" + ")" * n, 30),
        (lambda n: "!" * n + "body", 29),
        (lambda n: "body" + "[*].a" * n, 29),
        (lambda n: " || ".join(["body"] * n), 150),
        (lambda n: " " * (n - 4) + "body", 4096),
    ],
)
def test_limits_are_exact(text: Callable[[int], str], limit: int) -> None:
    compile_expression(text(limit))
    with pytest.raises(LanguageError) as raised:
        compile_expression(text(limit + 1))
    assert raised.value.code == "expression-too-large"


def test_chains_are_not_nesting() -> None:
    """Up to the cap on parts a chain may be long; only what is inside something else is deep."""
    assert compile_expression(" || ".join(["body.none"] * 60 + ["body.id"]))(SCOPE) == 412
    assert compile_expression("body" + ".a" * 250).references[0].path == ("body", *["a"] * 250)
    deep: Any = 1
    for _ in range(25):
        deep = [{"a": deep}]
    flat = compile_expression("body" + "[*].a" * 25)({"body": deep})
    for _ in range(25):
        [flat] = flat
    assert flat == 1


def test_filters_inside_filters_may_be_deep() -> None:
    """More loops inside one another than Python has blocks for, with what they reach in the scope."""
    deep: Any = "x"
    for _ in range(14):
        deep = [{"a": deep}]
    text = "a == $input.wanted"
    for _ in range(13):
        text = f"a[?{text}]"
    found = compile_expression(f"body[?{text}]")
    assert found({"body": deep, "input": {"wanted": "x"}}) == deep
    assert found({"body": deep, "input": {"wanted": "y"}}) == []


def test_what_is_applied_to_each_element_has_a_budget_too() -> None:
    both = compile_expression("[map(&a[*].b, body), $input.id]")
    assert both({"body": [{"a": [{"b": 1}, {"b": 2}]}], "input": {"id": 7}}) == [[[1, 2]], 7]


@pytest.mark.parametrize(
    "text",
    [
        "body | [@,@]" + " | [@,@]" * 23,
        "body | " + " | ".join(["join('', [@,@])"] * 30),
        "body | " + " | ".join(["[@,@][]"] * 30),
        "body | " + " | ".join(["{a: @, b: @}"] * 30) + " | to_string(@)",
        "(body | " + " | ".join(["[@,@]"] * 30) + ") == (body | " + " | ".join(["[@,@]"] * 30) + ")",
        "body | " + " | ".join(["map(&[@,@], [@,@])"] * 20),
        "body | " + " | ".join(["replace(@, 'x', 'xxxxxxxx')"] * 20),
        "body | " + " | ".join(["to_string([@,@])"] * 30),
    ],
)
def test_growth_is_bounded(text: str) -> None:
    began = time.process_time()
    with pytest.raises(EvaluationError):
        compile_expression(text)({"body": "x" * 10})
    assert time.process_time() - began < 5


def test_loops_over_the_scope_are_bounded() -> None:
    rows = {"body": [{"id": i} for i in range(300)]}
    once = compile_expression("body[?length($body[?id == `1`]) == `1`] | length(@)")
    assert once(rows) == 300
    cubed = compile_expression("body[?length($body[?length($body[?id == `1`]) == `1`]) == `1`]")
    with pytest.raises(EvaluationError, match="steps"):
        cubed(rows)


def test_growth_in_a_loop_is_bounded() -> None:
    doubled = compile_expression("map(&([@,@]" + " | [@,@]" * 12 + "), body)")
    began = time.process_time()
    with pytest.raises(EvaluationError):
        doubled({"body": list(range(50_000))})
    assert time.process_time() - began < 5


def test_a_large_answer_is_no_growth() -> None:
    rows = [{"id": i, "tags": ["a", "b"]} for i in range(14_000)]
    assert len(compile_expression("body[*].{id: id, tags: tags}")({"body": rows})) == 14_000
    assert len(compile_expression("body[].tags[]")({"body": rows})) == 28_000


def test_an_error_names_its_place_and_no_value() -> None:
    expression = compile_expression("body.a || length(body.secret) || 'x'")
    with pytest.raises(EvaluationError) as raised:
        expression({"body": {"secret": 40817810}})
    assert (raised.value.offset, raised.value.length) == (10, 6)
    assert "a number" in raised.value.message
    assert "40817810" not in raised.value.message
    assert raised.value.__suppress_context__


def test_an_error_inside_an_applied_expression_names_its_place() -> None:
    with pytest.raises(EvaluationError) as raised:
        compile_expression("map(&abs(@), body)")({"body": ["x"]})
    assert raised.value.offset == 5


def test_text_is_not_compared_with_numbers() -> None:
    with pytest.raises(EvaluationError, match="a number is compared with text"):
        compile_expression("body.id < 'x'")(SCOPE)


def said(run: Callable[[Any], Any], given: Any) -> str:
    """The message of the error that a run ends in, which points into the text; "" if it ends well."""
    try:
        run(given)
    except (LanguageError, EvaluationError) as error:
        if isinstance(given, str):
            assert 0 <= error.offset <= len(given)  # noqa: PT017 - most runs end well
        return error.message
    return ""


SECRET = "Иванов40817810"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(SECRET) | st.decimals(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
LOOSE = ["abs", "avg", "ceil", "join", "max", "sum", "sort", "keys", "merge", "phone", "date", "int", "url", "capture"]


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(LOOSE), values)
def test_no_value_ever_stands_in_an_error(name: str, value: Any) -> None:
    more = {"join": "','", "merge": "body", "capture": "'a'"}.get(name)
    text = f"{name}({more}, body)" if name == "join" else f"{name}(body{f', {more}' if more else ''})"
    for run in (compile_expression(text), compile_expression(f"body < `1` || {text}")):
        assert SECRET not in said(run, {"body": value})


ALPHABET = "abx1 .,:*[](){}?&|!=<>@'\"`$-\\я"


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.text(ALPHABET, max_size=24))
def test_any_text_compiles_or_is_a_language_error(text: str) -> None:
    for compiled in (compile_expression, compile_standard):
        said(lambda _: compiled(text)({"a": [1, {"b": "x"}], "b": {"a": None}, "x": 1}), text)  # noqa: B023


FOUND: dict[str, Any] = {
    "body": {"_embedded": {"items": [], "page": 1, "none": None}, "list": [1, 2], "text": "x", "empty": {}},
    "input": {"phone": None},
}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("body._embedded.contacts[0].id", "`body._embedded` has no `contacts`; it has `items`, `page`, `none`"),
        ("body._embedded.items[0].id", "`body._embedded.items` is empty"),
        ("body._embedded.none", "`body._embedded.none` is null"),
        ("body.empty.id", "`body.empty` is empty"),
        ("body.list[5]", "`body.list` has 2 elements, none at [5]"),
        ("body.list.id", "`body.list` is a list, which has no `id`"),
        ("body.text[*].x", "`body.text` is text, not a list"),
        ("body.text[0]", "`body.text` is text, not a list"),
        ("body.list.*", "`body.list` is a list, not a mapping"),
        ("body.list[?@ == `9`] | [0]", "`body.list[?@ == `9`]` is empty"),
        ("phone(input.phone, 'digits')", "`input.phone` is null"),
        ("$input.phone", "`$input.phone` is null"),
        ("body.text.a || body.empty.b", "`body.text` is text, which has no `a`; `body.empty` is empty"),
        ("phone((body.list))", ""),
        ("body.text", ""),
        ("nothing.at.all", "`nothing` is null"),
    ],
)
def test_missing_says_which_part(text: str, reason: str) -> None:
    assert compile_expression(text).missing(FOUND) == reason


def test_missing_lists_at_most_eight_names() -> None:
    said = compile_expression("body.x").missing({"body": {f"k{i}": 1 for i in range(20)}})
    assert said.endswith("`k7`, …")
    assert "k8" not in said


def test_fused_expressions_give_what_each_gives() -> None:
    texts = [
        "body.id", "body.rows[0].id || body.rows[1].id", "body.rows[?id == $input.id].tags[]", "body.rows[1].id",
        "body.none.x && body.id", "body.id", "phone(input.phone)", "{a: body.id, b: {c: body.rows[0]}}",
    ]  # fmt: skip
    expressions = [compile_expression(text) for text in texts]
    scopes: list[dict[str, Any]] = [SCOPE, {"body": {"rows": []}, "input": {}}, {}]
    for scope in scopes:
        assert fuse(expressions)(scope) == [expression(scope) for expression in expressions]
    assert fuse([])({}) == []


def test_what_is_read_under_a_condition_is_read_again_after_it() -> None:
    """A name read in one branch only is no shortcut for the next part."""
    texts = ["body.a || body.b.c", "body.b.c", "body.list[*].[x.y, x.z]", "body.x.y", "body.b && body.b.c"]
    expressions = [compile_expression(text) for text in texts]
    bodies: list[dict[str, Any]] = [
        {"a": 1, "b": {"c": 2}},
        {"b": {"c": 2}, "list": [{"x": {"y": 1}}], "x": {"y": 3}},
        {"list": []},
    ]
    for body in bodies:
        assert fuse(expressions)({"body": body}) == [expression({"body": body}) for expression in expressions]


class Placed(str):
    """Text that knows where it stands, as that of a file does."""


def test_equal_texts_share_code_and_keep_their_places() -> None:
    one, other = Placed("body.id"), Placed("body.id")
    first, second = compile_expression(one), compile_expression(other)
    assert first.run is second.run
    assert (first.text is one, second.text is other) == (True, True)


def test_generated_code_holds_no_word_of_the_user() -> None:
    """Two expressions of one shape share their code object, so no name can be part of it."""
    one, other = compile_expression("body.alpha"), compile_expression("input.beta")
    assert one.run.__code__ is other.run.__code__
