"""What templates do not have is refused before anything is compiled, quickly, with its place and what to write."""

import time
from typing import Any

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import EvaluationError, LanguageError
from engine.language.jinja.allowed import MAX_LENGTH
from engine.language.template import Template, compile_template


def refusal(text: str) -> LanguageError:
    with pytest.raises(LanguageError) as caught:
        compile_template(text)
    return caught.value


def pointed(text: str, error: LanguageError) -> str:
    return text[error.offset : error.offset + error.length]


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("{{ 2 * 3 }}", "*", "write the result"),
        ("{{ 2 ** 3 }}", "**", "write the result"),
        ("{{ a / b }}", "/", "write the result"),
        ("{{ a // b }}", "//", "write the result"),
        ("{{ a % b }}", "%", "write the result"),
        ("ok {{ a }} and {{ b * c }}", "*", "write the result"),
        ("{{ range(9) }}", "range", "write a filter"),
        ("{{ phone(input.value) }}", "phone", "write `value | phone`"),
        ("{{ body.items() }}", "items", "`.items` is the field of that name"),
        ("{{ 'a'.format(b) }}", "format", "`.format` is the field"),
        ("{{ (a | upper)(b) }}", "a", "write a filter"),
        ("{{ f(*a) }}", "*", "write the result"),
        ("{{ a[1:2] }}", "1", "take the part in an expression"),
        ("{{ a[:] }}", ":", "take the part in an expression"),
        ("{{ a, b }}", ",", "write `[a, b]`"),
        ("{{ () }}", ")", "write `[a, b]`"),
        ("{{ a[1, 2] }}", "[", "a constant or a name"),
        ("{{ a[b ~ 'c'] }}", "b", "a constant or a name"),
        ("{{ a[true] }}", "t", "a constant or a name"),
        ("{{ a[1.5] }}", "1", "a constant or a name"),
        ("{{ a[-'b'] }}", "-", "a constant or a name"),
        ("{{ 'a' + b }}", "'", "join text with `~`"),
        ("{{ a - ('b' ~ c) }}", "'", "join text with `~`"),
        ("{{ a | replace(old='x', new='y') }}", "replace", "in order"),
        ("{{ a is in(b=c) }}", "in", "in order"),
        ("{{ ''.__class__ }}", "'", "name the value"),
        ("{{ 5.real }}", "5", "name the value"),
        ("{{ a | sort_by('x') }}", "sort_by", "compute it where it is read"),
        ("x {{- a }}", "{{-", "before a number put a space"),
        ("{{ a -}} x", "-}}", "write `{{ … }}`"),
        ("{{+ a }}", "{{+", "write `{{ … }}`"),
    ],
)
def test_operators_calls_and_shapes_that_templates_do_not_have(text: str, place: str, remedy: str) -> None:
    error = refusal(text)
    assert error.code == "template-forbidden"
    assert pointed(text, error) == place
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{% for i in a %}{{ i }}{% endfor %}", "{%"),
        ("a {%- if b %}", "{%"),
        ("{% raw %}{{ a }}{% endraw %}", "{%"),
        ("{# a #}", "{#"),
        ("{{ a }} {# never closed", "{#"),
        ("color: {#fff}", "{#"),
        ("{% include 'x' %}", "{%"),
        ("{% macro a() %}{{ a() }}{% endmacro %}", "{%"),
        ("{%", "{%"),
    ],
)
def test_statements_and_comments(text: str, place: str) -> None:
    error = refusal(text)
    assert error.code == "template-statement"
    assert pointed(text, error) == place
    assert error.offset == text.index(place)


def test_the_remedy_for_a_mark_that_is_meant_writes_it() -> None:
    assert "`{{ '{#' }}`" in refusal("color: {#fff}").remedy
    assert compile_template("color: {{ '{#' }}fff}")({}) == "color: {#fff}"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("{{ a", "{{", "add `}}`"),
        ("{{ a }} {{ b", "{{", "add `}}`"),
        ("{{", "{{", "add `}}`"),
        ("{{ 'a", "{{", "add `}}`"),
        ("{{ }}", "}}", "write a name"),
        ("{{}}", "}}", "write a name"),
        ("{{ a b }}", "b", "expected token `}}`"),
        ("{{ a }} {{ b. }}", "}}", "expected name or number"),
        ("{{ (a }}", "}", "expected `)`"),
        ("{{ a) }}", ")", "unexpected `)`"),
        ("{{ [a, }}", "}", "expected `]`"),
        ("{{ a | }}", "}}", "expected token"),
        ("{{ a is }}", "}}", "expected token"),
        ("{{ a if }}", "}}", ""),
        ("{{ 'a }}", "'", "close the quote"),
        ('{{ "a }}', '"', "close the quote"),
        ("{{ a && b }}", "&", "write `and`"),
        ("{{ a || b }}", "|", ""),
        ("{{ a ? b : c }}", "?", "write `a if condition else b`"),
        ("{{ !a }}", "!", "write `not`"),
        ("{{ $input.a }}", "$", "no `$` in templates"),
        ("{{ @.a }}", "@", "name the value"),
        ("{{ `1` }}", "`", "without backticks"),
        ("{{ '\\ud800' }}", "'", "write both halves"),
        ("{{ 1e999 }}", "1e999", "write fewer digits"),
        ("{{ ² }}", "²", ""),
        ("{{ 1 is number is string }}", "is", ""),
        ("{{ a = b }}", "=", "compare with `==`"),
        ("{{ a or is none }}", "none", ""),
        ("{{ a | replace('.', '') b }}", "b", ""),
    ],
)
def test_what_cannot_be_parsed(text: str, place: str, said: str) -> None:
    error = refusal(text)
    assert error.code == "template-syntax"
    assert pointed(text, error).startswith(place)
    assert said in f"{error.message} {error.remedy}"
    assert error.remedy


def test_the_place_is_the_right_one_of_several_equal_tags() -> None:
    text = "{{ a | upper }} {{ a | uper }} {{ a | upper }}"
    error = refusal(text)
    assert (error.code, error.offset, error.length) == ("unknown-filter", text.index("uper }"), 4)
    text = "я\r\n{{ a }}\r\n{{ b %\n c }}"
    assert refusal(text).offset == text.index("%")


@pytest.mark.parametrize(
    ("text", "code", "place", "remedy"),
    [
        ("{{ a | phoen }}", "unknown-filter", "phoen", "did you mean `phone`?"),
        ("{{ a | tojson }}", "unknown-filter", "tojson", "write `| to_json`"),
        ("{{ a | urlencode }}", "unknown-filter", "urlencode", "write `| url`"),
        ("{{ a | attr('b') }}", "unknown-filter", "attr", ""),
        ("{{ a | qqqqq }}", "unknown-filter", "qqqqq", "language reference"),
        ("{{ a | b.c }}", "unknown-filter", "b.c", ""),
        ("{{ a is defind }}", "unknown-test", "defind", "did you mean `defined`?"),
        ("{{ a is not nne }}", "unknown-test", "nne", "did you mean `none`?"),
        ("{{ a is sameas(b) }}", "unknown-test", "sameas", ""),
        ("{{ a | default }}", "wrong-arguments", "default", "default(value, otherwise)"),
        ("{{ a | default('x', true) }}", "wrong-arguments", "default", "default(value, otherwise)"),
        ("{{ a | upper(1) }}", "wrong-arguments", "upper", "upper(text)"),
        ("{{ a | replace('b') }}", "wrong-arguments", "replace", "replace(text, old, new)"),
        ("{{ a | odata('giud') }}", "wrong-arguments", "odata", "odata(value, kind?)"),
        ("{{ a is none(1) }}", "wrong-arguments", "none", "write `is none`"),
        ("{{ a is in }}", "wrong-arguments", "in", "write `is in [a, b]`"),
        ("{{ null }}", "unknown-name", "null", "write `none`"),
    ],
)
def test_filters_and_tests_that_do_not_exist_or_get_what_they_do_not_take(
    text: str, code: str, place: str, remedy: str
) -> None:
    error = refusal(text)
    assert error.code == code
    assert pointed(text, error) == place
    assert remedy in error.remedy


BOMBS = [
    "{{ range(10**9) }}",
    "{{ 'x' * 10**9 }}",
    "{{ 10**(10**8) }}",
    "{{ 1 if true else 10**(10**8) }}",
    "{% if false %}{{ 10**(10**8) }}{% endif %}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ 'x' | center(10**9) }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 'x' | wordwrap(1) }}",
    "{{ [] | slice(100000000) }}",
    "{{ [] | batch(100000000) }}",
    "{{ lipsum(n=100000) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ " + "(" * 3000 + " }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "[" * 2000 + "]" * 2000 + " }}",
    "{{ " + "{1:" * 1300 + " }}",
    "{{ " + "not " * 1000 + "1 }}",
    "{{ " + "- " * 2000 + "1 }}",
    "{{ " + "1 if 1 else " * 330 + "1 }}",
    "{{ " + "+".join("1" * 2000) + " }}",
    "{{ " + "~".join("1" * 2000) + " }}",
    "{{ a" + ".b" * 2000 + " }}",
    "{{ a" + " | upper" * 500 + " }}",
    "{{ 1 }}" * 500,
    "{{ a }}" + "x" * MAX_LENGTH,
    "{{ " + "9" * 4000 + " | text | length * 2 }}",
    "{{" * 2000,
]
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context() }}",
    "{{ 'a'.format_map({}) }}",
    "{{ ('{0.__class__}' | attr('format'))(1) }}",
    "{{ '' | attr('__class__') }}",
    "{{ [''] | map('attr', '__class__') | list }}",
    "{{ a | map(attribute='b') }}",
    "{{ x | xmlattr }}",
    "{{ config.__init__() }}",
    "{% set a = namespace() %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{{ joiner() }}",
    "{{ dict(a=1) }}",
    "{{ [].append(1) }}",
    "{{ request.application.__globals__() }}",
]


@pytest.mark.parametrize("text", BOMBS + ESCAPES, ids=range(len(BOMBS + ESCAPES)))
def test_bombs_and_escapes_are_refused_within_ten_milliseconds(text: str) -> None:
    took = []
    for _ in range(5):
        began = time.thread_time()
        refusal(text)
        took.append(time.thread_time() - began)
    assert min(took) < 0.01


@pytest.mark.parametrize("text", [BOMBS[15], BOMBS[16], BOMBS[19], BOMBS[22], "{{ 1 }}" * 301, "{{ 1 }}" + "x" * 4090])
def test_what_is_too_large_is_called_so(text: str) -> None:
    assert refusal(text).code == "template-too-large"


@pytest.mark.parametrize("frames", [0, 400, 700])
def test_a_deep_stack_of_the_caller_is_no_other_error(frames: int) -> None:
    def deeper(left: int) -> str:
        return deeper(left - 1) if left else refusal("{{ " + "not " * 850 + "1 }}").code

    assert deeper(frames) == "template-too-large"


def test_the_limits_themselves_are_allowed() -> None:
    assert compile_template("{{ " + "(" * 30 + "1" + ")" * 30 + " }}")({}) == 1
    assert refusal("{{ " + "(" * 31 + "1" + ")" * 31 + " }}").code == "template-too-large"
    assert compile_template("{{ {'a': 1}" + ".a" * 26 + " | default(2) }}")({}) == 2
    assert refusal("{{ a" + ".b" * 30 + " }}").code == "template-too-large"
    assert compile_template("{{ [" + ",".join("1" * 299) + "] }}")({}) == [1] * 299
    assert refusal("{{ [" + ",".join("1" * 300) + "] }}").code == "template-too-large"
    assert compile_template("{{ 1 }}" * 300)({}) == "1" * 300
    assert compile_template("{{ '" + "x" * (MAX_LENGTH - 8) + "' }}")({}) == "x" * (MAX_LENGTH - 8)
    assert compile_template("x" * 100_000)({}) == "x" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        "{{ v.__class__ }}",
        "{{ v['__class__'] }}",
        "{{ v.__init__.__globals__ }}",
        "{{ v.real }}",
        "{{ v.secret }}",
        "{{ self }}",
    ],
)
@pytest.mark.parametrize("held", ["text", 7, [1], {"a": 1}, None, object(), jinja2], ids=lambda v: type(v).__name__)
def test_python_is_never_reached_through_a_value(text: str, held: Any) -> None:
    with pytest.raises(EvaluationError):
        compile_template(text)({"v": held})


def test_nothing_is_compiled_or_rendered_by_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("jinja2 was asked to compile")

    for name in ("compile", "from_string", "compile_expression", "_generate", "call_filter", "call_test"):
        monkeypatch.setattr(jinja2.Environment, name, refuse)
    compile_template.__globals__["_compiled"].cache_clear()
    assert compile_template("{{ 'never seen before' | upper }}!")({}) == "NEVER SEEN BEFORE!"


WORDS = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{{-",
    "-}}",
    "a",
    "input",
    ".b",
    "['c']",
    "[0]",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ":",
    ",",
]
WORDS += [
    " | ",
    "upper",
    "default",
    "('')",
    "is",
    "not",
    "in",
    "defined",
    "if",
    "else",
    "and",
    "or",
    "~",
    "+",
    "-",
    "*",
    "==",
    "<",
    "=",
]
WORDS += [
    "1",
    "1.5",
    "'x'",
    '"',
    "'",
    "\\",
    "\n",
    "\r\n",
    " ",
    "none",
    "true",
    "soql",
    "я",
    "\x00",
    "\u2028",
    "__class__",
    "self",
    "²",
]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.text(max_size=60).map("{{{{ {} }}}}".format))
@example("{{ a }}{{ -}}")
@example("{{ 'a'\x00 }}")
def test_any_text_compiles_or_is_refused_with_a_place_inside_it(text: str) -> None:
    template = check_refusal(text)
    if template is not None:
        assert all(text[r.offset :].lstrip("(").startswith(r.path[0]) for r in template.references)
        check_failure(template)


def check_refusal(text: str) -> Template | None:
    try:
        return compile_template(text)
    except LanguageError as error:
        wrong = error
    assert wrong.code in CODES
    assert wrong.message
    assert wrong.remedy
    assert 0 <= wrong.offset <= len(text)
    assert wrong.length >= 1
    return None


def check_failure(template: Template) -> None:
    try:
        template({"a": {"b": "v", "c": [1]}, "input": {}})
    except EvaluationError as error:
        wrong = error
    else:
        return
    assert wrong.message
    assert 0 <= wrong.offset < len(template.text)


CODES = {
    "template-syntax",
    "template-statement",
    "template-forbidden",
    "template-too-large",
    "unknown-filter",
    "unknown-test",
    "unknown-name",
    "wrong-arguments",
    "literal-quotes",
    "literal-missing",
}
