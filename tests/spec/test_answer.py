"""Answers in every format: body, root and text, or why the body cannot be read."""

from typing import Any

import pytest

from engine.document import read_text
from engine.spec.answer import Answer
from engine.spec.reading import Reading, validate
from engine.spec.response import Response
from engine.spec.tree import Scope
from engine.spec.trip import Reply

SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><q/></s:Header>'
    '<s:Body wsu:Id="x">{}</s:Body></s:Envelope>'
)


def opened(answer: Answer, data: str | bytes, content_type: str = "", text: bool = False) -> tuple[Scope, str]:
    scope: Scope = {}
    body = data if isinstance(data, bytes) else data.encode()
    why = answer.open(Reply(200, {"content-type": content_type}, body, {}), scope, text)
    return scope, why


def read(answer: Answer, data: str | bytes, content_type: str = "") -> tuple[Any, Any]:
    scope, why = opened(answer, data, content_type)
    assert why == ""
    return scope["body"], scope["root"]


@pytest.mark.parametrize(
    ("content_type", "data", "body", "root"),
    [
        ("text/xml; charset=utf-8", "<a><b>1</b></a>", {"a": {"b": "1"}}, {"b": "1"}),
        ("application/soap+xml", "<a>1</a>", {"a": "1"}, "1"),
        ("APPLICATION/XML", "<a/>", {"a": None}, None),
        ("text/csv;charset=utf-8", "a;b\n1;2", [{"a": "1", "b": "2"}], None),
        ("application/json", '{"a": 1}', {"a": 1}, None),
        ("text/xml", ' {"a": 1}', {"a": 1}, None),
        ("text/plain", "[1]", [1], None),
        ("", "7", 7, None),
        ("text/xml", " ", None, None),
        ("text/csv", "", None, None),
    ],
)
def test_without_a_format_the_content_type_says_what_it_is(content_type: str, data: str, body: Any, root: Any) -> None:
    assert read(Answer(), data, content_type) == (body, root)


@pytest.mark.parametrize(
    ("format_", "data", "body", "root"),
    [
        ("json", "[1]", [1], None),
        ("xml", "<a b='1'/>", {"a": {"@b": "1"}}, {"@b": "1"}),
        ("csv", "a\n1", [{"a": "1"}], None),
        ("text", "<a>", "<a>", None),
        ("text", "", "", None),
        ("soap", SOAP.format("<r:R xmlns:r='u'><x>1</x></r:R>"), {"@Id": "x", "R": {"x": "1"}}, {"x": "1"}),
        ("soap", SOAP.format("<A>1</A><B/>"), {"@Id": "x", "A": "1", "B": None}, None),
        ("soap", "<Envelope><Body/></Envelope>", {}, None),
        ("soap", "", None, None),
        ("xml", "", None, None),
    ],
)
def test_a_format_of_the_file_comes_before_the_content_type(format_: str, data: str, body: Any, root: Any) -> None:
    for content_type in ("application/json", "text/html", "text/xml", ""):
        assert read(Answer(format_), data, content_type) == (body, root)


@pytest.mark.parametrize(
    ("answer", "data", "said"),
    [
        (Answer("json"), "<a/>", "not JSON"),
        (Answer("xml"), "{}", "not XML"),
        (Answer("soap"), "{}", "not XML"),
        (Answer("soap"), "<a/>", "no SOAP envelope"),
        (Answer("soap"), "<Envelope><Head/></Envelope>", "no SOAP envelope"),
        (Answer("csv"), 'a\n"', "not CSV"),
        (Answer("text"), b"\xff", "not utf-8 text"),
        (Answer("xml"), "<!DOCTYPE a><a/>", "DOCTYPE"),
    ],
)
def test_what_cannot_be_read_is_null_and_says_why_and_keeps_its_text(
    answer: Answer, data: str | bytes, said: str
) -> None:
    scope, why = opened(answer, data, "text/plain", text=True)
    assert said in why
    assert (scope["body"], scope["root"]) == (None, None)
    assert scope["text"] == (data if isinstance(data, str) else None)


def test_windows_1251_is_read_in_every_format() -> None:
    for format_, data, body in (
        ("xml", "<a>Ёж</a>", {"a": "Ёж"}),
        ("soap", "<Envelope><Body><a>Ёж</a></Body></Envelope>", {"a": "Ёж"}),
        ("csv", "имя\nЁж", [{"имя": "Ёж"}]),
        ("text", "Ёж", "Ёж"),
        ("json", '"Ёж"', "Ёж"),
    ):
        assert read(Answer(format_, "windows-1251"), data.encode("cp1251"))[0] == body
        assert read(Answer(format_), data.encode("cp1251"), "x/y; charset=windows-1251")[0] == body


def test_nulls_are_those_of_every_format() -> None:
    nulls = ("", "-")
    xml = {"b": None, "c": "0"}
    assert read(Answer("xml", nulls=nulls), "<a><b>-</b><c>0</c></a>") == ({"a": xml}, xml)
    assert read(Answer("csv", nulls=nulls), "a,b\n,-")[0] == [{"a": None, "b": None}]
    assert read(Answer("text", nulls=nulls), "-")[0] is None
    assert read(Answer("json", nulls=nulls), '{"a": ""}')[0] == {"a": None}


def test_lists_are_forced_in_xml_and_soap() -> None:
    assert read(Answer("xml", lists=("L.a",)), "<L><a/></L>")[0] == {"L": {"a": [None]}}
    assert read(Answer("soap", lists=("L.a",)), SOAP.format("<L><a>1</a></L>"))[1] == {"a": ["1"]}


def level(text: str) -> Response:
    at = Reading(read_text(text, "x.yaml"))
    found = validate(Response, at.document.root, at)
    assert found is not None
    at.finish()
    return found


def test_each_member_is_that_of_the_first_level_that_names_it() -> None:
    own, shared = level("{lists: [a], nulls: []}"), level("{format: soap, charset: cp1251, lists: [b], nulls: ['']}")
    assert Answer.plan([own, shared]) == Answer("soap", "cp1251", ("a",), ())
    assert Answer.plan([shared]) == Answer("soap", "cp1251", ("b",), ("",))
    assert Answer.plan([]) == Answer("auto", None, (), ())
    assert Answer.plan([level("{format: auto}"), shared]).format == "auto"
