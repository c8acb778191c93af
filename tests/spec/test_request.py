"""Requests as they are planned and rendered, without an engine."""

from dataclasses import replace
from typing import Any

from engine.document import read_text
from engine.spec.reading import Reading, validate
from engine.spec.request import Base, Press, Request
from engine.spec.trip import Rendered

BASE = Base("https://crm.example/api", (("Content-Type", "a/b"), ("X-Base", "1")))


def planned(text: str, base: Base = BASE, answer: str = "auto") -> Press:
    at = Reading(read_text(text, "x.yaml"))
    request = validate(Request, at.document.root, at)
    assert request is not None
    at.finish()
    return request.plan(base, True, answer)


def rendered(text: str, **scope: Any) -> Rendered:
    return planned(text).render(scope)


def test_an_address_stands_in_place_of_path_url_and_query() -> None:
    press = planned(
        "{method: POST, path: '/x/{{ input.no }}', query: {page: 'p {{ page.position }}'}, "
        "headers: {X-Page: '{{ page.number }}'}, json: {page: '{{ page.number }}'}}"
    )
    found = press.render({"page": {"number": 2}}, "https://crm.example/next?page=2")
    assert found.url == "https://crm.example/next?page=2"
    assert dict(found.headers)["X-Page"] == "2"
    assert found.body == b'{"page":2}'
    fixed = planned("{method: GET, path: /x, query: {n: 5}}")
    assert fixed.render({}, "https://crm.example/y").url == "https://crm.example/y"
    assert fixed.render({}).url == "https://crm.example/api/x?n=5"


def test_a_header_of_the_connection_wins_but_for_what_the_body_alone_can_say() -> None:
    assert dict(rendered("{method: POST, path: /x, json: {}}").headers)["Content-Type"] == "a/b"
    found = dict(rendered("{method: POST, path: /x, multipart: {a: 1}}").headers)
    assert found["Content-Type"].startswith("multipart/form-data; boundary=")
    assert found["X-Base"] == "1"
    found = dict(rendered("{method: POST, path: /x, soap: {version: '1.2', action: b, body: {}}}").headers)
    assert found["Content-Type"] == 'application/soap+xml; charset=utf-8; action="b"'
    own = rendered("{method: POST, path: /x, headers: {content-type: c/d}, multipart: {a: 1}}").headers
    assert [value for name, value in own if name.lower() == "content-type"] == ["c/d"]


def test_headers_that_are_made_for_each_call_are_told_by_the_body_too() -> None:
    late = replace(BASE, late=lambda scope: (("X-Late", str(scope["n"])),))
    found = dict(planned("{method: POST, path: /x, soap: {action: a, body: {}}}", late).render({"n": 7}).headers)
    assert (found["X-Late"], found["SOAPAction"]) == ("7", '"a"')
    assert found["Content-Type"] == "text/xml; charset=utf-8"


def test_an_address_that_a_login_brought_is_the_base_of_links_too() -> None:
    brought = replace(BASE, url="", address=lambda _: "https://eu.crm.example/v1")
    assert planned("{method: GET, url: 'x/2?a=1'}", brought).render({}).url == "https://eu.crm.example/v1/x/2?a=1"


def test_slashes_around_a_segment_that_is_a_constant_are_those_of_the_list() -> None:
    assert rendered("{method: GET, path: [/a/b/, '', '/', c]}").url == "https://crm.example/api/a/b/c"
    assert rendered("{method: GET, path: []}").url == "https://crm.example/api"


def test_what_is_expected_of_the_answer_is_what_the_file_says_else_what_the_body_suggests() -> None:
    def accept(body: str, answer: str = "auto") -> str:
        return dict(planned(f"{{method: POST, path: /x, {body}}}", answer=answer).render({}).headers)["Accept"]

    assert accept("json: {}") == accept("xml: {a: 1}", "json") == "application/json"
    assert accept("xml: {a: 1}") == accept("json: {}", "xml") == "application/xml, text/xml"
    assert accept("soap: {body: {}}") == "text/xml"
    assert accept("json: {}", "soap") == "text/xml, application/soap+xml"
